"""RDFa to items, by hand, against the RDFa test suite and against extruct."""

import os
import re
from pathlib import Path

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from extract.charset import TooComplexError, decode_html, parse_html
from extract.html_text import fold_lines
from extract.items import Item, Text
from extract.markup import Unrendered
from extract.rdfa import rdfa_items
from extract.rdfa_walk import rdfa_triples

URL = "https://shop.example/faq"
VOCAB = 'vocab="https://schema.org/"'


def items(source: str, **options: bool) -> list[Item]:
    return rdfa_items(parse_html(source), URL, **options)


def plain(value: Item | Text, above: tuple[Item, ...] = ()) -> object:
    """Nested tuples and lists for comparison: (types, {property: values}) or the text."""
    if isinstance(value, Text):
        return value.content
    if value in above:
        return "circle"
    return value.types, {k: [plain(v, (*above, value)) for v in vs] for k, vs in value.properties.items()}


EXPECTED = (
    ("FAQPage",),
    {
        "mainEntity": [
            (
                ("Question",),
                {
                    "name": [f"Frage {i}?"],
                    "acceptedAnswer": [(("Answer",), {"text": [f"Zeile {i}.\nEnde."]})],
                },
            )
            for i in (1, 2, 3)
        ]
    },
)


def question(i: int, attributes: str) -> str:
    return (
        f'<section {attributes} typeof="Question"><h2 property="name">Frage <b>{i}</b>?</h2>'
        f'<div property="acceptedAnswer" typeof="Answer"><div property="text"><p>Zeile {i}.</p><p>Ende.</p>'
        "</div></div></section>"
    )


def test_questions_as_properties_of_the_page():
    questions = "".join(question(i, 'property="mainEntity"') for i in (1, 2, 3))
    found = items(f'<html {VOCAB} typeof="FAQPage" lang=de><body>{questions}')
    assert [plain(item) for item in found] == [EXPECTED]
    assert found[0].id == URL
    first = found[0].values("mainEntity")[0]
    assert first.values("name") == [Text("Frage 1?", language="de", is_plain=True)]


def test_questions_within_a_container():
    questions = "".join(question(i, 'property="mainEntity"') for i in (1, 2, 3))
    found = items(f"<body><div {VOCAB} typeof=FAQPage><div class=x><p>intro</p>{questions}</div></div>")
    assert [plain(item) for item in found] == [EXPECTED]


def test_questions_behind_rel():
    hanging = "".join(question(i, "") for i in (1, 2, 3))
    found = items(f'<div {VOCAB} typeof=FAQPage><div rel="mainEntity">{hanging}</div></div>')
    assert [plain(item) for item in found] == [EXPECTED]
    direct = "".join(question(i, 'rel="mainEntity"') for i in (1, 2, 3))
    found = items(f"<div {VOCAB} typeof=FAQPage>{direct}</div>")
    assert [plain(item) for item in found] == [EXPECTED]


def test_questions_by_reference():
    links = "".join(f'<link property="mainEntity" href="#q{i}">' for i in (1, 2, 3))
    questions = "".join(question(i, f'resource="#q{i}"') for i in (1, 2, 3))
    found = items(f'<div {VOCAB} resource="#faq" typeof=FAQPage>{links}</div><div {VOCAB}>{questions}</div>')
    assert [plain(item) for item in found] == [EXPECTED]
    assert [q.id for q in found[0].values("mainEntity")] == [f"{URL}#q{i}" for i in (1, 2, 3)]


def test_questions_behind_rev():
    questions = "".join(
        question(i, f'about="#q{i}"').replace("</h2>", '</h2><link rev="mainEntity" href="#faq">')
        for i in (1, 2, 3)
    )
    found = items(f'<div {VOCAB} about="#faq" typeof=FAQPage></div><div {VOCAB}>{questions}</div>')
    assert [plain(item) for item in found] == [EXPECTED]


@pytest.mark.parametrize(
    "source",
    [
        "<div vocab='http://schema.org/' typeof=FAQPage><p property=name>a</div>",
        "<div vocab='https://www.schema.org' typeof=FAQPage><p property=name>a</div>",
        "<div vocab='//schema.org/' typeof=FAQPage><p property=name>a</div>",
        "<div typeof=schema:FAQPage><p property=schema:name>a</div>",
        "<div prefix='s: http://schema.org/ og: x:' typeof=s:FAQPage><p property='s:name'>a</div>",
        "<div xmlns:S='http://schema.org/' typeof=S:FAQPage><p property='s:name'>a</div>",
        "<html xmlns:s='http://schema.org/'><body><div typeof=s:FAQPage><p property=s:name>a</div>",
        "<div typeof='http://schema.org/FAQPage'><p property='https://schema.org/name'>a</div>",
        "<div typeof=FAQPage><p property=name>a</div>",
    ],
)
def test_vocabularies(source):
    assert [plain(item) for item in items(source)] == [(("FAQPage",), {"name": ["a"]})]


def test_other_vocabularies_are_not_ours():
    found = items(
        f"""<html prefix="og: http://ogp.me/ns#"><meta property="og:title" content="t">
        <div {VOCAB} typeof="FAQPage og:website"><p property="name og:name">a</p><p property="foaf:name">b</p>
        <div vocab="http://other.example/"><p property="name">c</p></div></div>"""
    )
    assert [plain(item) for item in found] == [(("FAQPage",), {"name": ["a"]})]


def test_links_are_not_subjects():
    found = items(
        f"""<div {VOCAB} typeof=Question><a href="#q" rel="nofollow"><b property=name>a</b></a>
        <a href="/x"><b property=text>b</b></a><link rel=stylesheet href=x></div>"""
    )
    assert [plain(item) for item in found] == [(("Question",), {"name": ["a"], "text": ["b"]})]


VALUES = {
    "text": ("<p property=p>a<br>b</p>", Text("a\nb", is_plain=True)),
    "content": ("<p property=p content='a &lt;b>'>x</p>", Text("a <b>")),
    "language": ("<p property=p lang=fr content=a>x</p>", Text("a", language="fr")),
    "href": ("<a property=p href=/x>x</a>", Text("https://shop.example/x", is_plain=True)),
    "content of a link": ("<a property=p content=a href=/x>x</a>", Text("a")),
    "a name": ("<a property=name href=/x>x</a>", Text("x", is_plain=True)),
    "src": ("<img property=p src=x.png>", Text("https://shop.example/x.png", is_plain=True)),
    "resource": ("<p property=p resource='#r'>x</p>", Text(f"{URL}#r", is_plain=True)),
    "bad address": ("<a property=p href='http://['>x</a>", Text("x", is_plain=True)),
    "datatype": ("<a property=p datatype=xsd:string href=/x>x</a>", Text("x", is_plain=True)),
    "html": ("<p property=p datatype=rdf:HTML><b>x</b></p>", Text("x", is_plain=True)),
    "time": ("<time property=p datetime=2024-01-02>then</time>", Text("2024-01-02")),
}


@pytest.mark.parametrize("case", VALUES)
def test_values(case):
    source, expected = VALUES[case]
    item = items(f"<div {VOCAB} typeof=Question>{source}</div>")[0]
    assert [v for values in item.properties.values() for v in values] == [expected]


def test_inner_html_is_kept_on_demand():
    source = f"<div {VOCAB} typeof=Question><p property=name><b>a</b> &amp; b</p></div>"
    assert items(source)[0].values("name")[0].html is None
    assert items(source, keep_html=True)[0].values("name")[0].html == "<b>a</b> &amp; b"


def test_a_rel_about_links_changes_nothing():
    found = items(
        f"""<div {VOCAB} typeof=Question><div property=acceptedAnswer typeof=Answer rel=nofollow>
        <b property=text>a</b></div></div>"""
    )
    assert [plain(item) for item in found] == [
        (("Question",), {"acceptedAnswer": [(("Answer",), {"text": ["a"]})]})
    ]


def test_statements_about_one_subject_make_one_item():
    found = items(
        f"""<div {VOCAB}><p resource="#q" typeof=Question><b property=name>a</b></p>
        <p about="#q"><b property=text>b</b></p></div>"""
    )
    assert [plain(item) for item in found] == [(("Question",), {"name": ["a"], "text": ["b"]})]


def test_a_name_that_links_to_its_own_question():
    found = items(f'<p {VOCAB} resource="#q" typeof=Question><a property=name href="#q">a</a></p>')
    assert [plain(item) for item in found] == [(("Question",), {"name": ["a"]})]


def test_circles():
    found = items(
        f"""<div {VOCAB}><p resource="#a" typeof=FAQPage><link property=mainEntity href="#b"></p>
        <p resource="#b" typeof=Question><link property=isPartOf href="#a"></p></div>"""
    )
    assert [plain(item) for item in found] == [
        (("FAQPage",), {"mainEntity": [(("Question",), {"isPartOf": ["circle"]})]})
    ]


def test_pages_without_questions_cost_nothing():
    source = f"<div {VOCAB} typeof=Product><p property=name>a</div>"
    assert items(source) == []
    assert plain(items(source, everything=True)[0]) == (("Product",), {"name": ["a"]})


def test_deep_nesting_neither_recurses_nor_multiplies():
    item = items(f"<div {VOCAB} typeof=Question>" + "<div property=x typeof=Question>" * 1500)[0]
    depth = 0
    while item.values("x"):
        item = item.values("x")[0]
        depth += 1
    assert depth == 1500


def test_incomplete_statements_that_multiply_are_too_complex():
    names = " ".join(f"schema:n{i}" for i in range(1000))
    spans = "<b typeof=schema:Question></b>" * 1000
    with pytest.raises(TooComplexError, match="property values"):
        items(f"<div rel='schema:item {names}'>{spans}</div>", everything=True)


PARTS = st.sampled_from(
    [
        f"<div {VOCAB} typeof='FAQPage Question'>",
        "<div property='a schema:b' typeof>",
        "<div rel='mainEntity x:y' rev=about>",
        "<p about='[x:y]' resource=_:a>",
        "<a property=a href='http://['>",
        "<p prefix='a: b c' vocab=''>",
        "<div typeof=_:x about='[]'>",
        "<p property=':x _:y'>",
        "</div>",
        "</p>",
        "x",
    ]
)


@given(st.lists(PARTS, max_size=30), st.booleans())
def test_never_raises(parts, everything):
    for item in items("".join(parts), everything=everything):
        plain(item)


# Against the W3C RDFa test suite


@pytest.fixture
def suite() -> Path:
    shared = Path(os.environ.get("FAQTORY_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    folder = shared / "conformance" / "rdfa__rdfa.github.io" / "test-suite" / "test-cases"
    if not folder.is_dir():
        pytest.skip(f"real data is absent: no {folder}")
    return folder


UNSUPPORTED = {  # by test number: what no FAQ needs
    **dict.fromkeys((218, 219, 220, 221, 224, 225), "@inlist"),
    **dict.fromkeys((235, 238, 239, 313), "reports about the processing"),
    **dict.fromkeys((240, 241, 242), "vocabulary expansion, which fetches"),
    259: "rare prefixes of the initial context",
    **dict.fromkeys((274, 277, 279), "the same moment, written differently by rdflib"),
    **dict.fromkeys((305, 306, 307), "@role"),
    **dict.fromkeys(range(321, 328), "property copying"),
}


def our_statements(source: str, base: str) -> set[tuple[str, str, str]]:
    tree = parse_html(source)
    declared = tree.find(".//base")
    if declared is not None and declared.get("href"):
        base = declared.get("href")
    statements = set()
    for triple in rdfa_triples(tree, base, everything=True):
        value = triple.value
        if isinstance(value, Unrendered):
            value = value.url or fold_lines(value.element.text_content()).replace("\n", " ")
        elif isinstance(value, Text):
            value = " ".join(value.content.split())
        statements.add((blank(triple.subject), triple.predicate, blank(str(value))))
    return statements


def their_statements(path: Path, base: str) -> set[tuple[str, str, str]]:
    graph = rdflib.Graph()
    graph.parse(path, format="turtle", publicID=base)
    return {
        (name(s), str(p), name(o))
        for s, p, o in graph
        if str(p) != "http://www.w3.org/ns/rdfa#usesVocabulary"
    }


def blank(subject: str) -> str:
    return "_" if subject.startswith("_:") else subject


def name(node: object) -> str:
    if isinstance(node, rdflib.BNode):
        return "_"
    if isinstance(node, rdflib.Literal):
        return " ".join(re.sub(r"<[^>]*>", "", str(node)).split())
    return str(node)


@pytest.mark.parametrize("folder", ["rdfa1.1-lite/html5", "rdfa1.1/html5"])
def test_rdfa_suite(suite, folder):
    unreadable = {281, 282}  # their expected graphs are not Turtle
    cases = [path for path in sorted((suite / folder).glob("0*.ttl")) if int(path.stem) not in unreadable]
    different = set()
    for path in cases:
        page = path.with_suffix(".html")
        base = f"http://rdfa.info/test-suite/test-cases/{folder}/{page.name}"
        source = decode_html(page.read_bytes(), None).text
        if our_statements(source, base) != their_statements(path, base):
            different.add(int(page.stem))
    assert len(cases) > 50
    assert different <= set(UNSUPPORTED)
