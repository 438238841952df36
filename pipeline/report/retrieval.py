"""What the report shows of the retrieval set, gathered in one pass over `corpus` and one over `queries`.

What grows in memory: counts by language.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(slots=True)
class RetrievalFigures:
    """Documents and queries by language and split."""

    DOCUMENT_COLUMNS: ClassVar[list[str]] = ["language", "split", "near_id"]
    QUERY_COLUMNS: ClassVar[list[str]] = ["language", "split", "n_positives"]

    documents: Counter[tuple[str, str]] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    """Documents that have near-duplicates among the others, by language."""
    queries: Counter[tuple[str, str]] = field(default_factory=Counter)
    positives: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Queries by language and number of positives."""

    def add_documents(self, rows: pa.Table) -> None:
        """Take a batch of `corpus` in."""
        _count(rows, ("language", "split"), self.documents)
        for entry in pc.value_counts(rows["language"].filter(pc.is_valid(rows["near_id"]))).to_pylist():
            self.near[entry["values"]] += entry["counts"]

    def add_queries(self, rows: pa.Table) -> None:
        """Take a batch of `queries` in."""
        _count(rows, ("language", "split"), self.queries)
        _count(rows, ("language", "n_positives"), self.positives)

    def languages(self) -> list[str]:
        """Return the languages, the one with most queries first."""
        of_documents, of_queries = self.n_documents(), self.n_queries()
        return sorted(of_documents | of_queries, key=lambda code: (-of_queries[code], code))

    def n_documents(self) -> Counter[str]:
        """Return the documents of each language."""
        return _by_first(self.documents)

    def n_queries(self) -> Counter[str]:
        """Return the queries of each language, those of split overlap among them."""
        return _by_first(self.queries)

    def n_positives(self) -> Counter[str]:
        """Return the positives of all queries of each language."""
        summed: Counter[str] = Counter()
        for (language, n_each), n in self.positives.items():
            summed[language] += n_each * n
        return summed


def _count(
    rows: pa.Table, keys: tuple[str, str], into: Counter[tuple[str, str]] | Counter[tuple[str, int]]
) -> None:
    for row in rows.group_by(list(keys)).aggregate([([], "count_all")]).to_pylist():
        into[row[keys[0]], row[keys[1]]] += row["count_all"]


def _by_first(counts: Counter[tuple[str, str]]) -> Counter[str]:
    summed: Counter[str] = Counter()
    for (first, _), n in counts.items():
        summed[first] += n
    return summed
