"""A figure as files and as markup: PNG and SVG beside the page, and SVG that lives inside the page's own styles."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import BinaryIO

import matplotlib as mpl
from matplotlib.figure import Figure

from diagnostics.figures.style import PALETTE, RC

PNG_DPI = 160
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def to_svg(figure: Figure) -> str:
    """The figure as a complete SVG document: the same figure gives the same bytes."""
    buffer = io.StringIO()
    with mpl.rc_context(RC):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return _round_paths(buffer.getvalue())


def write_png(figure: Figure, path: Path | BinaryIO) -> None:
    """Write the figure as PNG on white paper, to a file or a path."""
    paper = PALETTE["paper"].light
    with mpl.rc_context(RC):
        figure.savefig(path, format="png", dpi=PNG_DPI, facecolor=paper, pil_kwargs={"compress_level": 3})


def on_paper(svg: str) -> str:
    """A stand-alone SVG with white paper behind it, for viewers that show a dark background."""
    rectangle = f'<rect width="100%" height="100%" fill="{PALETTE["paper"].light}"/>'
    return re.sub(r"(<svg\b[^>]*>)", rf"\g<1>{rectangle}", svg, count=1)


def inline(svg: str, *, prefix: str, alt: str) -> str:
    """Markup that can stand in a page: own ids, the page's font and colours, an accessible name.

    Args:
        svg: a complete SVG document from :func:`to_svg`.
        prefix: makes the ids unique within the page; letters, digits and hyphens.
        alt: what a reader who cannot see the figure is told.

    Returns:
        One ``<svg>`` element without width and height: it fills the room that it gets.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<(metadata|title)>.*?</\1>", "", body, flags=re.DOTALL)
    body = _own_ids(body, prefix)
    body = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font: \1var(--sans)", body)
    body = re.sub(r"font-family: 'DejaVu Sans'[^;\"]*", "font-family: var(--sans)", body)
    for name, shade in PALETTE.items():
        body = body.replace(shade.light, f"var(--{name})")
    opening = re.sub(r'\s(?:width|height)="[^"]*"', "", body[: body.index(">")])
    return f'{opening} role="img" aria-label="{escape(alt, quote=True)}">{body[body.index(">") + 1 :].strip()}'


def _own_ids(body: str, prefix: str) -> str:
    """Drop ids that nothing refers to, and prefix the others: two figures on one page would share them."""
    used = set(re.findall(r"(?:url\(#|href=\"#)([^\")]+)", body))
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", body)
    return re.sub(r"(url\(#|href=\"#)", rf"\g<1>{prefix}-", body)


def _round_paths(svg: str) -> str:
    """Cut path coordinates to a hundredth of a point, which no screen shows: half the size."""
    return re.sub(r'\bd="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
