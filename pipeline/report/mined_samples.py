"""Queries with their positives and first negatives, as the report shows them side by side.

The first queries of a language's first part: ids are hashes, so that they are any. Their documents are read
from the parts of `corpus` that their ids name; what is held is a batch, and the texts shown.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mining.negatives_rules import Decision
from pipeline.core.language_parts import part_of_id
from pipeline.core.parts import read_part_batches
from pipeline.core.records import Document, Negative, Qrel, Query, TeacherScore
from pipeline.core.table import Record
from pipeline.jobs.mined import MinedPart, whole_queries

MAX_CHARS = 400
"""Characters of a text that are shown."""

N_QUERIES = 2
N_POSITIVES = 2
N_NEGATIVES = 3

_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Passage:
    """One document of a query."""

    text: str
    score: float | None
    """The teacher's."""
    rank: int | None
    """Among the candidates; None for a positive."""


@dataclass(frozen=True, slots=True)
class QuerySample:
    """One query with the first of its documents."""

    language: str
    site: str
    text: str
    n_positives: int
    n_negatives: int
    positives: list[Passage]
    negatives: list[Passage]
    """The hardest first."""


def query_samples(work: str, parts: Sequence[MinedPart], documents: Sequence[str]) -> list[QuerySample]:
    """Return up to `N_QUERIES` queries of a language that have negatives.

    `documents` are the shard ids of its parts of `corpus`, in the order of ids.
    """
    found = _negatives(work, parts[0])
    if not found:
        return []
    part, ids = parts[0], pa.array(list(found), pa.string())
    queries = {
        row["query_id"]: row for row in _rows(work, Query, part.source, ("query_id", "text", "site"), ids)
    }
    positives: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(work, Qrel, part.source, ("query_id", "doc_id"), ids):
        positives[row["query_id"]].append(row["doc_id"])
    scores = {}
    if part.scores:
        columns = ("query_id", "doc_id", "score", "is_positive")
        for row in _rows(work, TeacherScore, part.scores, columns, ids):
            if row["is_positive"]:
                scores[row["query_id"], row["doc_id"]] = row["score"]
    wanted = [id for some in positives.values() for id in some[:N_POSITIVES]]
    wanted += [row["doc_id"] for some in found.values() for row in some[:N_NEGATIVES]]
    texts = _texts(work, documents, wanted)
    return [
        QuerySample(
            language=part.part.language,
            site=queries[id]["site"],
            text=queries[id]["text"],
            n_positives=len(positives[id]),
            n_negatives=len(some),
            positives=[
                Passage(texts[doc], scores.get((id, doc)), None) for doc in positives[id][:N_POSITIVES]
            ],
            negatives=[
                Passage(texts[row["doc_id"]], row["score"], row["rank"]) for row in some[:N_NEGATIVES]
            ],
        )
        for id, some in found.items()
    ]


def _negatives(work: str, part: MinedPart) -> dict[str, list[dict[str, Any]]]:
    """Return the negatives of the first queries that have any, by place."""
    found: dict[str, list[dict[str, Any]]] = {}
    columns = ("query_id", "doc_id", "decision", "place", "rank", "score")
    for batch in whole_queries(
        read_part_batches(work, Negative, part.negatives, columns=columns, n_rows=_ROWS)
    ):
        kept = batch.filter(pc.equal(batch["decision"], Decision.KEPT.value))
        for id in pc.unique(kept["query_id"])[: N_QUERIES - len(found)].to_pylist():
            rows = kept.filter(pc.equal(kept["query_id"], id)).to_pylist()
            found[id] = sorted(rows, key=lambda row: row["place"])
        if len(found) == N_QUERIES:
            break
    return found


def _texts(work: str, documents: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Return the texts of documents, cut to what is shown and a character more."""
    by_part: defaultdict[int, list[str]] = defaultdict(list)
    for id in wanted:
        by_part[part_of_id(id, len(documents))].append(id)
    return {
        row["doc_id"]: row["text"][: MAX_CHARS + 1]
        for no, ids in by_part.items()
        for row in _rows(work, Document, documents[no], ("doc_id", "text"), pa.array(ids, pa.string()))
    }


def _rows(
    work: str, record: type[Record], shard_id: str, columns: tuple[str, ...], ids: pa.Array
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a part whose first column is among `ids`."""
    for batch in read_part_batches(work, record, shard_id, columns=columns, n_rows=_ROWS):
        yield from batch.filter(pc.is_in(batch[columns[0]], ids)).to_pylist()
