"""How close a teacher's score of a candidate may come to that of the positive.

Three margins, each an upper bound that the positive's score p gives; the lowest of those asked for counts:

- absolute: `p - margin`;
- relative: `p - margin * |p|`, below the positive for negative scores, too (`p * (1 - margin)` is above it
  then). For positive p it is TopK-PercPos of NV-Retriever (Moreira et al. 2024, arXiv:2407.15831, section 3)
  with the percentage `1 - margin`;
- percent of the positive, which has a meaning only on a scale that has a zero. Cosines have one where p is
  positive: `percent * p`, as published; where it is not, as the relative margin. Logits have none: adding a
  constant to all changes nothing of what a cross-encoder says, yet everything of a share of its logits. So
  theirs is taken of probabilities: `sigmoid(s) <= percent * sigmoid(p)`, right for any sign, and the same
  order. Far below zero it comes to an absolute margin of -ln(percent), far above to the one logit that has
  the probability `percent`. The kind of the teacher decides, not the sign of each score: a rule that changed
  its form at p = 0 would treat two nearly equal positives quite differently.

Percentiles of a language come from a `ScoreHistogram`, which merges over blocks in any order.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mining.negatives_block import Flags, Floats, Ints, Longs, Positives, Scores, ScoreScale

_DROPPED_BITS = 12
"""Bits of a float32 that a histogram forgets: of 24 significant ones 12 stay, 1 part in 2048 of a score."""


class Reference(StrEnum):
    """Which score stands for a query's positives where it has several."""

    MIN = "min"
    MEAN = "mean"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """What a candidate's score must keep away from that of the positive; None where not asked for."""

    absolute: float | None = None
    """In the teacher's own units."""
    relative: float | None = None
    """Share of the positive score's size."""
    percent: float | None = None
    """Largest share of the positive's score, on the scale that the teacher has."""

    @property
    def any(self) -> bool:
        """Some margin is asked for."""
        return not (self.absolute is None and self.relative is None and self.percent is None)


def reference_scores(positives: Positives, reference: Reference) -> Floats:
    """Return for each query `(n_queries,)` the score that stands for its positives.

    Every query has a positive, and they are ordered by query, then document.
    """
    _, starts, counts = np.unique(positives.query, return_index=True, return_counts=True)
    scores = positives.score.astype(np.float64)
    if reference is Reference.MEAN:
        return np.asarray(np.add.reduceat(scores, starts) / counts)
    ufunc = np.minimum if reference is Reference.MIN else np.maximum
    return np.asarray(ufunc.reduceat(scores, starts))


def is_above_margin(score: Scores, reference: Floats, *, margins: Margins, scale: ScoreScale) -> Flags:
    """Tell which scores `(n,)` come closer to the `reference` of their query `(n,)` than a margin allows."""
    above = np.zeros(len(score), dtype=np.bool_)
    if margins.absolute is not None:
        above |= score > reference - margins.absolute
    if margins.relative is not None:
        above |= score > reference - margins.relative * np.abs(reference)
    if margins.percent is not None and scale is ScoreScale.COSINE:
        above |= score > reference - (1 - margins.percent) * np.abs(reference)
    if margins.percent is not None and scale is ScoreScale.LOGIT:
        above |= _log_sigmoid(score.astype(np.float64)) > np.log(margins.percent) + _log_sigmoid(reference)
    return above


def _log_sigmoid(logits: Floats) -> Floats:
    """Return the logarithms of the probabilities, in which no score is rounded to 0 or 1."""
    with np.errstate(invalid="ignore"):  # NaN stays NaN: a candidate without a score
        return np.asarray(-np.logaddexp(0.0, -logits))


def ordered_bits(scores: Scores) -> Ints:
    """Return integers `(n,)` in the same order as the scores, -0 equal to 0, none of which is NaN."""
    bits = scores.view(np.int32)
    size = bits & np.int32(0x7FFFFFFF)  # without the sign
    return np.where(bits < 0, -size, size)


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """How many scores fall into each bin of equal first 12 significant bits; only bins that have some.

    It merges in any order to what all scores at once would give, needs no bounds told in advance, and holds
    12 bytes a bin: under 1 MB for logits or cosines, however many they are.
    """

    bins: Ints
    """In ascending order of their scores, `(n_bins,)`."""
    counts: Longs

    @staticmethod
    def of(scores: Scores) -> "ScoreHistogram":
        """Return the histogram of scores `(n,)`; NaN is left out."""
        ordered = ordered_bits(scores[~np.isnan(scores)])
        bins, counts = np.unique(ordered >> _DROPPED_BITS, return_counts=True)
        return ScoreHistogram(bins.astype(np.int32), counts.astype(np.int64))

    def __add__(self, other: "ScoreHistogram") -> "ScoreHistogram":
        """Return the histogram of the scores of both."""
        bins, places = np.unique(np.concatenate([self.bins, other.bins]), return_inverse=True)
        counts = np.zeros(len(bins), dtype=np.int64)
        np.add.at(counts, places, np.concatenate([self.counts, other.counts]))
        return ScoreHistogram(bins, counts)

    def percentile(self, percent: float) -> float:
        """Return the smallest score that has at least `percent` of 100 of all at or below it.

        Rounded down to 12 significant bits. ValueError where there is no score.
        """
        if not len(self.bins):
            raise ValueError("no scores, no percentiles")
        total = np.cumsum(self.counts)
        rank = max(int(np.ceil(percent * int(total[-1]) / 100)), 1)
        return float(self.scores[np.searchsorted(total, rank)])

    @property
    def scores(self) -> Scores:
        """The lowest score of each bin, `(n_bins,)`."""
        ordered = self.bins << _DROPPED_BITS
        size = np.abs(ordered).view(np.float32)
        lowest: Scores = np.where(ordered < 0, -size, size)
        return lowest
