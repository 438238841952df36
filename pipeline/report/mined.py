"""What the report shows of mining, gathered part by part from `candidates`, `scores` and `negatives`.

What grows in memory: counts by language, among them histograms of scores, up to 1 MB each. Nothing grows with
the number of candidates.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mining.negatives_rules import Decision
from mining.negatives_scores import ScoreHistogram
from pipeline.core.parts import read_part_batches
from pipeline.core.records import Candidate, Negative, TeacherScore
from pipeline.core.table import Record
from pipeline.jobs.mined import MinedPart, NegativeTally, mined_parts
from pipeline.report.mined_samples import QuerySample, query_samples
from pipeline.report.tables import Counts

ROWS_PER_BATCH = 65_536

OVERLAP_AT = (10, 50, 200)
"""First results of each search that are compared."""

POSITIVES = 0
"""In the place of a number of first results: all positives that were found."""

Where = Literal["both", "bm25", "dense"]

_NOTHING = ScoreHistogram.of(np.empty(0, np.float32))

Flags = NDArray[np.bool_]


@dataclass(slots=True)
class MinedFigures:
    """Candidates, scores and negatives by language."""

    is_current: bool
    """False where some of the tables are of other candidates or another retrieval set."""
    samples: list[QuerySample]
    tally: NegativeTally = field(default_factory=NegativeTally)
    overlap: Counter[tuple[str, int, Where]] = field(default_factory=Counter)
    """Candidates by language, among the first how many of a search they are, and of which one."""
    most_found: Counter[str] = field(default_factory=Counter)
    """Last rank of any search, by language."""
    teachers: Counts = field(default_factory=Counts)
    """Scores by the teacher that gave them."""
    first_teachers: Counts = field(default_factory=Counts)
    positives: defaultdict[str, ScoreHistogram] = field(default_factory=lambda: defaultdict(lambda: _NOTHING))
    """By language: scores of positives; without a teacher, of those that were found, by reciprocal ranks."""
    others: defaultdict[str, ScoreHistogram] = field(default_factory=lambda: defaultdict(lambda: _NOTHING))
    """Likewise of negatives; without a teacher, of all candidates that are no positives."""

    @property
    def has_teacher(self) -> bool:
        """Tell whether a teacher gave the scores."""
        return bool(self.teachers.n)

    @property
    def has_two_searches(self) -> bool:
        """Tell whether both searches found anything."""
        found: Counter[Where] = Counter()
        for (_, _, where), n in self.overlap.items():
            found[where] += n
        return bool(found["both"] or (found["bm25"] and found["dense"]))

    def languages(self) -> list[str]:
        """Return the languages that were mined, the one with most queries first."""
        n_queries = {language: self.tally.n_queries(language) for language in self.tally.queries}
        return sorted(n_queries, key=lambda code: (-n_queries[code], code))

    def overlap_of_all(self) -> Counter[tuple[int, Where]]:
        """Return the overlap over all languages."""
        summed: Counter[tuple[int, Where]] = Counter()
        for (_, k, where), n in self.overlap.items():
            summed[k, where] += n
        return summed

    def add(self, work: str, part: MinedPart) -> None:
        """Take one part in."""
        language = part.part.language
        self.tally.read(work, part.negatives, language=language)
        columns = ("bm25_rank", "dense_rank", "is_positive", "rrf_score")
        for batch in _batches(work, Candidate, part.candidates, columns):
            self._add_ranks(batch, language)
            if part.scores is None:
                is_positive = np.asarray(batch["is_positive"])
                self._add_scores(batch["rrf_score"], is_positive, ~is_positive, language)
        if part.scores is not None:
            self._add_teacher(work, part, language)

    def _add_ranks(self, batch: pa.RecordBatch, language: str) -> None:
        bm25, dense = (pc.fill_null(batch[f"{name}_rank"], 0).to_numpy() for name in ("bm25", "dense"))
        if batch.num_rows:
            self.most_found[language] = max(self.most_found[language], int(bm25.max()), int(dense.max()))
        for k in OVERLAP_AT:
            self._add_overlap(language, k, (bm25 > 0) & (bm25 <= k), (dense > 0) & (dense <= k))
        is_positive = np.asarray(batch["is_positive"])
        self._add_overlap(language, POSITIVES, is_positive & (bm25 > 0), is_positive & (dense > 0))

    def _add_overlap(self, language: str, k: int, by_bm25: Flags, by_dense: Flags) -> None:
        self.overlap[language, k, "both"] += int((by_bm25 & by_dense).sum())
        self.overlap[language, k, "bm25"] += int((by_bm25 & ~by_dense).sum())
        self.overlap[language, k, "dense"] += int((by_dense & ~by_bm25).sum())

    def _add_teacher(self, work: str, part: MinedPart, language: str) -> None:
        assert part.scores is not None
        columns = ("is_positive", "score", "teacher", "first_teacher")
        for batch in _batches(work, TeacherScore, part.scores, columns):
            self.teachers.add(batch["teacher"])
            self.first_teachers.add(batch["first_teacher"])
            is_positive = np.asarray(batch["is_positive"])
            self._add_scores(batch["score"], is_positive, np.zeros_like(is_positive), language)
        for batch in _batches(work, Negative, part.negatives, ("decision", "score")):
            is_kept = np.asarray(pc.equal(batch["decision"], Decision.KEPT.value))
            self._add_scores(batch["score"], np.zeros_like(is_kept), is_kept, language)

    def _add_scores(self, column: pa.Array, positive: Flags, other: Flags, language: str) -> None:
        scores = pc.fill_null(column, float("nan")).to_numpy().astype(np.float32)
        if positive.any():
            self.positives[language] += ScoreHistogram.of(scores[positive])
        if other.any():
            self.others[language] += ScoreHistogram.of(scores[other])


def mined_figures(work: str, *, sample_languages: list[str]) -> MinedFigures | None:
    """Gather the figures; None where nothing was mined.

    Samples are of those of the given languages that were mined.
    """
    mined = mined_parts(work)
    if mined is None:
        return None
    samples = [
        sample
        for language in sample_languages
        if language in mined.parts
        for sample in query_samples(work, mined.parts[language], mined.documents[language])
    ]
    figures = MinedFigures(mined.is_current, samples)
    for parts in mined.parts.values():
        for part in parts:
            figures.add(work, part)
    return figures


def _batches(
    work: str, record: type[Record], shard_id: str, columns: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    return read_part_batches(work, record, shard_id, columns=columns, n_rows=ROWS_PER_BATCH)
