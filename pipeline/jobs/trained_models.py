"""Models that `faqtory mine` trains itself, on the corpus's own training split, where none is named.

They stand in the work folder, by a key of everything that they were trained on, and are trained once. What
the driver holds: at most MAX_PAIRS questions with their answers.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mining.bootstrap import Recipe
from mining.dense_model import train_dense_model
from mining.model_source import ModelSource, find_model, mining_library
from mining.teacher import BOOTSTRAP_TEACHER, Example, train_teacher
from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.manifest import Commit
from pipeline.core.outcomes import Split
from pipeline.core.parts import read_part, read_part_batches
from pipeline.core.records import Candidate, Document, Qrel, Query
from pipeline.jobs.mine_parts import one_thread

BOOTSTRAP = "bootstrap"
MAX_PAIRS = Recipe().max_pairs
_MAX_EXAMPLES = 3_000
_NEGATIVES = 20
"""Of a question that the teacher learns from: the first that no pair calls an answer."""
_ROWS = 10_000

Parts = Mapping[str, Sequence[Commit]]
"""Shards by language."""


def dense_bootstrap(work: str, parts: Parts, *, key: str) -> ModelSource:
    """Return the embedder trained on questions and answers of the training split of all languages."""
    return _trained(
        work, key, BOOTSTRAP, lambda out: train_dense_model(_training_pairs(work, parts), out=out)
    )


def teacher_bootstrap(work: str, parts: Parts, candidates: Parts, *, key: str) -> ModelSource:
    """Return the teacher trained on questions, their answers, and candidates that are none."""
    return _trained(
        work, key, BOOTSTRAP_TEACHER, lambda out: train_teacher(_examples(work, parts, candidates), out=out)
    )


def trained_before(work: str, *, key: str, is_teacher: bool) -> ModelSource | None:
    """Return the embedder or teacher that an earlier run trained; None where none did."""
    folder = _folder(work, key, BOOTSTRAP_TEACHER if is_teacher else BOOTSTRAP)
    return find_model(str(folder)) if storage.is_local(work) and folder.is_dir() else None


def _folder(work: str, key: str, name: str) -> Path:
    return Path(work) / "models" / key / name


def _trained(work: str, key: str, name: str, train: Callable[[Path], object]) -> ModelSource:
    if not storage.is_local(work):
        raise ConfigError(
            f"{work} is no local folder, which what is trained here is kept in; name models with "
            "--set mining.dense_model=ID and --teacher ID."
        )
    folder = _folder(work, key, name)
    if not folder.is_dir():
        unfinished = folder.with_name(f"{name}.tmp") / name
        shutil.rmtree(unfinished.parent, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        mining_library("torch")
        one_thread()  # a training of small steps gains nothing by a second one
        train(unfinished)
        unfinished.rename(folder)
        unfinished.parent.rmdir()
    return find_model(str(folder))


def _training_pairs(work: str, parts: Parts) -> Iterator[tuple[str, str, str, str]]:
    """Yield question, answer, language and site of at most MAX_PAIRS queries, the same share of all parts."""
    n_queries = sum(commit.rows[Query.TABLE] for commits in parts.values() for commit in commits)
    share = min(1.0, MAX_PAIRS / max(n_queries, 1))
    for language, commits in parts.items():
        queries = _joined(work, Query, commits, ("query_id", "text", "site", "split"), share=share)
        qrels = _joined(work, Qrel, commits, ("query_id", "doc_id", "split"), share=share)
        texts = _texts(work, commits, qrels["doc_id"])
        rows = zip(*(queries[name].to_pylist() for name in ("query_id", "text", "site")), strict=True)
        by_id = {query_id: (text, site) for query_id, text, site in rows}
        for query_id, doc_id in zip(qrels["query_id"].to_pylist(), qrels["doc_id"].to_pylist(), strict=True):
            if query_id in by_id and doc_id in texts:
                question, site = by_id[query_id]
                yield question, texts[doc_id], language, site


def _joined(
    work: str, record: type, commits: Sequence[Commit], columns: tuple[str, ...], *, share: float
) -> pa.Table:
    """Return the rows of the training split with the smallest ids of each part: hashes, and so any."""
    tables = []
    for commit in commits:
        table = read_part(work, record, commit.shard.id, columns)
        ids = table["query_id"]
        n_ids = round(share * pc.count_distinct(ids).as_py())
        last = pc.unique(ids)[n_ids - 1] if n_ids else pa.scalar("")
        of_split = pc.equal(table["split"], Split.TRAIN.value)
        tables.append(table.filter(pc.and_(of_split, pc.less_equal(ids, last))))
    return pa.concat_tables(tables)


def _texts(work: str, commits: Sequence[Commit], wanted: pa.ChunkedArray) -> dict[str, str]:
    """Return the texts of some documents, by id."""
    wanted = pc.unique(wanted)
    texts: dict[str, str] = {}
    for commit in commits:
        for batch in read_part_batches(
            work, Document, commit.shard.id, columns=("doc_id", "text"), n_rows=_ROWS
        ):
            mine = batch.filter(pc.is_in(batch["doc_id"], wanted))
            texts |= zip(mine["doc_id"].to_pylist(), mine["text"].to_pylist(), strict=True)
    return texts


def _examples(work: str, parts: Parts, candidates: Parts) -> Iterator[Example]:
    """Yield questions with an answer and _NEGATIVES candidates, as many of each language."""
    n_each = max(1, _MAX_EXAMPLES // max(len(candidates), 1))
    for language, commits in candidates.items():
        table = read_part(work, Candidate, commits[0].shard.id, ("query_id", "doc_id", "rank", "is_positive"))
        chosen = pc.unique(table["query_id"]).slice(0, n_each)
        table = table.filter(pc.is_in(table["query_id"], chosen))
        others = table.filter(
            pc.and_(pc.invert(table["is_positive"]), pc.less_equal(table["rank"], 2 * _NEGATIVES))
        )
        of_language = parts[language]
        qrels = _with_ids(work, Qrel, of_language, ("query_id", "doc_id"), chosen)
        queries = _with_ids(work, Query, of_language, ("query_id", "text"), chosen)
        texts = _texts(
            work, of_language, pa.chunked_array([*others["doc_id"].chunks, *qrels["doc_id"].chunks])
        )
        questions = dict(zip(*(queries[name].to_pylist() for name in ("query_id", "text")), strict=True))
        positives = dict(zip(*(qrels[name].to_pylist() for name in ("query_id", "doc_id")), strict=True))
        negatives: dict[str, list[str]] = {}
        for query_id, doc_id in zip(
            others["query_id"].to_pylist(), others["doc_id"].to_pylist(), strict=True
        ):
            negatives.setdefault(query_id, []).append(texts[doc_id])
        for query_id in chosen.to_pylist():
            answer = texts[positives[query_id]]
            yield Example(questions[query_id], answer, negatives.get(query_id, [])[:_NEGATIVES])


def _with_ids(
    work: str, record: type, commits: Sequence[Commit], columns: tuple[str, ...], ids: pa.Array
) -> pa.Table:
    tables = (read_part(work, record, commit.shard.id, columns) for commit in commits)
    return pa.concat_tables([table.filter(pc.is_in(table["query_id"], ids)) for table in tables])
