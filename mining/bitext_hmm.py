"""Monotone alignment of two sequences as a pair hidden Markov model: probabilities instead of one best path.

The model (Durbin, Eddy, Krogh and Mitchison 1998, Biological Sequence Analysis, chapter 4) tells how two
lists came about. Either they are unrelated: each has a length of its own, geometrically distributed. Or they
are translations: a list of matched items, likewise of geometric length, and before, between and after them
items that only one side has, whose runs are geometric, too. The prior probability of every alignment
follows, and that of lists whose lengths differ. Evidence enters as odds, cell by cell: how much more probable
the two texts are if one translates the other than if not.

The sum over all alignments gives the probability that the lists are related at all, and that a cell is
matched, whatever the rest. Where several alignments are about equally good, none of their cells is certain.
"""

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lists:
    """What is expected of two lists before their items are read."""

    related: float
    """Probability that they are translations, in (0, 1)."""
    gap_rates: tuple[float, ...]
    """Probability, in (0, 1), that a further item of one side comes before the next matched one. Several are
    equally probable beforehand: of most lists the translation has the same items, of some it lags behind."""
    mean_length: float
    """Items of a list on average, > 0."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the evidence makes of two lists."""

    related: float
    """Probability that they are translations."""
    matched: Floats
    """Probability that they are and that items i and j match `(n_a, n_b)`; no row or column exceeds 1."""


def align(log_odds: Floats, *, lists: Lists) -> Posterior:
    """Return the posterior for log odds `(n_a, n_b)` in nats; -inf forbids a match.

    Time and memory are proportional to the number of cells. Transposed odds give the transposed posterior.
    """
    log_prior = log(lists.related) - log(1 - lists.related) - log(len(lists.gap_rates))
    alternatives = [_aligned(log_odds, rate, lists.mean_length) for rate in lists.gap_rates]
    log_factors = [log_prior + log_factor for log_factor, _ in alternatives]
    log_any = float(np.logaddexp.reduce([0.0, *log_factors]))
    shares = [exp(log_factor - log_any) for log_factor in log_factors]
    matched = sum(share * cells for share, (_, cells) in zip(shares, alternatives, strict=True))
    return Posterior(min(sum(shares), 1.0), np.minimum(matched, 1.0))


def _aligned(log_odds: Floats, gap_rate: float, mean_length: float) -> tuple[float, Floats]:
    """Return how much more probable the lists are if related, in nats, and the cells' probabilities if so."""
    stop = 1 / (1 + mean_length)
    log_gap = log(gap_rate) - log(1 - stop)
    no_gaps = 2 * log(1 - gap_rate)
    weights = log_odds + no_gaps - log(1 - stop)
    before = _totals(weights, log_gap)
    after = _totals(weights[::-1, ::-1], log_gap)[::-1, ::-1]
    total = float(before[-1, -1])
    return total + no_gaps - log(stop), np.exp(before[:-1, :-1] + weights + after[1:, 1:] - total)


def _totals(weights: Floats, log_gap: float) -> Floats:
    """Return the logarithm of the summed weights of all alignments of the first i and first j items.

    `(n_a + 1, n_b + 1)`. Of the orders in which items without a match can be written between two matches,
    only the one with those of the first list in front counts: each set of matches is summed up once.
    """
    n_a, n_b = weights.shape
    gaps = np.arange(n_b + 1) * log_gap
    totals = np.empty((n_a + 1, n_b + 1))
    totals[0] = gaps
    open_row = np.full(n_b + 1, -np.inf)  # alignments that no item of the second list without a match ends
    open_row[0] = 0.0
    for i in range(n_a):
        open_row += log_gap
        open_row[1:] = np.logaddexp(open_row[1:], totals[i, :-1] + weights[i])
        totals[i + 1] = np.logaddexp.accumulate(open_row - gaps) + gaps
    return totals
