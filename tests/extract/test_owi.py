"""The Open Web Index: rows to pages, missing columns, damaged row groups."""

import contextlib
import io
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.owi import OwiPage, OwiQuestion, OwiScan, read_owi
from pipeline.core.errors import ShardError, TransientError
from pipeline.core.outcomes import RecordOutcome

QUESTION = pa.struct([("question", pa.string()), ("answer", pa.string()), ("language", pa.string())])
FAQ = pa.list_(QUESTION)
TEXT = pa.string()
SCHEMA = pa.schema(
    [
        ("id", TEXT),
        ("url", TEXT),
        ("url_scheme", TEXT),
        ("title", TEXT),
        ("description", TEXT),
        ("keywords", TEXT),
        ("author", TEXT),
        ("warc_date", TEXT),
        ("plain_text", TEXT),
        ("faq", FAQ),
    ]
)


def qa(n: int, language: str | None = "en") -> dict[str, str | None]:
    return {"question": f"Question {n}?", "answer": f"Answer {n}.", "language": language}


def parquet(rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out, **options)
    return out.getvalue()


def numbered(n_rows: int) -> list[dict[str, Any]]:
    """Every third row has questions."""
    return [
        {"url": f"http://a.org/{i}", "faq": [qa(i)] if i % 3 == 0 else [], "plain_text": f"text {i} " * 50}
        for i in range(n_rows)
    ]


def read(content: bytes, **options: int) -> tuple[list[OwiPage], OwiScan]:
    """Read and check what must hold for every file."""
    scan = OwiScan()
    pages = list(read_owi(io.BytesIO(content), scan=scan, **options))
    assert scan.n_rows == len(pages) + scan.outcomes.total() + scan.n_rows_lost
    assert scan.n_bytes == len(content)
    return pages, scan


def test_rows_with_questions_become_pages() -> None:
    rows = [
        {"url": "http://a.org/", "faq": None},
        {"url": "http://b.org/", "faq": []},
        {
            "url": "https://c.org/faq",
            "title": "T",
            "description": "D",
            "keywords": "k, l",
            "author": "A",
            "warc_date": "2026-10-03T12:00:00Z",
            "faq": [qa(1), qa(2, None), None, {"question": None, "answer": "A", "language": ""}],
        },
        {"url": None, "faq": [qa(3)]},
        {"url": "http://d.org/", "faq": [None]},
    ]
    pages, scan = read(parquet(rows))
    assert pages == [
        OwiPage(
            url="https://c.org/faq",
            row=2,
            title="T",
            description="D",
            keywords="k, l",
            author="A",
            date="2026-10-03T12:00:00Z",
            questions=(
                OwiQuestion("Question 1?", "Answer 1.", "en"),
                OwiQuestion("Question 2?", "Answer 2.", None),
                OwiQuestion("", "A", ""),
            ),
        )
    ]
    assert scan.n_rows == 5
    assert scan.outcomes == Counter({RecordOutcome.NO_MARKUP: 3, RecordOutcome.NO_HTTP: 1})
    assert scan.losses == []


def test_optional_columns_may_be_missing() -> None:
    members = pa.struct([("question", TEXT), ("answer", TEXT)])
    schema = pa.schema([("faq", pa.list_(members)), ("url", TEXT)])
    (page,), _ = read(parquet([{"url": "http://a.org/", "faq": [{"question": "Q", "answer": "A"}]}], schema))
    assert (page.title, page.description, page.keywords, page.author, page.date) == (None,) * 5
    assert page.questions == (OwiQuestion("Q", "A", None),)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"url": TEXT}, "The column faq is missing; the file has url."),
        ({"faq": FAQ, "address": TEXT}, "The column url is missing; the file has faq, address."),
        ({"faq": TEXT, "url": TEXT}, "The column faq is string; a list of structs is expected."),
        (
            {"faq": pa.list_(TEXT), "url": TEXT},
            "The column faq is list<element: string>; a list of structs is",
        ),
        (
            {"faq": pa.list_(pa.struct([("question", TEXT)])), "url": TEXT},
            "The column faq.answer is missing; ",
        ),
        (
            {"faq": pa.list_(pa.struct([("question", TEXT), ("answer", pa.int64())])), "url": TEXT},
            "The column faq.answer is int64; text is expected.",
        ),
        ({"faq": FAQ, "url": pa.int64()}, "The column url is int64; text is expected."),
        (
            {"faq": FAQ, "url": TEXT, "title": pa.int8()},
            "The column title is int8; text or a list of texts is",
        ),
        (
            {"faq": FAQ, "url": TEXT, "warc_date": pa.int64()},
            "The column warc_date is int64; text or a timestamp",
        ),
    ],
)
def test_wrong_columns_are_named(columns: dict[str, pa.DataType], message: str) -> None:
    with pytest.raises(ShardError) as error:
        read(parquet([], pa.schema(list(columns.items()))))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "kind",
    [pa.list_(QUESTION), pa.large_list(QUESTION), pa.list_(QUESTION, 1), pa.list_(pa.null()), pa.null()],
)
def test_lists_of_every_kind_are_read(kind: pa.DataType) -> None:
    is_empty = "null" in str(kind)
    rows = [{"url": "http://a.org/", "faq": None if is_empty else [qa(1)]}]
    pages, scan = read(parquet(rows, pa.schema([("url", pa.large_string()), ("faq", kind)])))
    assert [page.questions for page in pages] == ([] if is_empty else [(OwiQuestion(*qa(1).values()),)])  # type: ignore[arg-type]
    assert scan.outcomes[RecordOutcome.NO_MARKUP] == is_empty


def test_dictionaries_and_lists_of_texts_are_read() -> None:
    schema = pa.schema(
        [("url", TEXT), ("faq", FAQ), ("keywords", pa.list_(TEXT)), ("title", pa.dictionary(pa.int8(), TEXT))]
    )
    rows = [
        {"url": "http://a.org/", "faq": [qa(1)], "keywords": ["a", None, "b"], "title": "T"},
        {"url": "http://b.org/", "faq": [qa(1)], "keywords": [], "title": None},
    ]
    pages, _ = read(parquet(rows, schema))
    assert [(page.keywords, page.title) for page in pages] == [("a, b", "T"), (None, None)]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (TEXT, "2026-10-03T12:00:00+02:00", "2026-10-03T10:00:00Z"),
        (TEXT, "2026-10-03 12:00:00.5", "2026-10-03T12:00:00.500000Z"),
        (TEXT, "yesterday", None),
        (TEXT, None, None),
        (pa.timestamp("s"), datetime(2026, 10, 3, 12), "2026-10-03T12:00:00Z"),
        (pa.timestamp("us", tz="UTC"), datetime(2026, 10, 3, 12), "2026-10-03T12:00:00Z"),
        (pa.timestamp("ns"), 1_790_000_000_123_456_789, "2026-09-21T14:13:20.123456Z"),
        (
            pa.timestamp("ms", tz="+02:00"),
            datetime(2026, 10, 3, 12, tzinfo=timezone(timedelta(hours=2))),
            "2026-10-03T10:00:00Z",
        ),
        (pa.date32(), date(2026, 10, 3), "2026-10-03T00:00:00Z"),
        (pa.timestamp("us"), 2**60, None),
        (pa.null(), None, None),
    ],
)
def test_dates_are_iso_in_utc(kind: pa.DataType, value: object, expected: str | None) -> None:
    if pa.types.is_null(kind):
        kind = TEXT
    schema = pa.schema([("url", TEXT), ("faq", FAQ), ("warc_date", kind)])
    (page,), _ = read(parquet([{"url": "http://a.org/", "faq": [qa(1)], "warc_date": value}], schema))
    assert page.date == expected


def test_text_that_is_not_utf8_costs_its_row_only() -> None:
    rows = [{"url": f"http://a.org/{i}", "faq": [qa(i)], "title": f"title-{i}"} for i in range(3)]
    content = parquet(rows, compression="none", use_dictionary=False, write_statistics=False)
    assert content.count(b"title-1") == 1
    pages, scan = read(content.replace(b"title-1", b"title-\xff"))
    assert [page.row for page in pages] == [0, 2]
    assert scan.outcomes == Counter({RecordOutcome.UNDECODABLE: 1})


@pytest.mark.parametrize("batch_rows", [1, 7, 100, 100_000])
@pytest.mark.parametrize("row_group_size", [13, 1000])
def test_batches_and_row_groups_make_no_difference(batch_rows: int, row_group_size: int) -> None:
    pages, scan = read(parquet(numbered(100), row_group_size=row_group_size), batch_rows=batch_rows)
    assert [(page.row, page.url) for page in pages] == [(i, f"http://a.org/{i}") for i in range(0, 100, 3)]
    assert scan.outcomes == Counter({RecordOutcome.NO_MARKUP: 66})


def test_columns_that_are_not_needed_are_not_read() -> None:
    class Counting(io.BytesIO):
        n_read = 0

        def read(self, size: int | None = -1) -> bytes:
            piece = super().read(size)
            self.n_read += len(piece)
            return piece

    rows = [{"url": "u", "faq": [qa(1)], "plain_text": "x" * 5_000_000} for _ in range(4)]
    content = Counting(parquet(rows, compression="none", use_dictionary=False))
    assert len(list(read_owi(content, scan=OwiScan()))) == 4
    assert content.n_read < 1_000_000 < 20_000_000 < len(content.getvalue())


def test_one_batch_is_held_at_a_time() -> None:
    rows = [{"url": f"http://a.org/{i}", "faq": [qa(i)], "title": "t" * 10_000} for i in range(4000)]
    content = parquet(rows, compression="zstd", use_dictionary=False)
    before = pa.total_allocated_bytes()
    most = 0
    for _ in read_owi(io.BytesIO(content), scan=OwiScan(), batch_rows=16):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 12 << 20  # the row group has 40 MB


# --- damage


def chunk_range(content: bytes, group: int, column: str) -> tuple[int, int]:
    """Return where a column's chunk of a row group lies."""
    metadata = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(group)
    chunks = [metadata.column(i) for i in range(metadata.num_columns)]
    (chunk,) = (chunk for chunk in chunks if chunk.path_in_schema == column)
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    return begin, begin + chunk.total_compressed_size


@pytest.mark.parametrize("how", ["zeros", "flip"])
@pytest.mark.parametrize("group", [0, 1, 2])
def test_a_damaged_row_group_is_counted_and_the_next_one_read(group: int, how: str) -> None:
    content = bytearray(parquet(numbered(90), row_group_size=30, write_page_checksum=True))
    begin, end = chunk_range(bytes(content), group, "url")
    if how == "zeros":
        content[begin:end] = bytes(end - begin)
    else:
        content[end - 3] ^= 1
    pages, scan = read(bytes(content))
    rows = [i for i in range(0, 90, 3) if i // 30 != group]
    assert [page.row for page in pages] == rows
    (loss,) = scan.losses
    last = chunk_range(bytes(content), group, "faq.list.element.language")[1]
    assert loss.offset <= begin < end <= loss.offset + loss.n_bytes <= last
    assert loss.offset >= chunk_range(bytes(content), group, "id")[0]
    assert (loss.n_members, loss.reason) == (30, "damaged_row_group")
    assert (scan.n_rows, scan.n_rows_lost, scan.n_bytes_lost) == (90, 30, loss.n_bytes)


def test_damaged_metadata_is_no_end_of_the_process() -> None:
    """pyarrow's accessors of column metadata abort on a histogram of the wrong size, as by this byte."""
    whole = parquet(numbered(40), row_group_size=20)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for i in range(footer, len(whole) - 8):
        content = bytearray(whole)
        content[i] ^= 1
        with contextlib.suppress(ShardError):
            read(bytes(content))


def test_rows_that_the_metadata_promises_and_the_file_lacks_are_lost() -> None:
    content = bytearray(parquet(numbered(40), row_group_size=20))
    n_rows = content.rindex(b"\x16\x28")  # Thrift: a 64-bit field, 20 in zigzag; the last group's num_rows
    content[n_rows + 1] = 44
    pages, scan = read(bytes(content))
    assert [page.row for page in pages] == list(range(0, 40, 3))
    assert [(loss.n_members, loss.reason) for loss in scan.losses] == [(2, "missing_rows")]
    assert scan.n_rows == 42


def test_rows_before_the_damage_in_a_row_group_are_delivered() -> None:
    rows = [{"url": f"http://a.org/{i:06}", "faq": [qa(i)]} for i in range(5000)]
    content = bytearray(
        parquet(rows, compression="none", use_dictionary=False, data_page_size=4096, write_page_checksum=True)
    )
    content[content.rindex(b"http://a.org/004500")] ^= 1
    pages, scan = read(bytes(content), batch_rows=100)
    assert [page.row for page in pages] == list(range(len(pages)))
    assert 3000 <= len(pages) <= 4500
    assert scan.n_rows_lost == 5000 - len(pages)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1",
        b"<html></html>",
        b"PAR1" + bytes(100) + b"PAR1",
        parquet(numbered(9))[:-5],
        b"x" * 100_000,
    ],
)
def test_a_file_without_a_readable_footer_is_refused(content: bytes) -> None:
    with pytest.raises(ShardError, match=r"^The file is no readable Parquet file: [^\n]*\.$"):
        read(content)


@pytest.mark.parametrize("n_good", [0, 1, 3, 5])
def test_a_fault_of_the_stream_is_transient(n_good: int) -> None:
    class Broken(io.BytesIO):
        n_reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.n_reads += 1
            if self.n_reads > n_good:
                raise OSError("connection reset")
            return super().read(size)

    with pytest.raises(TransientError, match=r"^Reading failed: connection reset\. Try again later\.$"):
        list(read_owi(Broken(parquet(numbered(90), row_group_size=30)), scan=OwiScan()))


def test_a_stream_that_cannot_seek_to_its_end_is_transient() -> None:
    class Gone(io.BytesIO):
        def seek(self, *_: int) -> int:
            raise OSError("gone")

    with pytest.raises(TransientError):
        list(read_owi(Gone(), scan=OwiScan()))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutations_raise_nothing_but_shard_errors(data: st.DataObject) -> None:
    compression = data.draw(st.sampled_from(["none", "snappy", "zstd"]))
    content = bytearray(parquet(numbered(40), row_group_size=20, compression=compression))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ShardError):
        read(bytes(content))
