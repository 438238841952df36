"""One part of pairs, duplicates, rejects and counts, from a part of cleaned and decisions written by hand."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hand_made import cleaned_pair

from pipeline.core.manifest import Shard, part_name, part_path, read_commits
from pipeline.core.parts import open_part
from pipeline.core.records import Cleaned, Duplicate, Pair, Reject, StepCount
from pipeline.core.table import arrow_schema
from pipeline.jobs import pairs as job
from pipeline.jobs.pairs import DECISION, digest, write_pairs

INPUT = f"tables/cleaned/{part_name('of-this-test')}"

CLEANED = [
    cleaned_pair("alone", raw_id="r0", changes=["markup"], title="A title", repairs=["newline"]),
    cleaned_pair("first", raw_id="r1", position=1, masked=[{"name": "email", "n": 2}]),
    cleaned_pair(
        "first", raw_id="r2", position=2, page_id="copy", url="https://b.example/", origin="b.example"
    ),
    cleaned_pair("other", raw_id="r3", position=3, answer_index=1, changes=["markup", "emoji"]),
    cleaned_pair("spread", raw_id="r4", language="deu", question="Was nun?", answer="Rufen Sie an."),
    cleaned_pair("short", raw_id="r5", language="und", question="?", answer="", dropped_by="empty"),
    cleaned_pair("short", raw_id="r6", language="deu", dropped_by="empty", changes=["markup"]),
    cleaned_pair("last", raw_id="r7", language="deu", flags=["languages_differ"]),
]

COLUMNS = DECISION.names


def decided(*rows):
    """Decisions in the order of their columns, what is left out null."""
    return pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=False)) for row in rows], schema=DECISION)


DECISIONS = decided(
    (1, "kept", "first", 2, 3, "a-sibling", 4),
    (2, "exact", "first", 2, 3, "a-sibling", 4),
    (3, "near", "first", 1, 3, None, 1),
    (4, "boilerplate"),
    (7, "kept", "last", 5, 9, None, 1),
)

EXACT_ROW = {
    "id": "first",
    "kept_id": "first",
    "kind": "exact",
    "language": "eng",
    "url": "https://b.example/",
    "origin": "b.example",
    "page_id": "copy",
    "position": 2,
    "answer_index": 0,
    "raw_id": "r2",
}
NEAR_ROW = {
    "id": "other",
    "kept_id": "first",
    "kind": "near",
    "language": "eng",
    "url": "https://shop.example/faq",
    "origin": "shop.example",
    "page_id": "page",
    "position": 3,
    "answer_index": 1,
    "raw_id": "r3",
}

COUNTS = {
    ("deu", None): (1, 0),
    ("deu", "boilerplate"): (1, 0),
    ("deu", "empty"): (1, 0),
    ("deu", "markup"): (0, 1),
    ("eng", None): (2, 0),
    ("eng", "emoji"): (0, 1),
    ("eng", "exact_duplicate"): (1, 0),
    ("eng", "markup"): (0, 2),
    ("eng", "near_duplicate"): (1, 0),
    ("und", "empty"): (1, 0),
}


def written(work, cleaned, decisions, *, max_rejects_per_rule=5):
    """Write the part of `cleaned`, then what follows from it: the commit, and the rows of each table."""
    with open_part(str(work), Cleaned, "of-this-test") as part:
        for row in cleaned:
            part.add(row)
    shard = Shard.of(INPUT, "parquet", version="v", settings="s")
    commit = write_pairs(shard, decisions, work=str(work), max_rejects_per_rule=max_rejects_per_rule)
    tables = {}
    for record in (Pair, Duplicate, Reject, StepCount):
        table = pq.read_table(part_path(str(work), record.TABLE, shard.id))
        assert table.schema.equals(arrow_schema(record)), record.TABLE
        assert table.num_rows == commit.rows[record.TABLE]
        tables[record.TABLE] = table.to_pylist()
    assert read_commits(str(work), "dedup") == [commit]
    return tables


@pytest.mark.parametrize("rows_per_batch", [1, 2, 3, 10_000])
def test_every_row_goes_where_its_decision_sends_it(tmp_path, monkeypatch, rows_per_batch):
    monkeypatch.setattr(job, "ROWS_PER_BATCH", rows_per_batch)
    tables = written(tmp_path, CLEANED, DECISIONS)
    names = ("id", "n_sightings", "cluster_id", "cluster_size", "template_id", "template_size")
    assert [tuple(row[name] for name in names) for row in tables["pairs"]] == [
        ("alone", 1, "alone", 1, None, 1),
        ("first", 2, "first", 3, "a-sibling", 4),
        ("last", 5, "last", 9, None, 1),
    ]
    assert tables["duplicates"] == [EXACT_ROW, NEAR_ROW]
    assert [(row["reason"], row["raw_id"]) for row in tables["rejects"]] == [
        ("boilerplate", "r4"),
        ("empty", "r5"),
        ("empty", "r6"),
    ]
    counts = {(row["language"], row["step"]): (row["n_ended"], row["n_changed"]) for row in tables["counts"]}
    assert counts == COUNTS
    assert len(tables["counts"]) == len(COUNTS)


def test_a_pair_has_all_that_cleaned_says_of_it(tmp_path):
    alone, first, last = written(tmp_path, CLEANED, DECISIONS)["pairs"]
    shared = set(arrow_schema(Pair).names) & set(arrow_schema(Cleaned).names)
    assert len(shared) == 26
    for found, place in ((alone, 0), (last, 7)):
        assert {name: found[name] for name in shared} == {n: getattr(CLEANED[place], n) for n in shared}
    assert first["masked"] == [{"name": "email", "n": 2}]


def test_an_example_shows_the_text_as_it_was_dropped(tmp_path):
    boilerplate, *_ = written(tmp_path, CLEANED, DECISIONS)["rejects"]
    assert boilerplate == {
        "reason": "boilerplate",
        "question": "Was nun?",
        "answer": "Rufen Sie an.",
        "language": "deu",
        "url": "https://shop.example/faq",
        "origin": "shop.example",
        "page_id": "page",
        "position": 0,
        "answer_index": 0,
        "raw_id": "r4",
    }


@pytest.mark.parametrize("rows_per_batch", [1, 4, 10_000])
def test_examples_are_the_smallest_raw_ids_of_each_reason(tmp_path, monkeypatch, rows_per_batch):
    monkeypatch.setattr(job, "ROWS_PER_BATCH", rows_per_batch)
    raw_ids = ["5", "2", "9", "4", "1", "7", "3", "8"]
    rows = [cleaned_pair("x", raw_id=f"e{n}", dropped_by="empty") for n in raw_ids]
    rows += [cleaned_pair("x", raw_id=f"m{n}", dropped_by="menu") for n in raw_ids[:2]]
    rows += [cleaned_pair("x", raw_id=f"b{n}") for n in raw_ids]
    boilerplate = decided(*((row, "boilerplate") for row in range(10, 18)))
    tables = written(tmp_path, rows, boilerplate, max_rejects_per_rule=3)
    assert [row["raw_id"] for row in tables["rejects"]] == ["b1", "b2", "b3", "e1", "e2", "e3", "m2", "m5"]
    assert sum(row["n_ended"] for row in tables["counts"]) == 18, "what is not shown is counted all the same"


def test_no_examples_where_none_are_asked_for(tmp_path):
    tables = written(tmp_path, CLEANED, DECISIONS, max_rejects_per_rule=0)
    assert tables["rejects"] == []
    assert len(tables["counts"]) == len(COUNTS)


def test_a_rule_comes_before_any_decision(tmp_path):
    """Rows that a rule dropped take no part in deduplication: a decision on one would not make it a pair."""
    rows = [cleaned_pair("short", raw_id="r", dropped_by="empty")]
    tables = written(tmp_path, rows, decided((0, "kept", "short", 1, 1, None, 1)))
    assert (tables["pairs"], tables["duplicates"]) == ([], [])
    assert [row["reason"] for row in tables["rejects"]] == ["empty"]


def test_an_empty_part_gives_empty_parts(tmp_path):
    assert not any(written(tmp_path, [], decided()).values())


def test_a_part_without_decisions_is_kept_as_it_is(tmp_path):
    tables = written(tmp_path, CLEANED[:2], decided())
    assert [(row["id"], row["cluster_size"]) for row in tables["pairs"]] == [("alone", 1), ("first", 1)]


@pytest.mark.parametrize("lost", [Pair, Duplicate])
def test_a_lost_row_ends_the_task_without_a_commit(tmp_path, monkeypatch, lost):
    rows_of = job._rows
    monkeypatch.setattr(
        job, "_rows", lambda batch, record: rows_of(batch.slice(1) if record is lost else batch, record)
    )
    with pytest.raises(AssertionError, match="rows lost in tables/cleaned/part-of-this-test"):
        written(tmp_path, CLEANED, DECISIONS)
    assert read_commits(str(tmp_path), "dedup") == []
    assert list((tmp_path / "tables").glob("[pdr]*/part-*")) == []


OTHER = (2, "near", "other", 9, 9, "other", 9)


@pytest.mark.parametrize(("place", "column"), list(enumerate(COLUMNS)))
def test_the_digest_tells_every_changed_value(place, column):
    row = [1, "kept", "first", 2, 3, "a-sibling", 4]
    changed = [OTHER[place] if name == column else value for name, value in zip(COLUMNS, row, strict=True)]
    assert digest(decided(changed)) != digest(decided(row))
    if column not in ("row", "kind"):
        missing = [None if name == column else value for name, value in zip(COLUMNS, row, strict=True)]
        assert digest(decided(missing)) != digest(decided(row))


def test_the_digest_tells_which_row_a_value_belongs_to():
    sibling, alone = ("a-sibling", 4), (None, 4)
    one = decided((1, "kept", "first", 1, 1, *sibling), (2, "kept", "other", 1, 1, *alone))
    other = decided((1, "kept", "first", 1, 1, *alone), (2, "kept", "other", 1, 1, *sibling))
    assert digest(one) != digest(other)


def test_the_digest_does_not_depend_on_batches():
    parts = [DECISIONS.slice(0, 1), DECISIONS.slice(1, 3), DECISIONS.slice(4)]
    in_parts = pa.concat_tables(parts)
    assert in_parts["row"].num_chunks == 3
    assert digest(in_parts) == digest(DECISIONS) == digest(DECISIONS.combine_chunks())
    assert digest(DECISIONS) != digest(DECISIONS.slice(1)) != digest(decided())
    assert len(digest(decided())) == 32
