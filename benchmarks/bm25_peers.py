"""Search engines beside `mining.bm25`: each indexes a corpus of token ids and searches it with one thread.

Each function runs in a process of its own. What is timed is the search of all queries, prepared beforehand in
the form that the engine takes, down to the documents and scores that it returns: processor time, the fastest
of N_TIMES after a warm-up.

bm25s: Numba backend, method lucene, what ours is compared with. tantivy: one segment, block-max WAND; it
rounds the length of documents as Lucene does. PISA: the compiled part of pyterrier-pisa, used without
PyTerrier and Java; block_simdbp, documents in their order, exact scores; block-max WAND over 64 postings a
block or MaxScore, whichever is faster. Its idf is Robertson's, and its time of building begins at the
inverted lists.
"""

import ctypes
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.synthetic_tokens import documents_of, n_terms_of, queries_of
from mining.token_ids import TokenIds

K = 200
K1, B = 1.2, 0.75
N_TIMES = 3
N_WARM_UP = 16

Documents = NDArray[np.int32]
Scores = NDArray[np.float32]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Task:
    """What an engine is asked."""

    corpus: Path
    """A folder of `benchmarks.synthetic_tokens`."""
    scratch: Path
    """A folder for its index."""
    k: int
    n_queries: int


@dataclass(frozen=True, slots=True)
class Found:
    """What an engine found, `(n_queries, k)` with -1 and 0 where there was no more, and what it took."""

    documents: Documents
    scores: Scores
    figures: Figures


def search_bm25s(task: Task) -> Found:
    """Search with bm25s."""
    n_terms = n_terms_of(task.corpus)
    numbers = np.arange(n_terms).astype(object)  # each id one object, in however many lists
    texts = [text for batch in documents_of(task.corpus) for text in _lists(batch, numbers)]
    began = time.process_time()
    engine = import_module("bm25s").BM25(method="lucene", k1=K1, b=B, backend="numba")
    engine.index((texts, {str(term): term for term in range(n_terms)}), show_progress=False)
    build_s = time.process_time() - began
    del texts
    queries = list(_lists(queries_of(task.corpus, task.n_queries), numbers))

    def search(n: int) -> Any:
        return engine.retrieve(queries[:n], k=task.k, n_threads=1, show_progress=False)

    began = time.process_time()
    search(N_WARM_UP)
    jit_s = time.process_time() - began
    result, search_s = fastest(lambda: search(task.n_queries))
    found = result.scores > 0
    documents = np.where(found, result.documents, -1).astype(np.int32)
    scores = np.where(found, result.scores, 0).astype(np.float32)
    return Found(documents, scores, _figures(task, build_s, search_s) | {"jit_s": round(jit_s, 2)})


def search_tantivy(task: Task) -> Found:
    """Search with tantivy."""
    tantivy = import_module("tantivy")
    names = _names(n_terms_of(task.corpus))
    schema = (
        tantivy.SchemaBuilder()
        .add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        .build()
    )
    task.scratch.mkdir()
    began = time.process_time()
    index = tantivy.Index(schema, path=str(task.scratch))
    writer = index.writer(heap_size=3_000_000_000, num_threads=1)
    for batch in documents_of(task.corpus):
        for words in _lists(batch, names):
            document = tantivy.Document()
            document.add_text("text", " ".join(words))
            writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    build_s = time.process_time() - began
    index.reload()
    searcher = index.searcher()
    if searcher.num_segments != 1:
        raise SystemExit(f"tantivy made {searcher.num_segments} segments: raise the size of its heap.")
    query, should = tantivy.Query, tantivy.Occur.Should
    queries = [
        query.boolean_query([(should, query.term_query(schema, "text", w, "freq")) for w in words])
        for words in _lists(queries_of(task.corpus, task.n_queries), names)
    ]

    def search(n: int) -> list[Any]:
        return [searcher.search(asked, limit=task.k, count=False).hits for asked in queries[:n]]

    search(N_WARM_UP)
    hits, search_s = fastest(lambda: search(task.n_queries))
    documents = np.full((task.n_queries, task.k), -1, np.int32)
    scores = np.zeros((task.n_queries, task.k), np.float32)
    for row, of_query in enumerate(hits):
        for column, (score, address) in enumerate(of_query):
            documents[row, column], scores[row, column] = address.doc, score
    return Found(documents, scores, _figures(task, build_s, search_s))


def search_pisa(task: Task) -> Found:
    """Search with PISA."""
    pisa = _pisathon()
    names = _write_inverted_lists(task)
    began = time.process_time()
    context = pisa.RetrievalContext()
    with _quiet():
        for name, lexicon in (("documents", "doclex"), ("terms", "termlex")):
            pisa.build_binlex(str(task.scratch / f"fwd.{name}"), str(task.scratch / f"fwd.{lexicon}"))
        pisa.prepare_index(
            context, str(task.scratch), "block_simdbp", "bm25", "", block_size=64, bm25_k1=K1, bm25_b=B
        )
    build_s = time.process_time() - began
    texts = _lists(queries_of(task.corpus, task.n_queries), names)
    queries = [(number, dict.fromkeys(words, 1.0)) for number, words in enumerate(texts)]
    n_results = task.n_queries * task.k
    results = {
        "result_qidxs": np.empty(n_results, np.int32),
        "result_docnos": np.empty(n_results, object),
        "result_ranks": np.empty(n_results, np.int32),
        "result_scores": np.empty(n_results, np.float32),
    }

    def search(n: int, algorithm: str) -> int:
        asked = queries[:n]
        n_found: int = pisa.retrieve(
            context, algorithm, asked, k=task.k, threads=1, pretokenised=1, **results
        )
        return n_found

    seconds = {}
    for algorithm in ("block_max_wand", "maxscore"):
        search(N_WARM_UP, algorithm)
        n_found, seconds[algorithm] = fastest(partial(search, task.n_queries, algorithm))
    place = results["result_qidxs"][:n_found], results["result_ranks"][:n_found]
    documents = np.full((task.n_queries, task.k), -1, np.int32)
    scores = np.zeros((task.n_queries, task.k), np.float32)
    documents[place] = results["result_docnos"][:n_found].astype(np.int32)
    scores[place] = results["result_scores"][:n_found]
    figures = _figures(task, build_s, min(seconds.values()))
    del figures["peak_mb"]  # it would be that of NumPy making the inverted lists
    rates = {f"{name}_queries_per_core_s": round(task.n_queries / s, 1) for name, s in seconds.items()}
    return Found(documents, scores, figures | rates)


@dataclass(frozen=True, slots=True)
class Peer:
    """An engine that may be installed."""

    package: str
    distribution: str
    search: Callable[[Task], Found]
    n_queries: int
    is_same_formula: bool = False


PEERS = {
    "bm25s": Peer("bm25s", "bm25s", search_bm25s, 4096, is_same_formula=True),
    "tantivy": Peer("tantivy", "tantivy", search_tantivy, 1024),
    "pisa": Peer(
        "pyterrier_pisa", "'pyterrier-pisa==0.4.9' 'tbb<=2020.3.254' (--no-deps)", search_pisa, 1024
    ),
}


def is_installed(peer: Peer) -> bool:
    """Tell whether an engine can be measured here."""
    return find_spec(peer.package) is not None


def fastest(run: Callable[[], Any], *, n_times: int = N_TIMES) -> tuple[Any, float]:
    """Return what a function returns, and the least processor time that it took."""
    least = float("inf")
    for _ in range(n_times):
        began = time.process_time()
        result = run()
        least = min(least, time.process_time() - began)
    return result, least


def peak_mb() -> float:
    """Return the largest resident set of this process so far: on Linux, where exec does not inherit it."""
    status = Path("/proc/self/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(kilobytes) / 1024)


def _figures(task: Task, build_s: float, search_s: float) -> Figures:
    return {
        "queries_n": task.n_queries,
        "queries_per_core_s": round(task.n_queries / search_s, 1),
        "build_s": round(build_s, 2),
        "peak_mb": peak_mb(),
    }


def _names(n_terms: int) -> NDArray[np.object_]:
    """Return terms as words, which sort as their numbers do."""
    return np.array([f"{term:08d}" for term in range(n_terms)], dtype=object)


def _lists(texts: TokenIds, names: NDArray[np.object_]) -> Iterator[list[Any]]:
    """Yield what stands for the tokens of each text."""
    named = names[texts.ids].tolist()
    offsets = texts.offsets.tolist()
    for text in range(len(texts)):
        yield named[offsets[text] : offsets[text + 1]]


def _pisathon() -> Any:
    """Load PISA's extension by its path: the package around it wants Java."""
    ctypes.CDLL(str(Path(sys.prefix) / "lib" / "libtbb.so.2"), mode=ctypes.RTLD_GLOBAL)
    folder = Path(sysconfig.get_paths()["platlib"]) / "pyterrier_pisa"
    loader = ExtensionFileLoader("_pisathon", str(next(folder.glob("_pisathon*.so"))))
    spec = spec_from_loader("_pisathon", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@contextmanager
def _quiet() -> Iterator[None]:
    """Let compiled code print nowhere."""
    streams = (1, 2)
    kept = [os.dup(stream) for stream in streams]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in streams:
            os.dup2(nowhere, stream)
        yield
    finally:
        for stream, copy in zip(streams, kept, strict=True):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)


def _write_inverted_lists(task: Task) -> NDArray[np.object_]:
    """Write PISA's uncompressed collection; return the names of all terms.

    Each list is its length, then as many numbers; the documents' file begins with a list of their number.
    """
    batches = list(documents_of(task.corpus))
    lengths = np.concatenate([np.diff(batch.offsets) for batch in batches])
    n = len(lengths)
    tokens = np.concatenate([batch.ids for batch in batches]).astype(np.int64)
    keys, counts = np.unique(tokens * n + np.repeat(np.arange(n), lengths), return_counts=True)
    terms, starts = np.unique(keys // n, return_index=True)
    sizes = np.diff(np.append(starts, len(keys)))
    task.scratch.mkdir()
    for name, values, head in (("docs", keys % n, [1, n]), ("freqs", counts, [])):
        lists = np.insert(values, starts, sizes)
        np.concatenate([head, lists]).astype(np.uint32).tofile(task.scratch / f"inv.{name}")
    np.concatenate([[n], lengths]).astype(np.uint32).tofile(task.scratch / "inv.sizes")
    names = _names(n_terms_of(task.corpus))
    (task.scratch / "fwd.terms").write_text("".join(f"{name}\n" for name in names[terms]))
    (task.scratch / "fwd.documents").write_text("".join(f"{document:08d}\n" for document in range(n)))
    return names
