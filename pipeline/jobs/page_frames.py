"""Pages of table `cleaned` as Spark frames: their addresses for joins, their pairs for alignment.

A page is a run of rows with one page id; its `location` is that of its first row.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from mining.bitext import PageText, Sighting
from mining.bitext_address import normal_url, page_key, site_of
from pipeline.core import storage
from pipeline.jobs.frames import ROW_BITS, Part, part_rows, read_parts, with_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROWS_PER_BATCH = 2000

_ADDRESS = pa.schema(
    [
        pa.field("location", pa.int64()),
        pa.field("site", pa.string()),
        pa.field("url", pa.int64()),
        pa.field("key", pa.int64()),
        pa.field("alternates", pa.list_(pa.int64())),
        pa.field("languages", pa.list_(pa.string())),
        pa.field("n_pairs", pa.int64()),
    ]
)
"""`url`, `key` and `alternates` are hashes: of the normal URL, of site and page key, of hreflang links."""

_SIGHTING = pa.struct(
    [
        pa.field("id", pa.string()),
        pa.field("question", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("language", pa.string()),
        pa.field("position", pa.int64()),
    ]
)
_TEXT = pa.schema(
    [
        pa.field("location", pa.int64()),
        pa.field("page_id", pa.string()),
        pa.field("page_url", pa.string()),
        pa.field("pairs", pa.list_(_SIGHTING)),
    ]
)

_ADDRESS_COLUMNS = ("page_id", "url", "alternates", "language", "dropped_by")
_TEXT_COLUMNS = (
    "page_id",
    "url",
    "id",
    "question",
    "answer",
    "language",
    "position",
    "answer_index",
    "dropped_by",
)


def page_addresses(spark: "SparkSession", parts: Sequence[Part], *, site_by: str) -> "DataFrame":
    """Return what joins need of every page that has a pair: see `_ADDRESS`. Pages of one URL count once.

    Of a page that was crawled several times the version with most pairs is kept.
    """
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(_ADDRESS)
    pages = part_rows(spark, parts).mapInArrow(partial(_read_addresses, site_by=site_by), schema)
    best = sf.min_by(sf.struct(*_ADDRESS.names), sf.struct(-sf.col("n_pairs"), sf.col("location")))
    return pages.groupBy("url").agg(best.alias("page")).select("page.*")


def with_page_texts(locations: "DataFrame", parts: Sequence[Part]) -> "DataFrame":
    """Return location, page_id, page_url and pairs of the pages at the given (distinct) locations."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return with_parts(locations, parts).mapInArrow(_read_texts, from_arrow_schema(_TEXT))


def page_text(row: dict[str, Any]) -> PageText:
    """Turn a row of `with_page_texts` into what alignment works on."""
    return PageText(row["page_id"], row["page_url"], [Sighting(**pair) for pair in row["pairs"]])


def _read_addresses(batches: Iterator[pa.RecordBatch], *, site_by: str) -> Iterator[pa.RecordBatch]:
    for part in read_parts(batches):
        pages = (_address(page, site_by=site_by) for page in _pages(part.path, part.no, _ADDRESS_COLUMNS))
        yield from _in_batches((page for page in pages if page["n_pairs"]), _ADDRESS)


def _address(page: tuple[int, list[dict[str, Any]]], *, site_by: str) -> dict[str, Any]:
    location, rows = page
    first = rows[0]
    languages = {row["language"] for row in rows if row["dropped_by"] is None}
    site = site_of(first["url"], by=site_by)
    return {
        "location": location,
        "site": site,
        "url": _hash(normal_url(first["url"])),
        "key": _hash(f"{site}\n{page_key(first['url'])}"),
        "alternates": sorted({_hash(normal_url(a["url"])) for a in first["alternates"]}),
        "languages": sorted(languages),
        "n_pairs": sum(row["dropped_by"] is None for row in rows),
    }


def _read_texts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    wanted = (row for batch in batches for row in batch.select(["path", "no", "location"]).to_pylist())
    for (path, no), members in groupby(wanted, key=lambda row: (row["path"], row["no"])):
        locations = {row["location"] for row in members}
        pages = (page for page in _pages(path, no, _TEXT_COLUMNS) if page[0] in locations)
        yield from _in_batches((_text(*page) for page in pages), _TEXT)


def _text(location: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    kept = sorted(
        (row for row in rows if row["dropped_by"] is None),
        key=lambda row: (row["position"], row["answer_index"], row["id"]),
    )
    pairs = [
        {name: row[name] for name in ("id", "question", "answer", "language", "position")} for row in kept
    ]
    return {"location": location, "page_id": rows[0]["page_id"], "page_url": rows[0]["url"], "pairs": pairs}


def _pages(path: str, no: int, columns: Sequence[str]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield the location and the rows of each page of a part."""
    with storage.open_read(path) as stream:
        batches = pq.ParquetFile(stream).iter_batches(batch_size=ROWS_PER_BATCH, columns=list(columns))
        rows = (row for batch in batches for row in batch.to_pylist())
        first = 0
        for _, page in groupby(rows, key=lambda row: row["page_id"]):
            members = list(page)
            yield (no << ROW_BITS) + first, members
            first += len(members)


def _in_batches(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    held: list[dict[str, Any]] = []
    for row in rows:
        held.append(row)
        if len(held) >= ROWS_PER_BATCH:
            yield pa.RecordBatch.from_pylist(held, schema=schema)
            held = []
    yield pa.RecordBatch.from_pylist(held, schema=schema)


def _hash(text: str) -> int:
    unsigned = xxhash.xxh3_64_intdigest(text.encode(errors="surrogatepass"))
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned
