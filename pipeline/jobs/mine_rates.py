"""How fast this machine mines, measured on a sample of one language, with the code of the run.

The sample is a small retrieval set in a temporary folder: first documents of the language and first queries,
which are any, since their order is that of hashes. Each query is given some document as its positive; for the
dense search the vectors of a few documents stand for all. Everything runs in this process on one core, or the
GPU, after a first round that nobody times, in which code is compiled. What is held: the sample's texts, some
20 MB, and the models.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.dense_model import load_dense_model
from mining.model_source import ModelSource
from mining.negatives import Selection
from mining.negatives_block import Longs
from mining.rerank import score_pairs
from mining.scorers import load_scorer
from mining.sentence_models import device_of
from pipeline.core import storage
from pipeline.core.config import Config
from pipeline.core.language_parts import LanguagePart
from pipeline.core.manifest import Commit, Shard, part_path
from pipeline.core.parts import open_part, read_part, read_part_batches
from pipeline.core.records import Candidate, Document, DocumentVector, Qrel, Query
from pipeline.core.table import Record, arrow_schema
from pipeline.jobs.language_index import language_index
from pipeline.jobs.language_index_build import IndexRequest, reading_of
from pipeline.jobs.mine_parts import embed_part, one_thread, search_part
from pipeline.jobs.score_parts import select_part

N_DOCUMENTS = 20_000
N_QUERIES = 500
N_EMBEDDED = 256
N_PAIRS = 256

_N_FIRST_ROUND = 64
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Rates:
    """A second's work of one core, or of the GPU for models; None for what was not measured."""

    embed: float | None = None
    """Documents."""
    index: float | None = None
    """Documents, of which the indexes are built."""
    search: float | None = None
    """Queries, among `n_documents`."""
    n_documents: int = 0
    select: float | None = None
    """Candidates."""
    teachers: dict[int, float] = field(default_factory=dict)
    """Pairs, by the teacher's place."""
    is_gpu: bool = False
    """Models are on a GPU, which all processes share."""
    sample: dict[str, Any] = field(default_factory=dict)
    """What was measured on."""


def measure_rates(
    work: str,
    parts: Sequence[Commit],
    *,
    language: str,
    model: ModelSource | None,
    teachers: Sequence[ModelSource],
    config: Config,
) -> Rates:
    """Measure; `parts` are the language's.

    `model` is None where nothing is to be embedded, or the model is still to be trained; teachers that are
    have no revision, and are left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        sample = _Sample(folder, language, model, config)
        documents = sample.write(work, parts)
        n_queries = sample.queries.num_rows
        embed = sample.embed() if model else None
        index = search = select = None
        if model or config.mining.bm25:
            index, search, select = sample.mine()
        scored = {no: sample.score(t) for no, t in enumerate(teachers) if t.revision is not None}
        language_index.cache_clear()  # whose files go with the folder
    is_gpu = bool(model or scored) and not device_of(config.mining.device, section="mining").startswith("cpu")
    shown = {"language": language, "n_documents": documents, "n_queries": n_queries}
    shown |= {"n_embedded": min(N_EMBEDDED, documents)} if model else {}
    shown |= {"n_pairs": N_PAIRS} if scored else {}
    return Rates(embed, index, search, documents, select, scored, is_gpu, shown)


class _Sample:
    """A small retrieval set, whose parts all have one name; what tells them apart is the shard's version."""

    def __init__(self, folder: str, language: str, model: ModelSource | None, config: Config) -> None:
        self.queries: pa.Table = pa.table({})
        self._documents: pa.Table = pa.table({})
        self._folder, self._language, self._model, self._config = folder, language, model, config
        self._name = LanguagePart(language, 0, 1).name

    def write(self, work: str, parts: Sequence[Commit]) -> int:
        """Take the sample, and return its number of documents."""
        ids, split = [commit.shard.id for commit in parts], self._config.mining.split
        self._documents = _first_rows(work, Document, ids, split=split, n=N_DOCUMENTS)
        self.queries = _first_rows(work, Query, ids, split=split, n=N_QUERIES)
        for part, n in (("few", N_EMBEDDED), ("first", _N_FIRST_ROUND), ("all", N_DOCUMENTS)):
            documents, queries = self._documents.slice(0, n), self.queries.slice(0, n)
            self._write(Document, part, documents)
            self._write(Query, part, queries)
            self._write(Qrel, part, _qrels(queries, documents))
        return int(self._documents.num_rows)

    def embed(self) -> float:
        """Return documents a second; what is embedded then stands for all."""
        model, reading, shard = self._model, reading_of(self._config.mining), self._shard("few")
        assert model is not None
        load_dense_model(model, reading)
        sources = {self._name: shard.id}
        took = _timed(
            lambda: embed_part(shard, sources=sources, work=self._folder, model=model, reading=reading)
        )
        vectors = read_part(self._folder, DocumentVector, shard.id, ("vector",))["vector"]
        for part, n in (("first", _N_FIRST_ROUND), ("all", N_DOCUMENTS)):
            ids = self._documents.slice(0, n)["doc_id"]
            rows = pa.array(np.arange(len(ids)) % len(vectors))
            self._write(DocumentVector, part, pa.table({"doc_id": ids, "vector": vectors.take(rows)}))
        return len(vectors) / took

    def mine(self) -> tuple[float, float, float]:
        """Return documents indexed, queries searched for, and candidates decided on, a second each."""
        self._round("first")
        return self._round("all")

    def _round(self, part: str) -> tuple[float, float, float]:
        shard = self._shard(part)
        ids = (shard.id,)
        request = IndexRequest(
            work=self._folder,
            cache=f"{self._folder}/cache-{part}",
            language=self._language,
            documents=ids,
            vectors=ids if self._model else (),
            queries=ids,
            model=self._model,
            config=self._config.mining,
        )
        requests, sources = {self._language: request}, {self._name: shard.id}
        built = _timed(lambda: language_index(request))
        searched = _timed(lambda: search_part(shard, sources=sources, requests=requests))
        selection = Selection(n_negatives=self._config.negatives.n_negatives)
        selected = _timed(
            lambda: select_part(
                shard,
                sources=sources,
                candidates=sources,
                scores={},
                requests=requests,
                selections={self._language: selection},
                scale=None,
            )
        )
        n_candidates = read_part(self._folder, Candidate, shard.id, ("rank",)).num_rows
        return self._documents.num_rows / built, self.queries.num_rows / searched, n_candidates / selected

    def score(self, teacher: ModelSource) -> float:
        """Return pairs a second, of queries with candidates of any rank."""
        scorer = load_scorer(teacher, reading_of(self._config.mining))
        one_thread()
        query, document = self._pairs()
        took = _timed(
            lambda: score_pairs(
                query,
                document,
                queries=self.queries["text"].to_pylist(),
                documents=self._documents["text"].to_pylist(),
                scorer=scorer,
            )
        )
        return len(query) / took

    def _pairs(self) -> tuple[Longs, Longs]:
        """Return N_PAIRS of the candidates found, evenly spread; where none were searched for, any pairs."""
        path = part_path(self._folder, Candidate.TABLE, self._shard("all").id)
        if not storage.exists(path):
            numbers = np.arange(N_PAIRS)
            return numbers % self.queries.num_rows, numbers % self._documents.num_rows
        found = read_part(self._folder, Candidate, self._shard("all").id, ("query_id", "doc_id"))
        rows = pa.array(np.unique(np.linspace(0, found.num_rows - 1, N_PAIRS).astype(np.int64)))
        return (
            _rows_of(found["query_id"].take(rows), self.queries["query_id"]),
            _rows_of(found["doc_id"].take(rows), self._documents["doc_id"]),
        )

    def _shard(self, part: str) -> Shard:
        return Shard.of(self._name, "sample", version=part, settings="")

    def _write(self, record: type[Record], part: str, table: pa.Table) -> None:
        with open_part(self._folder, record, self._shard(part).id) as out:
            for batch in table.cast(arrow_schema(record)).to_batches():
                out.add_batch(batch)


def _first_rows(work: str, record: type[Record], shard_ids: Sequence[str], *, split: str, n: int) -> pa.Table:
    """Return the first `n` rows of a split."""
    found: list[pa.RecordBatch] = []
    n_found = 0
    for shard_id in shard_ids:
        columns = arrow_schema(record).names
        for batch in read_part_batches(work, record, shard_id, columns=columns, n_rows=_ROWS):
            found.append(batch.filter(pc.equal(batch["split"], split)).slice(0, n - n_found))
            n_found += found[-1].num_rows
            if n_found == n:
                return pa.Table.from_batches(found)
    return pa.Table.from_batches(found, arrow_schema(record))


def _qrels(queries: pa.Table, documents: pa.Table) -> pa.Table:
    """Give each query one document as its positive: any, for it only has to be there."""
    n = queries.num_rows
    rows = pa.array(np.arange(n) % max(documents.num_rows, 1))
    ones = np.ones(n, np.int64)
    columns = {
        "query_id": queries["query_id"],
        "doc_id": documents["doc_id"].take(rows),
        "relevance": ones,
        "language": queries["language"],
        "split": queries["split"],
        "pair_id": queries["pair_id"],
        "n_pairs": ones,
    }
    return pa.table(columns)


def _rows_of(wanted: pa.ChunkedArray, ids: pa.ChunkedArray) -> Longs:
    return np.asarray(pc.index_in(wanted, ids.combine_chunks()), dtype=np.int64)


def _timed(do: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began
