from __future__ import annotations

import copy
from functools import partial
from xml.etree import ElementTree as ET

import pytest

from diagnostics.figures import curves, effects, style
from diagnostics.figures.svg import inline, on_paper, to_svg, to_tree
from tests.kit import figure_frames as frames

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
EFFECTS = partial(effects, frames.slopes(), x="depth slope at step 0", width=style.WIDE)
LOSS = partial(curves, frames.scalars(), guide=(2.303, "chance: ln 10"), width=style.WIDE)
HOSTILE = f'</text></svg><script>x</script> "&amp; {style.PALETTE["ink"].light}'


@pytest.fixture(scope="module")
def drawn() -> ET.Element:
    return to_tree(LOSS())


@pytest.fixture
def drawing(drawn) -> ET.Element:
    return copy.deepcopy(drawn)


def ids(root: ET.Element) -> list[str]:
    return [name for element in root.iter() if (name := element.get("id"))]


def references(root: ET.Element) -> set[str]:
    links = {element.get(f"{XLINK}href", "")[1:] for element in root.iter()}
    clips = {element.get("clip-path", "")[len("url(#") : -1] for element in root.iter()}
    return (links | clips) - {""}


def test_two_figures_on_one_page_share_no_ids(drawing):
    both = {"one": copy.deepcopy(drawing), "two": drawing}
    pages = [inline(each, prefix=prefix, alt="loss").markup for prefix, each in both.items()]
    page = ET.fromstring(f"<body>{''.join(pages)}</body>")
    assert len(ids(page)) == len(set(ids(page))) > 0
    assert references(page) == set(ids(page))
    assert {name.partition("-")[0] for name in ids(page)} == {"one", "two"}


def test_inlined_markup_is_one_svg_element_without_declaration_or_generated_prefixes(drawing):
    markup = inline(drawing, prefix="one", alt="loss").markup
    assert markup.startswith("<svg ") and markup.endswith("</svg>") and "ns0" not in markup
    root = ET.fromstring(markup)
    assert root.tag == f"{SVG}svg" and not {"width", "height"} & set(root.keys())
    assert root.find(f"{SVG}metadata") is None and "DejaVu" not in markup


def test_the_description_is_escaped(drawing):
    markup = inline(drawing, prefix="one", alt='a "quoted" & <odd> text').markup
    assert 'role="img" aria-label="a &quot;quoted&quot; &amp; &lt;odd&gt; text"' in markup


def test_inlined_colours_follow_the_page(drawing):
    markup, rules = inline(drawing, prefix="loss", alt="loss")
    markup += "".join(rules.values())
    assert "var(--validation)" in markup and "var(--ink)" in markup and "var(--sans)" in markup
    assert not [name for name, shade in style.PALETTE.items() if shade.light in markup]


def test_styles_are_classes_because_a_page_allows_no_style_attribute(drawing):
    markup, rules = inline(drawing, prefix="one", alt="loss")
    assert "style=" not in markup and "<style" not in markup
    used = {name for element in ET.fromstring(markup).iter() if (name := element.get("class"))}
    assert used == set(rules) and len(used) > 5


def test_dollars_in_a_name_are_not_mathematics():
    both = frames.scalars()
    named = both.assign(arm=both["arm"].where(both["arm"] != both["arm"].iloc[0], "cost_$5_and_$6"))
    figure = curves(named, width=style.WIDE)
    assert "cost_$5_and_$6" in inline(to_tree(figure), prefix="one", alt="loss").markup


def test_markup_and_colours_in_a_label_stay_text():
    figure = EFFECTS()
    figure.axes[0].set_xlabel(HOSTILE)
    markup = inline(to_tree(figure), prefix="one", alt="effects").markup
    assert "<script" not in markup and markup.count("</svg>") == 1
    assert HOSTILE in [element.text for element in ET.fromstring(markup).iter(f"{SVG}text")]


def test_a_document_has_paper_behind_the_figure(drawing):
    document = on_paper(drawing)
    assert document.startswith("<?xml")
    paper = ET.fromstring(document.encode())[0]
    assert paper.tag == f"{SVG}rect" and paper.get("fill") == style.PALETTE["paper"].light
    assert ET.fromstring(to_svg(EFFECTS()).encode()).get("width")
