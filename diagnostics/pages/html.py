"""Writes a page as one self-contained HTML file, with its figures as PNG and SVG beside it."""

from __future__ import annotations

import html
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diagnostics.figures import style, svg
from diagnostics.pages.page import Exhibit, Page
from diagnostics.runs.confined import check_no_link
from diagnostics.runs.files import written_whole
from probes.errors import UsageError

FIGURES = "figures"
SHOWN_HEIGHT = 560
"""Height in CSS pixels of a report inside a notebook: enough for the answer, without filling the screen."""
NOTHING = Markup()


@dataclass(frozen=True)
class Drawn:
    """An exhibit on the page.

    Args:
        exhibit: what was drawn.
        wide: inline SVG for a desktop; empty when it could not be drawn.
        narrow: inline SVG for a phone.
        missing: why there is no figure; empty when there is one.
    """

    exhibit: Exhibit
    wide: Markup = NOTHING
    narrow: Markup = NOTHING
    missing: str = ""


class ReportPath(type(Path())):
    """The path of a report; in a notebook it shows the page itself."""

    def _repr_html_(self) -> str:
        """The page in a frame of its own, or its path if the file no longer exists."""
        place = html.escape(str(self))
        if not self.is_file():
            return f"<p>Report: {place}, which no longer exists.</p>"
        page = html.escape(self.read_text(encoding="utf-8"), quote=True)
        frame = f'<iframe srcdoc="{page}" width="100%" height="{SHOWN_HEIGHT}" style="border:1px solid #8884"></iframe>'
        return f"<p>Report: <code>{place}</code></p>{frame}"


def write_page(page: Page, path: str | os.PathLike[str]) -> Path:
    """Write a page as one HTML file that needs no network and no script, and its figures beside it.

    Each figure is drawn twice, for a desktop and for a phone; the browser shows the one that fits. A figure that
    lacks its data is replaced by the reason.

    Args:
        page: the content.
        path: the HTML file, such as ``runs/mine/report.html``; figures go to ``figures/`` in the same folder.

    Returns:
        The path of the HTML file, which in a notebook shows the page.

    Raises:
        UsageError: when the folder cannot be written, or two exhibits share a name.
    """
    path = ReportPath(path)
    names = [exhibit.name for section in page.sections for exhibit in section.figures]
    _check_names(names)
    try:
        check_no_link(path.parent / FIGURES)
        (path.parent / FIGURES).mkdir(parents=True, exist_ok=True)
        drawn = {exhibit.name: draw(exhibit, path.parent / FIGURES) for exhibit in exhibits(page)}
        with written_whole(path) as file:
            file.write(render(page, drawn).encode())
    except OSError as error:
        raise UsageError(
            what="the report cannot be written",
            where=str(path),
            got=str(error),
            do="choose a writable folder on a disk with free space",
        ) from error
    return path


def exhibits(page: Page) -> list[Exhibit]:
    """All exhibits of a page in reading order."""
    return [exhibit for section in page.sections for exhibit in section.figures]


def draw(exhibit: Exhibit, folder: Path) -> Drawn:
    """Draw one exhibit: PNG and SVG files into `folder`, and markup for the page."""
    try:
        figure = exhibit.draw(width=style.WIDE)
        narrow = exhibit.draw(width=style.NARROW)
    except UsageError as error:
        return Drawn(exhibit, missing=f"{error.what} ({error.where}: {error.got})")
    wide = svg.to_tree(figure)
    with written_whole(folder / f"{exhibit.name}.png") as file:
        svg.write_png(figure, file)
    with written_whole(folder / f"{exhibit.name}.svg") as file:
        file.write(svg.on_paper(wide).encode())
    return Drawn(
        exhibit,
        wide=Markup(svg.inline(wide, prefix=exhibit.name, alt=exhibit.alt)),
        narrow=Markup(svg.inline(svg.to_tree(narrow), prefix=f"{exhibit.name}-narrow", alt=exhibit.alt)),
    )


def render(page: Page, drawn: dict[str, Drawn]) -> str:
    """The page's HTML.

    Args:
        page: the content.
        drawn: the exhibits by name.
    """
    return rendered("report.html.j2", page=page, drawn=drawn)


def rendered(template: str, **values: object) -> str:
    """A template's HTML.

    Args:
        template: file in ``diagnostics/pages/templates``.
        values: what it shows; ``css`` and ``symbols`` are added.
    """
    environment, sheet = _environment()
    css = Markup(style.css_variables() + sheet)
    return environment.get_template(template).render(css=css, symbols=style.SYMBOLS, **values)


@cache
def _environment() -> tuple[Environment, str]:
    loader = PackageLoader("diagnostics.pages", "templates")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    sheet, _, _ = loader.get_source(environment, "report.css")
    return environment, sheet


def _check_names(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise UsageError(
                what="invalid name of an exhibit",
                where="Exhibit.name",
                got=f"{name!r} among {names}",
                do="give each exhibit of a page its own name of lower case letters, digits and hyphens",
            )
