"""Rows of tables written by hand: what a test does not name has one plain value."""

import pyarrow as pa

from pipeline.core.ids import pair_id
from pipeline.core.records import Cleaned, PairRaw
from pipeline.core.table import arrow_batch, arrow_schema

_PLACE = {
    "url": "https://shop.example/faq",
    "origin": "shop.example",
    "page_id": "page",
    "syntax": "jsonld",
    "warc_file": "crawl.warc",
}


def raw_pair(question="When do you open?", answer="We open at nine.", **columns):
    """A row of pairs_raw, its id that of its text."""
    text = {"id": pair_id(question, answer), "question": question, "answer": answer}
    return filled(PairRaw, **text, **_PLACE | columns)


def cleaned_pair(id, **columns):
    """A row of cleaned."""
    text = {"question": "When do you open?", "answer": "We open at nine.", "raw_id": "raw"}
    language = {"language": "eng", "script": "Latn", "language_score": 0.9, "language_source": "text"}
    return filled(Cleaned, id=id, **text | language | _PLACE | columns)


def filled(record, **columns):
    """A row whose other columns are null where they may be, otherwise empty or zero."""
    return record(**{field.name: _nothing(field) for field in arrow_schema(record)} | columns)


def _nothing(field):
    if field.nullable:
        return None
    if pa.types.is_list(field.type):
        return []
    return "" if pa.types.is_string(field.type) else pa.scalar(0).cast(field.type).as_py()


def table_of(record, rows):
    """An Arrow table of records."""
    return pa.Table.from_batches([arrow_batch(rows, record)])
