"""Pages to blocks: which elements count, which are read, and what one block can do to another."""

import json
import time

import lxml.html
import pytest

from extract.jsonld import Repair, jsonld_blocks
from extract.jsonld_model import Limits

QUESTION = (
    '{"@context": "https://schema.org", "@type": "Question", "name": "Q?", "acceptedAnswer": {"text": "A."}}'
)


def blocks_of(*blocks, **options):
    scripts = "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)
    return jsonld_blocks(
        lxml.html.document_fromstring(f"<html><body><p>x</p>{scripts}</body></html>"), **options
    )


@pytest.mark.parametrize(
    "attribute",
    [
        'type="application/ld+json"', "type=application/ld+json", "TYPE='Application/LD+JSON'",
        'type=" application/ld+json "', 'type="application/ld+json; charset=utf-8"',
        'type="application/ld+json;"', "type='\"application/ld+json\"'", 'type="“application/ld+json”"',
        'type="application / ld+json"',
    ],
)  # fmt: skip
def test_type_attribute_in_every_spelling(attribute):
    tree = lxml.html.document_fromstring(f"<html><head><script {attribute}>{QUESTION}</script></head></html>")
    assert [block.items[0].types for block in jsonld_blocks(tree)] == [("Question",)]


@pytest.mark.parametrize(
    "attribute", ["", 'type="text/javascript"', 'type="application/json"', 'type=""', "id=ld+json"]
)
def test_other_scripts_are_no_blocks(attribute):
    assert (
        jsonld_blocks(lxml.html.document_fromstring(f"<html><script {attribute}>{QUESTION}</script></html>"))
        == []
    )


def test_a_broken_block_costs_no_sibling():
    blocks = blocks_of(QUESTION, "question: none", QUESTION + ";")
    assert [block.index for block in blocks] == [0, 1, 2]
    assert [len(block.items) for block in blocks] == [1, 0, 1]
    assert [block.repairs for block in blocks] == [(), (), (Repair.TRAILING_SEMICOLON,)]
    assert [block.error for block in blocks] == [
        None,
        "no JSON object or array but 'question: none' at character 0",
        None,
    ]


def test_blocks_without_the_words_are_left_unread():
    other = '{"@type": "Organization", "@id": "#org", "name": "O"}'
    assert [block.index for block in blocks_of(other, QUESTION, "", "  \n", "broken")] == [1]
    assert [block.index for block in blocks_of(other, QUESTION, "", "broken", read_all=True)] == [0, 1, 3]


@pytest.mark.parametrize("spelt", ["FAQPage", "faqpage", "QUESTION", "schema:Answer"])
def test_the_words_count_in_any_case(spelt):
    assert len(blocks_of(json.dumps({"@type": spelt}))) == 1


def test_words_are_seen_through_encodings():
    assert (
        len(blocks_of(QUESTION.replace('"', "&quot;"), json.dumps(QUESTION), QUESTION.replace('"', '\\"')))
        == 3
    )


def test_references_are_resolved_across_blocks_even_unread_ones():
    page = '{"@type": "FAQPage", "mainEntity": [{"@id": "#1"}], "author": {"@id": "#jo"}}'
    question = '{"@type": "Question", "@id": "#1", "name": "Q?", "acceptedAnswer": {"@id": "#a"}}'
    answer = '{"@id": "#a", "text": "A.",}'
    person = '{"@type": "Person", "@id": "#jo", "name": "Jo"}'
    unrelated = '{"@type": "Thing", "name": "no id"}'
    blocks = blocks_of(answer, page, unrelated, person, question)
    assert [block.index for block in blocks] == [0, 1, 3, 4]
    assert blocks[0].repairs == (Repair.TRAILING_COMMA,)
    faq = blocks[1].items[0]
    assert faq.values("mainEntity")[0] is blocks[3].items[0]
    assert faq.values("mainEntity")[0].values("acceptedAnswer")[0].values("text")[0].content == "A."
    assert faq.values("author")[0].values("name")[0].content == "Jo"


def test_an_item_of_several_blocks_is_listed_once():
    blocks = blocks_of(
        '{"@type": "FAQPage", "@id": "#f", "name": "F"}', '{"@id": "#f", "mainEntity": ' + QUESTION + "}"
    )
    assert [len(block.items) for block in blocks] == [1, 0]
    assert list(blocks[0].items[0].properties) == ["name", "mainEntity"]


def test_limits_are_per_block():
    blocks = blocks_of(QUESTION, QUESTION.replace("A.", "A" * 500), limits=Limits(max_chars=300))
    assert [block.error for block in blocks] == [None, "longer than 300 characters at character 300"]


def test_xml_comments_around_a_block_are_seen_through():
    tree = lxml.html.fromstring("<div><script type='application/ld+json'/></div>")
    tree[0].append(lxml.html.HtmlComment("\n" + QUESTION + "\n"))
    assert [block.items[0].types for block in jsonld_blocks(tree)] == [("Question",)]


def test_many_nodes_of_one_id_and_many_contexts_stay_linear():
    seconds = []
    for n in (2_000, 8_000):
        same = [{"@id": "#q", "@type": f"Question{i}", "p": i} for i in range(n)]
        terms = {f"t{i}": f"schema:x{i}" for i in range(n)}
        nested = {
            "@context": [terms, *[{"a": "b"}] * n],
            "p": [{"@context": {"s": "x"}, "s:t": i} for i in range(n)],
        }
        tree = lxml.html.document_fromstring("<script type='application/ld+json'></script><p>x</p>")
        next(tree.iter("script")).text = json.dumps([same, nested])
        began = time.process_time()
        assert [block.error for block in jsonld_blocks(tree)] == [None]
        seconds.append(time.process_time() - began)
    assert seconds[1] <= 9 * seconds[0] + 0.2
