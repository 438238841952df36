"""Texts from strangers never become markup, links or layout."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.records import Enrichment, FunnelStep, SwapTest
from pipeline.core.text import harmless
from pipeline.report.charts import Bar, long_bars
from pipeline.report.html import Html, element, stylesheet, text
from pipeline.report.texts import language_tag, shortened
from pipeline.report.write import write_report

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</style><iframe src=https://evil.example></iframe>",
    "]]><object data=x>",
    "<!--",
    "<![CDATA[",
    "&lt;b&gt; &amp;",
    "\x00\x08\x0b\x1f\x7f\x9b",
    "\u202egpj.exe\u2066",
    "javascript:alert(1)",
    "http://[::1",
    "data:text/html,<script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
]

PAGE = (
    "html head meta title style body header main nav section h1 h2 h3 p ul ol li a dl dt dd b span code div"
)
CONTENT = "figure figcaption table thead tbody tr th td details summary article bdi svg desc g rect line text"
ALLOWED = {*PAGE.split(), *CONTENT.split()}


def hostile_rows(make, nasty):
    """Every column that may hold a stranger's text holds this one."""
    pair = make.pair(
        question=nasty,
        answer=nasty + " " * 20 + nasty,
        language=nasty,
        script=nasty,
        url=nasty,
        origin=nasty,
        syntax=nasty,
        repairs=[nasty],
        flags=[nasty],
        cluster_size=5,
        template_id=nasty,
        template_size=3,
    )
    reject = replace(make.reject, reason=nasty, question=nasty, answer=nasty, language=nasty, url=nasty)
    funnel = [FunnelStep(0, nasty, nasty, 100, 1, 0), FunnelStep(0, nasty, "eng", 900, 900, 0)]
    enrichment = Enrichment("e", 0.5, nasty, None, None, None, None, None, None)
    texts = {f"{name}_{side}": nasty for name in ("id", "question", "answer", "url") for side in "ab"}
    bitext = replace(make.bitext, language_a=nasty, language_b="eng", site=nasty, **texts)
    swapped = SwapTest(nasty, "eng", 9, 9, 9, 1, 0.1)
    return [pair, reject, *funnel, enrichment, bitext, make.group(nasty, "eng"), swapped]


class Tags(HTMLParser):
    """The tags of a page as another parser sees them."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize("nasty", HOSTILE)
def test_hostile_text_stays_text(tmp_path, make, nasty):
    page = Path(write_report(make.work(tmp_path, hostile_rows(make, nasty)))).read_text(encoding="utf-8")
    root = lxml.html.fromstring(page)
    elements = list(root.iter())
    assert all(isinstance(e.tag, str) for e in elements)  # no comments, no processing instructions
    assert {e.tag for e in elements} <= ALLOWED
    names = {name for e in elements for name in e.attrib}
    assert not {name for name in names if name.startswith("on")} | names & {
        "style",
        "src",
        "srcset",
        "action",
    }
    assert all(link.startswith("#") for link in root.xpath("//@href"))
    assert len(root.xpath("//style")) == 1
    questions = root.xpath("//p[@class='question']")
    assert len(questions) == 8  # cluster, template, reject, sample, two sides of a bitext shown twice
    assert {q.text_content() for q in questions} == {harmless(nasty)}
    assert not set(page) & set("\x00\x08\x0b\x1f\x7f\x9b\u202e\u2066")
    other = Tags()
    other.feed(page)
    assert other.seen <= ALLOWED


def test_a_text_of_a_megabyte_is_cut(tmp_path, make):
    long = make.pair(
        question="Why? " * 200_000, answer="日本" * 500_000, url="https://x.example/" + "a" * 1_000_000
    )
    path = Path(write_report(make.work(tmp_path, [long])))
    assert path.stat().st_size < 40_000
    root = lxml.html.fromstring(path.read_bytes())
    (answer,) = root.xpath("//div[@class='answer']")
    assert answer.text == "日本" * 300 + " …"


def test_a_translation_of_a_megabyte_is_cut(tmp_path, make):
    names = ("question_a", "answer_a", "question_b", "answer_b", "url_a", "url_b", "site")
    long = replace(make.bitext, **dict.fromkeys(names, "w" * 1_000_000))
    path = Path(write_report(make.work(tmp_path, [make.pair(), long])))
    assert path.stat().st_size < 40_000
    root = lxml.html.fromstring(path.read_bytes())
    answers = root.xpath("//div[@class='sides']//div[@class='answer']/text()")
    assert answers == ["w" * 400 + " …"] * 4


def test_direction_and_control_characters_are_visible(tmp_path, page, make):
    root = page(tmp_path, [make.pair(question="a\u202eb\x00c\u200fd", answer="One\nTwo")])
    assert root.xpath("//p[@class='question']/text()") == ["a<U+202E>b<U+0000>c<U+200F>d"]
    assert root.xpath("//div[@class='answer']/text()") == ["One\nTwo"]


plain = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(plain)
def test_any_text_survives_the_way_through_the_page(words):
    (found,) = lxml.html.fromstring(f"<div>{element('p', words, title=words)}</div>").findall("p")
    expected = harmless(words)
    assert len(found) == 0
    assert (found.text or "") == expected
    assert found.get("title") == expected


@given(plain)
def test_any_text_stays_one_label_of_a_chart(words):
    chart = long_bars("c", [Bar(words, "1", 1.0)], title="t", summary="s")
    labels = lxml.html.fromstring(chart).xpath("//*[@class='label']")
    assert [label.text_content() for label in labels] == [harmless(words)]


def test_quotes_do_not_end_an_attribute():
    written = element("p", title='"><b onclick="x" title=\'y')
    assert written == '<p title="&quot;&gt;&lt;b onclick=&quot;x&quot; title=&#x27;y"></p>'


def test_markup_that_is_joined_as_text_is_escaped_again():
    bold = element("b", "x")
    assert element("p", bold) == "<p><b>x</b></p>"
    assert element("p", bold + bold) == "<p>&lt;b&gt;x&lt;/b&gt;&lt;b&gt;x&lt;/b&gt;</p>"
    assert element("p", f"{bold}") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert isinstance(text("x"), Html)


@pytest.mark.parametrize("tag", ["script", "SCRIPT", "b c", "b>", ""])
def test_what_is_no_harmless_element_is_refused(tag):
    with pytest.raises(ValueError, match="cannot be an element"):
        element(tag)


@pytest.mark.parametrize("name", ["onclick", "a b", "x=y", "ONLOAD"])
def test_what_is_no_harmless_attribute_is_refused(name):
    with pytest.raises(ValueError, match="cannot be an attribute"):
        element("p", **{name: "x"})


def test_a_style_sheet_cannot_end_its_element():
    with pytest.raises(ValueError, match="must not contain <"):
        stylesheet("p { } </style><script>")


def test_only_one_module_declares_strings_to_be_markup():
    sources = Path(__file__).parents[2] / "pipeline" / "report"
    makers = [path.name for path in sources.glob("*.py") if " Html(" in path.read_text()]
    makers += [path.name for path in sources.glob("*.py") if "(Html(" in path.read_text()]
    assert set(makers) == {"html.py"}


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("eng", "en"),
        ("zho", "zh"),
        ("nob", "nb"),
        ("heb", "he"),
        ("ckb", "ckb"),
        ("und", ""),
        ("", ""),
        ('x" onload', ""),
    ],
)
def test_languages_are_named_as_browsers_know_them(code, tag):
    assert language_tag(code) == tag


def test_shortening_keeps_what_fits():
    assert shortened("abcde", 5) == "abcde"
    assert shortened("abcd ef", 5) == "abcd …"
