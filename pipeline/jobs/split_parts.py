"""The parts of `corpus`, `queries` and `qrels`: each shard in a task, counted as they stand there."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core import storage
from pipeline.core.language_parts import LanguagePart
from pipeline.core.manifest import Commit, Shard, part_path, write_commit
from pipeline.core.outcomes import ShardOutcome
from pipeline.core.parts import open_part
from pipeline.core.records import Document, Qrel, Query
from pipeline.core.stages import SPLIT
from pipeline.core.table import Record, arrow_schema
from pipeline.jobs.frames import spread

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS_PER_BATCH = 10_000

MAX_READERS = 32
"""Parts that are counted at a time: on object stores each costs a wait."""


@dataclass(slots=True)
class SplitCount:
    """What the tables hold of one language."""

    n_documents: int = 0
    n_queries: int = 0
    n_positives: int = 0
    """Rows of qrels."""
    queries: Counter[str] = field(default_factory=Counter)
    """By Split."""
    n_pairs_of_documents: int = 0
    n_pairs_of_qrels: int = 0

    def add(self, other: "SplitCount") -> None:
        """Add the numbers of another part."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def write_parts(queries: "DataFrame", corpus: "DataFrame", shards: Mapping[int, Shard], *, work: str) -> None:
    """Write all three tables' part of each shard; the rows of both frames have its number as `no`.

    `queries` have their positives in a list: structs of doc_id, pair_id and n_pairs.
    """

    def call(key: tuple[pa.Scalar, ...], queries: pa.Table, corpus: pa.Table) -> pa.Table:
        shard = shards[key[0].as_py()]
        found = queries.filter(queries["query_id"].is_valid())  # a shard without queries has one row of nulls
        _write_part(shard, found, corpus, work=work)
        return pa.table({"shard_id": [shard.id]})

    named = queries.sparkSession.createDataFrame([(no,) for no in shards], "no int")
    left = spread(named, "no").join(spread(queries, "no"), "no", "left").groupBy("no")
    left.cogroup(spread(corpus, "no").groupBy("no")).applyInArrow(call, "shard_id string").collect()


def _write_part(shard: Shard, queries: pa.Table, corpus: pa.Table, *, work: str) -> None:
    queries = queries.sort_by("query_id")
    n_positives = pc.list_value_length(queries["positives"]).cast(pa.int64())
    tables: tuple[tuple[type[Record], pa.Table], ...] = (
        (Document, corpus.sort_by("doc_id")),
        (Query, queries.append_column("n_positives", n_positives)),
        (Qrel, _qrels(queries)),
    )
    rows = {record.TABLE: _write_table(table, record, shard, work=work) for record, table in tables}
    write_commit(work, SPLIT.name, Commit(shard, ShardOutcome.READ, rows))


def _qrels(queries: pa.Table) -> pa.Table:
    """Return a row for each positive, in the order of queries and of their lists."""
    queries = queries.combine_chunks()
    positives = pc.list_flatten(queries["positives"])
    of_query = queries.select(["query_id", "language", "split"]).take(
        pc.list_parent_indices(queries["positives"])
    )
    columns = {name: pc.struct_field(positives, name) for name in ("doc_id", "pair_id", "n_pairs")}
    relevance = pa.array([1] * len(positives), pa.int64())
    return pa.table({**{n: of_query[n] for n in of_query.column_names}, **columns, "relevance": relevance})


def _write_table(table: pa.Table, record: type[Record], shard: Shard, *, work: str) -> int:
    schema = arrow_schema(record)
    ordered = table.select(schema.names).cast(schema).combine_chunks()
    with open_part(work, record, shard.id) as part:
        for batch in ordered.to_batches(max_chunksize=ROWS_PER_BATCH):
            part.add_batch(batch)
    return part.n_rows


def split_counts(work: str, commits: Sequence[Commit]) -> dict[str, SplitCount]:
    """Count what the written parts hold, by language."""
    counts: dict[str, SplitCount] = {}
    with ThreadPoolExecutor(MAX_READERS) as pool:
        for commit, count in zip(commits, pool.map(partial(_part_count, work), commits), strict=True):
            counts.setdefault(LanguagePart.of(commit.shard).language, SplitCount()).add(count)
    return counts


def _part_count(work: str, commit: Commit) -> SplitCount:
    read: Callable[[type[Record], str], pa.ChunkedArray] = partial(_column, work, commit.shard)
    return SplitCount(
        n_documents=commit.rows[Document.TABLE],
        n_queries=commit.rows[Query.TABLE],
        n_positives=commit.rows[Qrel.TABLE],
        queries=Counter({c["values"]: c["counts"] for c in read(Query, "split").value_counts().to_pylist()}),
        n_pairs_of_documents=pc.sum(read(Document, "n_pairs")).as_py() or 0,
        n_pairs_of_qrels=pc.sum(read(Qrel, "n_pairs")).as_py() or 0,
    )


def _column(work: str, shard: Shard, record: type[Record], name: str) -> pa.ChunkedArray:
    with storage.open_read(part_path(work, record.TABLE, shard.id)) as stream:
        return pq.ParquetFile(stream).read([name])[name]


def check_counts(counts: Mapping[str, SplitCount], n_pairs: Mapping[str, int]) -> None:
    """Assert that each pair is in exactly one qrel and one document of its language, and nothing is lost."""
    assert {language: count.n_pairs_of_qrels for language, count in counts.items()} == n_pairs, "pairs lost"
    for language, count in counts.items():
        assert count.n_pairs_of_documents == count.n_pairs_of_qrels, f"documents in {language} lost"
        assert count.queries.total() == count.n_queries, f"queries in {language} lost"
