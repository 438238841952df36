"""Write and read one shard's rows of one table, in bounded memory."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core import storage
from pipeline.core.manifest import part_path
from pipeline.core.table import Record, arrow_batch, arrow_schema

ROWS_PER_BATCH = 200
"""Rows turned into Arrow at a time: what a writer holds as Python objects."""

ROW_GROUP_BYTES = 32 << 20
"""Uncompressed bytes after which a row group is closed: what a writer holds as Arrow."""


class PartWriter:
    """Collects rows and writes them as row groups; holds at most one batch of rows and one row group."""

    def __init__(self, stream: BinaryIO, record: type[Record]) -> None:
        self.n_rows = 0
        self._record = record
        self._rows: list[Any] = []
        self._batches: list[pa.RecordBatch] = []
        self._n_bytes = 0
        self._parquet = pq.ParquetWriter(stream, arrow_schema(record), compression="zstd")

    def add(self, row: Any) -> None:
        """Add one record."""
        self._rows.append(row)
        self.n_rows += 1
        if len(self._rows) >= ROWS_PER_BATCH:
            self._to_arrow()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add rows that are Arrow already; their schema must be the table's."""
        self._to_arrow()
        self.n_rows += batch.num_rows
        self._keep(batch)

    def close(self) -> None:
        """Write what is held, and the file's footer."""
        self._to_arrow()
        self._to_file()
        self._parquet.close()

    def abandon(self) -> None:
        """End the file without what is still held; it will not appear."""
        self._parquet.close()

    def _to_arrow(self) -> None:
        if self._rows:
            batch = arrow_batch(self._rows, self._record)
            self._rows = []
            self._keep(batch)

    def _keep(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._batches.append(batch)
        self._n_bytes += batch.nbytes
        if self._n_bytes >= ROW_GROUP_BYTES:
            self._to_file()

    def _to_file(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches)
            self._parquet.write_table(table, row_group_size=table.num_rows)
            self._batches, self._n_bytes = [], 0


@contextlib.contextmanager
def open_part(work: str, record: type[Record], shard_id: str) -> Iterator[PartWriter]:
    """Write a shard's file; it appears when the block ends without an error."""
    with storage.open_write(part_path(work, record.TABLE, shard_id)) as stream:
        writer = PartWriter(stream, record)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.close()


def read_part(work: str, record: type[Record], shard_id: str, columns: Sequence[str] = ()) -> pa.Table:
    """Return a shard's rows of one table, all columns or the named ones, in the order of the file."""
    with storage.open_read(part_path(work, record.TABLE, shard_id)) as stream:
        return pq.ParquetFile(stream).read(list(columns) or None)


def read_part_batches(
    work: str, record: type[Record], shard_id: str, *, columns: Sequence[str], n_rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield the same in batches of at most `n_rows`."""
    with storage.open_read(part_path(work, record.TABLE, shard_id)) as stream:
        for batch in pq.ParquetFile(stream).iter_batches(batch_size=n_rows, columns=list(columns)):
            yield batch.select(list(columns))
