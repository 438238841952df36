"""What one task of `faqtory mine` does: embed a part of `corpus`, search for a part of `queries`.

What grows: a worker holds a block of queries with its candidates (`QUERIES_AT_ONCE`), some 100 MB, and of the
language's indexes what it touches.
"""

import sys
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from mining.bm25 import search
from mining.dense_model import Reading, load_dense_model
from mining.fusion import Fused, fuse
from mining.model_source import ModelSource, mining_library
from mining.ranking import Ranking
from pipeline.core.language_parts import LanguagePart
from pipeline.core.manifest import Commit, Shard, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part, read_part_batches
from pipeline.core.records import Candidate, Document, DocumentVector
from pipeline.core.stages import EMBED, SEARCH
from pipeline.core.table import arrow_schema
from pipeline.jobs.language_index import LanguageIndex, language_index
from pipeline.jobs.language_index_build import IndexRequest
from pipeline.jobs.mine_tables import QueryBlock, query_blocks

_TEXTS_AT_ONCE = 4096
"""Documents sorted by length and embedded together."""


Sources = Mapping[str, str]
"""Shard id by input: the parts of all stages are called alike (`LanguagePart.name`)."""

Requests = Mapping[str, IndexRequest]
"""By language."""


def one_thread() -> None:
    """Let this process work on one core, as others work beside it; results do not depend on it."""
    mining_library("threadpoolctl").threadpool_limits(1)
    if "torch" in sys.modules:
        mining_library("torch").set_num_threads(1)


def embed_part(shard: Shard, *, sources: Sources, work: str, model: ModelSource, reading: Reading) -> Commit:
    """Embed the documents of one part of `corpus`, in its order."""
    dense = load_dense_model(model, reading)
    one_thread()
    batches = read_part_batches(
        work, Document, sources[shard.input], columns=("doc_id", "text"), n_rows=_TEXTS_AT_ONCE
    )
    with open_part(work, DocumentVector, shard.id) as part:
        for batch in batches:
            vectors = dense.documents(batch["text"].to_pylist())
            binary = pa.array([row.tobytes() for row in vectors], pa.binary())
            part.add_batch(
                pa.RecordBatch.from_arrays([batch["doc_id"], binary], schema=arrow_schema(DocumentVector))
            )
    return committed(shard, {DocumentVector.TABLE: part.n_rows}, work=work, stage=EMBED.name)


def search_part(shard: Shard, *, sources: Sources, requests: Requests) -> Commit:
    """Find the candidates of the queries of one part."""
    one_thread()
    request = requests[LanguagePart.of(shard).language]
    index = language_index(request)
    with open_part(request.work, Candidate, shard.id) as out:
        for block in query_blocks(request.work, sources[shard.input], split=request.config.split):
            out.add_batch(_candidates(block, _found(block, index), index))
    return committed(shard, {Candidate.TABLE: out.n_rows}, work=request.work, stage=SEARCH.name)


def committed(shard: Shard, rows: dict[str, int], *, work: str, stage: str) -> Commit:
    """Record that a shard is finished."""
    commit = Commit(shard, ShardOutcome.READ, rows)
    write_commit(work, stage, commit)
    return commit


def _found(block: QueryBlock, index: LanguageIndex) -> Fused:
    config = index.request.config
    k = config.depth + block.max_positives  # so that enough are left without the positives
    bm25 = dense = None
    if config.bm25:
        bm25 = Ranking.of_table(*search(index.bm25, index.tokens(block.texts), k))
    if index.request.model is not None:
        dense = index.dense.search(index.model.queries(block.texts), k)
    return fuse(
        bm25,
        dense,
        positive_query=block.positive_query,
        positive_document=index.numbers(block.positive_ids),
        depth=config.depth,
        constant=config.rrf_constant,
    )


def _candidates(block: QueryBlock, found: Fused, index: LanguageIndex) -> pa.RecordBatch:
    by_bm25, by_dense = found.bm25_rank > 0, found.dense_rank > 0
    columns = {
        "query_id": pa.array(block.ids, pa.string()).take(pa.array(found.query)),
        "doc_id": index.ids(found.document),
        "language": pa.repeat(index.request.language, len(found.query)),
        "rank": found.rank.astype(np.int64),
        "rrf_score": found.score,
        "bm25_rank": pa.array(found.bm25_rank.astype(np.int64), mask=~by_bm25),
        "bm25_score": pa.array(found.bm25_score.astype(np.float64), mask=~by_bm25),
        "dense_rank": pa.array(found.dense_rank.astype(np.int64), mask=~by_dense),
        "dense_score": pa.array(found.dense_score.astype(np.float64), mask=~by_dense),
        "is_positive": found.is_positive,
    }
    schema = arrow_schema(Candidate)
    arrays = [pa.array(columns[name]) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
