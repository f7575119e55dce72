"""Makes matplotlib's SVG small without changing what it shows: a page with a thousand layers would have 17 MB."""

from __future__ import annotations

import base64
import io
import re
from functools import lru_cache
from itertools import groupby
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
PNG = "data:image/png;base64,"
FEWEST_DOTS = 30
"""From so many equal markers in a row on, they are one path."""
MOST_COLOURS = 256
"""What a PNG with a palette can hold; a colour map has fewer."""
WORDED = (f"{SVG}text", f"{SVG}tspan", f"{SVG}style")
_PLACES = ("x", "y", "transform")
_DIGITS = re.compile(r"(\.\d\d)\d+")
_CIRCLE = re.compile(r"M 0 ([\d.]+)\s+C ")
OWN = (HREF, "width", "height")
"""What a picture is, wherever it lies."""
_MAP = re.compile(
    r'<image (?P<pixels>xlink:href="[^"]+" width="\d+" height="\d+") (?P<place>transform="matrix[^"]+" class="\w+") />'
)
SHARED = "shared"
"""Id of a group that each panel of a figure has in the same form, such as the lines of all arms behind its own."""
NEAR = 0.03
"""Shift in points, from what was cut off, within which two places are the same."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_FILL = re.compile(r"fill(-opacity)?: ([^;]+)")


def slim(root: ET.Element) -> None:
    """Cut places to 0.01 pt, drop blanks between elements, join dots to one path, and give pictures a palette.

    Args:
        root: an SVG tree of matplotlib's, which is changed.
    """
    circles = {path.get("id", ""): found[1] for path in root.iter(f"{SVG}path") if (found := _circle(path))}
    for element in root.iter():
        element.tail = None
        if element.tag not in WORDED:
            element.text = None
        _shorten(element)
        if element.tag == f"{SVG}g":
            _join_dots(element, circles)
        elif element.tag == f"{SVG}image":
            _reduce(element)
    _draw_once([group for group in root.iter(f"{SVG}g") if group.get("id") == SHARED])


def _reduce(image: ET.Element) -> None:
    """A picture with a palette, its own attributes before its place: versions of matplotlib write them in different orders."""
    given = dict(image.attrib)
    given[HREF] = PNG + with_palette(given.get(HREF, "").partition(",")[2])
    image.attrib.clear()
    image.attrib.update({name: given.pop(name) for name in OWN if name in given} | given)


def _draw_once(groups: list[ET.Element]) -> None:
    """Where groups differ by a shift only, keep the first and refer to it: 36 panels with 36 lines each are 36 lines."""
    if not groups:
        return
    first, kept = _places(groups[0]), f"{SHARED}-lines"
    groups[0].set("id", kept)
    for group in groups[1:]:
        del group.attrib["id"]
        again = _places(group)
        if not first.size or again.shape != first.shape or np.ptp(again - first, axis=0).max() > NEAR:
            continue
        x, y = np.median(again - first, axis=0)
        group[:] = [ET.Element(f"{SVG}use", {HREF: f"#{kept}", "x": f"{x:.2f}", "y": f"{y:.2f}"})]


def _places(group: ET.Element) -> np.ndarray:
    """Every place of a group's paths, ``[places, 2]``."""
    numbers = [float(number) for path in group.iter(f"{SVG}path") for number in _NUMBER.findall(path.get("d", ""))]
    return np.array(numbers).reshape(-1, 2) if len(numbers) % 2 == 0 else np.empty((0, 2))


def _circle(path: ET.Element) -> re.Match[str] | None:
    return _CIRCLE.match(path.get("d", "")) if path.get("id", "").startswith("m") else None


def _shorten(element: ET.Element) -> None:
    if (path := element.get("d")) is not None:
        element.set("d", re.sub(r"\s+", " ", _DIGITS.sub(r"\1", path)).strip())
        return
    for name in _PLACES:
        if (place := element.get(name)) is not None:
            element.set(name, _DIGITS.sub(r"\1", place) if "matrix" not in place else place)
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]


def _join_dots(group: ET.Element, circles: dict[str, str]) -> None:
    children = [*group]
    for (marker, style), some in groupby(children, lambda each: (each.get(HREF, "")[1:], each.get("style", ""))):
        dots = [*some]
        if marker in circles and len(dots) >= FEWEST_DOTS:
            path = ET.Element(
                f"{SVG}path", d="".join(f"M{_place(dot)}h0" for dot in dots), style=_stroke(style, circles[marker])
            )
            group.insert([*group].index(dots[0]), path)
            for dot in dots:
                group.remove(dot)


def _place(dot: ET.Element) -> str:
    return f"{_DIGITS.sub(chr(92) + '1', dot.get('x', '0'))} {_DIGITS.sub(chr(92) + '1', dot.get('y', '0'))}"


def _stroke(style: str, radius: str) -> str:
    """A line's round ends are the dots."""
    fill = {found[1] or "": found[2].strip() for found in _FILL.finditer(style)}
    opacity = f"; stroke-opacity: {fill['-opacity']}" if "-opacity" in fill else ""
    return f"fill: none; stroke: {fill.get('', '#000000')}{opacity}; stroke-width: {2 * float(radius):g}; stroke-linecap: round"


@lru_cache(4)  # a figure's wide and narrow drawing hold the same map
def with_palette(text: str) -> str:
    """A PNG in base64 with the same pixels, a byte each: a third of the size.

    Args:
        text: a PNG in base64; it is returned as it is if it has too many colours, or transparent ones.
    """
    picture = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA")
    pixels = np.ascontiguousarray(np.asarray(picture)).view(np.uint32)[..., 0]
    colours, at = np.unique(pixels, return_inverse=True)
    channels = colours.view(np.uint8).reshape(-1, 4)
    if len(colours) > MOST_COLOURS or (channels[:, 3] < 255).any():
        return text
    small = Image.fromarray(at.reshape(pixels.shape).astype(np.uint8), "P")
    small.putpalette(channels[:, :3].tobytes())
    file = io.BytesIO()
    small.save(file, format="png")
    return base64.b64encode(file.getvalue()).decode()


def share_maps(one: str, other: str, name: str) -> tuple[str, str]:
    """Two drawings on one page whose maps have the same pixels: the first one keeps them for both.

    Args:
        one: an SVG element as text.
        other: another one.
        name: an id that the page does not have yet.
    """
    found = _MAP.search(one)
    if not found or not (again := _MAP.search(other)) or found["pixels"] != again["pixels"]:
        return one, other
    kept = f'<defs><image id="{name}" {found["pixels"]} /></defs>'
    first, second = (f'<use xlink:href="#{name}" {each["place"]} />' for each in (found, again))
    return one.replace(found[0], kept + first, 1), other.replace(again[0], second, 1)
