"""What `faqtory trace` says after cleaning and deduplication, in a work folder made without Spark."""

from dataclasses import asdict

import pyarrow as pa
import pytest
from hand_made import filled, raw_pair, table_of
from work_tables import read, write_pairs_raw

from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.core.ids import pair_id
from pipeline.core.manifest import Commit, Shard, part_name, publish, read_manifest
from pipeline.core.parts import open_part
from pipeline.core.records import Cleaned, Duplicate, Page, Pair, PairRaw, Reject, Scan, StepCount
from pipeline.fate import fate
from pipeline.jobs.clean import clean_shard, plan_clean
from pipeline.jobs.pairs import DECISION, write_pairs
from pipeline.trace import trace_pair

FILE = "part 0"
"""What `write_pairs_raw` calls the input of its part."""


def found(question, answer, **columns):
    return raw_pair(question, answer, warc_file=FILE, **columns)


OPENS = ("When does the shop open in the morning?", "The shop opens at nine in the morning.")
RAW = {
    "labelled": found(f"Q: {OPENS[0]}", OPENS[1], page_id="1", url="https://shop.example/b"),
    "copy": found(*OPENS, page_id="2", url="https://shop.example/aa"),
    "near": found(OPENS[0], "Our shop opens at nine in the morning.", page_id="3"),
    "spread": found("Whom can I ask about my order?", "Please call our friendly service.", page_id="3"),
    "empty": found("What does the delivery cost?", "", page_id="3", position=1),
    "sibling": found(
        "When does the bus to Rome leave in the morning?",
        "The bus leaves at nine in the morning.",
        page_id="4",
    ),
    "alone": found("May I bring my dog with me?", "Yes, dogs are welcome here.", page_id="4", position=1),
    "other language": found(
        "When does the museum open in the morning?",
        "Das Museum öffnet um neun Uhr am Morgen und schließt abends um acht.",
        page_id="5",
    ),
    "Danish": found("Er det parkering?", "Ja, 25 kr.", page_id="6", html_lang="da"),
    "perhaps Danish": found("Er det parkering?", "Ja, 25 kr.", page_id="7", html_lang="nb"),
}
KEPT = pair_id(*OPENS)
PLACES = list(RAW)

DECISIONS = {
    "labelled": ("kept", KEPT, 2, 3, None, 1),
    "copy": ("exact", KEPT, 2, 3, None, 1),
    "near": ("near", KEPT, 1, 3, None, 1),
    "spread": ("boilerplate",),
    "sibling": ("kept", RAW["sibling"].id, 1, 1, "0123456789abcdef", 7),
}


def extract(work):
    """Tables pairs_raw, pages and scan."""
    write_pairs_raw(work, [table_of(PairRaw, RAW.values())])
    pages = [filled(Page, page_id=str(n), outcome="extracted") for n in range(1, 8)]
    for record, rows in ((Page, pages), (Scan, [filled(Scan, input_file=FILE, outcome="read")])):
        shard = Shard.of(FILE, "test", version="", settings="")
        with open_part(str(work), record, shard.id) as part:
            for row in rows:
                part.add(row)
        publish(
            str(work), "extract", records=[record], commits=[Commit(shard, "read", {record.TABLE: len(rows)})]
        )


def clean(work):
    config = Config()
    commits = [
        clean_shard(shard, work=str(work), config=config) for shard in plan_clean(str(work), config).todo
    ]
    publish(str(work), "clean", records=[Cleaned], commits=commits)


def deduplicate(work):
    (cleaned,) = read_manifest(str(work), "cleaned").commits
    rows = [
        dict(zip(DECISION.names, (PLACES.index(name), *decision), strict=False))
        for name, decision in DECISIONS.items()
    ]
    shard = Shard.of(f"tables/cleaned/{part_name(cleaned.shard.id)}", "parquet", version="", settings="")
    decisions = pa.Table.from_pylist(rows, schema=DECISION)
    commit = write_pairs(shard, decisions, work=str(work), max_rejects_per_rule=5)
    publish(str(work), "dedup", records=[Pair, Duplicate, Reject, StepCount], commits=[commit])


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    for stage in (extract, clean, deduplicate):
        stage(folder)
    return folder


def told(name, work):
    """What is said of a raw pair."""
    return list(fate(asdict(RAW[name]), str(work)))


ENGLISH = "language eng in script Latn, score 1.00, decided by text"

FATES = {
    "labelled": ["kept: it stands for 3 raw pairs, 2 of them of the same text"],
    "copy": [f"exact duplicate: {KEPT} stands for it"],
    "near": [f"near duplicate: {KEPT} stands for it"],
    "spread": ["dropped as boilerplate: its answer stands on many sites"],
    "sibling": [
        "kept: no other pair is like it",
        "one of 7 siblings of template 0123456789abcdef",
    ],
    "alone": ["kept: no other pair is like it"],
}


@pytest.mark.parametrize("name", FATES)
def test_every_fate_has_its_sentences(work, name):
    changed, id = ("labels", KEPT) if name == "labelled" else ("nothing", RAW[name].id)
    assert told(name, work) == [f"cleaning changed {changed}; id {id}", ENGLISH, *FATES[name]]


def test_a_dropped_pair_names_its_rule_and_no_language(work):
    assert told("empty", work) == [f"cleaning changed nothing; id {RAW['empty'].id}", "dropped by empty"]


def test_the_same_text_may_end_differently_on_another_page(work):
    assert told("Danish", work)[1].startswith("language dan in script Latn")
    assert told("perhaps Danish", work)[1:] == ["dropped by language_uncertain"]


def test_doubts_are_told(work):
    _, language, _ = told("other language", work)
    assert language.endswith("; flags: languages_differ")


def test_before_cleaning_nothing_is_told_and_before_deduplication_nothing_of_it(tmp_path):
    extract(tmp_path)
    assert told("alone", tmp_path) == []
    clean(tmp_path)
    assert told("spread", tmp_path) == [
        f"cleaning changed nothing; id {RAW['spread'].id}",
        ENGLISH,
        "not compared with others yet: run `faqtory clean` again",
    ]


@pytest.mark.parametrize("name", ["labelled", "near", "spread", "empty", "sibling", "alone"])
def test_a_raw_id_leads_to_the_raw_pair(work, name):
    traced = trace_pair(RAW[name].id, work=str(work))
    assert (traced.pair["id"], traced.n_sightings) == (RAW[name].id, 1)
    assert traced.page["page_id"] == RAW[name].page_id
    assert traced.decisions[-len(told(name, work)) :] == told(name, work)
    assert traced.raw_block is None


def test_a_cleaned_id_leads_to_all_that_became_it_and_the_first_by_address_is_traced(work):
    """The labelled pair has another raw id."""
    for prefix in (KEPT, KEPT[:8], f" {KEPT.upper()} "):
        traced = trace_pair(prefix, work=str(work))
        assert traced.n_sightings == 2
        assert traced.pair["url"] == "https://shop.example/aa"
        assert traced.decisions[-1] == f"exact duplicate: {KEPT} stands for it"


def test_a_cleaned_id_that_no_raw_pair_has_leads_to_its_raw_pair(tmp_path):
    extract(tmp_path)
    labelled = table_of(PairRaw, [RAW["labelled"]])
    (tmp_path / "tables" / "pairs_raw" / "_manifest.json").unlink()
    write_pairs_raw(tmp_path, [labelled])
    with pytest.raises(ConfigError, match=r"No pair in .* has an id that begins with"):
        trace_pair(KEPT, work=str(tmp_path))
    clean(tmp_path)
    traced = trace_pair(KEPT, work=str(tmp_path))
    assert (traced.pair["id"], traced.n_sightings) == (RAW["labelled"].id, 1)


def test_the_tables_of_this_test_hold_every_row(work):
    n_rows = {table: read(work, table).num_rows for table in ("cleaned", "pairs", "duplicates", "rejects")}
    assert n_rows == {"cleaned": 10, "pairs": 5, "duplicates": 2, "rejects": 3}
