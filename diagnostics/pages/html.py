"""Writes a page as one self-contained HTML file, with its figures as PNG and SVG beside it."""

from __future__ import annotations

import gc
import html
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diagnostics.figures import colour_scale, style, svg
from diagnostics.figures.svg_size import share_maps
from diagnostics.pages import cursor
from diagnostics.pages.model_picture import LEVELS
from diagnostics.pages.page import Exhibit, Page
from diagnostics.pages.policy import policy
from diagnostics.runs import embedded
from diagnostics.runs.confined import as_path, check_no_link
from diagnostics.runs.files import plain, written_whole
from diagnostics.runs.folders import PAGES
from probes.errors import UsageError

FIGURES = "figures"
REFRESH = '<meta http-equiv="refresh" content="{}">'
SHOWN_HEIGHT = 560
"""Height in CSS pixels of a report inside a notebook: enough for the answer, without filling the screen."""
NOTHING = Markup()
SCRIPTS = tuple(
    f"script/{name}.js" for name in ("begin", "fragment", "numbers", "panels", "model", "figures", "cursor", "end")
)
"""The parts of the page's script, in the order in which they need each other."""


@dataclass(frozen=True)
class Drawn:
    """An exhibit on the page.

    Args:
        exhibit: what was drawn.
        wide: inline SVG for a desktop; empty when it could not be drawn.
        narrow: inline SVG for a phone.
        rules: the style classes of both.
        panels: where the panels of the wide and of the narrow drawing are, for the page's cursor.
        missing: why there is no figure; empty when there is one.
    """

    exhibit: Exhibit
    wide: Markup = NOTHING
    narrow: Markup = NOTHING
    rules: Mapping[str, str] = field(default_factory=dict)
    panels: tuple[str, str] = ("", "")
    missing: str = ""


class ReportPath(type(Path())):
    """The path of a report; in a notebook it shows the page itself."""

    def _repr_html_(self) -> str:
        """The page in a frame of its own, or its path if the file no longer exists."""
        place = html.escape(str(self))
        if not self.is_file():
            return f"<p>Report: {place}, which no longer exists.</p>"
        page = html.escape(self.read_text(encoding="utf-8"), quote=True)
        # The sandbox keeps the page's script away from the notebook: without an origin it reaches nothing outside the frame.
        frame = f'<iframe sandbox="allow-scripts" srcdoc="{page}" width="100%" height="{SHOWN_HEIGHT}"></iframe>'
        return f"<p>Report: <code>{place}</code></p>{frame}"


def write_page(page: Page, path: str | os.PathLike[str]) -> Path:
    """Write a page as one HTML file that needs no network, and its figures beside it; it can be read without its script.

    Each figure is drawn twice, for a desktop and for a phone; the browser shows the one that fits. A figure that
    lacks its data is replaced by the reason.

    Args:
        page: the content.
        path: the HTML file, such as ``runs/mine/report.html``; figures go to ``figures/`` in the same folder.

    Returns:
        The path of the HTML file, which in a notebook shows the page.

    Raises:
        UsageError: when the folder cannot be written, the name does not end in ``.html``, or two exhibits share a name.
    """
    path = ReportPath(as_path(path, "the report's path"))
    _check_suffix(path)
    names = [exhibit.name for exhibit in exhibits(page)]
    _check_names(names)
    try:
        check_no_link(path.parent / FIGURES)
        (path.parent / FIGURES).mkdir(parents=True, exist_ok=True)
        drawn = {exhibit.name: draw(exhibit, path.parent / FIGURES) for exhibit in exhibits(page)}
        with written_whole(path) as file:
            file.write(render(page, drawn).encode(errors="replace"))
    except OSError as error:
        raise UsageError(
            what="the report cannot be written",
            where=str(path),
            got=str(error),
            do="choose a writable folder on a disk with free space",
        ) from error
    return path


def stop_refreshing(path: Path) -> None:
    """Let a page that was written while its run went on stay as it is.

    Raises:
        OSError: it cannot be read or written.
    """
    text = path.read_text(encoding="utf-8")
    head, tag, body = text.partition("<body>")
    with written_whole(path) as file:
        file.write((re.sub(REFRESH.format(r"\d+"), "", head) + tag + body).encode())


def exhibits(page: Page) -> list[Exhibit]:
    """All exhibits of a page in reading order."""
    return [exhibit for section in page.sections for exhibit in section.exhibits]


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection inside the block: a figure is a hundred thousand objects, all in use until it is drawn."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_uncollected()
def draw(exhibit: Exhibit, folder: Path) -> Drawn:
    """Draw one exhibit: PNG and SVG files into `folder`, and markup for the page."""
    try:
        figure = exhibit.draw(width=style.HALF if exhibit.half else style.WIDE)
        narrow = exhibit.draw(width=style.NARROW)
    except UsageError as error:
        return Drawn(exhibit, missing=f"{error.what} ({error.where}: {error.got})")
    wide = svg.to_tree(figure)
    with written_whole(folder / f"{exhibit.name}.png") as file:
        svg.write_png(figure, file)
    with written_whole(folder / f"{exhibit.name}.svg") as file:
        file.write(svg.on_paper(wide).encode())
    large = svg.inline(wide, prefix=exhibit.name, alt=exhibit.alt)
    small = svg.inline(svg.to_tree(narrow), prefix=f"{exhibit.name}-narrow", alt=exhibit.alt)
    rules, panels = {**large.rules, **small.rules}, (cursor.panels(figure), cursor.panels(narrow))
    own, phone = share_maps(large.markup, small.markup, f"{exhibit.name}-map")
    return Drawn(exhibit, Markup(own), Markup(phone), rules, panels)


def render(page: Page, drawn: dict[str, Drawn]) -> str:
    """The page's HTML.

    Args:
        page: the content.
        drawn: the exhibits by name.
    """
    rules = {name: rule for each in drawn.values() for name, rule in each.rules.items()}
    css = (
        sheet("report.css")
        + colour_scale.sheet(LEVELS)
        + "".join(f".{name}{{{rule}}}" for name, rule in sorted(rules.items()))
    )
    script = sheet(*SCRIPTS) if page.data else ""
    drawn = {name: replace(each, panels=cursor.briefly(each.panels, page.data)) for name, each in drawn.items()}
    blocks = {"data": _embedded(page.data), "run": Markup(page.run), "kind_of_run": embedded.KIND}
    blocks |= {"refresh": Markup(REFRESH).format(page.refresh)}
    return rendered("report.html.j2", css, script, page=page, drawn=drawn, **blocks)


def rendered(template: str, own: str, script: str = "", *, pictures: str = "data:", **values: object) -> str:
    """A template's HTML.

    Args:
        template: file in ``diagnostics/pages/templates``.
        own: its style sheet, without the palette.
        script: its script; empty if it has none.
        pictures: where its images come from.
        values: what it shows; ``css``, ``script``, ``policy`` and ``symbols`` are added.
    """
    css = style.css_variables() + own
    allowed = policy(css, script, pictures=pictures)
    values |= {"css": Markup(css), "script": Markup(script), "policy": allowed, "symbols": style.SYMBOLS}
    return _environment().get_template(template).render(values)


def _embedded(data: Mapping[str, object]) -> Markup:
    """The figures' numbers as JSON that cannot end its ``<script>`` element."""
    text = json.dumps(plain(data), separators=(",", ":"), ensure_ascii=False, allow_nan=False) if data else ""
    return Markup(text.replace("<", "\\u003c"))


@cache
def _environment() -> Environment:
    loader = PackageLoader("diagnostics.pages", "templates")
    options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
    environment = Environment(loader=loader, finalize=_unbroken, **options)
    environment.filters["with_code"] = with_code
    return environment


def with_code(text: str) -> Markup:
    """Text as markup, with what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False)))


def _unbroken(value: object) -> object:
    """Text in which a number stays in one line with what belongs to it; markup, such as code that was escaped, as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    value = re.sub(r"\bp ([<=≤]) (?=\d)", "p\u00a0\\1\u00a0", value)
    value = re.sub(r"(\d \[[−\d.]+), (?=[−\d.]+\])", "\\1,\u00a0", value)  # an interval behind its estimate
    return re.sub(r"(?<=\d) (?=[%×]|(?:s|min)\b)", "\u00a0", value.replace(" × 10", "\u00a0×\u00a010"))


@cache
def sheet(*names: str) -> str:
    """Style sheets or scripts from the templates' folder, joined."""
    environment = _environment()
    return "".join(environment.loader.get_source(environment, name)[0] for name in names if environment.loader)


def _check_suffix(path: Path) -> None:
    """Refuse to write a page over somebody's program or data."""
    if path.suffix.lower() not in PAGES:
        raise UsageError(
            what="a page is an HTML file",
            where=str(path),
            got=repr(path.suffix),
            do="give it a name that ends in .html",
        )


def _check_names(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise UsageError(
                what="invalid name of an exhibit",
                where="Exhibit.name",
                got=f"{name!r} among {names}",
                do="give each exhibit of a page its own name of lower case letters, digits and hyphens",
            )
