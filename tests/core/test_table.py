"""The Arrow schemas that follow from the record classes."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.core.records import Alternate, Count, LostBytes, Page, PairRaw, Scan
from pipeline.core.stages import STAGES
from pipeline.core.table import arrow_batch, arrow_schema, column_docs, parse_utc

GOLDEN = Path(__file__).parents[1] / "golden" / "schemas.json"
TABLES = [record for stage in STAGES for record in stage.writes]


def test_schemas_equal_the_golden_file():
    """A changed column must raise SCHEMA_VERSION; then run this file as a script to renew the golden file."""
    assert json.loads(GOLDEN.read_text()) == _described()


def _described():
    return {
        record.TABLE: {
            "version": record.SCHEMA_VERSION,
            "columns": {f.name: f"{f.type}{'' if f.nullable else ' not null'}" for f in arrow_schema(record)},
        }
        for record in TABLES
    }


def test_nested_records_round_trip():
    row = Scan(
        input_file="a.warc.gz",
        shard_id="0",
        outcome="read",
        error=None,
        n_bytes=10,
        n_bytes_lost=3,
        n_members_lost=1,
        losses=[LostBytes(offset=2, n_bytes=3, n_members=1, reason="truncated")],
        records=[Count("response", 2)],
        outcomes=[],
        n_pages=0,
        n_pairs=0,
        seconds=0.5,
    )
    (back,) = arrow_batch([row], Scan).to_pylist()
    assert back["losses"] == [{"offset": 2, "n_bytes": 3, "n_members": 1, "reason": "truncated"}]
    assert back["records"] == [{"name": "response", "n": 2}]
    assert back["error"] is None
    assert back["seconds"] == 0.5


def test_null_in_a_required_column_is_refused():
    row = PairRaw(**{f.name: None for f in fields(PairRaw)})
    with pytest.raises(ValueError, match="column id of table pairs_raw must not be null"):
        arrow_batch([row], PairRaw)


@pytest.mark.parametrize("record", TABLES)
def test_every_column_is_described(record):
    docs = column_docs(record)
    assert list(docs) == [f.name for f in fields(record)]
    assert all(docs.values())


def test_column_docs_reads_the_docstring_below_the_field():
    assert column_docs(Alternate) == {
        "hreflang": "Language tag as written, or `x-default`.",
        "url": "Absolute URL.",
    }
    assert column_docs(Page)["http_status"] == "http status"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T04:05:06Z", datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)),
        ("2026-11-23T04:05:06.123456Z", datetime(2026, 11, 23, 4, 5, 6, 123456, tzinfo=UTC)),
        ("2026-11-23T05:05:06+01:00", datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_parse_utc(text, expected):
    assert parse_utc(text) == expected


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(_described(), indent=1) + "\n")
