"""What `benchmarks/bm25.py` measures of `mining.bm25`: each function runs in a process of its own."""

import inspect
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.bm25_peers import K1, N_TIMES, B, Figures, Found, Task, fastest, peak_mb
from benchmarks.synthetic_tokens import documents_of, n_terms_of, queries_of
from mining import bm25
from mining.bm25 import search
from mining.bm25_index import Bm25, Bm25Index, build_index, open_index
from mining.bm25_kernel import BLOCK, DENSE, rescore, walk
from mining.token_ids import TokenIds

N_CHECKED = 32
"""Queries that are answered by scoring every document, too."""

SMALL_BATCHES = {1: 200, 32: 32}
"""Queries of a batch, and how many such batches."""


def warm_up(task: Task) -> float:
    """Build and search the index of a small corpus, once; return the processor time."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        build_index(documents_of(task.corpus), Path(scratch) / "index")
        search(open_index(Path(scratch) / "index"), queries_of(task.corpus, task.n_queries), task.k)
    return round(time.process_time() - began, 2)


def build(task: Task) -> Figures:
    """Build the index; compiled code must be in the cache."""
    began, clock = time.process_time(), time.perf_counter()
    build_index(documents_of(task.corpus), task.scratch, form=Bm25("lucene", K1, B))
    return {
        "build_s": round(time.process_time() - began, 2),
        "build_clock_s": round(time.perf_counter() - clock, 2),
        "build_peak_mb": peak_mb(),
        "index_mb": round(sum(file.stat().st_size for file in task.scratch.iterdir()) / 2**20),
    }


def search_all(task: Task) -> Found:
    """Search the index."""
    index, queries = open_index(task.scratch), queries_of(task.corpus, task.n_queries)
    search(index, queries, task.k)
    (documents, scores), seconds = fastest(lambda: search(index, queries, task.k))
    rate = round(task.n_queries / seconds, 1)
    figures = {"queries_n": task.n_queries, "queries_per_core_s": rate, "search_peak_mb": peak_mb()}
    return Found(documents, scores, figures)


def besides(task: Task) -> Figures:
    """Measure kernel, threads and small batches, and check some answers."""
    index, queries = open_index(task.scratch), queries_of(task.corpus, task.n_queries)
    search(index, queries, task.k)
    return (
        _kernel(index, queries, task)
        | _two_threads(index, queries, task.k)
        | _small_batches(index, queries, task.k)
        | _checked(index, queries.part(0, min(N_CHECKED, len(queries))), task.k)
    )


@dataclass(slots=True)
class _Timed:
    """A compiled function that notes its time and what it was called with."""

    function: Any
    seconds: float = 0
    calls: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, *arguments: Any) -> None:
        """Call the function, which returns nothing."""
        began = time.process_time()
        self.function(*arguments)
        self.seconds += time.process_time() - began
        self.calls.append(inspect.signature(self.function.py_func).bind(*arguments).arguments)


def _kernel(index: Bm25Index, queries: TokenIds, task: Task) -> Figures:
    """Time the compiled functions by themselves, and count what they must read."""
    runs = []
    for _ in range(N_TIMES):
        walking, rescoring = _Timed(walk), _Timed(rescore)
        with patch.object(bm25, "walk", walking), patch.object(bm25, "rescore", rescoring):
            search(index, queries, task.k)
        runs.append((walking.seconds + rescoring.seconds, walking.seconds))
    kernel_s, walk_s = min(runs)
    kept = np.concatenate(
        [row[:n] for call in rescoring.calls for row, n in zip(call["documents"], call["n"], strict=True)]
    )
    postings = index.postings
    of_entry = np.where(postings.counts == DENSE, BLOCK, 3 * postings.counts.astype(np.int64))
    of_term = np.bincount(postings.block_terms, weights=of_entry, minlength=n_terms_of(task.corpus))
    of_document = 8 * np.diff(index.forward_offsets)
    n_bytes = of_term[queries.ids].sum() + of_document[kept].sum()
    return {
        "walk_us_per_query": round(1e6 * walk_s / len(queries), 1),
        "rescore_us_per_query": round(1e6 * (kernel_s - walk_s) / len(queries), 1),
        "kernel_queries_per_core_s": round(len(queries) / kernel_s, 1),
        "kept_per_query": round(len(kept) / len(queries), 1),
        "asked_again_n": sum(len(call["n"]) for call in rescoring.calls) - len(queries),
        "read_kb_per_query": round(n_bytes / len(queries) / 1e3, 1),
        "read_gb_per_s": round(n_bytes / kernel_s / 1e9, 2),
    }


def _two_threads(index: Bm25Index, queries: TokenIds, k: int) -> Figures:
    clocks = {1: float("inf"), 2: float("inf")}
    for _ in range(N_TIMES):
        for n_threads in clocks:
            began = time.perf_counter()
            search(index, queries, k, n_threads=n_threads)
            clocks[n_threads] = min(clocks[n_threads], time.perf_counter() - began)
    return {"two_threads_to_one_clock_rate_ratio": round(clocks[1] / clocks[2], 2)}


def _small_batches(index: Bm25Index, queries: TokenIds, k: int) -> Figures:
    figures = {}
    for n, n_batches in SMALL_BATCHES.items():
        firsts = range(0, len(queries) - n + 1, n)[:n_batches]
        batches = [queries.part(first, first + n) for first in firsts]

        def answer(batches: list[TokenIds] = batches) -> None:
            for batch in batches:
                search(index, batch, k)

        _, seconds = fastest(answer)
        figures[f"batch_of_{n}_ms_per_query"] = round(1e3 * seconds / (n * len(batches)), 3)
    return figures


def _checked(index: Bm25Index, queries: TokenIds, k: int) -> Figures:
    """Count the queries that find something else when every document is scored."""
    documents, scores = search(index, queries, k)
    with patch.object(bm25, "_fits", lambda queries: np.zeros(len(queries), np.bool_)):  # no sum fits 16 bits
        all_documents, all_scores = search(index, queries, k)
    is_same = (documents == all_documents).all(axis=1) & (scores == all_scores).all(axis=1)
    return {"checked_n": len(queries), "checked_differing_n": int((~is_same).sum())}
