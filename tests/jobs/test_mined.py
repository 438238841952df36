"""Mined parts that fit together, and counts of what became of candidates, in any batches."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mined_tables import Asked, Doc, write_mined, write_retrieval

from pipeline.core.manifest import publish, read_manifest
from pipeline.core.records import Negative
from pipeline.jobs import mined as module
from pipeline.jobs.mined import NegativeTally, mined_parts, whole_queries

POSITIVE = Doc("right", 2.0, "positive")
ROWS = [
    Asked("q1", (Doc("a"), POSITIVE, Doc("b"), Doc("c", decision="above_margin"))),
    Asked("q2", (Doc("a"), Doc("b"))),
    Asked("q3", (Doc("a", decision="not_sampled"), POSITIVE)),
    Asked("q4", (Doc("z"),), language="deu"),
]


def test_nothing_was_mined(tmp_path):
    assert mined_parts(str(tmp_path)) is None
    write_retrieval(tmp_path, ROWS)
    assert mined_parts(str(tmp_path)) is None


@pytest.mark.parametrize("teacher", ["teacher@1", None])
def test_parts_lead_back_to_the_retrieval_set(tmp_path, teacher):
    work = write_mined(tmp_path, ROWS, n_parts=2, teacher=teacher)
    mined = mined_parts(work)
    assert mined.is_current
    assert list(mined.parts) == ["deu", "eng"]
    corpus = {commit.shard.id: commit.shard.input for commit in read_manifest(work, "corpus").commits}
    for language, parts in mined.parts.items():
        assert [part.part.no for part in parts] == [0, 1]
        assert [part.source for part in parts] == mined.documents[language]
        assert [corpus[part.source] for part in parts] == [part.part.name for part in parts]
        assert [part.scores is None for part in parts] == [teacher is None] * 2


def test_parts_of_another_retrieval_set_are_left_out(tmp_path):
    work = write_mined(tmp_path, ROWS)
    write_retrieval(tmp_path, ROWS[:-1])
    mined = mined_parts(work)
    assert not mined.is_current
    assert mined.parts == {}


def test_a_language_that_was_not_mined_is_none_of_the_parts(tmp_path):
    work = write_mined(tmp_path, ROWS)
    commits = [c for c in read_manifest(work, Negative.TABLE).commits if c.shard.input.startswith("eng")]
    publish(work, "select", records=[Negative], commits=commits)
    mined = mined_parts(work)
    assert mined.is_current
    assert list(mined.parts) == ["eng"]


@pytest.mark.parametrize("n_rows", [1, 2, 3, 100])
def test_counts_by_hand(tmp_path, monkeypatch, n_rows):
    monkeypatch.setattr(module, "_ROWS", n_rows)
    work = write_mined(tmp_path, ROWS)
    tally = NegativeTally()
    for language, parts in mined_parts(work).parts.items():
        for part in parts:
            tally.read(work, part.negatives, language=language)
    assert tally.by_decision() == {"kept": 5, "positive": 2, "above_margin": 1, "not_sampled": 1}
    assert tally.queries["eng"] == {(2, 3): 1, (2, 2): 1, (0, 1): 1}
    assert (tally.n_queries("eng"), tally.n_candidates("eng"), tally.n_negatives("eng")) == (3, 8, 4)
    assert tally.n_short("eng", n_negatives=2) == 1
    assert tally.n_short("eng", n_negatives=3) == 3
    assert (tally.n_queries("deu"), tally.n_negatives("deu")) == (1, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4))), st.integers(1, 7))
def test_batches_are_cut_between_queries_and_nowhere_else(runs, n_rows):
    ids = [f"{no}-{name}" for no, (name, n) in enumerate(runs) for _ in range(n)]
    table = pa.table({"query_id": pa.array(ids, pa.string()), "row": pa.array(range(len(ids)), pa.int64())})
    found = list(whole_queries(iter(table.to_batches(max_chunksize=n_rows))))
    assert [row for batch in found for row in batch["row"].to_pylist()] == list(range(len(ids)))
    assert all(batch.num_rows for batch in found)
    firsts = [batch["query_id"][0].as_py() for batch in found]
    lasts = [batch["query_id"][-1].as_py() for batch in found]
    assert not any(last == first for last, first in zip(lasts, firsts[1:], strict=False))
