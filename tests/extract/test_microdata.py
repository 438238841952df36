"""Microdata to items, by hand and against extruct."""

import os
import re
import time
from pathlib import Path

import lxml.html
import pytest
from extruct.w3cmicrodata import MicrodataExtractor
from hypothesis import given
from hypothesis import strategies as st

from extract.charset import TooComplexError, decode_html, parse_html
from extract.items import Item, Text
from extract.markup import local_name
from extract.microdata import microdata_items

URL = "https://shop.example/faq"
QUESTION = 'itemscope itemtype="https://schema.org/Question"'
ANSWER = 'itemprop="acceptedAnswer" itemscope itemtype="https://schema.org/Answer"'


def items(source: str, **options: bool) -> list[Item]:
    return microdata_items(parse_html(source), URL, **options)


def plain(value: Item | Text, above: tuple[Item, ...] = ()) -> object:
    """Nested tuples and lists for comparison: (types, {property: values}) or the text."""
    if isinstance(value, Text):
        return value.content
    if value in above:
        return "circle"
    return value.types, {k: [plain(v, (*above, value)) for v in vs] for k, vs in value.properties.items()}


def test_a_faq_page():
    found = items(
        f"""<html lang="de"><body itemscope itemtype="https://schema.org/FAQPage">
        <div itemprop="mainEntity" {QUESTION} itemid=" #q1 ">
          <h3 itemprop="name">Wie <b>bestelle</b> ich?</h3>
          <div {ANSWER}><div itemprop="text" lang="de-CH"><p>Im Laden.</p><ul><li>Mo<li>Di</ul></div></div>
        </div></body>"""
    )
    assert [plain(item) for item in found] == [
        (
            ("FAQPage",),
            {
                "mainEntity": [
                    (
                        ("Question",),
                        {
                            "name": ["Wie bestelle ich?"],
                            "acceptedAnswer": [(("Answer",), {"text": ["Im Laden.\nMo\nDi"]})],
                        },
                    )
                ]
            },
        )
    ]
    question = found[0].values("mainEntity")[0]
    assert question.id == "#q1"
    assert question.values("name") == [Text("Wie bestelle ich?", language="de", is_plain=True)]
    assert question.values("acceptedAnswer")[0].values("text")[0].language == "de-CH"


def test_inner_html_is_kept_on_demand():
    source = f"<div {QUESTION}><p itemprop=name><b>a</b> &amp; b</p></div>"
    assert items(source)[0].values("name")[0].html is None
    assert items(source, keep_html=True)[0].values("name")[0].html == "<b>a</b> &amp; b"


@pytest.mark.parametrize(
    "iri",
    [
        "http://schema.org/FAQPage",
        "https://schema.org/FAQPage",
        "https://www.schema.org/FAQPage/",
        "//schema.org/FAQPage",
        "schema.org/FAQPage",
        "schema:FAQPage",
        "FAQPage",
        "http://schema.org/#FAQPage",
    ],
)
def test_types_are_local_names(iri):
    assert items(f"<div itemscope itemtype=' {iri} '><p itemprop='http://schema.org/name'>a</div>")[
        0
    ].types == ("FAQPage",)
    assert items(f"<div itemscope itemtype='{iri}'><p itemprop='http://schema.org/name'>a</div>")[0].values(
        "name"
    )


VALUES = {
    "meta": ('<meta itemprop=p content="a &lt;b&gt;">', Text("a <b>")),
    "content": ("<p itemprop=p content=a>b</p>", Text("a")),
    "link": ('<link itemprop=p href=" x ">', Text("https://shop.example/x", is_plain=True)),
    "a": ('<a itemprop=p href="/x">text</a>', Text("https://shop.example/x", is_plain=True)),
    "a name": ('<a itemprop=name href="/x">text</a>', Text("text", is_plain=True)),
    "an empty name": ('<a itemprop=name href="/x"></a>', Text("https://shop.example/x", is_plain=True)),
    "img": ('<img itemprop=p src="x.png">', Text("https://shop.example/x.png", is_plain=True)),
    "object": ('<object itemprop=p data="x"></object>', Text("https://shop.example/x", is_plain=True)),
    "bad address": ('<link itemprop=p href="http://[">', Text("http://[", is_plain=True)),
    "time": ('<time itemprop=p datetime="2024-01-02">then</time>', Text("2024-01-02")),
    "time without": ("<time itemprop=p>2024</time>", Text("2024", is_plain=True)),
    "data": ("<data itemprop=p value=5>five</data>", Text("5")),
    "meter": ("<meter itemprop=p value=5>five</meter>", Text("5")),
    "untyped scope": ("<p itemprop=p itemscope>five</p>", Text("five", is_plain=True)),
}


@pytest.mark.parametrize("case", VALUES)
def test_values(case):
    source, expected = VALUES[case]
    item = items(f"<div {QUESTION}>{source}</div>")[0]
    assert [v for values in item.properties.values() for v in values] == [expected]


def test_an_item_without_properties_has_its_text_as_value():
    item = items(f"<div {QUESTION}><p itemprop=name>a</p><div {ANSWER}>b<p>c</div></div>")[0]
    assert plain(item.values("acceptedAnswer")[0]) == (("Answer",), {"value": ["b\nc"]})


def test_several_names_and_several_values_keep_their_order():
    found = items(f"<div {QUESTION}><p itemprop='b a'>1</p><p itemprop=a>2</p><p itemprop=b>3</div>")
    assert plain(found[0]) == (("Question",), {"b": ["1", "3"], "a": ["1", "2"]})


def test_itemref_comes_in_document_order_and_once():
    found = items(
        f"""<p id=before><b itemprop=name>1</b></p>
        <div {QUESTION} itemref="before after after nowhere within"><p id=within itemprop=name>2</p></div>
        <div id=after itemprop=name>3</div>"""
    )
    assert plain(found[0]) == (("Question",), {"name": ["1", "2", "3"]})


def test_itemref_gives_an_item_to_two_and_ends_in_circles():
    found = items(
        f"""<div {QUESTION} itemref=x></div><div {QUESTION} itemref=x></div>
        <div id=x itemprop=acceptedAnswer itemscope itemref=x><p itemprop=text>a</div>"""
    )
    first, second = (item.values("acceptedAnswer")[0] for item in found)
    assert first is second
    assert plain(first) == ((), {"acceptedAnswer": ["circle"], "text": ["a"]})


def test_itemref_does_not_look_into_items_and_takes_the_first_of_an_id():
    found = items(
        f"""<div {QUESTION} itemref=x></div>
        <div id=x><b itemprop=name>1</b><p itemprop=text itemscope><b itemprop=name>2</b></p></div>
        <div id=x><b itemprop=name>3</b></div>"""
    )
    assert plain(found[0]) == (("Question",), {"name": ["1"], "text": [((), {"name": ["2"]})]})


def test_an_item_torn_out_of_its_page_counts_as_top_level():
    found = items(f"<div itemprop=mainEntity {QUESTION}><p itemprop=name>a</div>")
    assert plain(found[0]) == (("Question",), {"name": ["a"]})


def test_pages_without_questions_cost_nothing():
    source = "<ol itemscope itemtype=http://schema.org/BreadcrumbList><li itemprop=name>a</ol>"
    assert items(source) == []
    assert plain(items(source, everything=True)[0]) == (("BreadcrumbList",), {"name": ["a"]})


def test_only_what_matters_is_laid_out():
    found = items(
        f"<div itemscope itemtype=Product><p itemprop=name>a"
        f"<div itemprop=faq {QUESTION}><b itemprop=name>q</div>"
    )
    assert plain(found[0]) == (("Product",), {"name": [], "faq": [(("Question",), {"name": ["q"]})]})


def test_deep_nesting_neither_recurses_nor_multiplies():
    deep = f"<div {QUESTION} itemprop=x>" * 1500
    depth = 0
    item = items(f"<div {QUESTION}>{deep}")[0]
    while item.values("x"):
        item = item.values("x")[0]
        depth += 1
    assert depth == 1500


def test_literals_within_literals_are_too_complex():
    nested = "<p></p>" + "<div itemprop=text>" * 1500 + "<b>x</b>" * 3000
    with pytest.raises(TooComplexError, match="nodes"):
        items(f"<div {QUESTION}>{nested}")


def test_references_that_multiply_are_too_complex():
    many = "<p itemprop=name>a</p>" * 2000
    start = time.process_time()
    with pytest.raises(TooComplexError, match="property values"):
        items(f"<div id=x>{many}</div>" + f"<div {QUESTION} itemref=x></div>" * 2000)
    assert time.process_time() - start < 5


PARTS = st.sampled_from(
    [
        f"<div {QUESTION}>",
        "<div itemprop=a itemscope>",
        "<p itemprop='a b'>",
        "</div>",
        "</p>",
        "x",
        "<meta itemprop=c>",
        "<a itemprop=a href='http://['>",
        "<div id=i itemref='i j' itemscope itemprop=a>",
        "<p id=j itemprop=b>",
    ]
)


@given(st.lists(PARTS, max_size=30))
def test_never_raises(parts):
    for item in items("".join(parts), everything=True):
        plain(item)


# Against extruct


def folded(value: object) -> object:
    """Compare texts without white space, and properties without order."""
    if isinstance(value, str):
        return "".join(value.split())
    types, properties = value
    return sorted(types), sorted((name, [folded(v) for v in values]) for name, values in properties.items())


def extruct_value(value: object) -> object:
    if not isinstance(value, dict):
        return str(value)
    properties: dict[str, list[object]] = {}
    for name, values in value.get("properties", {}).items():
        properties.setdefault(local_name(name), []).extend(map(extruct_value, values))
    types = [local_name(name) for name in value.get("type", [])]
    if "value" in value and not types:
        return extruct_value(value["value"])
    if "value" in value:
        properties["value"] = [extruct_value(value["value"])]
    return types, properties


def agree(source: str) -> bool:
    ours = [folded(plain(item)) for item in items(source, everything=True)]
    extractor = MicrodataExtractor(strict=True)
    theirs = [folded(extruct_value(v)) for v in extractor.extract_items(lxml.html.fromstring(source), URL)]
    return sorted(map(str, ours)) == sorted(map(str, theirs))


DIFFERENT = {  # where extruct departs from the standard, and schema.org/docs/actions.html inputs
    "SearchAction.001.html": "-input properties are not read",
    "product-ref.html": "extruct reads into a referenced item",
    "microdata.5.3.html": "extruct appends referenced values",
    "example2.html": "extruct gives an item to the first reference only",
    "0067.html": "extruct drops circles",
    "0085.html": "extruct drops circles",
    "5.2.1-non-normative-example-2.html": "extruct gives an item to the first reference only",
    "microdata-itemref.html": "extruct counts values referenced twice twice",
    "bsdo-chapter-examples.txt": "<link itemscope> without properties: text, not address",
    "bsdo-collection-examples.txt": "<link itemscope> without properties: text, not address",
}


@pytest.fixture
def conformance() -> Path:
    shared = Path(os.environ.get("FAQTORY_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not (shared / "conformance").is_dir():
        pytest.skip(f"real data is absent: no {shared / 'conformance'}")
    return shared / "conformance"


def test_conformance_pages_read_as_in_extruct(conformance):
    sources = {}
    for path in sorted(conformance.rglob("*.html")):
        if b"itemscope" in (body := path.read_bytes()):
            sources[path] = [decode_html(body, None).text]
    for path in sorted((conformance / "schemaorg__schemaorg").rglob("*.txt")):
        text = path.read_text(encoding="utf-8")
        sources[path] = re.findall(r"^MICRODATA:\s*\n(.*?)^RDFA:", text, re.DOTALL | re.MULTILINE)
    compared = [(path.name, s) for path, found in sources.items() for s in found if "itemscope" in s]
    different = {name for name, source in compared if not agree(source)}
    assert len(compared) > 200
    assert different == set(DIFFERENT)
