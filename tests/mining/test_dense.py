"""Indexes on disk: exact ones, quantised ones and what they are measured to find."""

import json

import numpy as np
import pytest

from mining import dense
from mining.dense import IndexSettings, build, open_index
from mining.dense_tiles import as_grid, nearest_keys, read_keys
from mining.margin import on_grid

ABSENT = "faiss is not installed; pip install faqtory[mining]"


@pytest.fixture
def faiss():
    return pytest.importorskip("faiss", reason=ABSENT)


def clustered(n, *, d=32, seed=0, per_cluster=20):
    """Return vectors around centres, as those of texts on the same subject are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((max(n // per_cluster, 1), d))
    rows = centres[rng.integers(len(centres), size=n)] + 0.5 * rng.standard_normal((n, d))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return on_grid(rows.astype(np.float32)).astype(np.float16)


def lists_of(ranking):
    bounds = zip(ranking.offsets, ranking.offsets[1:], strict=False)
    return [
        list(zip(ranking.documents[a:b].tolist(), ranking.scores[a:b].tolist(), strict=True))
        for a, b in bounds
    ]


def exact(queries, documents, k):
    return [
        list(zip(*row, strict=True))
        for row in zip(
            *(a.tolist() for a in read_keys(nearest_keys(as_grid(queries), as_grid(documents), k=k))),
            strict=True,
        )
    ]


def test_a_small_index_is_exact(tmp_path):
    documents, queries = clustered(300), clustered(20, seed=1)
    description = build(documents, tmp_path, queries=queries)
    assert (description.is_exact, description.recall, description.n_documents) == (True, 1.0, 300)
    assert lists_of(open_index(tmp_path).search(queries, 10)) == exact(queries, documents, 10)


def test_fewer_documents_than_wanted_make_shorter_lists(tmp_path):
    build(clustered(3), tmp_path, queries=clustered(2))
    found = open_index(tmp_path).search(clustered(5, seed=2), 10)
    assert np.diff(found.offsets).tolist() == [3] * 5
    assert all(sorted(d for d, _ in rows) == [0, 1, 2] for rows in lists_of(found))


def test_no_documents_and_no_queries(tmp_path):
    build(clustered(0), tmp_path, queries=clustered(2))
    assert np.diff(open_index(tmp_path).search(clustered(2), 10).offsets).tolist() == [0, 0]
    assert len(open_index(tmp_path).search(clustered(0), 10)) == 0


def test_a_query_without_direction_finds_nothing(tmp_path):
    documents, queries = clustered(30), clustered(3, seed=1)
    queries[1] = 0
    build(documents, tmp_path, queries=queries)
    found = open_index(tmp_path).search(queries, 4)
    assert np.diff(found.offsets).tolist() == [4, 0, 4]
    assert lists_of(found)[2] == exact(queries[2:], documents, 4)[0]


@pytest.fixture
def quantised(faiss, tmp_path):
    """Return documents, queries, settings and the folder of an index by codes."""
    documents, queries = clustered(4000), clustered(64, seed=1)
    settings = IndexSettings(flat_below=1000, k=20, min_recall=0.98, n_sample=32)
    build(documents, tmp_path / "index", queries=queries, settings=settings)
    return documents, queries, settings, tmp_path / "index"


def test_recall_of_codes_is_what_is_written(quantised):
    """Measured here by sets of documents, on the queries that were the sample."""
    documents, queries, settings, folder = quantised
    index = open_index(folder)
    description = json.loads((folder / "description.json").read_text())
    assert not description["is_exact"]
    sample = queries[np.linspace(0, 63, 32, dtype=np.int64)]
    expected = exact(sample, documents, 20)
    found = lists_of(index.search(sample, 20))
    shares = [len(set(a) & set(b)) / 20 for a, b in zip(found, expected, strict=True)]
    assert description["recall"] == pytest.approx(np.mean(shares), abs=1e-12)
    assert description["recall"] >= settings.min_recall
    assert 4 * 20 <= description["n_candidates"] < 4000


def test_what_codes_find_is_scored_and_ordered_exactly(quantised):
    documents, queries, _, folder = quantised
    for query, found in zip(queries, lists_of(open_index(folder).search(queries, 20)), strict=True):
        scores = as_grid(documents).astype(np.int64) @ as_grid(query).astype(np.int64) / 2**22
        assert [score for _, score in found] == [scores[document] for document, _ in found]
        assert found == sorted(found, key=lambda row: (-row[1], row[0]))


def test_codes_are_the_same_with_any_number_of_threads(quantised, faiss, tmp_path):
    documents, queries, settings, folder = quantised
    n_threads = faiss.omp_get_max_threads()
    try:
        for n in (1, 2):
            faiss.omp_set_num_threads(n)
            build(documents, tmp_path / f"{n}", queries=queries, settings=settings)
            assert lists_of(open_index(tmp_path / f"{n}").search(queries, 20)) == lists_of(
                open_index(folder).search(queries, 20)
            )
            for name in ("codes.faiss", "vectors.npy", "description.json"):
                assert (tmp_path / f"{n}" / name).read_bytes() == (folder / name).read_bytes()
    finally:
        faiss.omp_set_num_threads(n_threads)


def test_a_query_finds_the_same_alone_and_among_others(quantised):
    _, queries, _, folder = quantised
    index = open_index(folder)
    together = lists_of(index.search(queries, 20))
    assert [lists_of(index.search(query[None, :], 20))[0] for query in queries] == together


def test_too_coarse_codes_give_way_to_finer_ones(faiss, tmp_path, monkeypatch):
    documents, queries = (clustered(n, per_cluster=10**6, seed=n) for n in (3000, 32))
    settings = IndexSettings(flat_below=0, k=10, min_recall=0.99)
    tried = []
    quantise = dense._quantised
    monkeypatch.setattr(dense, "_DIMENSIONS_A_CODE", (16, 4))
    monkeypatch.setattr(dense, "_quantised", lambda d, n: tried.append(n) or quantise(d, n))
    description = build(documents, tmp_path, queries=queries, settings=settings)
    assert tried == [16, 4]
    assert description.recall >= 0.99


def test_no_more_documents_are_found_than_recall_is_measured_for(quantised):
    _, queries, _, folder = quantised
    with pytest.raises(ValueError, match="measured for 20 documents, fewer than 21"):
        open_index(folder).search(queries, 21)
    assert np.diff(open_index(folder).search(queries, 7).offsets).tolist() == [7] * 64


def test_on_a_gpu_an_index_of_codes_is_searched_exactly(quantised, monkeypatch):
    """Here torch computes on the processor what it is asked to compute on a GPU."""
    pytest.importorskip("torch", reason=ABSENT)
    documents, queries, _, folder = quantised
    on_gpu = dense.nearest_keys_by_torch
    monkeypatch.setattr(
        dense, "nearest_keys_by_torch", lambda *a, device, **more: on_gpu(*a, device="cpu", **more)
    )
    found = open_index(folder, device="cuda:0").search(queries, 50)
    assert lists_of(found) == exact(queries, documents, 50)


def test_candidates_that_codes_leave_out_are_no_documents(faiss, tmp_path, monkeypatch):
    """FAISS names -1 where the coarsest score stands for several documents."""
    documents, queries = clustered(333, per_cluster=10**6), clustered(8, seed=1)
    monkeypatch.setattr(dense, "_DIMENSIONS_A_CODE", (16,))
    settings = IndexSettings(flat_below=0, k=333, min_recall=0.0)
    build(documents, tmp_path, queries=queries, settings=settings)
    codes = faiss.read_index(str(tmp_path / "codes.faiss"))
    _, named = codes.search(queries.astype(np.float32), 333)
    assert (named < 0).any()
    for k in (5, 333):
        found = lists_of(open_index(tmp_path).search(queries, k))
        for query, rows in zip(queries, found, strict=True):
            scores = as_grid(documents).astype(np.int64) @ as_grid(query).astype(np.int64) / 2**22
            assert len({document for document, _ in rows}) == k
            assert all(document >= 0 and score == scores[document] for document, score in rows)


def test_dimensions_that_are_no_whole_number_of_codes(faiss, tmp_path):
    documents, queries = clustered(2000, d=27), clustered(16, d=27, seed=1)
    settings = IndexSettings(flat_below=0, k=10, min_recall=0.95)
    assert build(documents, tmp_path, queries=queries, settings=settings).recall >= 0.95


def test_is_exact_overrules_the_number_of_documents(tmp_path):
    documents = clustered(50)
    settings = IndexSettings(flat_below=10)
    assert build(documents, tmp_path, queries=documents, settings=settings, is_exact=True).is_exact


def test_a_killed_build_leaves_no_index(tmp_path, monkeypatch):
    build(clustered(20), tmp_path, queries=clustered(2))
    monkeypatch.setattr(dense, "_store", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(clustered(30), tmp_path, queries=clustered(2))
    assert not (tmp_path / "description.json").exists()
