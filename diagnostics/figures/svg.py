"""A figure as files and as markup: PNG and SVG beside the page, and SVG that uses the page's own styles and fonts."""

from __future__ import annotations

import copy
import functools
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from diagnostics.figures.style import PALETTE, RC
from diagnostics.figures.svg_size import slim

PNG_DPI = 160
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_PAINTED = ("fill", "stroke")
_FONT = "'DejaVu Sans'"


class Inline(NamedTuple):
    """A figure's markup for a page.

    Args:
        markup: one ``<svg>`` element; it has classes where matplotlib wrote ``style`` attributes.
        rules: the classes' declarations, for the page's style sheet.
    """

    markup: str
    rules: Mapping[str, str]


# Without these, ElementTree would write every tag as ns0:path, which a page does not show.
ET.register_namespace("", _SVG[1:-1])
ET.register_namespace("xlink", _HREF[1:].partition("}")[0])


def to_tree(figure: Figure) -> ET.Element:
    """The figure as an SVG tree, without metadata, and small: see `svg_size.slim`."""
    buffer = io.BytesIO()
    with mpl.rc_context(RC):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    root = ET.fromstring(buffer.getvalue())
    for child in [child for child in root if child.tag in {f"{_SVG}metadata", f"{_SVG}title"}]:
        root.remove(child)
    slim(root)
    return root


def to_svg(figure: Figure) -> str:
    """The figure as a complete SVG document: the same figure gives the same bytes."""
    return _document(to_tree(figure))


def write_png(figure: Figure, path: Path | BinaryIO) -> None:
    """Write the figure as PNG on white paper, to a file or a path."""
    paper = PALETTE["paper"].light
    with mpl.rc_context(RC):
        figure.savefig(path, format="png", dpi=PNG_DPI, facecolor=paper, pil_kwargs={"compress_level": 1})


def on_paper(drawing: ET.Element) -> str:
    """A stand-alone SVG document with white paper behind it, for viewers that show a dark background."""
    whole = copy.copy(drawing)  # shallow: the caller's tree keeps its children and gains none
    whole.insert(0, ET.Element(f"{_SVG}rect", width="100%", height="100%", fill=PALETTE["paper"].light))
    return _document(whole)


def inline(drawing: ET.Element, *, prefix: str, alt: str) -> Inline:
    """Markup for use inside a page: own ids, the page's font and colours, an accessible name.

    Styles become classes, because a page's security policy allows no ``style`` attribute; they also repeat so often that
    the page is a third smaller.

    Args:
        drawing: an SVG tree from :func:`to_tree`; it becomes the page's, because a copy of it takes longer than all the rest.
        prefix: makes the ids unique within the page; letters, digits and hyphens.
        alt: a description for readers who cannot see the figure.

    Returns:
        One ``<svg>`` element without width and height, which fills the width of its container, and its classes.
    """
    root = drawing
    _own_ids(root, prefix)
    _without_sheets(root)
    rules = {}
    for element in root.iter():
        if style := element.attrib.pop("style", ""):
            declarations = _in_page_style(style)
            name = _class_of(declarations)
            rules[name] = declarations
            element.set("class", name)
        for name in _PAINTED:
            if value := element.get(name):
                element.set(name, _in_page_style(value))
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": alt}
    return Inline(ET.tostring(root, encoding="unicode").strip(), rules)


def _without_sheets(root: ET.Element) -> None:
    """Remove matplotlib's ``<style>`` elements: the page's own sheet sets line joins and caps."""
    for parent in root.iter():
        for sheet in [child for child in parent if child.tag == f"{_SVG}style"]:
            parent.remove(sheet)


@functools.lru_cache(1024)
def _class_of(declarations: str) -> str:
    """A name that depends on the declarations only: figures drawn apart can then share one sheet."""
    return f"m{hashlib.blake2s(declarations.encode(), digest_size=4).hexdigest()}"


def _document(root: ET.Element) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}'


@functools.lru_cache(1024)  # a figure repeats a few styles thousands of times
def _in_page_style(value: str) -> str:
    """A style with CSS variables for the palette's colours and for the font."""
    for name, shade in PALETTE.items():
        value = value.replace(shade.light, f"var(--{name})")
    parts = (part.partition(_FONT) for part in value.split(";"))
    return ";".join(f"{before}var(--sans)" if font else before for before, font, _ in parts)


def _own_ids(root: ET.Element, prefix: str) -> None:
    """Prefix the ids that something refers to, and drop the others: two figures on one page would share them."""
    used = set()
    for element in root.iter():
        for name, value in element.items():
            if name == _HREF and value.startswith("#"):
                used.add(value[1:])
                element.set(name, f"#{prefix}-{value[1:]}")
            elif value.startswith("url(#"):
                used.add(value[len("url(#") : -1])
                element.set(name, f"url(#{prefix}-{value[len('url(#') :]}")
    for element in root.iter():
        if (identity := element.attrib.pop("id", None)) and identity in used:
            element.set("id", f"{prefix}-{identity}")
