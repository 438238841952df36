"""What the tasks of `faqtory mine` read of the retrieval set: queries with their positives, as arrays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from mining.negatives_block import Keys, Longs, Queries, id_keys
from pipeline.core.parts import read_part
from pipeline.core.records import Qrel, Query

QUERIES_AT_ONCE = 2_000
"""Queries that are searched, scored or decided on together: with 400 candidates each some 100 MB."""

_COLUMNS = ("query_id", "language", "text", "site", "split", "question_key", "group_ids", "n_positives")


@dataclass(frozen=True, slots=True)
class QueryBlock:
    """Some queries of a part, in its order, with their positives."""

    ids: list[str]
    texts: list[str]
    queries: Queries
    positive_query: Longs
    """Row of the query, `(n_positives,)`, ascending."""
    positive_ids: list[str]
    """The documents' ids."""
    max_positives: int
    """Of one query."""

    def __len__(self) -> int:
        return len(self.ids)


def query_blocks(
    work: str, shard_id: str, *, split: str, n_queries: int = QUERIES_AT_ONCE
) -> Iterator[QueryBlock]:
    """Yield the queries of a split in one part of `queries`, `n_queries` at a time."""
    queries = _of_split(read_part(work, Query, shard_id, _COLUMNS), split)
    qrels = _of_split(read_part(work, Qrel, shard_id, ("query_id", "doc_id", "split")), split)
    row = np.asarray(pc.index_in(qrels["query_id"], queries["query_id"]).combine_chunks(), dtype=np.int64)
    for first in range(0, queries.num_rows, n_queries):
        some = queries.slice(first, n_queries)
        mine = np.flatnonzero((row >= first) & (row < first + some.num_rows))
        ids = some["query_id"].to_pylist()
        yield QueryBlock(
            ids=ids,
            texts=some["text"].to_pylist(),
            queries=Queries(
                id=id_keys(ids),
                site=text_keys(some["site"].to_pylist()),
                question=some["question_key"].to_numpy(),
                groups=csr(some["group_ids"], id_keys),
            ),
            positive_query=row[mine] - first,
            positive_ids=qrels["doc_id"].take(mine).to_pylist(),
            max_positives=pc.max(some["n_positives"]).as_py() or 0,
        )


def text_keys(texts: list[str]) -> Longs:
    """Return a 64-bit hash of each text."""
    hashes = (xxhash.xxh3_64_intdigest(text.encode()) for text in texts)
    return np.fromiter(hashes, np.uint64, len(texts)).view(np.int64)


def csr(lists: pa.ChunkedArray, keys_of: Callable[[list[Any]], Longs]) -> Keys:
    """Return a column of lists as keys, with what turns the listed values into keys."""
    column = lists.combine_chunks()
    lengths = np.asarray(pc.list_value_length(column), dtype=np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Keys(keys_of(pc.list_flatten(column).to_pylist()), offsets)


def _of_split(table: pa.Table, split: str) -> pa.Table:
    return table.filter(pc.equal(table["split"], split)).combine_chunks()
