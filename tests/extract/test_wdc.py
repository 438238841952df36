"""Web Data Commons: N-Quads to items, damage, limits; rdflib is the peer."""

import gzip
import io
import os
import time
from collections import Counter
from pathlib import Path

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.plugins.parsers.nquads import NQuadsParser

from extract.items import Item, Text
from extract.wdc import Quad, WdcLimits, WdcPage, WdcScan, parse_quad, read_wdc
from pipeline.core.errors import TransientError
from pipeline.core.outcomes import RecordOutcome
from pipeline.core.records import LostBytes

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
SCHEMA = "http://schema.org/"


def faq_page(url: str, n_questions: int = 2) -> bytes:
    """Write one page as the extracts have it: `1 + 6 n` quads."""
    lines = [f"_:faq {TYPE} <{SCHEMA}FAQPage>"]
    for i in range(n_questions):
        lines += [
            f"_:faq <{SCHEMA}mainEntity> _:q{i}",
            f"_:q{i} {TYPE} <{SCHEMA}Question>",
            f'_:q{i} <{SCHEMA}name> "Question {i} of {url}?"@en',
            f"_:q{i} <{SCHEMA}acceptedAnswer> _:a{i}",
            f"_:a{i} {TYPE} <{SCHEMA}Answer>",
            f'_:a{i} <{SCHEMA}text> "<p>Answer {i}.</p>"',
        ]
    return "".join(f"{line} <{url}> .\n" for line in lines).encode()


def read(content: bytes, **limits: int) -> tuple[list[WdcPage], WdcScan]:
    """Read and check what must hold for every file."""
    scan = WdcScan()
    pages = list(read_wdc(io.BytesIO(content), scan=scan, limits=WdcLimits(**limits)))
    assert scan.n_pages == len(pages) + scan.outcomes.total()
    assert scan.n_quads + scan.n_malformed <= scan.n_lines
    assert scan.n_bytes == len(content)
    return pages, scan


def described(item: Item) -> tuple[object, ...]:
    """Write an item without circles as nested tuples."""
    values = {
        name: [described(v) if isinstance(v, Item) else (v.content, v.language) for v in found]
        for name, found in item.properties.items()
    }
    return item.types, values


# --- items


def test_a_page_becomes_items() -> None:
    content = b"".join([b"# a comment\n", faq_page("http://a.org/1"), b"\n", faq_page("https://b.org/", 1)])
    pages, scan = read(content)
    assert [(page.url, page.offset) for page in pages] == [
        ("http://a.org/1", 12),
        ("https://b.org/", content.rindex(b"\n\n") + 2),
    ]
    assert [described(item) for item in pages[1].items] == [
        (
            ("FAQPage",),
            {
                "mainEntity": [
                    (
                        ("Question",),
                        {
                            "name": [("Question 0 of https://b.org/?", "en")],
                            "acceptedAnswer": [(("Answer",), {"text": [("<p>Answer 0.</p>", None)]})],
                        },
                    )
                ]
            },
        )
    ]
    assert (scan.n_lines, scan.n_quads, scan.n_malformed) == (22, 20, 0)
    assert (scan.n_pages, scan.outcomes, scan.losses) == (2, Counter(), [])
    question = pages[1].items[0].values("mainentity")[0]
    assert isinstance(question, Item)
    assert question.id == "_:q0"
    assert question.properties["name"] == [Text("Question 0 of https://b.org/?", "en", is_plain=False)]


def test_questions_keep_the_order_of_their_links() -> None:
    lines = [f"_:faq {TYPE} <https://schema.org/FAQPage>"]
    lines += [f'_:q{i} <https://schema.org/name> "{i}"' for i in (3, 1, 2)]
    lines += [f"_:faq <https://schema.org/mainEntity> _:q{i}" for i in (2, 3, 1)]
    (page,), _ = read("".join(f"{line} <http://a.org/> .\n" for line in lines).encode())
    assert [described(item) for item in page.items] == [
        (("FAQPage",), {"mainEntity": [((), {"name": [(n, None)]}) for n in "231"]})
    ]


@pytest.mark.parametrize(
    ("predicate", "name"),
    [
        ("http://schema.org/mainEntity", "mainEntity"),
        ("https://www.schema.org/mainEntity", "mainEntity"),
        ("HTTP://Schema.org/mainEntity/", "mainEntity"),
        ("http://schema.org/FAQPage/mainEntity", "mainEntity"),
        ("http://schema.org/#mainEntity", "mainEntity"),
        ("http://www.w3.org/1999/xhtml/microdata#item", None),
        ("http://notschema.org/mainEntity", None),
        ("http://schema.org.evil.com/mainEntity", None),
        ("http://schema.org/" + "x" * 300, None),
    ],
)
def test_only_schema_org_predicates_are_properties(predicate: str, name: str | None) -> None:
    page_lines = [
        f"_:f {TYPE} <{SCHEMA}FAQPage> <http://a.org/> .",
        f'_:f <{predicate}> "x" <http://a.org/> .',
    ]
    (page,), _ = read("\n".join(page_lines).encode())
    assert list(page.items[0].properties) == ([name] if name else [])


def test_iris_are_links_only_where_the_page_describes_them() -> None:
    lines = [
        f"<http://a.org/#faq> {TYPE} <{SCHEMA}FAQPage>",
        f"<http://a.org/#faq> <{SCHEMA}mainEntity> <http://a.org/#q>",
        f"<http://a.org/#faq> <{SCHEMA}url> <http://elsewhere.org/>",
        f"<http://a.org/#faq> <{SCHEMA}about> _:nothing",
        f'<http://a.org/#q> <{SCHEMA}name> "Q"',
    ]
    (page,), _ = read("".join(f"{line} <http://a.org/> .\n" for line in lines).encode())
    assert [described(item) for item in page.items] == [
        (
            ("FAQPage",),
            {"mainEntity": [((), {"name": [("Q", None)]})], "url": [("http://elsewhere.org/", None)]},
        )
    ]
    assert page.items[0].id == "http://a.org/#faq"


def test_items_in_a_circle_are_reached_from_the_first() -> None:
    lines = [
        f'_:apart <{SCHEMA}name> "apart"',
        f"_:a {TYPE} <{SCHEMA}FAQPage>",
        f"_:a <{SCHEMA}mainEntity> _:b",
        f"_:b <{SCHEMA}isPartOf> _:a",
    ]
    (page,), _ = read("".join(f"{line} <http://a.org/> .\n" for line in lines).encode())
    assert [item.id for item in page.items] == ["_:apart", "_:a"]
    (question,) = page.items[1].properties["mainEntity"]
    assert isinstance(question, Item)
    assert question.properties["isPartOf"] == [page.items[1]]


@pytest.mark.parametrize("name", ["FAQPage", "FaqPage", "FAQ_Page", "FAQ%20Page", "FAQPage#", "WebPage"])
def test_pages_without_a_faq_page_are_counted(name: str) -> None:
    pages, scan = read(f"_:a {TYPE} <{SCHEMA}{name}> <http://a.org/> .\n".encode())
    is_one = name not in ("WebPage", "FAQ%20Page")
    assert len(pages) == is_one
    assert scan.outcomes == (Counter() if is_one else Counter({RecordOutcome.NO_MARKUP: 1}))


# --- lines


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"a \"b\" \\n \n\t\r", 'a "b" \\n \n\t\r'),
        (r"\u00e9 \U0001F600", "é 😀"),
        (r"\uD83D\uDE00!", "😀!"),
        (r"lone \ud83d here \ude00", "lone \ufffd here \ufffd"),
        ("ünïcödé 中文\u2028\x85", "ünïcödé 中文\u2028\x85"),
        ("<a href='x'>.</a> _:b .", "<a href='x'>.</a> _:b ."),
        ("", ""),
    ],
)
def test_literals_are_unescaped(written: str, text: str) -> None:
    quad = parse_quad(f'_:s <p> "{written}" <g> .')
    assert quad == Quad("_:s", "p", text, True, None, None, "g")
    text.encode()


@pytest.mark.parametrize(
    ("line", "quad"),
    [
        ("<s><p><o><g>.", Quad("s", "p", "o", False, None, None, "g")),
        ("_:a.b <p> _:c.d _:g .", Quad("_:a.b", "p", "_:c.d", False, None, None, "_:g")),
        ('\t<s>\t<p>\t"x"@en-GB\t<g>\t.\t# why\r', Quad("s", "p", "x", True, "en-GB", None, "g")),
        ('<s> <p> "1"^^<http://x/int> <g> .', Quad("s", "p", "1", True, None, "http://x/int", "g")),
        ("<s> <p> <o> .", Quad("s", "p", "o", False, None, None, None)),
        (r"<s> <p> <o> <http://a/\u00e9 x> .", Quad("s", "p", "o", False, None, None, "http://a/é x")),
    ],
)
def test_terms_are_read(line: str, quad: Quad) -> None:
    assert parse_quad(line) == quad


MALFORMED = [
    b'_:s <p> "no end <g> .',
    b'_:s <p> "o" <g>',
    b'_:s <p> "o" <g> . more',
    b'"s" <p> "o" <g> .',
    b'_:s _:p "o" <g> .',
    b'_:s <p> "o"@ <g> .',
    b'_:s <p> "o"^^x <g> .',
    rb'_:s <p> "\x41" <g> .',
    rb'_:s <p> "\u12" <g> .',
    rb'_:s <p> "\U00110000" <g> .',
    b'_:s <p> "\xff\xfe" <g> .',
    b'_:s <p> "o" .',
    b'_:s <p> "o" _:g .',
    b'_:s <p> "o" <> .',
    b"<html>",
    b"\0\0\0",
]


@pytest.mark.parametrize("line", MALFORMED)
def test_malformed_lines_are_counted_and_skipped(line: bytes) -> None:
    first, second = faq_page("http://a.org/").split(b"\n", 1)
    pages, scan = read(first + b"\n" + line + b"\n" + second)
    assert (scan.n_lines, scan.n_malformed, scan.n_quads) == (14, 1, 13)
    assert [len(page.items[0].properties["mainEntity"]) for page in pages] == [2]


@pytest.mark.parametrize(
    "line",
    [
        '_:s <p> "' + "\\" * 300_001,
        '_:s <p> "' + "a\\n" * 100_000,
        "_:" + "a." * 150_000 + " ",
        "_:s <p> _:" + "." * 300_000,
        " \t" * 150_000 + "<",
        "<s> <p> <o> " + "\t " * 150_000 + "!",
        '_:s <p> "x"@' + "a-" * 150_000,
    ],
)
def test_hostile_lines_take_linear_time(line: str) -> None:
    begin = time.process_time()
    assert parse_quad(line) is None
    assert time.process_time() - begin < 0.5


# --- limits


def test_a_page_with_too_many_quads_is_counted() -> None:
    content = b"".join(
        [faq_page("http://a.org/", 1), faq_page("http://b.org/", 9), faq_page("http://c.org/", 1)]
    )
    pages, scan = read(content, max_quads_per_page=54)
    assert [page.url for page in pages] == ["http://a.org/", "http://c.org/"]
    assert scan.outcomes == Counter({RecordOutcome.TOO_COMPLEX: 1})
    assert read(content, max_quads_per_page=55)[1].outcomes == Counter()


def test_a_page_with_too_much_text_is_counted() -> None:
    page = faq_page("http://b.org/", 9)
    content = faq_page("http://a.org/", 1) + page
    n_bytes = len(page.replace(b"\n", b""))
    pages, scan = read(content, max_page_bytes=n_bytes - 1)
    assert [page.url for page in pages] == ["http://a.org/"]
    assert scan.outcomes == Counter({RecordOutcome.TOO_LARGE: 1})
    assert read(content, max_page_bytes=n_bytes)[1].outcomes == Counter()


@pytest.mark.parametrize("n_bytes", [100, 3 << 20])
def test_a_line_over_the_limit_is_malformed(n_bytes: int) -> None:
    line = b'_:faq <http://schema.org/name> "' + b"x" * n_bytes + b'" <http://a.org/> .'
    content = line + b"\n" + faq_page("http://a.org/") + line
    pages, scan = read(content, max_line_bytes=len(line) - 1)
    assert (scan.n_lines, scan.n_malformed, scan.n_quads) == (15, 2, 13)
    assert [page.offset for page in pages] == [len(line) + 1]
    assert read(content, max_line_bytes=len(line))[1].n_malformed == 0


def test_a_long_chain_of_items_is_no_recursion() -> None:
    lines = [f"_:0 {TYPE} <{SCHEMA}FAQPage>"]
    lines += [f"_:{i} <{SCHEMA}mainEntity> _:{i + 1}" for i in range(50_000)]
    lines += [f"_:50000 <{SCHEMA}mainEntity> _:0"]
    (page,), _ = read("".join(f"{line} <http://a.org/> .\n" for line in lines).encode())
    assert [item.id for item in page.items] == ["_:0"]


# --- gzip

URLS = [f"http://site{i}.org/" for i in range(40)]


def members(n_urls: int = len(URLS)) -> list[bytes]:
    """One gzip member a page."""
    return [gzip.compress(faq_page(url), mtime=0) for url in URLS[:n_urls]]


@pytest.mark.parametrize("n_padding", [0, 512, 40_000])
def test_many_members_are_one_text(n_padding: int) -> None:
    content = b"".join([*members(), b"\0" * n_padding])
    pages, scan = read(content)
    assert [page.url for page in pages] == URLS
    assert (scan.losses, scan.n_quads) == ([], 13 * 40)


def test_quads_of_a_page_may_cross_members() -> None:
    page = faq_page("http://a.org/", 2)
    pages, _ = read(gzip.compress(page[:333]) + gzip.compress(page[333:]))
    assert [len(page.items[0].properties["mainEntity"]) for page in pages] == [2]


@pytest.mark.parametrize("n_bytes", [1, 2, 9, 10, 220])
def test_a_cut_file_gives_what_is_in_it(n_bytes: int) -> None:
    whole = b"".join(members(3))
    content = whole + members(4)[3][:n_bytes]
    pages, scan = read(content)
    assert [page.url for page in pages] == URLS[: 3 if n_bytes == 220 else 2]
    assert scan.losses == [LostBytes(len(content), 0, 0, "truncated")]
    assert scan.outcomes == Counter({RecordOutcome.TRUNCATED: 1})


@pytest.mark.parametrize("place", [0, 1, 2, 12, 60, -8, -1])
@pytest.mark.parametrize("damaged", [0, 3, 4])
def test_from_a_damaged_member_on_the_file_is_lost(place: int, damaged: int) -> None:
    parts = [bytearray(member) for member in members(5)]
    parts[damaged][place] ^= 4
    content = b"".join(parts)
    pages, scan = read(content)
    if damaged == 0 and place in (0, 1):
        assert (pages, scan.losses) == ([], [])  # not gzip at all, and not one line of it is a quad
        assert scan.n_malformed == scan.n_lines > 0
        return
    begin = sum(map(len, parts[:damaged]))
    assert [page.url for page in pages] == URLS[: max(0, damaged - 1)]
    assert scan.outcomes == (Counter({RecordOutcome.TRUNCATED: 1}) if damaged else Counter())
    reason = "garbage" if place in (0, 1) else "damaged_member"
    assert scan.losses == [LostBytes(begin, len(content) - begin, 0, reason)]
    assert scan.n_bytes_lost == len(content) - begin


def test_garbled_text_is_not_delivered() -> None:
    """A hole in the middle of a long member shows at its end; by then its text holds mixed-up pages."""
    text = b"".join(faq_page(f"http://site{i}.org/") for i in range(3000))
    damaged = bytearray(gzip.compress(text))
    damaged[50_000:50_064] = bytes(64)
    first = gzip.compress(faq_page("http://a.org/") + faq_page("http://b.org/"))
    pages, scan = read(first + damaged)
    assert [page.url for page in pages] == ["http://a.org/"]
    assert scan.losses == [LostBytes(len(first), len(damaged), 0, "damaged_member")]


def test_a_fault_of_the_stream_is_transient() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 2 << 20:
                raise OSError("connection reset")
            return super().read(size)

    for content in (faq_page("http://a.org/") * 9000, gzip.compress(os.urandom(9 << 20))):
        with pytest.raises(TransientError, match=r"^Reading failed: connection reset\. Try again later\.$"):
            list(read_wdc(Broken(content), scan=WdcScan()))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutations_never_raise(data: st.DataObject) -> None:
    content = faq_page("http://a.org/") + faq_page("http://b.org/")
    if data.draw(st.booleans()):
        content = gzip.compress(content[:700], mtime=0) + gzip.compress(content[700:], mtime=0)
    for _ in range(data.draw(st.integers(1, 4))):
        i = data.draw(st.integers(0, len(content)))
        content = content[:i] + data.draw(st.binary(max_size=6)) + content[i + data.draw(st.integers(0, 9)) :]
    pages, scan = read(content)
    for loss in scan.losses:
        assert loss.offset + loss.n_bytes == len(content)
    for page in pages:
        str([page.url, *map(str, page.items[0].properties)]).encode()


# --- against rdflib

Term = rdflib.term.Identifier


@pytest.fixture(autouse=True)
def _literals_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", False)
    monkeypatch.setattr(rdflib.term.rdflib, "NORMALIZE_LITERALS", False, raising=False)


def by_rdflib(content: str) -> set[Quad]:
    """Parse with rdflib and undo its renaming of blank nodes."""
    labels: dict[str, rdflib.BNode] = {}
    dataset = rdflib.Dataset()
    source = rdflib.parser.StringInputSource(content)
    NQuadsParser().parse(source, dataset, bnode_context=labels)
    return as_quads(dataset, {str(node): f"_:{label}" for label, node in labels.items()})


def as_quads(dataset: rdflib.Dataset, labels: dict[str, str]) -> set[Quad]:
    def name(term: Term) -> str:
        return labels.get(str(term), f"_:{term}") if isinstance(term, rdflib.BNode) else str(term)

    quads = set()
    for s, p, o, g in dataset.quads():
        literal = o if isinstance(o, rdflib.Literal) else None
        language = literal.language if literal is not None else None
        datatype = str(literal.datatype) if literal is not None and literal.datatype else None
        graph = None if g is None or "default" in str(g) else name(getattr(g, "identifier", g))
        quads.add(Quad(name(s), str(p), name(o), literal is not None, language, datatype, graph))
    return quads


def by_us(content: str) -> set[Quad]:
    quads = [parse_quad(line) for line in content.split("\n")]
    return {quad for quad in quads if quad}


SAMPLE = rf"""
{faq_page("http://a.org/page?x=1&y=2#z").decode()}
# comment
_:b0 <http://schema.org/text> "tab\t nl\n cr\r quote\" back\\slash \u00e9 \U0001F600" <http://a.org/> .
_:b0 <http://schema.org/text> "deutsch"@de-AT <http://a.org/> .
_:b.1 <http://schema.org/position> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <http://a.org/> .
<http://a.org/#x> <http://schema.org/url> <http://b.org/%20?q=\u00fc> <http://a.org/> . # why not
_:b0<http://schema.org/name>"close"<http://a.org/>.
<http://a.org/> <http://schema.org/name> "in the default graph" .
"""


def test_the_same_quads_as_rdflib() -> None:
    ours = by_us(SAMPLE)
    assert len(ours) == 19
    assert ours == by_rdflib(SAMPLE)


def any23_samples() -> list[Path]:
    shared = Path(os.environ.get("FAQTORY_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
    folder = shared / "conformance" / "apache__any23"
    return sorted(path for path in folder.rglob("*expected.nq*"))


def test_the_same_quads_as_rdflib_on_any23_output() -> None:
    """Any23 is the extractor behind Web Data Commons."""
    samples = any23_samples()
    if not samples:
        pytest.skip("the shared conformance data is not here (FAQTORY_SHARED_DATA)")
    assert len(samples) >= 10
    for path in samples:
        content = path.read_text(encoding="utf-8")
        assert by_us(content) == by_rdflib(content), path.name
        assert by_us(content)


IRIS = st.sampled_from(["http://schema.org/name", "http://a.org/?q=1&b=%20#x", "urn:isbn:1", "http://é.org/"])
NODES = st.one_of(
    IRIS.map(rdflib.URIRef), st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True).map(rdflib.BNode)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
LITERALS = st.one_of(
    st.builds(rdflib.Literal, TEXTS),
    st.builds(rdflib.Literal, TEXTS, lang=st.sampled_from(["en", "zh-hant"])),
    st.builds(rdflib.Literal, TEXTS, datatype=st.sampled_from([rdflib.RDF.HTML, rdflib.URIRef("urn:x")])),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(NODES, IRIS.map(rdflib.URIRef), st.one_of(NODES, LITERALS), IRIS.map(rdflib.URIRef)))
)
def test_what_rdflib_writes_is_read_back(quads: list[tuple[Term, Term, Term, Term]]) -> None:
    dataset = rdflib.Dataset()
    for s, p, o, g in quads:
        dataset.add((s, p, o, rdflib.URIRef(g)))  # type: ignore[arg-type]
    written = dataset.serialize(format="nquads")
    assert by_us(written) == as_quads(dataset, {})
