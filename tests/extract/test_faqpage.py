"""Items to questions to pairs: the shapes of the wild, limits, conservation, golden pages, real pages."""

import dataclasses
import json
import os
import re
import time
from collections import Counter
from pathlib import Path

import html_text
import pytest
from extruct.jsonld import JsonLdExtractor
from extruct.rdfa import RDFaExtractor
from extruct.w3cmicrodata import MicrodataExtractor
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from extract.charset import decode_html, parse_html
from extract.faqpage import Pair, find_questions, has_faqpage, page_pairs
from extract.items import Item, Syntax, Text, Value
from extract.jsonld import jsonld_blocks
from extract.microdata import microdata_items
from extract.rdfa import rdfa_items
from pipeline.core.outcomes import QuestionOutcome

GOLDEN = Path(__file__).parents[1] / "golden" / "faqpage"
LIMITS = {"max_pairs_per_page": 100, "max_text_chars": 1000}


def item(types: str = "", **properties: Value | str | list[Value | str]) -> Item:
    """Make an item of space-separated types; strings are HTML sources."""
    made = Item(tuple(types.split()))
    for name, values in properties.items():
        listed = values if isinstance(values, list) else [values]
        made.properties[name] = [Text(v) if isinstance(v, str) else v for v in listed]
    return made


def question(name: str = "Q?", answer: str = "A.", types: str = "Question") -> Item:
    return item(types, name=name, acceptedAnswer=item("Answer", text=answer))


def pairs_of(*items: Item, syntax: Syntax = Syntax.JSONLD) -> list[tuple[str, str]]:
    pairs, _ = page_pairs(find_questions(items, syntax), **LIMITS)
    return [(pair.question, pair.answer) for pair in pairs]


def outcomes_of(*items: Item, **limits: int) -> Counter[QuestionOutcome]:
    return page_pairs(find_questions(items, Syntax.JSONLD), **{**LIMITS, **limits})[1]


# Which questions count

ONE = [("Q?", "A.")]
TWO = [("Q1?", "A1."), ("Q2?", "A2.")]


def two() -> list[Value | str]:
    return [question("Q1?", "A1."), question("Q2?", "A2.")]


def listed(questions: list[Value | str]) -> Item:
    return item("ItemList", itemListElement=[item("ListItem", item=q) for q in questions])


SHAPES = {
    "plain": (lambda: [item("FAQPage", mainEntity=two())], TWO),
    "misspelt type": (lambda: [item("FAQ_page", mainEntity=two())], TWO),
    "several types": (lambda: [item("WebPage FAQPage", mainEntity=two())], TWO),
    "misspelt property": (lambda: [item("FAQPage", mainentity=two())], TWO),
    "mainEntityOfPage": (lambda: [item("FAQPage", mainEntityOfPage=two())], TWO),
    "hasPart": (lambda: [item("FAQPage", hasPart=two())], TWO),
    "about": (lambda: [item("FAQPage", about=two())], TWO),
    "an item list": (lambda: [item("FAQPage", mainEntity=listed(two()))], TWO),
    "list items in the page": (lambda: [item("FAQPage", itemListElement=two())], TWO),
    "nested in a web page": (lambda: [item("WebPage", mainEntity=item("FAQPage", mainEntity=two()))], TWO),
    "nested by an unknown property": (lambda: [item("Product", x=item("FAQPage", mainEntity=two()))], TWO),
    "nested in another": (lambda: [item("FAQPage", mainEntity=item("FAQPage", mainEntity=two()))], TWO),
    "two pages": (lambda: [item("FAQPage", mainEntity=q) for q in two()], TWO),
    "sections": (
        lambda: [item("FAQPage", hasPart=[item("WebPageElement", mainEntity=q) for q in two()])],
        TWO,
    ),
    "untyped questions": (lambda: [item("FAQPage", mainEntity=question(types=""))], ONE),
    "strangely typed questions": (lambda: [item("FAQPage", mainEntity=question(types="Thing"))], ONE),
    "lower-case types": (lambda: [item("faqpage", mainEntity=question(types="question"))], ONE),
    "beside the page": (lambda: [item("FAQPage", name="FAQ"), *two()], TWO),
    "beside, in a list": (lambda: [item("FAQPage"), listed(two())], TWO),
    "beside a page with questions": (
        lambda: [item("FAQPage", mainEntity=question()), question("x", "y")],
        ONE,
    ),
    "beside a page whose page has questions": (
        lambda: [item("FAQPage", hasPart=item("FAQPage", mainEntity=question())), question("x", "y")],
        ONE,
    ),
    "of a QAPage beside it": (lambda: [item("FAQPage"), item("QAPage", mainEntity=question("x", "y"))], []),
    "no FAQPage": (lambda: two(), []),
    "the page is the question": (
        lambda: [item("FAQPage", name="Q?", acceptedAnswer=item("Answer", text="A."))],
        ONE,
    ),
    "a page for each question": (
        lambda: [
            item(
                "WebPage",
                mainEntity=[
                    item("FAQPage", name=f"Q{i}?", acceptedAnswer=item("Answer", text=f"A{i}."))
                    for i in (1, 2)
                ],
            )
        ],
        TWO,
    ),
    "names and answers on the page": (
        lambda: [item("FAQPage", name=["Q1?", "Q2?"], acceptedAnswer=[item(text="A1."), item(text="A2.")])],
        TWO,
    ),
    "questions without answers, which are on the page": (
        lambda: [
            item(
                "FAQPage",
                mainEntity=[item("Question", name="Q1?"), item("Question", name="Q2?")],
                acceptedAnswer=["A1.", item("Answer", text="A2.")],
            )
        ],
        TWO,
    ),
    "more answers than names": (lambda: [item("FAQPage", name="FAQ", acceptedAnswer=["A1.", "A2."])], []),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape):
    build, expected = SHAPES[shape]
    assert pairs_of(*build()) == expected


def test_a_shared_question_is_found_once():
    shared = question()
    pages = [item("FAQPage", mainEntity=shared), item("FAQPage", mainEntity=shared), shared]
    found = list(find_questions(pages, Syntax.JSONLD))
    assert len(found) == 1


def test_circles_end():
    page = item("FAQPage")
    loop = item("WebPageElement", mainEntity=page, hasPart=question())
    page.properties = {"mainEntity": [loop, page], "hasPart": [loop]}
    loop.properties["about"] = [loop]
    assert pairs_of(page) == ONE


def test_positions_count_by_syntax():
    found = [*find_questions([item("FAQPage", mainEntity=two())], Syntax.MICRODATA)]
    assert [(q.position, q.syntax) for q in found] == [(0, Syntax.MICRODATA), (1, Syntax.MICRODATA)]


def test_repairs_are_inherited_from_the_block():
    first, second = (
        item("FAQPage", mainEntity=question("a", "b")),
        item("FAQPage", mainEntity=question("c", "d")),
    )
    found = list(find_questions([first, second], Syntax.JSONLD, repairs={second: ("bom",)}))
    assert [q.repairs for q in found] == [(), ("bom",)]
    pairs, _ = page_pairs(found, **LIMITS)
    assert [pair.repairs for pair in pairs] == [(), ("bom",)]


def test_has_faqpage():
    assert has_faqpage([item("WebPage", hasPart=item("FAQ-Page"))])
    assert not has_faqpage([item("QAPage"), question()])


def test_many_pages_that_share_their_parts_take_linear_time():
    parts: list[Value | str] = [item("WebPageElement") for _ in range(2000)]
    pages = [item("FAQPage", hasPart=parts) for _ in range(2000)]
    for part in parts:
        part.properties["hasPart"] = list(pages[:1])
    start = time.process_time()
    assert list(find_questions(pages, Syntax.JSONLD)) == []
    assert time.process_time() - start < 10  # 4 million references, each looked at once or twice


# What a question and its answers say

TEXTS = {
    "name before text": (item("Question", text="b", name="a", acceptedAnswer="x"), [("a", "x")]),
    "text where the name is empty": (
        item("Question", name=" <b> </b>", text="b", acceptedAnswer="x"),
        [("b", "x")],
    ),
    "headline": (item("Question", headline="c", acceptedAnswer="x"), [("c", "x")]),
    "one line": (item("Question", name="<p>a</p>\n<p>b</p>", acceptedAnswer="x"), [("a b", "x")]),
    "answer lines": (question("q", "<p>a</p><p>b</p>"), [("q", "a\nb")]),
    "answer as text": (item("Question", name="q", acceptedAnswer="a"), [("q", "a")]),
    "answers as list": (
        item("Question", name="q", acceptedAnswer=[item(text="a"), "b", item(text=" "), item(text="c")]),
        [("q", "a"), ("q", "b"), ("q", "c")],
    ),
    "suggested answers": (item("Question", name="q", suggestedAnswer=[item(text="a")]), [("q", "a")]),
    "accepted before suggested": (
        item("Question", name="q", suggestedAnswer=item(text="b"), acceptedAnswer=item(text="a")),
        [("q", "a")],
    ),
    "suggested where accepted is empty": (
        item("Question", name="q", suggestedAnswer=item(text="b"), acceptedAnswer=item(text="")),
        [("q", "b")],
    ),
    "description of the answer": (
        item("Question", name="q", acceptedAnswer=item(description="d")),
        [("q", "d")],
    ),
    "text before description": (
        item("Question", name="q", acceptedAnswer=item(name="n", description="d", text="t")),
        [("q", "t")],
    ),
    "several texts are one answer": (
        item("Question", name="q", acceptedAnswer=item(text=["a", "b"])),
        [("q", "a\nb")],
    ),
    "only texts of the first language": (
        item(
            "Question",
            name="q",
            acceptedAnswer=item(text=[Text("a", "en"), Text("b", "fr"), Text("c", "en")]),
        ),
        [("q", "a\nc")],
    ),
    "rendered text is no source": (
        item("Question", name=Text("a <b>", is_plain=True), acceptedAnswer=Text("&lt; 5", is_plain=True)),
        [("a <b>", "&lt; 5")],
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_texts(case):
    asked, expected = TEXTS[case]
    assert pairs_of(item("FAQPage", mainEntity=asked)) == expected


def test_index_of_the_answer_is_that_of_the_markup():
    asked = item("Question", name="q", acceptedAnswer=[item(text=""), item(text="b")])
    pairs, _ = page_pairs(find_questions([item("FAQPage", mainEntity=asked)], Syntax.JSONLD), **LIMITS)
    assert [pair.answer_index for pair in pairs] == [1]


def test_sources_of_answers():
    rendered = item("Question", name="r", acceptedAnswer=item(text=Text("x", is_plain=True, html="<b>x</b>")))
    bare = item("Question", name="p", acceptedAnswer=item(text=Text("x", is_plain=True)))
    page = item("FAQPage", mainEntity=[question("q", "<i>a</i>"), rendered, bare])
    pairs, _ = page_pairs(find_questions([page], Syntax.RDFA), **LIMITS)
    assert [pair.answer_html for pair in pairs] == ["<i>a</i>", "<b>x</b>", None]


def test_languages():
    asked = [
        item("Question", name=Text("1", "de"), acceptedAnswer=item(text=Text("a", "fr"))),
        item("Question", name=Text("2", "de"), acceptedAnswer=item(text="a")),
        item("Question", name="3", inLanguage="it", acceptedAnswer=item(text="a")),
        item("Question", name="4", acceptedAnswer=item(text="a")),
    ]
    english = item("Language", name="English", alternateName="en")
    page = item("FAQPage", mainEntity=list(asked), inLanguage=english)
    pairs, _ = page_pairs(find_questions([page], Syntax.JSONLD), **LIMITS)
    assert [pair.markup_language for pair in pairs] == ["fr", "de", "it", "en"]


# Repetitions, limits, conservation


def test_outcomes():
    page = item(
        "FAQPage",
        mainEntity=[
            question("a", "b"),
            question("a", "<p>b</p>"),
            question("", "b"),
            question("c", ""),
            question("d", "x" * 1001),
            question("e" * 1001, "x"),
            item("Question", name="f"),
        ],
    )
    assert outcomes_of(page) == {
        QuestionOutcome.PAIR: 1,
        QuestionOutcome.REPEATED: 1,
        QuestionOutcome.NO_QUESTION: 1,
        QuestionOutcome.NO_ANSWER: 2,
        QuestionOutcome.OVER_LIMIT: 2,
    }


def test_a_question_with_a_new_answer_is_a_pair():
    asked = item("Question", name="a", acceptedAnswer=["b", "x" * 1001, "c"])
    assert outcomes_of(item("FAQPage", mainEntity=[question("a", "b"), asked])) == {QuestionOutcome.PAIR: 2}


def test_pairs_beyond_the_limit():
    page = item("FAQPage", mainEntity=[question(f"q{i}") for i in range(5)])
    assert outcomes_of(page, max_pairs_per_page=3) == {QuestionOutcome.PAIR: 3, QuestionOutcome.OVER_LIMIT: 2}


def test_a_full_page_is_not_looked_at_any_more():
    page = item(
        "FAQPage", mainEntity=[question("q", "a"), question("q", "a"), question("r", ""), question("", "")]
    )
    assert outcomes_of(page, max_pairs_per_page=1) == {
        QuestionOutcome.PAIR: 1,
        QuestionOutcome.OVER_LIMIT: 2,
        QuestionOutcome.NO_QUESTION: 1,
    }


def test_huge_sources_are_not_laid_out():
    page = item("FAQPage", mainEntity=[question("q", "<p>" * 10_000_000)])
    start = time.process_time()
    assert outcomes_of(page) == {QuestionOutcome.OVER_LIMIT: 1}
    assert time.process_time() - start < 1


def test_the_preferred_syntax_wins_whatever_comes_first():
    rdfa = find_questions([item("FAQPage", mainEntity=question("a\u00a0b", "<p>x</p><p>y</p>"))], Syntax.RDFA)
    micro = find_questions([item("FAQPage", mainEntity=question("a b", "x y"))], Syntax.MICRODATA)
    jsonld = find_questions(
        [item("FAQPage", mainEntity=[question("a b", "xy"), question("a b", "xy")])], Syntax.JSONLD
    )
    pairs, outcomes = page_pairs([*rdfa, *micro, *jsonld], **LIMITS)
    assert [(p.syntax, p.answer, p.also_in) for p in pairs] == [
        (Syntax.JSONLD, "xy", (Syntax.MICRODATA, Syntax.RDFA))
    ]
    assert outcomes == {QuestionOutcome.PAIR: 1, QuestionOutcome.REPEATED: 3}


TEXT = st.sampled_from(["", " ", "a", "b", "<p>a</p>", "c" * 30])
ANSWER = st.one_of(TEXT, st.builds(lambda t: item("Answer", text=t), TEXT))
QUESTION = st.builds(
    lambda n, a: item("Question", name=n, acceptedAnswer=a), TEXT, st.lists(ANSWER, max_size=3)
)
PAGE = st.builds(lambda qs: item("FAQPage", mainEntity=qs), st.lists(QUESTION, max_size=6))


@given(st.lists(st.tuples(PAGE, st.sampled_from(Syntax)), max_size=4), st.integers(1, 6))
def test_questions_are_conserved(pages, max_pairs):
    found = []
    for syntax in reversed(Syntax):
        found += find_questions([page for page, own in pages if own is syntax], syntax)
    pairs, outcomes = page_pairs(found, max_pairs_per_page=max_pairs, max_text_chars=20)
    assert outcomes.total() == len(found) == sum(len(page.values("mainEntity")) for page, _ in pages)
    assert outcomes[QuestionOutcome.PAIR] == len({(p.syntax, p.position) for p in pairs}) <= len(pairs)
    assert len(pairs) <= max_pairs
    assert len({(p.question, p.answer) for p in pairs}) == len(pairs)
    assert all(
        0 < len(p.question) <= 20 and 0 < len(p.answer) <= 20 and "\n" not in p.question for p in pairs
    )


# Whole pages


def read(source: str, url: str = "https://shop.example/faq") -> tuple[list[Pair], Counter[QuestionOutcome]]:
    tree = parse_html(source)
    jsonld = [item for block in jsonld_blocks(tree) for item in block.items]
    found = [
        *find_questions(jsonld, Syntax.JSONLD),
        *find_questions(microdata_items(tree, url, keep_html=True), Syntax.MICRODATA),
        *find_questions(rdfa_items(tree, url, keep_html=True), Syntax.RDFA),
    ]
    return page_pairs(found, max_pairs_per_page=5000, max_text_chars=200_000)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.html")), ids=lambda path: path.stem)
def test_golden_pages(path):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    pairs, outcomes = read(decode_html(path.read_bytes(), None).text)
    seen = json.loads(json.dumps([dataclasses.asdict(pair) for pair in pairs]))
    if "answer_html" not in expected["pairs"][0]:
        for pair in seen:
            del pair["answer_html"]
    assert seen == expected["pairs"]
    assert {str(outcome): n for outcome, n in outcomes.items()} == expected["outcomes"]


def test_the_same_page_in_three_syntaxes_gives_the_same_pairs():
    asked = [("What is <b>it</b>?", "<p>One.</p><p>Two &amp; three.</p>"), ("And then?", "Nothing<br>more.")]
    jsonld = {
        "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": q, "acceptedAnswer": {"@type": "Answer", "text": a}}
            for q, a in asked
        ],
    }
    micro = "".join(
        f"<div itemprop=mainEntity itemscope itemtype=https://schema.org/Question><h2 itemprop=name>{q}</h2>"
        "<div itemprop=acceptedAnswer itemscope itemtype=https://schema.org/Answer>"
        f"<div itemprop=text>{a}</div></div></div>"
        for q, a in asked
    )
    rdfa = "".join(
        f"<div property=mainEntity typeof=Question><h2 property=name>{q}</h2>"
        f"<div property=acceptedAnswer typeof=Answer><div property=text>{a}</div></div></div>"
        for q, a in asked
    )
    pages = [
        f"<script type=application/ld+json>{json.dumps(jsonld)}</script>",
        f"<div itemscope itemtype=https://schema.org/FAQPage>{micro}</div>",
        f"<div vocab=https://schema.org/ typeof=FAQPage>{rdfa}</div>",
    ]
    expected = [("What is it?", "One.\nTwo & three.", 0), ("And then?", "Nothing\nmore.", 1)]
    for page in pages:
        assert [(p.question, p.answer, p.position) for p in read(page)[0]] == expected
    pairs, _ = read("".join(pages))
    assert [p.also_in for p in pairs] == [(Syntax.MICRODATA, Syntax.RDFA)] * 2


def test_the_question_of_schema_org_reads_alike_in_microdata_and_rdfa():
    shared = Path(os.environ.get("FAQTORY_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    path = shared / "conformance" / "schemaorg__schemaorg" / "data" / "examples.txt"
    if not path.is_file():
        pytest.skip(f"real data is absent: no {path}")
    example = path.read_text(encoding="utf-8").partition("#eg-0186")[2]
    micro = example.partition("MICRODATA:")[2].partition("RDFA:")[0]
    rdfa = example.partition("RDFA:")[2].partition("JSON:")[0]
    pages = [
        f"<div itemscope itemtype=https://schema.org/FAQPage></div>{micro}",
        f"<div vocab=https://schema.org/ typeof=FAQPage></div>{rdfa}",
    ]
    expected = [("What is attr_accessor in Ruby?", "(The text of the accepted answer goes here...).")]
    for page in pages:
        assert [(p.question, p.answer) for p in read(page)[0]] == expected


# Real pages, against warcio and extruct


def folded(text: str) -> str:
    return "".join(text.split())


def listed_values(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def has_type(node: object, name: str) -> bool:
    types = listed_values(node.get("@type") or node.get("type")) if isinstance(node, dict) else []
    return any(re.split("[/#:]", str(t))[-1] == name for t in types)


def nodes_of(value: object) -> list[dict]:
    """All objects within a value."""
    if isinstance(value, list):
        return [node for inner in value for node in nodes_of(inner)]
    if isinstance(value, dict):
        return [value, *(node for inner in value.values() for node in nodes_of(inner))]
    return []


def plain_pairs(data: object, get) -> set[tuple[str, str]]:
    """Walk extruct's output: FAQPage > mainEntity > Question > acceptedAnswer > text."""
    pairs = set()
    for page in (node for node in nodes_of(data) if has_type(node, "FAQPage")):
        for asked in (q for q in get(page, "mainEntity") if has_type(q, "Question")):
            for answer in get(asked, "acceptedAnswer"):
                for q in get(asked, "name"):
                    pairs.update((q, a) for a in get(answer, "text"))
    return {(folded(html_text.extract_text(q)), folded(html_text.extract_text(a))) for q, a in pairs}


def rdfa_pairs(source: str, url: str) -> set[tuple[str, str]]:
    graph = RDFaExtractor().extract(source, base_url=url)
    by_id = {node["@id"]: node for node in graph if "@id" in node}

    def get(node: object, name: str) -> list[object]:
        if not isinstance(node, dict):
            return []
        values = node.get(f"https://schema.org/{name}", []) + node.get(f"http://schema.org/{name}", [])
        return [v["@value"].replace("<", "&lt;") if "@value" in v else by_id.get(v["@id"], v) for v in values]

    return plain_pairs(graph, get)


def microdata_pairs(source: str, url: str) -> set[tuple[str, str]]:
    def get(node: object, name: str) -> list[object]:
        return listed_values(node.get("properties", {}).get(name)) if isinstance(node, dict) else []

    return plain_pairs(MicrodataExtractor().extract(source, base_url=url), get)


def jsonld_pairs(source: str, url: str) -> set[tuple[str, str]]:
    def get(node: object, name: str) -> list[object]:
        return listed_values(node.get(name)) if isinstance(node, dict) else []

    return plain_pairs(JsonLdExtractor().extract(source, base_url=url), get)


def test_every_pair_that_extruct_finds_on_real_pages_is_found(real_warcs):
    n_found: Counter[str] = Counter()
    for path in real_warcs:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                body = record.content_stream().read() if record.rec_type == "response" else b""
                if b"FAQPage" not in body:
                    continue
                source, url = body.decode(), record.rec_headers.get_header("WARC-Target-URI")
                ours = {(folded(pair.question), folded(pair.answer)) for pair in read(source, url)[0]}
                theirs = {"jsonld": jsonld_pairs(source, url), "microdata": microdata_pairs(source, url)}
                if b"typeof" in body:
                    theirs["rdfa"] = rdfa_pairs(source, url)
                for syntax, pairs in theirs.items():
                    assert pairs <= ours, (url, syntax)
                    n_found[syntax] += len(pairs)
    assert n_found["rdfa"] == 76
    assert n_found["jsonld"] >= 1_100
