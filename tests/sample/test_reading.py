"""An independent reader (extruct) finds in the pages without defects what the gold files say."""

import html
import json
import re
from collections import Counter, defaultdict

import extruct
import lxml.html
import pytest

UTF_8 = (
    None, "gzip_body", "chunked_body", "oversize", "fetched_twice", "revisit", "wrong_html_lang",
    "untranslated", "charset_declared_wrongly",
)  # fmt: skip
CODECS = dict.fromkeys(UTF_8, "utf-8") | {
    "windows_1251": "cp1251",
    "koi8_r": "koi8_r",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gbk",
    "windows_1255": "cp1255",
    "windows_874": "cp874",
    "charset_in_meta_only": "cp1250",
}
"""The defects that a reader who knows the character set does not notice."""


def letters(text):
    """The text without white space: readers differ in where they break lines."""
    return re.sub(r"\s", "", text)


def letters_of_html(source):
    if "<p>" not in source:
        return letters(html.unescape(source))
    return letters(lxml.html.fragment_fromstring(source, create_parent="div").text_content())


def objects(value):
    """Every JSON object below the value, in document order."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(child)


def jsonld_pairs(text):
    found = [item for block in extruct.JsonLdExtractor().extract(text) for item in objects(block)]
    return [
        (letters_of_html(item["name"]), letters_of_html(item["acceptedAnswer"]["text"]))
        for item in found
        if item.get("@type") == "Question"
    ]


def microdata_pairs(text):
    items = extruct.MicrodataExtractor().extract(text)
    return [
        (
            letters(item["properties"]["name"]),
            letters(item["properties"]["acceptedAnswer"]["properties"]["text"]),
        )
        for item in objects(items)
        if re.fullmatch(r"https?://schema\.org/Question", str(item.get("type")))
    ]


def rdfa_pairs(text, url):
    nodes = {node["@id"]: node for node in extruct.RDFaExtractor().extract(text, url)}
    schema = "https://schema.org/"

    def literal(node, name):
        return letters(node[schema + name][0]["@value"])

    return [
        (literal(node, "name"), literal(nodes[node[schema + "acceptedAnswer"][0]["@id"]], "text"))
        for node in nodes.values()
        if schema + "Question" in node.get("@type", [])
    ]


@pytest.fixture(scope="session")
def gold_pairs(gold):
    found = defaultdict(list)
    for row in gold["pairs"]:
        found[row["url"]].append((letters(row["question"]), letters(row["answer"])))
    return found


@pytest.mark.parametrize("syntax", ["jsonld", "microdata", "rdfa"])
def test_extruct_finds_the_pairs_of_every_page_without_defect(syntax, gold, gold_pairs, responses):
    n_pages = 0
    for page in gold["pages"]:
        if page["defect"] in CODECS and syntax in (page["syntax"], *page["also_in"]):
            text = responses[page["url"]].decoded.decode(CODECS[page["defect"]])
            expected = gold_pairs[page["url"]]
            if syntax == "rdfa":
                assert sorted(rdfa_pairs(text, page["url"])) == sorted(expected), page
            else:
                assert (jsonld_pairs(text) if syntax == "jsonld" else microdata_pairs(text)) == expected, page
            n_pages += 1
    assert n_pages > 20


def test_pages_without_questions_have_no_markup(gold, responses):
    for page in gold["pages"]:
        if page["syntax"] is None:
            body = responses[page["url"]].decoded
            assert not re.search(rb'(itemtype|typeof)="[^"]*FAQPage"|"FAQPage"', body), page["url"]


def test_pages_state_language_direction_and_versions(gold, responses):
    rtl = {"ara", "fas", "heb", "urd"}
    pages = {page["url"]: page for page in gold["pages"]}
    for page in gold["pages"]:
        body = responses[page["url"]].decoded
        assert (b'dir="rtl"' in body) == (page["language"] in rtl)
        assert f' lang="{page["declared_language"]}"'.encode() in body
        links = re.findall(rb'<link rel="alternate" hreflang="([\w-]+)" href="([^"]+)">', body)
        for tag, url in links:
            target = pages[html.unescape(url.decode())]
            assert target["page"] == page["page"]
            assert tag == b"x-default" or target["declared_language"] in (tag.decode(), "en-US")
        if links:
            assert links[-1][0] == b"x-default"
            assert page["url"] in {html.unescape(url.decode()) for _, url in links}


def test_json_comes_in_every_shape_and_answers_in_both_kinds(gold, responses):
    shapes, kinds = Counter(), Counter()
    for page in gold["pages"]:
        if page["syntax"] == "jsonld" and page["defect"] is None:
            blocks = extruct.JsonLdExtractor().extract(responses[page["url"]].decoded.decode())
            faqs = [
                item for block in blocks for item in objects(block) if "FAQPage" in str(item.get("@type"))
            ]
            shapes["graph"] += any("@graph" in item for item in blocks)
            shapes["several"] += len(faqs) > 1
            shapes["single"] += isinstance(faqs[0]["mainEntity"], dict)
            shapes["one"] += len(faqs) == len(blocks) == 1
            kinds["<p>" in json.dumps(faqs + blocks)] += 1
    assert min(shapes[name] for name in ("graph", "several", "single")) >= 2
    assert shapes["one"] > sum(kinds.values()) / 2
    assert 0.4 < kinds[True] / sum(kinds.values()) < 0.6


def test_some_pages_are_as_heavy_as_real_ones(responses, gold):
    sizes = [len(responses[page["url"]].decoded) for page in gold["pages"]]
    assert sum(20_000 < size < 60_000 for size in sizes) > 40
    assert sum(size < 10_000 for size in sizes) > 400
    assert sum(size > 1 << 20 for size in sizes) == 1
