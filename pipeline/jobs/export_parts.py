"""One part of `negatives` as a file that trainers read, a block of queries at a time.

What is held: a block's candidates and the rows made of them (`_ROWS`; with texts some 100 MB), the questions
and positives of one part, and a row group.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from mining.exports import (
    Mined,
    Texts,
    Tuples,
    grouped,
    labelled_pairs,
    margin_triplets,
    margin_tuples,
    n_tuples,
    triplets,
)
from mining.negatives_rules import Decision
from pipeline.core.parts import read_part_batches
from pipeline.core.records import Negative, Qrel, Query, TeacherScore
from pipeline.core.table import Record, arrow_schema
from pipeline.jobs.document_texts import DocumentTexts
from pipeline.jobs.export_files import FileType, write_tables
from pipeline.jobs.mined import MinedPart, whole_queries

_ROWS = 20_000
"""Candidates read at a time: with 200 a query 100 queries."""


class Form(StrEnum):
    """What a row is; `mining.exports` has a function for each."""

    GROUPED = "grouped"  # a query with all its positives, negatives and scores
    TRIPLETS = "triplets"  # query, positive, negative
    N_TUPLES = "n-tuples"  # query, positive, n negatives
    LABELLED = "labelled"  # query, passage, 1 or 0
    MARGINS = "margins"  # a triplet with the difference of the teacher's scores
    MARGIN_TUPLES = "margin-tuples"  # an n-tuple with n of them


NEED_SCORES = frozenset({Form.MARGINS, Form.MARGIN_TUPLES})
NEED_N = frozenset({Form.N_TUPLES, Form.MARGIN_TUPLES})


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for."""

    form: Form
    n: int | None
    """Negatives of a query at most; for tuples, exactly. None for all."""
    file_type: FileType


def export_part(
    part: MinedPart, path: str, *, work: str, export: Export, documents: DocumentTexts | None
) -> tuple[int, int]:
    """Write a part's file, unless it has no row; by ids where there are no `documents`.

    Returns the number of rows, and of positives left out because their query has too few negatives.
    """
    n_left_out = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal n_left_out
        for mined, texts in _blocks(work, part, n=export.n, documents=documents):
            found = _formed(mined, export, texts)
            n_left_out += found.n_left_out
            if found.table.num_rows:
                yield found.table

    n_rows = write_tables(path, tables(), export.file_type)
    return n_rows, n_left_out


def _formed(mined: Mined, export: Export, texts: Texts | None) -> Tuples:
    n = export.n
    match export.form:
        case Form.N_TUPLES | Form.MARGIN_TUPLES:
            assert n is not None
            return (n_tuples if export.form is Form.N_TUPLES else margin_tuples)(mined, n=n, texts=texts)
        case Form.LABELLED:
            return Tuples(labelled_pairs(mined, n=n, texts=texts), 0)
    return Tuples(_BY_ROW[export.form](mined, n=n, texts=texts), 0)


_BY_ROW: Mapping[Form, Callable[..., pa.Table]] = {
    Form.GROUPED: grouped,
    Form.TRIPLETS: triplets,
    Form.MARGINS: margin_triplets,
}


def _blocks(
    work: str, part: MinedPart, *, n: int | None, documents: DocumentTexts | None
) -> Iterator[tuple[Mined, Texts | None]]:
    """Yield some queries of a part at a time, and the texts of what they name."""
    positives = _positives(work, part)
    queries = _table(work, Query, part.source, ("query_id", "text"))
    columns = ("query_id", "doc_id", "decision", "place", "score")
    batches = read_part_batches(work, Negative, part.negatives, columns=columns, n_rows=_ROWS)
    for batch in whole_queries(batches):
        rows = pa.Table.from_batches([batch])
        ids = pc.unique(batch["query_id"])
        kept = rows.filter(pc.equal(rows["decision"], Decision.KEPT.value))
        if n is not None:
            kept = kept.filter(pc.less_equal(kept["place"], n))
        mined = Mined(ids, positives.filter(pc.is_in(positives["query_id"], ids)), kept)
        yield mined, None if documents is None else _texts(mined, queries, documents)


def _positives(work: str, part: MinedPart) -> pa.Table:
    """Return all positives of a part's queries, with the scores that a teacher gave them."""
    if part.scores is None:
        qrels = _table(work, Qrel, part.source, ("query_id", "doc_id"))
        return qrels.append_column("score", pa.nulls(qrels.num_rows, pa.float64()))
    columns = ("query_id", "doc_id", "score", "is_positive")
    return _table(work, TeacherScore, part.scores, columns, only="is_positive").drop_columns("is_positive")


def _table(
    work: str, record: type[Record], shard_id: str, columns: tuple[str, ...], *, only: str | None = None
) -> pa.Table:
    """Return columns of a part, or the rows of it whose column `only` is true."""
    batches = read_part_batches(work, record, shard_id, columns=columns, n_rows=_ROWS)
    found = [batch.filter(batch[only]) if only else batch for batch in batches]
    return pa.Table.from_batches(found, pa.schema([arrow_schema(record).field(name) for name in columns]))


def _texts(mined: Mined, queries: pa.Table, documents: DocumentTexts) -> Texts:
    named = [mined.positives["doc_id"], mined.negatives["doc_id"]]
    ids = pc.unique(pa.chunked_array([chunk for column in named for chunk in column.chunks], pa.string()))
    return Texts.of_tables(
        queries.filter(pc.is_in(queries["query_id"], mined.query_ids)),
        pa.table({"doc_id": ids, "text": documents.of(ids)}),
    )
