"""From a batch of pairs_raw to as many rows of cleaned, with tools whose answers are plain."""

import io
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hand_made import raw_pair, table_of
from hypothesis import given
from hypothesis import strategies as st

from extract.clean import CleanText, cleaner
from extract.langid import Language, identifier
from mining.dedup import Signer, answer_key, fact_key
from mining.dedup_template import template_key
from pipeline.core.config import Config
from pipeline.core.ids import pair_id
from pipeline.core.records import Cleaned, PairRaw
from pipeline.core.table import arrow_schema
from pipeline.jobs.clean import Tools, clean_batch, rank, whole_pages


def parquet(table, *, row_group_size=1000):
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=row_group_size)
    return pq.ParquetFile(stream)


def pages_of(lengths):
    """A table of pages of the given numbers of rows."""
    rows = [
        raw_pair(f"Question {page}-{n}?", page_id=f"page {page}", position=n)
        for page, length in enumerate(lengths)
        for n in range(length)
    ]
    return table_of(PairRaw, rows)


@given(
    lengths=st.lists(st.integers(1, 9), max_size=12),
    n_rows=st.integers(1, 14),
    row_group_size=st.integers(1, 14),
)
def test_batches_hold_whole_pages_and_all_rows_in_order(lengths, n_rows, row_group_size):
    table = pages_of(lengths)
    batches = list(whole_pages(parquet(table, row_group_size=row_group_size), n_rows=n_rows))
    pages = [set(batch["page_id"].to_pylist()) for batch in batches]
    assert [name for batch in batches for name in batch["id"].to_pylist()] == table["id"].to_pylist()
    assert sum(map(len, pages)) == len(lengths), "a page in two batches"
    assert all(0 < batch.num_rows <= n_rows + max(lengths) for batch in batches), "more held than promised"


def test_a_page_longer_than_a_batch_is_one_batch():
    batches = whole_pages(parquet(pages_of([1, 7, 1])), n_rows=3)
    assert [batch["position"].to_pylist() for batch in batches] == [[0], [0, 1, 2, 3, 4, 5, 6], [0]]


def test_pages_that_end_where_a_batch_ends_stay_apart():
    batches = whole_pages(parquet(pages_of([3, 3, 3])), n_rows=3)
    assert [batch["page_id"].to_pylist() for batch in batches] == [[f"page {n}"] * 3 for n in range(3)]


def plain_clean(question, answer):
    if answer == "gone":
        return CleanText(question, answer, "no_answer", (), {})
    cleaned = question.removeprefix("Q: "), answer.replace("a@b.example", "<EMAIL>")
    masked = {"email": 1} if cleaned[1] != answer else {}
    changed_by = tuple(
        name
        for name, old, new in zip(("labels", "mask"), (question, answer), cleaned, strict=True)
        if old != new
    )
    return CleanText(*cleaned, None, changed_by, masked)


class PlainIdentifier:
    """Says `und` of texts alone, `xxx` of questions with that word, and html_lang of all others."""

    def __init__(self):
        self.pages = []

    def identify_page(self, page, pairs):
        self.pages.append((page, list(pairs)))
        return [
            Language("xxx", "Zyyy", 0.1, "none", "not_a_language")
            if "xxx" in question
            else Language(page.html_lang, "Latn", 0.75, "page", None, languages_differ="differ" in question)
            for question, _, _ in pairs
        ]

    def identify_text(self, text):
        return Language("und", "Zyyy", 0.0, "none", "language_uncertain")


class PlainSigner:
    """The bands of a pair are the lengths of its texts."""

    def bands(self, pairs):
        return np.array([[len(question), len(answer)] for question, answer in pairs], dtype=np.int64)


RAW = [
    raw_pair("Q: Is it far?", page_id="one", html_lang="eng", position=0, markup_language="en-GB"),
    raw_pair("Is it open?", "gone", page_id="one", html_lang="eng", position=1),
    raw_pair("xxx?", "xxx", page_id="one", html_lang="eng", position=2),
    raw_pair("Whom to ask?", "Ask a@b.example", page_id="one", html_lang="eng", position=3, syntax="rdfa"),
    raw_pair("Wie weit? differ", page_id="two", html_lang="deu", title="Anfahrt", origin="b.example"),
    raw_pair("Wie?", "gone", page_id="three", html_lang="fra", also_in=["rdfa"], warc_offset=7),
]


def batch_of(rows):
    (batch,) = table_of(PairRaw, rows).to_batches()
    return batch


@pytest.fixture
def cleaned():
    tools = Tools(plain_clean, PlainIdentifier(), PlainSigner())
    return clean_batch(batch_of(RAW), tools).to_pylist()


def column(rows, *names):
    return [tuple(row[name] for name in names) if len(names) > 1 else row[names[0]] for row in rows]


def test_rows_stay_in_order_with_the_columns_that_cleaning_does_not_touch(cleaned):
    copied = set(arrow_schema(PairRaw).names) & set(arrow_schema(Cleaned).names)
    assert len(copied) == 18
    assert column(cleaned, "raw_id") == [row.id for row in RAW]
    for name in copied - {"id", "question", "answer"}:
        assert column(cleaned, name) == [getattr(row, name) for row in RAW], name


def test_texts_ids_and_what_was_done_to_them(cleaned):
    expected = [
        ("Is it far?", "We open at nine.", None, ["labels"], []),
        ("Is it open?", "gone", "no_answer", [], []),
        ("xxx?", "xxx", "not_a_language", [], []),
        ("Whom to ask?", "Ask <EMAIL>", None, ["mask"], [{"name": "email", "n": 1}]),
        ("Wie weit? differ", "We open at nine.", None, [], []),
        ("Wie?", "gone", "no_answer", [], []),
    ]
    assert column(cleaned, "question", "answer", "dropped_by", "changes", "masked") == expected
    assert column(cleaned, "id") == [pair_id(question, answer) for question, answer, *_ in expected]


def test_a_dropped_pair_is_identified_by_its_text_alone_and_keeps_the_rule_that_dropped_it_first(cleaned):
    expected = [
        ("eng", "Latn", 0.75, "page", []),
        ("und", "Zyyy", 0.0, "none", []),
        ("xxx", "Zyyy", 0.1, "none", []),
        ("eng", "Latn", 0.75, "page", []),
        ("deu", "Latn", 0.75, "page", ["languages_differ"]),
        ("und", "Zyyy", 0.0, "none", []),
    ]
    assert column(cleaned, "language", "script", "language_score", "language_source", "flags") == expected


def test_kept_pairs_have_keys_and_bands_and_dropped_ones_none(cleaned):
    answer = "We open at nine."
    assert column(cleaned, "bands") == [[10, 16], [], [], [12, 11], [16, 16], []]
    assert column(cleaned, "fact_key") == [
        fact_key("Is it far?", answer),
        0,
        0,
        fact_key("Whom to ask?", "Ask <EMAIL>"),
        fact_key("Wie weit? differ", answer),
        0,
    ]


def test_without_a_signer_there_are_no_keys():
    rows = clean_batch(batch_of(RAW), Tools(plain_clean, PlainIdentifier(), None)).to_pylist()
    assert column(rows, "answer_key", "fact_key", "template_key", "bands") == [(0, 0, 0, [])] * len(RAW)


def test_pages_come_to_the_identifier_whole_without_their_dropped_pairs():
    named = PlainIdentifier()
    rows = [row for row in RAW if row.page_id != "two"]
    rows.append(
        raw_pair(
            "Where?",
            page_id="four",
            title="Title",
            description="Description",
            content_language="fr-CA",
            og_locale="fr_CA",
            alternates=[{"hreflang": "de", "url": "https://shop.example/de"}],
        )
    )
    clean_batch(batch_of(rows), Tools(plain_clean, named, None))
    (one, of_one), (four, of_four) = named.pages
    answer = "We open at nine."
    assert of_one == [
        ("Is it far?", answer, "en-GB"),
        ("xxx?", "xxx", None),
        ("Whom to ask?", "Ask <EMAIL>", None),
    ]
    assert of_four == [("Where?", answer, None)]
    assert (one.url, one.html_lang, one.title, one.alternates) == (
        "https://shop.example/faq",
        "eng",
        None,
        [],
    )
    assert (four.title, four.description) == ("Title", "Description")
    assert (four.content_language, four.og_locale, four.html_lang) == ("fr-CA", "fr_CA", None)
    assert four.alternates == [("de", "https://shop.example/de")]


def test_answers_of_forty_characters_have_an_answer_key():
    answers = ["x" * 39, "x" * 40, "X" * 40 + "!"]
    rows = [raw_pair(answer=answer, page_id="p", html_lang="eng") for answer in answers]
    tools = Tools(lambda q, a: CleanText(q, a, None, (), {}), PlainIdentifier(), PlainSigner())
    keys = column(clean_batch(batch_of(rows), tools).to_pylist(), "answer_key")
    assert keys == [0, answer_key("x" * 40), answer_key("x" * 40)]
    assert keys[1] != 0


def test_siblings_share_a_template_key_on_their_site_and_in_their_language_alone():
    pages = [("a.example", "eng"), ("a.example", "eng"), ("b.example", "eng"), ("a.example", "deu")]
    rows = [
        raw_pair(
            f"How far away is {city}?", page_id=city, origin=origin, html_lang=language, title=city.lower()
        )
        for (origin, language), city in zip(pages, ("Rome", "Oslo", "Bern", "Kiel"), strict=True)
    ]
    tools = Tools(lambda q, a: CleanText(q, a, None, (), {}), PlainIdentifier(), PlainSigner())
    keys = column(clean_batch(batch_of(rows), tools).to_pylist(), "template_key")
    assert keys[0] == keys[1] == template_key("How far away is Bonn?", title="", site="a.example\neng")
    assert len(set(keys)) == 3


def test_the_shorter_address_comes_first_then_a_hash_of_the_place():
    place = {"page_id": "p", "position": 3, "answer_index": 0, "syntax": "rdfa"}

    def ranked(url, **other):
        return rank({"url": url, **place, **other})

    short, long, huge = "https://a.example/", "https://a.example/faq", "https://a.example/" + "x" * 40_000
    assert 0 <= ranked(short) < ranked(long) < ranked(huge) < 2**63
    assert ranked(short) >> 48 == len(short)
    assert ranked(huge) >> 48 == ranked(huge + "x") >> 48 == 0x7FFF
    assert ranked(short) == 0x12FFA31AF8D4AF, "another rank keeps other duplicates: raise CLEAN.version"
    others = [{"page_id": "q"}, {"position": 4}, {"answer_index": 1}, {"syntax": "jsonld"}]
    assert len({ranked(short), *(ranked(short, **other) for other in others)}) == 5


def test_real_tools_give_the_same_rows_whatever_the_batches():
    config = Config()
    tools = Tools(cleaner(config.clean), identifier(config.language, profile="default"), Signer(config.dedup))
    texts = [
        ("Q: When does the shop open?", "A: It opens at nine &amp; closes at five.", "en"),
        ("Wann öffnet der Laden am Sonntag?", "Der Laden bleibt am Sonntag geschlossen.", "de"),
        ("Read more", "", "de"),
    ]
    rows = [
        raw_pair(question, answer, page_id=f"page {language}", html_lang=language)
        for question, answer, language in texts
    ]
    table = table_of(PairRaw, rows)
    by_size = [
        pa.Table.from_batches([clean_batch(b, tools) for b in whole_pages(parquet(table), n_rows=n)])
        for n in (1, 2, 3, 1000)
    ]
    assert all(found.equals(by_size[0]) for found in by_size)
    first, second, third = by_size[0].to_pylist()
    assert (first["question"], first["changes"]) == ("When does the shop open?", ["markup", "labels"])
    assert first["answer"] == "It opens at nine & closes at five."
    assert [row["language"] for row in (first, second)] == ["eng", "deu"]
    assert third["dropped_by"] == "empty"
    assert [len(row["bands"]) for row in (first, second, third)] == [14, 14, 0]
    assert [len(list(page)) for _, page in groupby(by_size[0]["page_id"].to_pylist())] == [1, 2]
