"""Rows and batches on their way into one part of a table."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core import parts
from pipeline.core.errors import ConfigError
from pipeline.core.manifest import part_path
from pipeline.core.parts import open_part, read_part, read_part_batches
from pipeline.core.records import StepCount
from pipeline.core.table import arrow_batch, arrow_schema


def count(n):
    return StepCount("eng", None, n, 0)


def batch(*numbers):
    return arrow_batch(map(count, numbers), StepCount)


def written(work, adding, record=StepCount):
    """Write a part; returns the file and the number of rows that the writer counted."""
    with open_part(str(work), record, "s") as part:
        for item in adding:
            part.add_batch(item) if isinstance(item, pa.RecordBatch) else part.add(item)
    return pq.ParquetFile(part_path(str(work), record.TABLE, "s")), part.n_rows


def numbers(file):
    return file.read()["n_ended"].to_pylist()


def test_rows_and_batches_stay_in_the_order_they_came(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "ROWS_PER_BATCH", 2)
    adding = [count(0), batch(1, 2), count(3), count(4), count(5), batch(), batch(6), count(7)]
    file, n_rows = written(tmp_path, adding)
    assert numbers(file) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert n_rows == 8
    assert file.schema_arrow.equals(arrow_schema(StepCount), check_metadata=True)


def test_a_row_group_ends_when_it_holds_enough_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", batch(1, 2).nbytes + 1)
    file, _ = written(tmp_path, [batch(1, 2), batch(3), batch(4, 5), batch(6)])
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [3, 3]
    assert numbers(file) == [1, 2, 3, 4, 5, 6]


def test_a_part_without_rows_is_an_empty_table(tmp_path):
    for adding in ([], [batch()]):
        file, n_rows = written(tmp_path, adding)
        assert (numbers(file), n_rows, file.num_row_groups) == ([], 0, 0)


def test_a_batch_of_another_table_is_refused_and_no_part_appears(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", 1)
    other = pa.RecordBatch.from_pydict({"language": ["eng"]})
    with pytest.raises(ValueError, match="schema"):
        written(tmp_path, [batch(1), other])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A work folder with a part of three row groups, numbered from 0."""
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", batch(1, 2).nbytes)
    file, _ = written(tmp_path, [batch(0, 1), batch(2, 3), batch(4)])
    assert file.num_row_groups == 3
    return str(tmp_path)


def test_a_part_is_read_as_it_was_written(part):
    table = read_part(part, StepCount, "s")
    assert table.schema.equals(arrow_schema(StepCount))
    assert table["n_ended"].to_pylist() == [0, 1, 2, 3, 4]
    assert set(table["language"].to_pylist()) == {"eng"}


def test_some_columns_of_a_part(part):
    table = read_part(part, StepCount, "s", ("n_ended", "language"))
    assert set(table.column_names) == {"n_ended", "language"}
    assert table["n_ended"].to_pylist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("n_rows", [1, 2, 3, 100])
def test_a_part_in_batches(part, n_rows):
    found = list(read_part_batches(part, StepCount, "s", columns=("n_ended", "language"), n_rows=n_rows))
    assert max(batch.num_rows for batch in found) <= n_rows
    assert [n for batch in found for n in batch["n_ended"].to_pylist()] == [0, 1, 2, 3, 4]
    assert {tuple(batch.schema.names) for batch in found} == {("n_ended", "language")}, (
        "as they are asked for"
    )


def test_an_empty_part_has_columns_and_no_batch(tmp_path):
    written(tmp_path, [])
    assert read_part(str(tmp_path), StepCount, "s", ("n_ended",)).schema.names == ["n_ended"]
    batches = read_part_batches(str(tmp_path), StepCount, "s", columns=("n_ended",), n_rows=9)
    assert sum(batch.num_rows for batch in batches) == 0


def test_a_part_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"part-s\.parquet"):
        read_part(str(tmp_path), StepCount, "s")
