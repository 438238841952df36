"""Margins and percentiles by hand, with negative scores and several positives."""

import numpy as np
import pytest
from negatives_by_hand import NAN, PLAIN, block, decided, selection, with_scores

from mining.negatives import select
from mining.negatives_block import ScoreScale
from mining.negatives_rules import Decision
from mining.negatives_scores import Reference, ScoreHistogram

KEPT, ABOVE = Decision.KEPT, Decision.ABOVE_MARGIN


def test_each_query_is_compared_with_its_own_positives():
    """Two, one and three positives, given in no order: a place counted by queries would read another's."""
    positives = [(2, 5, 9.0), (0, 1, 8.0), (1, 2, 1.0), (0, 0, 3.0), (2, 3, 7.0), (2, 4, 6.0)]
    found = block([(q, 10 + i, s) for q in range(3) for i, s in enumerate((0.5, 2.5, 5.5, 8.5))], positives)
    above = {
        Reference.MIN: [[3.0], [1.0], [6.0]],
        Reference.MEAN: [[5.5], [1.0], [22 / 3]],
        Reference.MAX: [[8.0], [1.0], [9.0]],
    }
    for reference, bounds in above.items():
        expected = [ABOVE if score > bound else KEPT for (bound,) in bounds for score in (0.5, 2.5, 5.5, 8.5)]
        chosen = selection(absolute_margin=0.0, reference=reference)
        assert decided(select(found, PLAIN, selection=chosen)) == expected


def test_absolute_margin():
    assert with_scores([4.0, 3.0, 2.0], [4.0], absolute_margin=1.0) == [ABOVE, KEPT, KEPT]
    assert with_scores([-4.0, -5.0, -6.0], [-4.0], absolute_margin=1.0) == [ABOVE, KEPT, KEPT]
    assert with_scores([4.0, 4.5], [4.0], absolute_margin=0.0) == [KEPT, ABOVE]


def test_the_relative_margin_stays_below_a_negative_score():
    assert with_scores([7.6, 7.4], [8.0], relative_margin=0.0625) == [ABOVE, KEPT]  # 7.5
    # -8 * (1 - 1/16) would be -7.5, above the positive itself.
    assert with_scores([-7.4, -7.6, -8.0, -8.4, -8.6], [-8.0], relative_margin=0.0625) == [ABOVE] * 4 + [KEPT]
    assert with_scores([0.1, 0.0], [0.0], relative_margin=0.5) == [ABOVE, KEPT]


def test_percent_of_a_positive_cosine_is_as_published():
    cosine = {"percent_of_positive": 0.8, "scale": ScoreScale.COSINE}
    assert with_scores([0.41, 0.39, -0.5], [0.5], **cosine) == [ABOVE, KEPT, KEPT]  # 0.4
    assert with_scores([-0.4, -0.5, -0.59, -0.61], [-0.5], **cosine) == [ABOVE, ABOVE, ABOVE, KEPT]  # -0.6


def test_percent_of_logits_compares_probabilities():
    # sigmoid(0) = 0.5; 0.8 of it 0.4, the logit ln(0.4 / 0.6) = -0.405.
    assert with_scores([-0.40, -0.41], [0.0], percent_of_positive=0.8) == [ABOVE, KEPT]
    # sigmoid(-20) is e^-20 but for one part in 10^9: 0.8 of it has the logit -20 + ln 0.8 = -20.223.
    assert with_scores([-20.0, -20.22, -20.23], [-20.0], percent_of_positive=0.8) == [ABOVE, ABOVE, KEPT]
    # The probability of 12 is nearly 1: 0.8 has the logit ln 4 = 1.386. Raw logits would allow 9.6.
    assert with_scores([9.0, 1.39, 1.38], [12.0], percent_of_positive=0.8) == [ABOVE, ABOVE, KEPT]


def test_a_positive_just_above_and_one_just_below_zero_are_treated_alike():
    for positive in (-0.001, 0.001):
        assert with_scores([-0.40, -0.41], [positive], percent_of_positive=0.8) == [ABOVE, KEPT]


def test_the_lowest_of_several_margins_counts():
    both = {"absolute_margin": 1.0, "relative_margin": 0.5}
    assert with_scores([3.5, 2.5, 1.5], [4.0], **both) == [ABOVE, ABOVE, KEPT]  # 3 and 2
    assert with_scores([0.5, -0.5], [1.0], **both) == [ABOVE, KEPT]  # 0 and 0.5


def test_promotion_takes_what_is_above_all_positives():
    likely = Decision.LIKELY_POSITIVE
    assert with_scores([3.0, 5.0, 5.5], [2.0, 5.0], promote=True) == [KEPT, KEPT, likely]
    assert with_scores([1.5, 3.0, 5.5], [2.0, 5.0], promote=True, absolute_margin=0.0) == [
        KEPT,
        ABOVE,
        likely,
    ]


def histogram(*scores):
    return ScoreHistogram.of(np.array(scores, dtype=np.float32))


def test_percentiles_by_hand():
    """Scores of few significant bits come back as they are: the 1st of 5 reaches 20 of 100, the 3rd 60."""
    found = histogram(-8.0, NAN, -0.5, 0.0, 0.25, 12.0)
    percentiles = [found.percentile(percent) for percent in (0, 20, 20.1, 50, 60, 61, 80, 100)]
    assert percentiles == [-8.0, -8.0, -0.5, 0.0, 0.0, 0.25, 0.25, 12.0]
    assert histogram(-0.0, 0.0).counts.tolist() == [2]
    with pytest.raises(ValueError, match="no scores"):
        histogram(NAN).percentile(50)


def test_percentiles_are_rounded_down_by_less_than_one_part_in_2048():
    for score in (3.14159, -3.14159, 0.97531, -1e-3, 1e-20):
        found = histogram(score).percentile(50)
        assert abs(score) / 2048 > np.float32(score) - found >= 0
