"""Input files of the other formats give the same tables, with the same accounts."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extract.shard import ShardScan, read_pages
from pipeline.core.config import Config
from pipeline.core.errors import ShardError
from pipeline.core.manifest import Shard


def read(content, format):
    scan = ShardScan()
    shard = Shard.of(f"a.{format}", format, version="", settings="")
    found = list(read_pages(io.BytesIO(content), shard=shard, config=Config().extract, scan=scan))
    n_pairs = sum(len(pairs) for _, pairs in found)
    return found, scan.row(shard, error=None, n_pages=len(found), n_pairs=n_pairs, seconds=0)


def counted(counts):
    return {c.name: c.n for c in counts}


def parquet(rows):
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


def test_owi():
    faq = [
        {"question": "Wann offen?", "answer": "<p>Täglich 9 bis 17 Uhr.</p>", "language": "de"},
        {"question": "Wann offen?", "answer": "Täglich 9 bis 17 Uhr.", "language": "de"},
        {"question": "", "answer": "Ohne Frage.", "language": "de"},
    ]
    first = {"url": "https://a.example/faq", "title": "Zoo", "warc_date": "2026-05-01T00:00:00Z"}
    content = parquet(
        [first | {"faq": faq}, {"url": "https://b.example/", "title": None, "warc_date": None, "faq": []}]
    )
    [(page, pairs)], scan = read(content, "owi")
    assert [(p.question, p.answer, p.markup_language, p.syntax) for p in pairs] == [
        ("Wann offen?", "Täglich 9 bis 17 Uhr.", "de", "unknown")
    ]
    assert counted(page.questions) == {"pair": 1, "repeated": 1, "no_question": 1}
    assert (page.outcome, page.title, page.origin, page.warc_offset) == ("extracted", "Zoo", "a.example", 0)
    assert page.crawl_date.isoformat() == "2026-05-01T00:00:00+00:00"
    assert counted(scan.records) == {"row": 2}
    assert counted(scan.outcomes) == {"extracted": 1, "no_markup": 1}


NQUADS = """\
_:f <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://schema.org/FAQPage> <https://a.example/faq> .
_:f <http://schema.org/mainEntity> _:q <https://a.example/faq> .
_:q <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://schema.org/Question> <https://a.example/faq> .
_:q <http://schema.org/name> "O\\u00F9 \\u00EAtes-vous ?"@fr <https://a.example/faq> .
_:q <http://schema.org/acceptedAnswer> _:a <https://a.example/faq> .
_:a <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://schema.org/Answer> <https://a.example/faq> .
_:a <http://schema.org/text> "<ul><li>Ici</li><li>L\\u00E0</li></ul>"@fr <https://a.example/faq> .
_:f <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://schema.org/FAQPage> <https://b.example/faq> .
this line is no quad
"""


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_wdc(pack):
    found, scan = read(pack(NQUADS.encode()), "wdc")
    (page, pairs), (empty, none) = found
    assert [(p.question, p.answer, p.markup_language) for p in pairs] == [("Où êtes-vous ?", "Ici\nLà", "fr")]
    assert (page.outcome, page.url) == ("extracted", "https://a.example/faq")
    assert (empty.outcome, empty.url, none) == ("no_pairs", "https://b.example/faq", [])
    assert counted(scan.records) == {"page": 2, "quad": 8, "malformed_line": 1}
    assert counted(scan.outcomes) == {"extracted": 1, "no_pairs": 1}


def test_a_record_without_an_outcome_is_a_defect_not_a_row():
    scan = ShardScan()
    shard = Shard.of("a.owi", "owi", version="", settings="")
    found = list(
        read_pages(
            io.BytesIO(parquet([{"url": "u", "faq": [{"question": "q", "answer": "a", "language": None}]}])),
            shard=shard,
            config=Config().extract,
            scan=scan,
        )
    )
    scan.row(shard, error=None, n_pages=len(found), n_pairs=1, seconds=0)
    scan.source.n_rows += 1
    with pytest.raises(RuntimeError, match="2 records, 1 outcomes"):
        scan.row(shard, error=None, n_pages=len(found), n_pairs=1, seconds=0)


@pytest.mark.parametrize("format", ["warc", "owi"])
def test_a_file_of_another_format_is_refused(format):
    with pytest.raises(ShardError):
        read(b"something else altogether " * 9, format)
