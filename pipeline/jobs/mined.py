"""What `faqtory mine` left in the tables: files that belong together, and what became of candidates.

Who reads the mined tables begins here: the run's own summary, the report, `faqtory export`. What grows: a row
of shard ids for every 50,000 pairs of a language, and counts by language.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.negatives_block import Longs
from mining.negatives_rules import Decision
from pipeline.core.language_parts import LanguagePart, commits_by_language
from pipeline.core.manifest import Shard, read_manifest
from pipeline.core.parts import read_part_batches
from pipeline.core.records import Candidate, Document, Negative, TeacherScore

_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class MinedPart:
    """One range of a language's queries: the shard ids of its files."""

    part: LanguagePart
    source: str
    """In `corpus`, `queries` and `qrels`."""
    candidates: str
    scores: str | None
    """None without a teacher."""
    negatives: str


@dataclass(frozen=True, slots=True)
class MinedParts:
    """All parts by language, in the order of ids."""

    parts: dict[str, list[MinedPart]]
    documents: dict[str, list[str]]
    """Shard ids of all parts of `corpus`, by language, in the order of ids."""
    is_current: bool
    """False where negatives stand in the tables that are of other candidates, or of another retrieval set:
    these are not among the parts."""


def mined_parts(work: str) -> MinedParts | None:
    """Return the parts of which all tables fit together; None where nothing was mined."""
    tables = (Document, Candidate, TeacherScore, Negative)
    corpus, candidates, scores, negatives = (read_manifest(work, record.TABLE) for record in tables)
    if corpus is None or candidates is None or negatives is None:
        return None
    sources = {commit.shard.id for commit in corpus.commits}
    found = {c.shard.id: c.shard for c in candidates.commits if c.shard.version in sources}
    scored = {c.shard.id: c.shard for c in (scores.commits if scores else ()) if c.shard.version in found}
    parts = {
        language: [part for c in commits if (part := _part(c.shard, scored=scored, found=found))]
        for language, commits in commits_by_language(negatives).items()
    }
    return MinedParts(
        parts={language: fitting for language, fitting in parts.items() if fitting},
        documents={
            language: [commit.shard.id for commit in commits]
            for language, commits in commits_by_language(corpus).items()
        },
        is_current=sum(map(len, parts.values())) == len(negatives.commits),
    )


def _part(shard: Shard, *, scored: dict[str, Shard], found: dict[str, Shard]) -> MinedPart | None:
    """Follow a part of `negatives` back, each table's files being versions of what they were made of."""
    scores = scored.get(shard.version)
    candidates = found.get(scores.version if scores else shard.version)
    if candidates is None:
        return None
    return MinedPart(
        part=LanguagePart.of(shard),
        source=candidates.version,
        candidates=candidates.id,
        scores=scores.id if scores else None,
        negatives=shard.id,
    )


@dataclass(slots=True)
class NegativeTally:
    """What became of candidates, and how many negatives queries have; takes table `negatives` in."""

    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Candidates by language and decision."""
    queries: defaultdict[str, Counter[tuple[int, int]]] = field(default_factory=lambda: defaultdict(Counter))
    """By language: queries by their numbers of negatives, and of candidates that are no positives."""

    def read(self, work: str, shard_id: str, *, language: str) -> None:
        """Count one part, a batch at a time."""
        batches = read_part_batches(work, Negative, shard_id, columns=("query_id", "decision"), n_rows=_ROWS)
        for batch in whole_queries(batches):
            for entry in pc.value_counts(batch["decision"]).to_pylist():
                self.decisions[language, entry["values"]] += entry["counts"]
            starts = starts_of_queries(batch)
            n_kept, n_positive = (
                np.add.reduceat(np.asarray(pc.equal(batch["decision"], decision.value), np.int64), starts)
                for decision in (Decision.KEPT, Decision.POSITIVE)
            )
            n_others = np.diff(np.append(starts, batch.num_rows)) - n_positive
            self.queries[language].update(zip(n_kept.tolist(), n_others.tolist(), strict=True))

    def n_queries(self, language: str) -> int:
        """Return the queries of a language that have any candidate."""
        return self.queries[language].total()

    def n_candidates(self, language: str) -> int:
        """Return the candidates of a language."""
        return sum(n for (of, _), n in self.decisions.items() if of == language)

    def n_negatives(self, language: str) -> int:
        """Return the negatives of a language."""
        return self.decisions[language, Decision.KEPT]

    def n_short(self, language: str, *, n_negatives: int) -> int:
        """Return the queries of a language that have fewer negatives."""
        return sum(n for (n_kept, _), n in self.queries[language].items() if n_kept < n_negatives)

    def by_decision(self) -> Counter[str]:
        """Return the candidates of all languages by decision."""
        summed: Counter[str] = Counter()
        for (_, decision), n in self.decisions.items():
            summed[decision] += n
        return summed


def whole_queries(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut batches in which each query's rows stand together anew, so that none parts a query; none is empty.

    What is held is a batch, and the rows of one query.
    """
    left: pa.RecordBatch | None = None
    for batch in batches:
        if not batch.num_rows:
            continue
        if left is not None:
            (batch,) = pa.Table.from_batches([left, batch]).combine_chunks().to_batches()
        last = int(starts_of_queries(batch)[-1])
        if last:
            yield batch.slice(0, last)
        left = batch.slice(last)
    if left is not None:
        yield left


def starts_of_queries(batch: pa.RecordBatch) -> Longs:
    """Return the first row of each query of a batch in which each one's rows stand together."""
    ids = batch["query_id"]
    is_new = np.asarray(pc.not_equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0))))
    return np.concatenate([np.zeros(min(len(ids), 1), np.int64), np.flatnonzero(is_new) + 1])
