"""Every mistake that defects.toml names really is in the bytes of its page."""

import gzip
import html
import json
import re
import tomllib

import pytest

from pipeline.core.errors import ConfigError
from pipeline.sample.defects import DEFECTS
from pipeline.sample.source import load_sites
from pipeline.sample.specials import SPECIALS, apply_specials, load_specials
from pipeline.sample.web import site_pages

SCRIPT = re.compile(
    rb"<script type=\"(application/ld\+json[^\"]*)\">(.*?)</script>", re.DOTALL | re.IGNORECASE
)


def header(record, name):
    return {key.lower(): value for key, value in record.headers}.get(name.lower(), "")


def blocks(record):
    return [found[1].decode() for found in SCRIPT.findall(record.decoded)]


def faq_block(record):
    return next(block for block in blocks(record) if "faqpage" in block.lower())


def is_broken(record):
    with pytest.raises(ValueError, match=r"."):
        json.loads(faq_block(record))
    return True


def strictly(undo):
    """The block is refused as it is, and has the pairs of the gold files once the change has been undone."""

    def check(record):
        is_broken(record)
        return json.loads(undo(faq_block(record)))

    return check


def answers_in_faq_pages(record):
    pages = json.loads(faq_block(record))
    assert all(page["@type"] == "FAQPage" and "mainEntity" not in page for page in pages)
    return {"mainEntity": pages}


def beside_a_broken_block(record):
    first, second = blocks(record)
    assert "{{ crumbs | json }}" in first
    return json.loads(second)


def legacy(charset, codec):
    def check(record):
        with pytest.raises(UnicodeDecodeError):
            record.decoded.decode("utf-8")
        text = record.decoded.decode(codec)
        assert "charset" not in text[: text.index("</head>")].lower()
        return header(record, "Content-Type") == f"text/html; charset={charset}" and "<h1>" in text

    return check


def in_meta_only(record):
    head = record.decoded.decode("cp1250").partition("</head>")[0]
    assert 'content="text/html; charset=windows-1250"' in head
    return header(record, "Content-Type") == "text/html" and "\u2013" not in head


def questions_of(value):
    for page in value if isinstance(value, list) else [value]:
        for question in page["mainEntity"]:
            assert question["acceptedAnswer"]["text"]
            yield " ".join(html.unescape(question["name"]).split())


def first_script_type(record):
    return SCRIPT.search(record.decoded)[1]


EVIDENCE = {
    "trailing_comma": strictly(lambda text: text.replace("},],}", "}]}")),
    "trailing_semicolon": strictly(lambda text: text.removesuffix(";")),
    "html_comment": strictly(lambda text: text.removeprefix("<!--\n").removesuffix("\n-->")),
    "cdata": strictly(lambda text: text.removeprefix("//<![CDATA[\n").removesuffix("\n//]]>")),
    "raw_newlines": strictly(lambda text: text.replace("\n\t", "\\n")),
    "unescaped_quotes": strictly(lambda text: re.sub(r'<a href="([^"]*)">', r"<a href='\1'>", text)),
    "smart_quotes": strictly(lambda text: re.sub("[\u201c\u201d]", '"', text)),
    "single_quotes": strictly(lambda text: text.replace("'", '"')),
    "escaped_block": strictly(lambda text: text.replace("&quot;", '"').replace("&#x27;", "'")),
    "missing_bracket": strictly(lambda text: text + "}"),
    "concatenated_objects": strictly(lambda text: f"[{text.replace(chr(10), ',')}]"),
    "php_warning": strictly(lambda text: text.rpartition("<br />\n")[2]),
    "bom": strictly(lambda text: text.removeprefix("\ufeff")),
    "double_encoded": lambda record: json.loads(json.loads(faq_block(record))),
    "truncated_last": strictly(lambda text: text[: text.rindex(',{"@type":"Question"')] + "]}"),
    "type_with_charset": lambda record: first_script_type(record) == b"application/ld+json; charset=utf-8",
    "type_upper_case": lambda record: first_script_type(record) == b"Application/LD+JSON",
    "misspelt_type": lambda record: json.loads(faq_block(record))["@type"] == "FAQpage",
    "answer_in_faqpage": answers_in_faq_pages,
    "broken_sibling": beside_a_broken_block,
    "windows_1251": legacy("windows-1251", "cp1251"),
    "koi8_r": legacy("KOI8-R", "koi8_r"),
    "shift_jis": legacy("Shift_JIS", "cp932"),
    "euc_kr": legacy("EUC-KR", "cp949"),
    "gb2312": legacy("gb2312", "gbk"),
    "windows_1255": legacy("windows-1255", "cp1255"),
    "windows_874": legacy("windows-874", "cp874"),
    "charset_in_meta_only": in_meta_only,
    "charset_declared_wrongly": lambda record: (
        header(record, "Content-Type") == "text/html; charset=ISO-8859-1"
        and "\u0131" in record.decoded.decode("utf-8")
    ),
    "wrong_html_lang": lambda record: b'<html lang="en-US" dir="rtl"' in record.decoded,
    "untranslated": lambda record: (
        b'<html lang="fr"' in record.decoded and b"<title>Sync" in record.decoded and "/fr/" in record.url
    ),
    "noindex": lambda record: b'<meta name="robots" content="noindex, follow">' in record.decoded,
    "noai_header": lambda record: header(record, "X-Robots-Tag") == "noai",
    "tdm_header": lambda record: header(record, "TDM-Reservation") == "1",
    "gzip_body": lambda record: (
        header(record, "Content-Encoding") == "gzip"
        and gzip.decompress(record.payload).startswith(b"<!DOCTYPE html>")
    ),
    "chunked_body": lambda record: (
        header(record, "Transfer-Encoding") == "chunked" and record.payload.endswith(b"\r\n0\r\n\r\n")
    ),
    "fetched_twice": lambda record: b"2026-09-14" in record.decoded,
    "revisit": lambda record: b"2026-09-14" in record.decoded,
    "oversize": lambda record: 1 << 20 < record.decoded.index(b"FAQPage\",") < 2 << 20,
}  # fmt: skip

ROWS = tomllib.loads(SPECIALS.read_text(encoding="utf-8"))["defect"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['defect']}-{row['site']}")
def test_the_defect_is_in_the_bytes_of_its_page(row, gold, responses):
    [page] = [
        page
        for page in gold["pages"]
        if page["defect"] == row["defect"] and (page["site"], page["page"]) == (row["site"], row["page"])
    ]
    evidence = EVIDENCE[row["defect"]](responses[page["url"]])
    if isinstance(evidence, bool):
        assert evidence
    else:
        assert list(questions_of(evidence)) == [
            row["question"] for row in gold["pairs"] if row["url"] == page["url"]
        ]


def test_no_other_page_shows_the_opt_outs_or_transport_defects(gold, responses):
    defects = {page["url"]: page["defect"] for page in gold["pages"]}
    names = ("noindex", "noai_header", "tdm_header", "wrong_html_lang", "oversize")
    for url, defect in defects.items():
        for name in names:
            if name != defect and (name != "oversize" or b'FAQPage",' in responses[url].decoded):
                assert not EVIDENCE[name](responses[url])


def test_every_kind_of_defect_occurs_and_is_evidenced():
    assert {row["defect"] for row in ROWS} == DEFECTS.keys() == EVIDENCE.keys()
    assert len(DEFECTS) >= 25
    assert len({row["site"] for row in ROWS}) >= 12


def test_a_page_fetched_twice_has_two_different_responses(gold, records):
    [page] = [page for page in gold["pages"] if page["n_responses"] == 2]
    first, second = [record for record in records if record.url == page["url"] and record.kind == "response"]
    assert first.payload != second.payload
    assert faq_block(first) == faq_block(second)
    assert "23 Sep 2026" in header(second, "Date")


def test_the_revisit_record_has_no_body(records):
    [revisit] = [record for record in records if record.kind == "revisit"]
    assert revisit.payload == b""
    assert "23 Sep 2026" in header(revisit, "Date")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[defcet]]\n", "unknown table defcet; known are defect, copy, markup"),
        ("defect = 1\n", "defect must be written as [[defect]] tables"),
        ('[[defect]]\nsite = "a"\n', "defect[0] must have exactly the keys site, page, language, defect"),
        (
            '[[defect]]\nsite = "a"\npage = "b"\nlanguage = "c"\ndefect = "d"\n',
            "defect[0].defect is 'd', not one",
        ),
        (
            '[[copy]]\nsite = "a"\npage = "b"\nlanguage = "c"\nas = "d"\n',
            "copy[0].as is 'd', not one of print",
        ),
        (
            2 * '[[defect]]\nsite = "a"\npage = "b"\nlanguage = "c"\ndefect = "bom"\n',
            "defect names a/b/c twice",
        ),
        ("[[defect", "cannot be read as TOML"),
    ],
)
def test_a_wrong_table_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "defects.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_specials(path)
    assert str(caught.value).startswith("defects.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("nordlys", "faqs", "sv", "bom"), "defect names nordlys/faqs/sv, which is no page with questions"),
        (
            ("nordlys", "about", "en", "noindex"),
            "defect names nordlys/about/en, which is no page with questions",
        ),
        (("meridian", "help", "en", "bom"), "meridian/help/en cannot have bom: it has no JSON-LD"),
        (
            ("nordlys", "faq", "en", "untranslated"),
            "nordlys/faq/en has no other version to be untranslated from",
        ),
    ],
)
def test_a_defect_on_the_wrong_page_is_one_sentence(tmp_path, row, message):
    site, page, language, defect = row
    path = tmp_path / "defects.toml"
    path.write_text(
        f'[[defect]]\nsite = "{site}"\npage = "{page}"\nlanguage = "{language}"\ndefect = "{defect}"\n',
        encoding="utf-8",
    )
    pages = [page for site in load_sites() for page in site_pages(site)]
    with pytest.raises(ConfigError) as caught:
        apply_specials(pages, load_specials(path))
    assert message in str(caught.value)
