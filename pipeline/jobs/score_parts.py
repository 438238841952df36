"""What one task of `faqtory mine` does with candidates: let teachers score them, decide which are negatives.

Teachers are slow: each block of queries is written to a file of its own as soon as it is scored, and a run
that was ended goes on after the last one. What grows: a worker holds a block (some 100 MB with its texts) and
the models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mining.model_source import ModelSource
from mining.negatives import Selection, select
from mining.negatives_block import Block, Candidates, Flags, Longs, Positives, Scores, ScoreScale
from mining.negatives_rules import Decision
from mining.rerank import score_cascade
from mining.scorers import load_scorer
from pipeline.core import storage
from pipeline.core.language_parts import LanguagePart
from pipeline.core.manifest import Commit, Shard
from pipeline.core.parts import open_part, read_part
from pipeline.core.records import Candidate, Negative, TeacherScore
from pipeline.core.stages import RERANK, SELECT
from pipeline.core.table import arrow_schema
from pipeline.jobs.language_index import LanguageIndex, language_index
from pipeline.jobs.language_index_build import reading_of
from pipeline.jobs.mine_parts import Requests, Sources, committed, one_thread
from pipeline.jobs.mine_tables import QueryBlock, QueryRows, query_blocks

_QUERIES_SCORED_AT_ONCE = 500
"""With 200 candidates each 100,000 pairs: what a kill may cost."""

_CANDIDATE = ("query_id", "doc_id", "rank", "is_positive")
_DECISIONS = pa.array([decision.value for decision in Decision])


@dataclass(frozen=True, slots=True)
class Listed:
    """Candidates of a block's queries and then, query by query, the positives that no search found."""

    query: Longs
    """Row of the query in the block, ascending."""
    document: Longs
    rank: Longs
    """Of a candidate; 0 for a positive that is none."""
    is_positive: Flags


def rerank_part(
    shard: Shard,
    *,
    sources: Sources,
    candidates: Sources,
    requests: Requests,
    teachers: tuple[ModelSource, ...],
) -> Commit:
    """Score the candidates and positives of the queries of one part."""
    request = requests[LanguagePart.of(shard).language]
    index = language_index(request)
    one_thread()
    found = QueryRows(request.work, Candidate, candidates[shard.input], _CANDIDATE)
    folder = storage.join(request.work, "checkpoints", RERANK.name, shard.id)
    blocks = query_blocks(
        request.work, sources[shard.input], split=request.config.split, n_queries=_QUERIES_SCORED_AT_ONCE
    )
    paths = []
    for no, block in enumerate(blocks):
        paths.append(storage.join(folder, f"{no:06d}.parquet"))
        listed = _listed(block, found, index)
        if not storage.exists(paths[-1]):
            scored = _scored(block, listed, index, teachers)
            with storage.open_write(paths[-1]) as stream:
                pq.write_table(scored, stream, compression="zstd")
    with open_part(request.work, TeacherScore, shard.id) as out:
        for path in paths:
            with storage.open_read(path) as stream:
                for batch in pq.ParquetFile(stream).read().combine_chunks().to_batches():
                    out.add_batch(batch.cast(arrow_schema(TeacherScore)))
    commit = committed(shard, {TeacherScore.TABLE: out.n_rows}, work=request.work, stage=RERANK.name)
    storage.delete_folder(folder)
    return commit


def select_part(
    shard: Shard,
    *,
    sources: Sources,
    candidates: Sources,
    scores: Sources,
    requests: Requests,
    selections: Mapping[str, Selection],
    scale: ScoreScale | None,
) -> Commit:
    """Decide on the candidates of the queries of one part; without a teacher `scale` is None."""
    language = LanguagePart.of(shard).language
    request, selection = requests[language], selections[language]
    index = language_index(request)
    one_thread()
    found = QueryRows(request.work, Candidate, candidates[shard.input], _CANDIDATE)
    scored = None
    if scale is not None:
        scored = QueryRows(request.work, TeacherScore, scores[shard.input], ("query_id", "doc_id", "score"))
    with open_part(request.work, Negative, shard.id) as out:
        for block in query_blocks(request.work, sources[shard.input], split=request.config.split):
            listed = _listed(block, found, index)
            score = _scores_of(block, listed, scored, index)
            out.add_batch(_decided(block, listed, score, index, selection=selection, scale=scale))
    assert found.is_at_end, "candidates of unknown queries"
    return committed(shard, {Negative.TABLE: out.n_rows}, work=request.work, stage=SELECT.name)


def _listed(block: QueryBlock, candidates: QueryRows, index: LanguageIndex) -> Listed:
    found, query = candidates.of(block)
    document = index.numbers(found["doc_id"].combine_chunks())
    positive = index.numbers(block.positive_ids)
    n = max(len(index), 1)
    missed = ~np.isin(block.positive_query * n + positive, query * n + document)
    queries = np.concatenate([query, block.positive_query[missed]])
    order = np.argsort(queries, kind="stable")
    return Listed(
        query=queries[order],
        document=np.concatenate([document, positive[missed]])[order],
        rank=np.concatenate([found["rank"].to_numpy(), np.zeros(missed.sum(), np.int64)])[order],
        is_positive=np.concatenate([np.asarray(found["is_positive"]), np.ones(missed.sum(), np.bool_)])[
            order
        ],
    )


def _scored(
    block: QueryBlock, listed: Listed, index: LanguageIndex, teachers: tuple[ModelSource, ...]
) -> pa.Table:
    numbers, document = np.unique(listed.document, return_inverse=True)
    scores = score_cascade(
        listed.query,
        document,
        queries=block.texts,
        documents=index.texts(numbers),
        scorers=[load_scorer(teacher, reading_of(index.request.config)) for teacher in teachers],
        n_next=index.request.config.teacher_depth,
        always=listed.is_positive,
    )
    last, first = scores[-1].astype(np.float64), scores[0].astype(np.float64)
    n, is_cascade = len(last), len(teachers) > 1
    columns = {
        "query_id": pa.array(block.ids, pa.string()).take(pa.array(listed.query)),
        "doc_id": index.ids(listed.document),
        "is_positive": listed.is_positive,
        "score": pa.array(last, mask=np.isnan(last)),
        "teacher": pa.repeat(teachers[-1].label, n),
        "first_score": pa.array(first) if is_cascade else pa.nulls(n, pa.float64()),
        "first_teacher": pa.repeat(teachers[0].label, n) if is_cascade else pa.nulls(n, pa.string()),
    }
    schema = arrow_schema(TeacherScore)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _scores_of(block: QueryBlock, listed: Listed, scored: pa.Table | None, index: LanguageIndex) -> Scores:
    """Return the teacher's score of each listed document, NaN without one."""
    if scored is None:
        return np.full(len(listed.query), np.nan, np.float32)
    rows, query = scored.of(block)
    assert np.array_equal(query, listed.query), "scores are not those of the candidates"
    assert np.array_equal(index.numbers(rows["doc_id"].combine_chunks()), listed.document), (
        "scores are misaligned"
    )
    score: Scores = pc.fill_null(rows["score"], float("nan")).to_numpy().astype(np.float32)
    return score


def _decided(
    block: QueryBlock,
    listed: Listed,
    score: Scores,
    index: LanguageIndex,
    *,
    selection: Selection,
    scale: ScoreScale | None,
) -> pa.RecordBatch:
    is_candidate = listed.rank > 0
    query, document = listed.query[is_candidate], listed.document[is_candidate]
    rank, score_of = listed.rank[is_candidate], score[is_candidate]
    selected = select(
        Block(
            queries=block.queries,
            candidates=Candidates(query, document, rank.astype(np.int32), score_of),
            positives=Positives(
                listed.query[listed.is_positive],
                listed.document[listed.is_positive],
                score[listed.is_positive],
            ),
            scale=scale,
        ),
        index.documents,
        selection=selection,
    )
    columns = {
        "query_id": pa.array(block.ids, pa.string()).take(pa.array(query)),
        "doc_id": index.ids(document),
        "language": pa.repeat(index.request.language, len(query)),
        "decision": _DECISIONS.take(pa.array(selected.codes)),
        "place": pa.array(selected.places.astype(np.int64), mask=selected.places == 0),
        "rank": pa.array(rank),
        "score": pa.array(score_of.astype(np.float64), mask=np.isnan(score_of)),
    }
    schema = arrow_schema(Negative)
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def score_columns(work: str, shard_ids: list[str]) -> Iterator[Scores]:
    """Yield the scores of candidates that are no positives, a part at a time."""
    for shard_id in shard_ids:
        table = read_part(work, TeacherScore, shard_id, ("is_positive", "score"))
        others = table["score"].filter(pc.invert(table["is_positive"])).drop_null()
        yield others.to_numpy().astype(np.float32)
