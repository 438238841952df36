"""What exact BM25 search costs as the corpus grows, beside other engines and the machine, in one run.

    python benchmarks/bm25.py [--documents 100000 200000 500000 1000000] [--queries 8192] [--json FILE]

Synthetic corpora and queries as token ids (`benchmarks/synthetic_tokens.py`), the same ids for all engines:
`mining.bm25` and those of `benchmarks/bm25_peers.py` that are installed, k = 200, k1 = 1.2, b = 0.75. Each
engine runs in a process of its own with one thread; queries a core-second are by processor time of the
process, from token ids to documents and scores, the fastest of three. Peers answer the first of the queries
alone, as many as `queries n` says.

Ours is checked in the same run: each query's documents must be those of bm25s but for ties (scores closer
than TOLERANCE), and on some queries those of a search that scores every document. Where they are not, the run
fails. tantivy and PISA have other formulas; how often they find the same documents is for information.

Of ours besides: the kernel alone (`walk` and `rescore`, without counting tokens and sorting keys), two
threads against one by the clock, small batches, compilation (first use in a fresh process with an empty
cache, and with a full one), and the share of the memory-bandwidth limit: what all queries read, each by
itself, of postings, rows and the forward index of documents kept, over the kernel's time, against NumPy
summing an array of 1 GB. Queries of a batch share what they read, in cache, so that the share might exceed 1.
Memory is the largest resident set, mapped files included.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # this file's own folder would hide the package `mining`

from benchmarks.bm25_peers import PEERS, Figures, Found, K, Task, fastest, is_installed
from benchmarks.synthetic_tokens import make_corpus, n_terms_of

SIZES = (100_000, 200_000, 500_000, 1_000_000)
TOLERANCE = 1e-5
"""Relative difference of scores that float32 sums may have."""
STREAM_BYTES = 1 << 30


def run(sizes: Sequence[int], *, n_queries: int, folder: Path) -> Figures:
    """Measure everything; return the figures as one flat object."""
    figures: Figures = {"k_n": K, **in_child(compiling, folder / "tiny"), "stream_gb_per_s": in_child(stream)}
    missing = [peer for peer in PEERS.values() if not is_installed(peer)]
    for peer in missing:
        print(f"Left out, for it is not installed: {peer.package} (pip install {peer.distribution}).")
    for n_documents in sizes:
        corpus = folder / "corpus"
        in_child(make_corpus, corpus, n_documents, n_queries=n_queries)
        for name, value in of_size(corpus, n_queries, folder).items():
            figures[f"documents_{n_documents}_{name}"] = value
        shutil.rmtree(corpus)
    return figures | limits(figures, sizes) | growth(figures, sizes)


def of_size(corpus: Path, n_queries: int, folder: Path) -> Figures:
    """Measure one corpus: ours, then each of the others."""
    from benchmarks import bm25_ours  # not in the processes of others, for it needs Numba

    task = Task(corpus, folder / "index", K, n_queries)
    figures = {"terms_n": n_terms_of(corpus), **named("ours", in_child(bm25_ours.build, task))}
    ours: Found = in_child(bm25_ours.search_all, task)
    figures |= named("ours", ours.figures | in_child(bm25_ours.besides, task))
    shutil.rmtree(task.scratch)
    for name, peer in PEERS.items():
        if is_installed(peer):
            found = in_child(peer.search, Task(corpus, task.scratch, K, min(peer.n_queries, n_queries)))
            shutil.rmtree(task.scratch, ignore_errors=True)
            same = compared(ours, found, is_same_formula=peer.is_same_formula)
            figures |= named(name, found.figures | same)
            rate = figures["ours_queries_per_core_s"] / found.figures["queries_per_core_s"]
            figures[f"ours_to_{name}_rate_ratio"] = round(rate, 2)
    return figures


def named(engine: str, figures: Figures) -> Figures:
    """Put an engine's name before its figures."""
    return {f"{engine}_{name}": value for name, value in figures.items()}


def in_child(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a function in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **options).result()


def compiling(folder: Path) -> Figures:
    """Measure the first use of our engine with an empty cache of compiled code, then with a full one."""
    from benchmarks import bm25_ours

    in_child(make_corpus, folder, 1000, n_queries=8)
    task = Task(folder, folder, K, 8)
    return {f"jit_{cache}_s": in_child(bm25_ours.warm_up, task) for cache in ("empty_cache", "full_cache")}


def stream() -> float:
    """Return how fast memory is read in order, in GB/s."""
    numbers = np.ones(STREAM_BYTES // 8, np.int64)
    _, seconds = fastest(numbers.sum, n_times=7)
    return round(STREAM_BYTES / seconds / 1e9, 2)


def compared(ours: Found, found: Found, *, is_same_formula: bool) -> Figures:
    """Return how far a peer's answers are ours."""
    n = len(found.documents)
    keys, scores = _keys(ours.documents[:n]), ours.scores[:n]
    peer_keys, peer_scores = _keys(found.documents), found.scores
    is_common = np.isin(keys, peer_keys)
    figures = {
        "same_documents_ratio": round(float(is_common.all(axis=1).mean()), 4),
        "common_documents_ratio": round(float(is_common.mean()), 4),
    }
    if is_same_formula:
        lasts = np.minimum(scores.min(axis=1), peer_scores.min(axis=1))[:, None] * (1 + TOLERANCE)
        differing = (~is_common & (scores > lasts)) | (~np.isin(peer_keys, keys) & (peer_scores > lasts))
        gaps = np.abs(np.sort(scores, axis=1) - np.sort(peer_scores, axis=1)) / scores.max()
        figures["differing_beyond_ties_n"] = int(differing.sum())
        figures["largest_score_gap_ratio"] = float(f"{gaps.max():.1e}")
    return figures


def _keys(documents: Any) -> Any:
    """Return what tells a query's document from any other's."""
    return np.arange(len(documents))[:, None] * (1 << 32) + documents


def limits(figures: Figures, sizes: Sequence[int]) -> Figures:
    """Return the share of the memory-bandwidth limit."""
    return {
        f"documents_{n}_ours_read_to_stream_ratio": round(
            figures[f"documents_{n}_ours_read_gb_per_s"] / figures["stream_gb_per_s"], 3
        )
        for n in sizes
    }


def growth(figures: Figures, sizes: Sequence[int]) -> Figures:
    """Return what a document costs in the largest corpus over the smallest; 1 is linear."""
    measures: dict[str, Callable[[Figures], float]] = {
        "search_time": lambda of: 1 / of["queries_per_core_s"],
        "build_time": lambda of: of["build_s"],
        "index_bytes": lambda of: of["index_mb"],
        "build_memory": lambda of: of["build_peak_mb"],
        "search_memory": lambda of: of["search_peak_mb"],
    }
    costs = []
    for n in (min(sizes), max(sizes)):
        head = f"documents_{n}_ours_"
        of = {name.removeprefix(head): value for name, value in figures.items() if name.startswith(head)}
        costs.append({name: measure(of) / n for name, measure in measures.items()})
    return {
        f"ours_{name}_per_document_largest_to_smallest_ratio": round(costs[1][name] / costs[0][name], 3)
        for name in measures
    }


def show(figures: Figures, sizes: Sequence[int], console: Console) -> None:
    """Print the figures as a table, a column for each size."""
    table = Table("documents", *(f"{n:,}" for n in sizes), box=None)
    heads = [f"documents_{n}_" for n in sizes]
    for name in dict.fromkeys(
        key.removeprefix(head) for head in heads for key in figures if key.startswith(head)
    ):
        cells = (figures.get(head + name, "") for head in heads)
        table.add_row(name.replace("_", " "), *(f"{c:,}" if c != "" else "" for c in cells))
    console.print(table)
    for key, value in figures.items():
        if not key.startswith(tuple(heads)):
            console.print(f"{key.replace('_', ' ')}: {value:,}")


def check(figures: Figures) -> None:
    """Fail where our answers are wrong."""
    wrong = ("ours_checked_differing_n", "bm25s_differing_beyond_ties_n")
    for key, value in figures.items():
        if key.endswith(wrong) and value:
            raise SystemExit(f"Our answers are wrong: {key} is {value}.")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs="+", default=SIZES, help="sizes of the corpora")
    parser.add_argument("--queries", type=int, default=8192, help="of each corpus")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = str(Path(folder) / "numba")
        figures = run(options.documents, n_queries=options.queries, folder=Path(folder))
    show(figures, options.documents, Console(width=150))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    check(figures)


if __name__ == "__main__":
    main()
