"""How probable it is that two pairs which an embedder brought together translate each other.

No threshold on cosine or margin carries over from one model or corpus to another. So each run fits its own
scale, on candidates whose truth the pages' structure tells: a logistic regression of margin, cosine and what
the texts have in common. The truth is to be known of pairs that the model was not trained on, and of three
kinds of candidates: right ones; wrong ones, where another pair is the translation; and those that are found
once the translation is taken away (`mining.margin.Nearest.without`), which stand for texts that have none.

All neighbours of a row are candidates, not the best by margin alone: an embedder trained on few pairs has the
translation among them far more often than first, and what the texts have in common then tells which it is.
Measured on half of the pages of the sample crawl and of a real site, without their addresses, by bootstrap
models of the other half, all else equal: mutually best by margin (k = 4), recall 0.82 and 0.50; all of the 8
nearest, 0.96 and 0.88, at a precision of 0.99.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mining.bitext_evidence import different_numbers, length_evidence, number_evidence, token_evidence
from mining.bitext_text import Traits
from mining.margin import Candidates

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEATURES = ("lead", "cosine", "numbers", "tokens", "length")
"""Columns of the features of a candidate; `lead` is how far its log margin is above the best rival's."""

_NO_RIVAL = 0.0
"""Log margin of the rival where a row has no other candidate: that of a text among its like."""
_CHUNK = 256
"""Candidates that are each other's background: enough to tell what is frequent."""


@dataclass(frozen=True, slots=True)
class LexicalEvidence:
    """What two pairs of each candidate have in common; all arrays have shape `(n_candidates,)`.

    Numbers, tokens and length are weights of evidence in nats, as in `mining.bitext_evidence`, against two
    pairs taken at random from candidates of the same site and languages.
    """

    numbers: Floats
    tokens: Floats
    length: Floats
    different_numbers: Flags
    """Each pair has a number that the other lacks."""
    same_text: Flags
    """The same text but for case, spaces and marks."""

    @property
    def excluded(self) -> Flags:
        """Out of the question: numbers contradict each other, or it is no translation but the same text."""
        return self.different_numbers | self.same_text

    def where(self, mask: Flags) -> "LexicalEvidence":
        """Return the evidence of the candidates where `mask`, of shape `(n_candidates,)`, is true."""
        return LexicalEvidence(*(getattr(self, field.name)[mask] for field in fields(self)))


def lexical_evidence(a: Sequence[Traits], b: Sequence[Traits]) -> LexicalEvidence:
    """Compare `a[i]` with `b[i]`, candidates of one site and two languages.

    The result depends on their order, as each run of at most 256 is a background of its own; so the cost is
    linear, and what an item weighs does not grow with the site.
    """
    sides = list(zip(_chunks(a), _chunks(b), strict=True))
    numbers, tokens, length, differ = (
        np.concatenate([np.zeros(0), *(compare(*side).diagonal() for side in sides)])
        for compare in (number_evidence, token_evidence, length_evidence, different_numbers)
    )
    same_text = np.array([x.text_key == y.text_key for x, y in zip(a, b, strict=True)], dtype=np.bool_)
    return LexicalEvidence(numbers, tokens, length, differ > 0, same_text)


def _chunks(pairs: Sequence[Traits]) -> list[Sequence[Traits]]:
    """Deal a list to parts of nearly equal size, in its order."""
    n_chunks = -(-len(pairs) // _CHUNK)
    bounds = [i * len(pairs) // n_chunks for i in range(n_chunks + 1)] if n_chunks else []
    return [pairs[first:last] for first, last in pairwise(bounds)]


def features_of(candidates: Candidates, lexical: LexicalEvidence) -> Floats:
    """Return the `FEATURES` of the candidates of one site and two languages, `(n_candidates, n_features)`.

    Candidates that are out of the question are to be left out before (`LexicalEvidence.excluded`), so that
    they are nobody's rivals.
    """
    log_margin = np.log(candidates.margin.astype(np.float64))
    lead = log_margin - np.maximum(
        _best_rival(candidates.index_a, log_margin), _best_rival(candidates.index_b, log_margin)
    )
    return np.column_stack([lead, candidates.cosine, lexical.numbers, lexical.tokens, lexical.length])


def _best_rival(index: NDArray[np.int64], log_margin: Floats) -> Floats:
    """Return the largest log margin that each candidate's row has with another one."""
    order = np.lexsort((-log_margin, index))
    rows, values = index[order], log_margin[order]
    first = np.searchsorted(rows, rows)
    second = np.where(np.append(rows[1:] == rows[:-1], False), np.append(values[1:], 0.0), _NO_RIVAL)
    rivals = np.empty_like(values)
    rivals[order] = np.where(np.arange(len(rows)) == first, second, values[first])
    return rivals


def truth(
    candidates: Candidates, partner_of_a: NDArray[np.int64], partner_of_b: NDArray[np.int64]
) -> tuple[Flags, Flags]:
    """Tell which candidates are known to be right or wrong, and which are right, `(n_candidates,)` each.

    `partner_of_a[i]` is the row of b that translates row i of a, -1 where that is not known; `partner_of_b`
    likewise. A candidate is known where either of its rows has a known partner.
    """
    known = (partner_of_a[candidates.index_a] >= 0) | (partner_of_b[candidates.index_b] >= 0)
    return known, partner_of_a[candidates.index_a] == candidates.index_b


@dataclass(frozen=True, slots=True)
class Calibration:
    """The log odds of a candidate: `intercept` plus the features times `weights`."""

    weights: tuple[float, ...]
    intercept: float
    n_right: int
    n_wrong: int


DEFAULT_CALIBRATION = Calibration((2.0, 1.0, 0.7, 0.7, 1.0), -2.0, 0, 0)
"""Where too little is known to fit one; for lexical features weighted by 0.5, 0.8 and 0.5 (the defaults of
`AlignConfig`). About what fits half of the sample crawl and of the real sites of the tests at once, for ten
bootstrap models; the intercept 0.7 lower, as other models' cosines are higher."""


_SCORE_DIGITS = 6
"""Decimals kept, so that the last bits, which differ between machines, decide nothing."""
_MIN_KNOWN = 20
"""Fewest right, and fewest wrong candidates, that a scale is fitted on."""
_PENALTY = 1.0
"""Of half the squared weights, against the log likelihood of as many candidates as there are."""
_MAX_STEPS = 100
_LEAST_STEP = 1e-9
_USUAL_SHARE = 0.5
_N_USUAL = 4.0
"""Share of texts that have a translation, as calibrated, and how many texts that guess counts for."""
_N_ADAPTATIONS = 30
_LEAST_SPREAD = 1e-9
"""Standard deviation below which a feature is the same everywhere and says nothing."""


def fit_calibration(features: Floats, right: Flags) -> Calibration | None:
    """Fit the probabilities of candidates whose truth is known; None where fewer than 20 are right, or wrong.

    `features` has shape `(n, n_features)`, `right` `(n,)`. Each of the three kinds of candidates counts a
    third, so wrong ones twice what right ones do, however many there are. A logistic regression with an L2
    penalty on the weights of standardised features, by Newton's method; no weight is below zero, so that
    nothing which speaks for a translation ever counts against it.
    """
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    if min(n_right, n_wrong) < _MIN_KNOWN:
        return None
    order = np.lexsort((*features.T, right))  # so that the sums do not hang on the order of rows
    features, right = features[order], right[order]
    counts = np.where(right, 1 / n_right, 2 / n_wrong) * (len(right) / 3)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    used = np.flatnonzero(spread > _LEAST_SPREAD)
    while True:
        scaled = (features[:, used] - mean[used]) / spread[used]
        intercept, *found = _logistic(scaled, right.astype(np.float64), counts)
        if min(found, default=0) >= 0:
            break
        used = np.delete(used, np.argmin(found))
    weights = np.zeros(len(mean))
    weights[used] = found / spread[used]
    return Calibration(tuple(weights.tolist()), float(intercept - weights @ mean), n_right, n_wrong)


def _logistic(scaled: Floats, right: Floats, counts: Floats) -> Floats:
    """Return intercept and weights of the largest penalised likelihood; the intercept has no penalty."""
    columns = np.column_stack([np.ones(len(right)), scaled])
    penalty = np.full(columns.shape[1], _PENALTY)
    penalty[0] = 0
    found = np.zeros(columns.shape[1])
    for _ in range(_MAX_STEPS):
        probability = _sigmoid(columns @ found)
        slope = columns.T @ (counts * (right - probability)) - penalty * found
        curvature = (columns.T * (counts * probability * (1 - probability))) @ columns + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        found = found + step
        if np.abs(step).max() < _LEAST_STEP:
            break
    return found


def probabilities(calibration: Calibration, features: Floats) -> Floats:
    """Return the probability of each candidate to be a translation, `(n,)`, to 6 decimals."""
    return _sigmoid(features @ np.array(calibration.weights) + calibration.intercept).round(_SCORE_DIGITS)


def adapted(scores: Floats, candidates: Candidates) -> Floats:
    """Return the probabilities of the candidates of one site and two languages, for as much as it translates.

    A calibration takes half of the texts for translated. Here the share is estimated from the scores of the
    site's own candidates, which then are shifted by its odds (Saerens, Latinne and Decaestecker 2002,
    "Adjusting the outputs of a classifier to new a priori probabilities"): among languages that have no text
    in common the best of many wrong candidates is not taken, and on a site that is translated throughout the
    less obvious ones are.
    """
    if not len(scores):
        return scores
    log_odds = _log_odds(scores)
    best = log_odds[_is_best(candidates.index_a, scores) & _is_best(candidates.index_b, scores)]
    n_rows = min(len(np.unique(candidates.index_a)), len(np.unique(candidates.index_b)))
    share = _USUAL_SHARE
    for _ in range(_N_ADAPTATIONS):
        n_translated = _sigmoid(best + _log_odds(share)).sum() + _N_USUAL * _USUAL_SHARE
        share = float(n_translated / (n_rows + _N_USUAL))
    return _sigmoid(log_odds + _log_odds(share)).round(_SCORE_DIGITS)


def _is_best(index: NDArray[np.int64], scores: Floats) -> Flags:
    """Tell which candidates have the largest score of their row, the first of equal ones alone."""
    order = np.lexsort((-scores, index))
    found = np.zeros(len(index), dtype=np.bool_)
    found[order[np.unique(index[order], return_index=True)[1]]] = True
    return found


def _log_odds(probability: Floats | float) -> Floats:
    bounded = np.clip(probability, 10.0**-_SCORE_DIGITS, 1 - 10.0**-_SCORE_DIGITS)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))))
