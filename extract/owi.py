"""Reading the Open Web Index: Parquet files with one row a page, whose `faq` column holds extracted pairs."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.errors import ShardError, TransientError
from pipeline.core.outcomes import RecordOutcome
from pipeline.core.records import LostBytes
from pipeline.core.table import parse_utc

_TEXTS = ("title", "description", "keywords", "author")
_BUFFER_BYTES = 1 << 20

_UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)
"""What pyarrow raises on damaged files; UnicodeDecodeError is a ValueError."""


@dataclass(frozen=True, slots=True)
class OwiQuestion:
    """One element of the `faq` column; a missing question or answer is an empty string."""

    question: str
    answer: str
    language: str | None


@dataclass(frozen=True, slots=True)
class OwiPage:
    """One page with at least one question."""

    url: str
    row: int
    """Index of the page's row in the file, from 0."""
    title: str | None
    description: str | None
    keywords: str | None
    author: str | None
    date: str | None
    """When the page was fetched: ISO 8601 in UTC, as in WARC-Date; None where it is missing or no date."""
    questions: tuple[OwiQuestion, ...]


@dataclass(slots=True)
class OwiScan:
    """What was in a file; filled while it is read.

    Invariant at the end: n_rows = pages yielded + sum of outcomes + n_rows_lost.
    """

    n_rows: int = 0
    n_bytes: int = 0
    """Size of the file."""
    outcomes: Counter[RecordOutcome] = field(default_factory=Counter)
    """Rows that became no page: without questions (no_markup), without address (no_http), with texts that
    are not UTF-8 (undecodable)."""
    losses: list[LostBytes] = field(default_factory=list)
    """One for each row group that is damaged or holds fewer rows than it says (`damaged_row_group`,
    `missing_rows`): the stretch of it that had been read until then. Its members are the rows lost."""

    @property
    def n_bytes_lost(self) -> int:
        """Bytes of the stretches in which the damage is."""
        return sum(loss.n_bytes for loss in self.losses)

    @property
    def n_rows_lost(self) -> int:
        """Rows that could not be read."""
        return sum(loss.n_members for loss in self.losses)


def read_owi(stream: BinaryIO, *, scan: OwiScan, batch_rows: int = 256) -> Iterator[OwiPage]:
    """Yield the pages that have questions, in the file's order, holding one batch of rows at a time.

    Columns other than the ones needed are not read. A damaged row group is counted as lost from its first
    unreadable batch on, and the next one is read. Raises ShardError where the footer cannot be read or the
    columns are not as expected, TransientError where the stream itself fails.
    """
    watched = _Watched(stream)
    file = _open(watched)
    columns = _checked_columns(file.schema_arrow)
    scan.n_bytes = watched.n_bytes
    for index in range(file.num_row_groups):
        n_rows = file.metadata.row_group(index).num_rows
        batches = file.iter_batches(batch_rows, row_groups=[index], columns=columns, use_threads=False)
        watched.forget()
        n_read = 0
        while n_read < n_rows:
            batch = _next(batches, watched)
            if not isinstance(batch, pa.RecordBatch):
                scan.n_rows += n_rows - n_read
                scan.losses.append(watched.loss(batch, n_rows=n_rows - n_read))
                break
            yield from _pages(batch, scan.n_rows, scan=scan)
            scan.n_rows += batch.num_rows
            n_read += batch.num_rows


def _next(batches: Iterator[pa.RecordBatch], watched: "_Watched") -> pa.RecordBatch | str:
    """Return the next batch, or the reason of the loss where there is none."""
    try:
        return next(batches)
    except StopIteration:
        return "missing_rows"
    except _UNREADABLE:
        watched.check()
        return "damaged_row_group"


def _open(watched: "_Watched") -> pq.ParquetFile:
    try:
        return pq.ParquetFile(
            watched, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True
        )
    except _UNREADABLE as error:
        watched.check()
        raise ShardError(f"The file is no readable Parquet file: {_first_line(error)}.") from None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _checked_columns(schema: pa.Schema) -> list[str]:
    """Return the names of the columns to read.

    Raises ShardError that names a missing column or one of another type.
    """
    types = dict(zip(schema.names, schema.types, strict=True))
    for name in ("faq", "url"):
        if name not in types:
            raise ShardError(f"The column {name} is missing; the file has {', '.join(types) or 'none'}.")
    _check_faq(types["faq"])
    _check("url", types["url"], is_good=_is_text(types["url"]), expected="text")
    optional = [name for name in (*_TEXTS, "warc_date") if name in types]
    for name in optional:
        kind = types[name]
        if name == "warc_date":
            is_good = _is_text(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind)
            _check(name, kind, is_good=is_good, expected="text or a timestamp")
        else:
            is_good = _is_text(kind) or (_is_list(kind) and _is_text(kind.value_type))
            _check(name, kind, is_good=is_good, expected="text or a list of texts")
    return ["faq", "url", *optional]


def _check_faq(kind: pa.DataType) -> None:
    if pa.types.is_null(kind) or (_is_list(kind) and pa.types.is_null(kind.value_type)):
        return  # how writers store a column without any questions
    is_good = _is_list(kind) and pa.types.is_struct(kind.value_type)
    _check("faq", kind, is_good=is_good, expected="a list of structs")
    members = {member.name: member.type for member in kind.value_type.fields}
    for name in ("question", "answer", "language"):
        if name in members or name != "language":
            member = members.get(name)
            _check(f"faq.{name}", member, is_good=member is not None and _is_text(member), expected="text")


def _check(column: str, kind: pa.DataType | None, *, is_good: bool, expected: str) -> None:
    if not is_good:
        raise ShardError(f"The column {column} is {kind or 'missing'}; {expected} is expected.")


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    """Tell whether values are text, or all missing."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return any(test(kind) for test in tests)


def _pages(batch: pa.RecordBatch, first_row: int, *, scan: OwiScan) -> Iterator[OwiPage]:
    """Turn the rows with questions into pages; the others never leave Arrow."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    rows = _rows_with_questions(columns["faq"])
    scan.outcomes[RecordOutcome.NO_MARKUP] += batch.num_rows - len(rows)
    if "warc_date" in columns and pa.types.is_timestamp(columns["warc_date"].type):
        # Python has no nanoseconds, and Arrow's time zones need a database that may be missing
        columns["warc_date"] = columns["warc_date"].cast(pa.timestamp("us", tz="UTC"), safe=False)
    for row in rows:
        page = _page({name: column[row] for name, column in columns.items()}, first_row + row)
        if isinstance(page, OwiPage):
            yield page
        else:
            scan.outcomes[page] += 1


def _rows_with_questions(faq: pa.Array) -> list[int]:
    if pa.types.is_null(faq.type):
        return []
    n_questions = pc.fill_null(pc.list_value_length(faq), 0)
    return [int(row) for row in pc.indices_nonzero(n_questions).to_pylist()]


def _page(row: dict[str, pa.Scalar], index: int) -> OwiPage | RecordOutcome:
    try:
        url, faq = row["url"].as_py(), row["faq"].as_py()
        texts = [_text(row[name].as_py()) if name in row else None for name in _TEXTS]
    except UnicodeDecodeError:
        return RecordOutcome.UNDECODABLE
    questions = tuple(
        OwiQuestion(q["question"] or "", q["answer"] or "", q.get("language")) for q in faq if q
    )
    if not questions:
        return RecordOutcome.NO_MARKUP
    if not url:
        return RecordOutcome.NO_HTTP
    title, description, keywords, author = texts
    return OwiPage(
        url=url,
        row=index,
        title=title,
        description=description,
        keywords=keywords,
        author=author,
        date=_iso_date(row["warc_date"]) if "warc_date" in row else None,
        questions=questions,
    )


def _text(value: str | list[str | None] | None) -> str | None:
    if isinstance(value, list):
        return ", ".join(part for part in value if part) or None
    return value


def _iso_date(scalar: pa.Scalar) -> str | None:
    try:
        value: str | datetime | date | None = scalar.as_py()
    except (ValueError, OverflowError):
        return None  # no text, or a year beyond 9999
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    moment = parse_utc(value) if isinstance(value, str) else value
    return moment.isoformat().replace("+00:00", "Z") if moment else None


class _Watched(io.RawIOBase):
    """Passes a stream on to pyarrow, and remembers its faults and where it was read.

    Faults, because pyarrow reports damage by OSError, too; places, because asking a damaged file's metadata
    where its columns lie ends the process (pyarrow 26: C++ exceptions cross `noexcept` accessors).
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._fault: OSError | None = None
        self.forget()
        try:
            self.n_bytes = self.seek(0, io.SEEK_END)
        except OSError:
            self.check()

    def check(self) -> None:
        """Raise TransientError if the stream failed."""
        if self._fault:
            raise TransientError(f"Reading failed: {self._fault}. Try again later.") from self._fault

    def forget(self) -> None:
        """Begin a new stretch."""
        self._begin = self._end = -1

    def loss(self, reason: str, *, n_rows: int) -> LostBytes:
        """Describe the stretch that was read since `forget`."""
        begin = max(self._begin, 0)
        return LostBytes(begin, max(self._end, 0) - begin, n_rows, reason)

    def read(self, size: int = -1, /) -> bytes:
        """Read up to so many bytes."""
        try:
            begin = self._stream.tell()
            piece = self._stream.read(size)
        except OSError as error:
            self._fault = error
            raise
        self._begin = begin if self._begin < 0 else min(self._begin, begin)
        self._end = max(self._end, begin + len(piece))
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position."""
        try:
            return self._stream.seek(offset, whence)
        except OSError as error:
            self._fault = error
            raise

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be positioned."""
        return True
