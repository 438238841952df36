"""Queries of a part in blocks, with their positives; rows of tables that stand in the queries' order."""

import pytest

pytest.importorskip("numba", reason="needs the extra mining")

import pyarrow as pa
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from retrieval_tables import asked, write_retrieval_set

from mining.negatives_block import id_keys
from pipeline.core.ids import md5_hex
from pipeline.core.manifest import Commit, Shard, publish, read_manifest
from pipeline.core.parts import open_part
from pipeline.core.records import Candidate
from pipeline.core.table import arrow_batch
from pipeline.jobs import mine_tables
from pipeline.jobs.mine_tables import QueryRows, csr, first_64_bits, query_blocks, text_keys

ROWS = [
    *(asked(f"question {n}", f"answer {n}", groups=["g", f"h{n}"][: n % 3]) for n in range(5)),
    asked("several", "answer 0", "answer b", "answer c", site="birch.com"),
    asked("of dev", "dev answer", site="pine.com", split="dev"),
    asked("both", "answer 1", site="pine.com", split="dev"),
]
TRAIN = sorted((row for row in ROWS if row["split"] == "train"), key=lambda row: row["query_id"])


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    """A work folder, and the one part of its retrieval set."""
    work = str(tmp_path_factory.mktemp("blocks"))
    write_retrieval_set(work, ROWS)
    (commit,) = read_manifest(work, "queries").commits
    return work, commit.shard.id


@pytest.mark.parametrize("n_queries", [1, 2, 4, 6, 100])
def test_blocks_hold_the_queries_of_a_split_in_order_with_their_positives(part, n_queries):
    blocks = list(query_blocks(*part, split="train", n_queries=n_queries))
    assert [len(block) for block in blocks] == [n_queries] * (6 // n_queries) + [6 % n_queries] * bool(
        6 % n_queries
    )
    assert [id for block in blocks for id in block.ids] == [row["query_id"] for row in TRAIN]
    assert [text for block in blocks for text in block.texts] == [row["question"] for row in TRAIN]
    positives = [
        (block.ids[query], id)
        for block in blocks
        for query, id in zip(block.positive_query, block.positive_ids.to_pylist(), strict=True)
    ]
    assert positives == [(row["query_id"], id) for row in TRAIN for id in row["doc_ids"]]
    for block in blocks:
        rows = [row for row in TRAIN if row["query_id"] in block.ids]
        assert block.max_positives == max(len(row["doc_ids"]) for row in rows)
        assert block.queries.id.tolist() == id_keys(block.ids).tolist()
        keys, places = block.queries.groups.of(block.positive_query[:0])
        assert (len(keys), len(places)) == (0, 0)
        for n, row in enumerate(rows):
            start, end = block.queries.groups.offsets[n : n + 2]
            assert block.queries.groups.keys[start:end].tolist() == id_keys(row["groups"]).tolist()


def test_equal_sites_and_questions_have_equal_keys(part):
    (block,) = query_blocks(*part, split="train")
    site = dict(zip(block.texts, block.queries.site.tolist(), strict=True))
    assert len(set(site.values())) == 2
    assert site["several"] not in {site[f"question {n}"] for n in range(5)}
    assert len(set(block.queries.question.tolist())) == 6


def test_other_splits(part):
    assert [block.texts for block in query_blocks(*part, split="dev")] == [["of dev"]]
    assert list(query_blocks(*part, split="test")) == []


def test_keys_of_texts():
    keys = text_keys(["alder.com", "", "bücher.de"])
    assert keys.dtype == "int64"
    assert [key % 2**64 for key in keys.tolist()] == [
        xxhash.xxh3_64_intdigest(text.encode()) for text in ("alder.com", "", "bücher.de")
    ]


def test_lists_as_keys_whatever_the_slices():
    column = pa.chunked_array([[["x"], ["a", "b"], []], [["c"], ["y", "z"]]])
    found = csr(column.slice(1, 3), text_keys)
    assert found.keys.tolist() == text_keys(["a", "b", "c"]).tolist()
    assert found.offsets.tolist() == [0, 2, 2, 3]
    assert csr(column.slice(0, 0), text_keys).offsets.tolist() == [0]


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_first_half_of_ids(ids, first, n):
    hexes = [id.hex() for id in ids]
    expected = [int(id[:16], 16) for id in hexes]
    array = pa.array(hexes, pa.string())
    assert first_64_bits(array).tolist() == expected
    assert first_64_bits(array.slice(first, n)).tolist() == expected[first : first + n]
    assert (first_64_bits(array).view("int64") == id_keys(hexes)).all()


def candidates(work, rows):
    """Write rows of (query id, rank) as a part of table candidates."""
    shard = Shard.of("part", "test", version="", settings="")
    values = [
        Candidate(query_id, md5_hex(f"{rank}"), "eng", rank, 0.0, None, None, None, None, False)
        for query_id, rank in rows
    ]
    with open_part(work, Candidate, shard.id) as out:
        if values:
            out.add_batch(arrow_batch(values, Candidate))
    publish(work, "search", records=[Candidate], commits=[Commit(shard, "read", {"candidates": len(rows)})])
    return shard.id


@pytest.mark.parametrize("n_rows", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("n_queries", [1, 2, 6])
@pytest.mark.parametrize("lengths", [(2, 0, 3, 1, 0, 4), (0, 0, 1, 0, 0, 0), (0, 0, 0, 0, 0, 0)])
def test_rows_of_each_block_whatever_the_batches(part, monkeypatch, n_rows, n_queries, lengths):
    monkeypatch.setattr(mine_tables, "_ROWS", n_rows)
    work, shard_id = part
    ids = [row["query_id"] for row in TRAIN]
    rows = [(id, rank) for id, n in zip(ids, lengths, strict=True) for rank in range(1, n + 1)]
    reader = QueryRows(work, Candidate, candidates(work, rows), ("query_id", "rank"))
    found = []
    for block in query_blocks(work, shard_id, split="train", n_queries=n_queries):
        table, query = reader.of(block)
        assert table.column_names == ["query_id", "rank"]
        assert table["query_id"].to_pylist() == [block.ids[n] for n in query]
        found += zip(table["query_id"].to_pylist(), table["rank"].to_pylist(), strict=True)
    assert found == rows
    assert reader.is_at_end


def test_rows_of_unknown_queries_are_left_over(part):
    work, shard_id = part
    rows = [(TRAIN[0]["query_id"], 1), ("f" * 32, 1)]
    reader = QueryRows(work, Candidate, candidates(work, rows), ("query_id", "rank"))
    for block in query_blocks(work, shard_id, split="train"):
        assert reader.of(block)[0]["rank"].to_pylist() == [1]
    assert not reader.is_at_end
