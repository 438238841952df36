"""Tables, one after the other, as rows of one file."""

import json
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core import storage
from pipeline.core.parts import ROW_GROUP_BYTES


class FileType(StrEnum):
    """How rows are written."""

    PARQUET = "parquet"
    JSONL = "jsonl"


def write_tables(path: str, tables: Iterator[pa.Table], file_type: FileType) -> int:
    """Write tables of one schema into a file that appears complete; no file where there is no table.

    Returns the number of rows. What is held is a table and, of Parquet, a row group.
    """
    first = next(tables, None)
    if first is None:
        return 0
    write = _write_parquet if file_type is FileType.PARQUET else _write_json
    with storage.open_write(path) as stream:
        return write(stream, first.schema, chain([first], tables))


def _write_parquet(stream: BinaryIO, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    n_rows = n_bytes = 0
    held: list[pa.Table] = []
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for table in tables:
            held.append(table)
            n_rows, n_bytes = n_rows + table.num_rows, n_bytes + table.nbytes
            if n_bytes >= ROW_GROUP_BYTES:
                _write_group(writer, held)
                held, n_bytes = [], 0
        _write_group(writer, held)
    return n_rows


def _write_group(writer: pq.ParquetWriter, tables: list[pa.Table]) -> None:
    if tables:
        group = pa.concat_tables(tables)
        writer.write_table(group, row_group_size=group.num_rows)


def _write_json(stream: BinaryIO, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    n_rows = 0
    for table in tables:
        assert table.schema.equals(schema)
        for row in table.to_pylist():
            stream.write(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n".encode())
        n_rows += table.num_rows
    return n_rows
