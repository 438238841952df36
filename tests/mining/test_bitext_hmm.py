"""The pair hidden Markov model against enumeration by hand and by brute force."""

from itertools import combinations
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mining.bitext_hmm import Lists, align

LISTS = Lists(related=0.6, gap_rates=(0.1, 0.4), mean_length=3.0)
STOP = 0.25


def prior_of_matching(n_matches, n_gaps, rate):
    """Return how probable one matching is among related lists, over the same for unrelated lists."""
    n_a_and_n_b = 2 * n_matches + n_gaps
    related = (1 - STOP) ** n_matches * STOP * rate**n_gaps * (1 - rate) ** (2 * (n_matches + 1))
    return related / ((1 - STOP) ** n_a_and_n_b * STOP**2)


def by_enumeration(log_odds, lists):
    """Return the posterior by a sum over every set of matches whose order is the same on both sides."""
    n, m = log_odds.shape
    cells, total = np.zeros((n, m)), 0.0
    for rate in lists.gap_rates:
        for k in range(min(n, m) + 1):
            for rows in combinations(range(n), k):
                for columns in combinations(range(m), k):
                    matches = list(zip(rows, columns, strict=True))
                    weight = prior_of_matching(k, n + m - 2 * k, rate) / len(lists.gap_rates)
                    weight *= exp(sum(log_odds[match] for match in matches))
                    total += weight
                    for match in matches:
                        cells[match] += weight
    odds = lists.related / (1 - lists.related)
    everything = odds * total + 1
    return odds * total / everything, odds * cells / everything


odds_matrices = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-8, 8) | st.just(-inf))
)


@settings(deadline=None)
@given(odds_matrices)
def test_equals_the_sum_over_all_alignments(log_odds):
    related, cells = by_enumeration(log_odds, LISTS)
    posterior = align(log_odds, lists=LISTS)
    assert posterior.related == pytest.approx(related, abs=1e-9)
    np.testing.assert_allclose(posterior.matched, cells, atol=1e-9)


def test_one_item_each_by_hand():
    """Match: 0.75 x 0.25 x 0.9^4; no match: 0.25 x 0.1^2 x 0.9^2; unrelated: 0.75^2 x 0.25^2."""
    lists = Lists(related=0.5, gap_rates=(0.1,), mean_length=3.0)
    match, none, unrelated = 0.75 * 0.25 * 0.9**4, 0.25 * 0.1**2 * 0.9**2, 0.75**2 * 0.25**2
    posterior = align(np.array([[log(2)]]), lists=lists)
    total = 2 * match + none + unrelated
    assert posterior.matched[0, 0] == pytest.approx(2 * match / total)
    assert posterior.related == pytest.approx((2 * match + none) / total)


def test_the_prior_is_a_distribution_over_lists_of_all_lengths():
    lists = Lists(related=0.5, gap_rates=(0.05, 0.3), mean_length=1.0)
    n_most, total = 40, 0.0
    for n in range(n_most):
        for m in range(n_most):
            if n and m:
                related = align(np.zeros((n, m)), lists=lists).related
                total += related / (1 - related) * 0.25 * 0.5 ** (n + m)
    empty = 0.0  # lists without items are never aligned: one side is all gaps
    for rate in lists.gap_rates:
        sides = [0.5 * (1 - rate) ** 2 * rate**n for n in range(n_most)]
        empty += (2 * sum(sides) - sides[0]) / 2
    assert total + empty == pytest.approx(1, abs=1e-6)


def test_what_has_one_place_too_many_is_uncertain_without_evidence():
    """One of three items of the second list is new: any is about as probable."""
    matched = align(np.zeros((2, 3)), lists=Lists(related=0.9999, gap_rates=(0.01,), mean_length=3.0)).matched
    np.testing.assert_allclose(matched, [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=0.02)


def test_evidence_against_one_place_decides_for_all():
    log_odds = np.zeros((3, 4))
    log_odds[1, 1] = -8
    log_odds[2, 2] = -8
    matched = align(log_odds, lists=Lists(related=0.9999, gap_rates=(0.01,), mean_length=3.0)).matched
    np.testing.assert_allclose(matched, [[0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], atol=0.06)


def test_long_lists_stay_within_the_range_of_floats():
    posterior = align(np.diag(np.full(1500, 40.0)) - 20, lists=LISTS)
    assert posterior.related == pytest.approx(1)
    np.testing.assert_allclose(np.diag(posterior.matched), 1)
    posterior = align(np.full((1200, 1200), -50.0), lists=LISTS)
    assert posterior.related < 1e-6


big_matrices = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-60, 60) | st.just(-inf))
)


@settings(deadline=None)
@given(big_matrices)
def test_probabilities_and_symmetry(log_odds):
    posterior = align(log_odds, lists=LISTS)
    assert 0 <= posterior.related <= 1
    assert (posterior.matched >= 0).all()
    assert (posterior.matched.sum(axis=0) <= posterior.related + 1e-9).all()
    assert (posterior.matched.sum(axis=1) <= posterior.related + 1e-9).all()
    assert (posterior.matched[np.isneginf(log_odds)] == 0).all()
    transposed = align(log_odds.T, lists=LISTS)
    np.testing.assert_allclose(transposed.matched, posterior.matched.T, atol=1e-9)
    reversed_ = align(log_odds[::-1, ::-1], lists=LISTS)
    np.testing.assert_allclose(reversed_.matched, posterior.matched[::-1, ::-1], atol=1e-9)
