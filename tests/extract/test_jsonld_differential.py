"""Against extruct 0.18: what it finds we find, and what it loses of malformed blocks we recover."""

import html
import json
import os
from collections import defaultdict
from pathlib import Path

import lxml.html
import pytest
from extruct.jsonld import JsonLdExtractor
from warcio.archiveiterator import ArchiveIterator

from extract.items import Item
from extract.jsonld import jsonld_blocks

GOLDEN = Path(__file__).parents[1] / "golden" / "jsonld"
SHARED = Path(os.environ.get("FAQTORY_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_shared_data = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"no shared data at {SHARED}; set FAQTORY_SHARED_DATA to where it is"
)

CLASSES = {
    "HTML comment": "html_comment_multiline",
    "CDATA": "cdata_bare",
    "HTML-escaped quotes": "html_escaped_named",
    "concatenated objects": "concatenated_adjacent",
    "trailing semicolon": "trailing_semicolon",
    "trailing comma": "trailing_comma_last_question",
    "BOM": "bom_start",
    "no-break spaces": "odd_space_nbsp_indent",
    "smart quotes": "smart_quotes_word_processor",
    "unescaped quotes": "unescaped_quotes_word",
    "unescaped attributes": "unescaped_quotes_attributes",
    "invalid escapes": "invalid_escape_apostrophe",
    "single quotes": "single_quotes_apostrophes",
    "missing bracket": "missing_bracket_end",
    "truncation": "truncated_in_answer",
    "missing comma": "missing_comma_questions",
    "leading text": "leading_text_php_warning",
    "trailing text": "trailing_text_words",
    "double encoding": "double_encoded_string",
    "control characters": "control_characters_newline",
    "JS comment": "js_comment_block",
    "JS assignment": "js_assignment_var",
    "unquoted keys": "js_literal_unquoted_keys",
}
READ_BY_EXTRUCT = {"control characters", "JS comment", "trailing comma"}
SOUND = '{"@type": "Question", "name": "A sound sibling?"}'


def page(*blocks):
    tree = lxml.html.document_fromstring("<html><body><p>x</p></body></html>")
    for block in blocks:
        script = lxml.html.Element("script", type="application/ld+json")
        script.text = block
        tree.body.append(script)
    return tree


def by_extruct(tree):
    try:
        return JsonLdExtractor().extract_items(tree)
    except ValueError:
        return []


def facts_of_values(value):
    """Yield a set of (type, property, text) for each node of JSON-LD values."""
    if isinstance(value, list):
        for element in value:
            yield from facts_of_values(element)
    elif isinstance(value, dict):
        yield {
            (local(t), name, text)
            for t in as_list(value.get("@type", ""))
            for name, texts in value.items()
            if not name.startswith("@")
            for text in as_list(texts)
            if isinstance(text, str)
        }
        for member in value.values():
            yield from facts_of_values(member)


def facts_of_items(items):
    """Yield the same for each of our items, however deep."""
    waiting, seen = list(items), set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        values = [(name, value) for name, values in item.properties.items() for value in values]
        waiting += [value for _, value in values if isinstance(value, Item)]
        yield {
            (t, name, v.content) for t in item.types or ("",) for name, v in values if not isinstance(v, Item)
        }


def as_list(value):
    return value if isinstance(value, list) else [value]


def local(type_):
    return str(type_).rpartition("schema.org/")[2]


def lost(theirs, ours):
    """Return each set of facts that no single one of ours contains."""
    holders = defaultdict(set)
    for number, facts in enumerate(ours):
        for fact in facts:
            holders[fact].add(number)
    return [facts for facts in theirs if facts and not set.intersection(*(holders[fact] for fact in facts))]


def our_items(tree, **options):
    return [item for block in jsonld_blocks(tree, **options) for item in block.items]


def test_extruct_loses_20_of_the_23_classes():
    lost_by_extruct = set()
    for name, case in CLASSES.items():
        block = (GOLDEN / f"{case}.txt").read_bytes().decode("utf-8")
        values = json.loads((GOLDEN / f"{case}.json").read_text(encoding="utf-8"))["values"]
        if lost(facts_of_values(values), facts_of_values(by_extruct(page(block)))):
            lost_by_extruct.add(name)
    assert set(CLASSES) - lost_by_extruct == READ_BY_EXTRUCT
    assert (len(CLASSES), len(lost_by_extruct)) == (23, 20)


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_is_recovered_in_full_beside_a_sound_block(name):
    block = (GOLDEN / f"{CLASSES[name]}.txt").read_bytes().decode("utf-8")
    values = json.loads((GOLDEN / f"{CLASSES[name]}.json").read_text(encoding="utf-8"))["values"]
    ours = list(facts_of_items(our_items(page(block, SOUND))))
    assert lost(facts_of_values([*values, json.loads(SOUND)]), ours) == []
    if name not in READ_BY_EXTRUCT:
        theirs = facts_of_values(by_extruct(page(block, SOUND)))
        assert lost(facts_of_values([*values, json.loads(SOUND)]), theirs)


def test_the_comparison_itself_notices_a_missing_answer():
    theirs = [{"@type": "Question", "name": "Q?", "acceptedAnswer": {"@type": "Answer", "text": "A."}}]
    assert lost(facts_of_values(theirs), facts_of_items([Item(("Question",))]))


def parsed(body):
    return lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding="utf-8"))


def crawled_pages():
    for path in sorted((SHARED / "warc").glob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "response":
                    yield record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()


@needs_shared_data
def test_crawled_pages_give_no_less_than_extruct():
    n_questions = 0
    for url, body in crawled_pages():
        if b"ld+json" not in body:
            continue
        tree = parsed(body)
        values = by_extruct(tree)
        theirs = list(facts_of_values(values))
        assert lost(theirs, facts_of_items(our_items(tree, read_all=True))) == [], url
        of_faq = [f for f in theirs if any(fact[0] in ("FAQPage", "Question", "Answer") for fact in f)]
        assert lost(of_faq, facts_of_items(our_items(tree))) == [], url
        n_questions += sum(any(fact[:2] == ("Question", "name") for fact in facts) for facts in of_faq)
    assert n_questions > 1000


@needs_shared_data
@pytest.mark.parametrize(
    "name",
    [
        "schema.org/CreativeWork.001",
        "schema.org.invalid/AllocateAction.001",
        "schema.org.invalid/JoinAction.001",
        "custom.invalid/AllocateAction.001",
        "custom.invalid/JoinAction.001",
        "custom.invalid/JSONLD_with_control_characters",
        "custom.invalid/JSONLD_with_control_characters_comment",
        "custom.invalid/JSONLD_with_JS_comment",
        "misc/null_ld_mock",
    ],
)
def test_extruct_samples_give_its_expected_data(name):
    path = SHARED / "conformance" / "scrapinghub__extruct" / "tests" / "samples" / name
    tree = parsed(path.with_name(path.name + ".html").read_bytes())
    expected = json.loads(path.with_name(path.name + ".jsonld").read_text(encoding="utf-8"))
    blocks = jsonld_blocks(tree, read_all=True)
    assert [block.error for block in blocks if block.error] == []
    assert lost(facts_of_values(expected), facts_of_items(i for b in blocks for i in b.items)) == []


def test_escaping_a_whole_page_of_the_golden_text_is_undone():
    text = (GOLDEN / "strict_risky_text.txt").read_text(encoding="utf-8")
    tree = page(html.escape(text))
    expected = json.loads((GOLDEN / "strict_risky_text.json").read_text(encoding="utf-8"))["values"]
    assert lost(facts_of_values(expected), facts_of_items(our_items(tree))) == []
