"""From a record dataclass to its Arrow schema, and from records to Arrow batches."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, get_args, get_origin, get_type_hints

import pyarrow as pa

_ARROW = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    datetime: pa.timestamp("us", tz="UTC"),
}


class Record(Protocol):
    """A frozen dataclass of `pipeline.core.records` that has a table of its own."""

    TABLE: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@cache
def arrow_schema(record: type[Record]) -> pa.Schema:
    """Return the table's Arrow schema; its metadata names the table and the schema version."""
    metadata = {"faqtory.table": record.TABLE, "faqtory.schema_version": str(record.SCHEMA_VERSION)}
    return pa.schema(_arrow_fields(record), metadata=metadata)


def arrow_batch(rows: Iterable[Any], record: type[Record]) -> pa.RecordBatch:
    """Turn records of one class into one Arrow batch; raises ValueError for a null in a required column."""
    schema = arrow_schema(record)
    rows = list(rows)
    columns = []
    for field in schema:
        values = [getattr(row, field.name) for row in rows]
        if pa.types.is_nested(field.type):
            values = [_plain(value) for value in values]
        column = pa.array(values, type=field.type)
        if column.null_count and not field.nullable:
            raise ValueError(f"column {field.name} of table {record.TABLE} must not be null")
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def column_docs(record: type[Any]) -> dict[str, str]:
    """Return each column's description: the docstring below its field, or its name in words."""
    docs = {f.name: f.name.replace("_", " ") for f in fields(record)}
    for base in reversed(record.__mro__[:-1]):
        docs |= {name: text for name, text in _field_docs(base) if name in docs}
    return docs


def _field_docs(record: type[Any]) -> Iterator[tuple[str, str]]:
    body = ast.parse(textwrap.dedent(inspect.getsource(record))).body[0]
    assert isinstance(body, ast.ClassDef)
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match following:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield statement.target.id, inspect.cleandoc(text)


def parse_utc(text: str | None) -> datetime | None:
    """Read a WARC-Date (ISO 8601, any precision) as UTC; None where it is missing or no date."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # such as 0001-01-01T00:00:00+10:00, which is in no year in UTC
        return None


def _arrow_fields(record: type[Any]) -> list[pa.Field]:
    hints = get_type_hints(record)
    return [_arrow_field(f.name, hints[f.name]) for f in fields(record)]


def _arrow_field(name: str, hint: Any) -> pa.Field:
    nullable = get_origin(hint) is UnionType
    if nullable:
        (hint,) = (arm for arm in get_args(hint) if arm is not NoneType)
    return pa.field(name, _arrow_type(hint), nullable=nullable)


def _arrow_type(hint: Any) -> pa.DataType:
    if get_origin(hint) is list:
        return pa.list_(pa.field("element", _arrow_type(get_args(hint)[0]), nullable=False))
    if is_dataclass(hint):
        return pa.struct(_arrow_fields(hint))  # type: ignore[arg-type]
    return _ARROW[hint]


def _plain(value: Any) -> Any:
    """Turn lists of records, and records, into what Arrow takes for lists and structs."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return value
