"""What the tasks of `faqtory mine` read: queries with their positives, and rows of tables in their order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from mining.negatives_block import Keys, Longs, Queries, id_keys
from pipeline.core.parts import read_part, read_part_batches
from pipeline.core.records import Qrel, Query
from pipeline.core.table import Record, arrow_schema

QUERIES_AT_ONCE = 2_000
"""Queries that are searched, scored or decided on together: with 400 candidates each some 100 MB."""

_ROWS = 65_536
_COLUMNS = ("query_id", "language", "text", "site", "split", "question_key", "group_ids", "n_positives")


@dataclass(frozen=True, slots=True)
class QueryBlock:
    """Some queries of a part, in its order, with their positives."""

    ids: list[str]
    texts: list[str]
    queries: Queries
    positive_query: Longs
    """Row of the query, `(n_positives,)`, ascending."""
    positive_ids: pa.Array
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
            positive_ids=qrels["doc_id"].take(mine).combine_chunks(),
            max_positives=pc.max(some["n_positives"]).as_py() or 0,
        )


class QueryRows:
    """Reads a part of a table whose rows stand in the order of the queries, block by block.

    What is held is a block's rows and one batch.
    """

    def __init__(self, work: str, record: type[Record], shard_id: str, columns: Sequence[str]) -> None:
        self._batches = read_part_batches(work, record, shard_id, columns=columns, n_rows=_ROWS)
        self._schema = pa.schema([arrow_schema(record).field(name) for name in columns])
        self._left: pa.RecordBatch | None = None

    def of(self, block: QueryBlock) -> tuple[pa.Table, Longs]:
        """Return the rows of the next block, and each one's row of the block."""
        ids = pa.array(block.ids, pa.string())
        found, rows = [], [np.empty(0, np.int64)]
        while (batch := self._left or next(self._batches, None)) is not None:
            row = pc.index_in(batch["query_id"], ids)
            n = len(row) if not row.null_count else pc.index(pc.is_null(row), True).as_py()
            found.append(batch.slice(0, n))
            rows.append(np.asarray(row.slice(0, n), dtype=np.int64))
            self._left = batch.slice(n) if n < batch.num_rows else None
            if self._left is not None:
                break
        return pa.Table.from_batches(found, self._schema), np.concatenate(rows)

    @property
    def is_at_end(self) -> bool:
        """Tell whether all rows have been read."""
        return self._left is None and next(self._batches, None) is None


def first_64_bits(ids: pa.Array) -> NDArray[np.uint64]:
    """Return the first half of ids of 32 hex digits, as `mining.negatives_block.id_keys` does."""
    ids = pa.concat_arrays([ids])  # drops an offset
    digits = np.frombuffer(ids.buffers()[2] or b"", np.uint8)[: 32 * len(ids)].reshape(-1, 32)[:, :16]
    values = np.where(digits > ord("9"), digits - (ord("a") - 10), digits - ord("0"))
    return (values[:, ::2] << 4 | values[:, 1::2]).view(">u8").ravel().astype(np.uint64)


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
