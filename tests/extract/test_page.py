"""One page to its row and its pairs."""

import time

import pytest

from extract import page as page_module
from extract.page import extract_page, mentions_faqpage
from extract.warc_model import Response
from pipeline.core.config import load_config
from pipeline.core.ids import pair_id

QUESTION = '{"@type":"Question","name":"%s","acceptedAnswer":{"@type":"Answer","text":"%s"}}'


def html(*pairs, head="", body=""):
    questions = ",".join(QUESTION % pair for pair in pairs)
    block = f'{{"@context":"https://schema.org","@type":"FAQPage","mainEntity":[{questions}]}}'
    script = f'<script type="application/ld+json">{block}</script>'
    return (
        f'<html lang="de"><head><title>Hilfe</title>{head}{script}</head><body>{body}</body></html>'.encode()
    )


def response(body, *, headers=()):
    return Response(
        url="https://Shop.example:8443/hilfe?x=1",
        date="2026-11-01T12:30:00Z",
        record_id="<urn:uuid:1>",
        offset=77,
        record_type="response",
        status=200,
        headers=headers,
        content_type="text/html",
        http_charset="utf-8",
        body=body,
        truncated=None,
    )


def extract(body, *settings, headers=()):
    config = load_config(None, settings).extract
    return extract_page(response(body, headers=headers), warc_file="a.warc.gz", config=config)


@pytest.mark.parametrize(
    "text",
    [
        '"@type": "FAQPage"',
        '"@type":"FAQpage"',
        'itemtype="http://schema.org/FAQPage"',
        'typeof="schema:FAQPage"',
        "faqpage",
        "FAQPAGE",
        "FAQ Page",
    ],
)
@pytest.mark.parametrize("codec", ["ascii", "utf-16-le", "utf-16-be"])
def test_the_prefilter_lets_every_spelling_pass(text, codec):
    assert mentions_faqpage(b"<html>" * 99 + text.encode(codec))


@pytest.mark.parametrize(
    "body", [b"", b"<html>FAQ</html>", b"faq-page", b"Page FAQ", b"FAQ" + b" " * 9 + b"Page"]
)
def test_the_prefilter_holds_others_back(body):
    assert not mentions_faqpage(body)


def test_a_row_tells_where_everything_comes_from():
    page, pairs = extract(html(("Wie lange?", "<p>Drei Tage.</p><p>Immer.</p>"), ("Wo?", "Hier.")))
    assert (page.outcome, page.n_questions, page.n_pairs) == ("extracted", 2, 2)
    assert (page.origin, page.title, page.html_lang, page.charset) == ("shop.example", "Hilfe", "de", "utf-8")
    assert [(c.name, c.n) for c in page.questions] == [("pair", 2)]
    first, second = pairs
    assert (first.question, first.answer) == ("Wie lange?", "Drei Tage.\nImmer.")
    assert (
        first.id == pair_id("Wie lange?", "Drei Tage.\nImmer.") == pair_id("Wie lange?", "Drei Tage. Immer.")
    )
    assert (first.position, second.position) == (0, 1)
    assert first.answer_html is None
    assert {p.page_id for p in pairs} == {page.page_id}
    assert (first.warc_file, first.warc_offset, first.warc_record_id) == ("a.warc.gz", 77, "<urn:uuid:1>")
    assert first.crawl_date.isoformat() == "2026-11-01T12:30:00+00:00"


def test_the_published_key():
    """Worked out by: printf 'Q? A b' | md5sum."""
    assert pair_id("Q?", "A\nb") == "860b9f2c865e27d48df62739df9aa77d"


def test_answer_html_is_kept_on_demand():
    _, (pair,) = extract(html(("Q?", "<p>A</p>")), "extract.keep_answer_html=true")
    assert (pair.answer, pair.answer_html) == ("A", "<p>A</p>")


def test_the_same_pair_in_two_syntaxes_counts_once():
    micro = (
        '<div itemscope itemtype="https://schema.org/FAQPage"><div itemscope itemprop="mainEntity" '
        'itemtype="https://schema.org/Question"><b itemprop="name">Q?</b>'
        '<div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">'
        '<p itemprop="text">A.</p></div></div></div>'
    )
    page, pairs = extract(html(("Q?", "A."), body=micro))
    assert [(p.syntax, p.also_in) for p in pairs] == [("jsonld", ["microdata"])]
    assert {c.name: c.n for c in page.questions} == {"pair": 1, "repeated": 1}
    assert {c.name: c.n for c in page.n_pairs_by_syntax} == {"jsonld": 1, "microdata": 1}


@pytest.mark.parametrize(
    ("head", "headers", "signal"),
    [
        ('<meta name="robots" content="NOINDEX, follow">', (), "meta-robots:noindex"),
        ('<meta name="tdm-reservation" content="1">', (), "tdm-meta:1"),
        ("", (("X-Robots-Tag", "noai"),), "x-robots-tag:noai"),
        ("", (("tdm-reservation", "1"),), "tdm-header:1"),
    ],
)
def test_opt_outs_are_respected_unless_told_otherwise(head, headers, signal):
    body = html(("Q?", "A."), head=head)
    page, pairs = extract(body, headers=headers)
    assert (page.outcome, pairs, page.opt_out) == ("opted_out", [], [signal])
    page, pairs = extract(body, "extract.respect_opt_out=false", headers=headers)
    assert (page.outcome, len(pairs), page.opt_out) == ("extracted", 1, [signal])


def test_limits_are_outcomes():
    three = [(f"Q{i}?", "A." * 30) for i in range(3)]
    page, pairs = extract(html(*three), "extract.max_pairs_per_page=2")
    assert {c.name: c.n for c in page.questions} == {"pair": 2, "over_limit": 1}
    assert len(pairs) == 2
    page, pairs = extract(html(("Q?", "x" * 200)), "extract.max_text_chars=100")
    assert (page.outcome, {c.name: c.n for c in page.questions}) == ("no_pairs", {"over_limit": 1})


def test_pages_without_pairs_say_why():
    assert extract(html())[0].outcome == "no_pairs"
    assert extract(b"<p>What is a FAQPage?</p>")[0].outcome == "mention_only"
    broken = b'<script type="application/ld+json">FAQPage ))) nothing here</script>'
    page, _ = extract(broken)
    assert (page.outcome, page.n_broken_blocks) == ("mention_only", 1)


def test_a_page_that_takes_too_long_ends_there(monkeypatch):
    def forever(*_, **__):
        while True:
            pass

    monkeypatch.setattr(page_module, "jsonld_blocks", forever)
    began = time.monotonic()
    page, pairs = extract(html(("Q?", "A.")), "extract.page_timeout_s=0.2")
    assert time.monotonic() - began < 2
    assert (page.outcome, page.detail, pairs) == ("timed_out", "after 0.2 s", [])
    assert page.title == "Hilfe"


def test_an_error_of_ours_costs_one_page_and_is_named(monkeypatch):
    def broken(*_, **__):
        raise KeyError("a defect")

    monkeypatch.setattr(page_module, "jsonld_blocks", broken)
    page, pairs = extract(html(("Q?", "A.")))
    assert (page.outcome, pairs) == ("failed", [])
    assert page.detail == "KeyError in broken: 'a defect'"
