"""Candidates wherever they are: evidence and features by hand, a fit that its own conditions check."""

import json
from dataclasses import asdict
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining import off_page
from mining.bitext_evidence import length_evidence, number_evidence, token_evidence
from mining.bitext_text import read_traits
from mining.margin import Candidates, nearest, neighbour_candidates
from mining.off_page import (
    DEFAULT_CALIBRATION,
    FEATURES,
    Calibration,
    LexicalEvidence,
    adapted,
    features_of,
    fit_calibration,
    lexical_evidence,
    probabilities,
    truth,
)


def traits(*texts, language="eng"):
    return [read_traits(text, text, language) for text in texts]


def candidates(*rows):
    """Rows of index_a, index_b, cosine, margin."""
    index_a, index_b, cosine, margin = (np.array(column) for column in zip(*rows, strict=True))
    flags = np.zeros(len(rows), dtype=np.bool_)
    return Candidates(index_a, index_b, cosine.astype(np.float32), margin.astype(np.float32), flags, flags)


def found_of(rows):
    """Candidates of rows (index_a, index_b)."""
    return candidates(*((i, j, 0.5, 1.0) for i, j in rows))


def no_evidence(n):
    zeros, never = np.zeros(n), np.zeros(n, dtype=np.bool_)
    return LexicalEvidence(zeros, zeros, zeros, never, never)


def test_evidence_of_a_single_candidate_by_hand():
    """Its number is in 1 of 1 pairs on both sides, by the smoothing 1.5 of 2."""
    found = lexical_evidence(traits("within 14 days"), traits("in 14 Tagen", language="deu"))
    assert found.numbers.tolist() == pytest.approx([2 * log(0.95 / 0.75)])  # in question and in answer
    assert found.different_numbers.tolist() == found.same_text.tolist() == [False]


def test_what_is_out_of_the_question():
    a = traits("pay 5 or 7 EUR", "pay 5 EUR", "pay 5 or 8 EUR", "no number", "Just the same!")
    b = traits(
        "zahle 5 oder 9 EUR", "zahle 5 oder 9 EUR", "zahle 8 oder 5 EUR", "es kostet 3", "just the same"
    )
    found = lexical_evidence(a, b)
    assert found.different_numbers.tolist() == [True, False, False, False, False]
    assert found.same_text.tolist() == [False, False, False, False, True]
    assert found.excluded.tolist() == [True, False, False, False, True]
    kept = found.where(~found.excluded)
    assert kept.numbers.tolist() == found.numbers[1:4].tolist()
    assert len(kept.same_text) == 3


def test_evidence_is_the_diagonal_of_a_page_of_the_candidates():
    a = traits(*(f"Model kite{i % 7} costs {i} EUR" + " really" * (i % 3) for i in range(40)))
    b = traits(*(f"Modell kite{i % 7} kostet {i % 9} EUR" for i in range(40)), language="deu")
    found = lexical_evidence(a, b)
    assert found.numbers.tolist() == pytest.approx(number_evidence(a, b).diagonal().tolist())
    assert found.tokens.tolist() == pytest.approx(token_evidence(a, b).diagonal().tolist())
    assert found.length.tolist() == pytest.approx(length_evidence(a, b).diagonal().tolist())
    assert np.ptp(found.numbers) > 5


@pytest.mark.parametrize(("n", "size"), [(10, 10), (11, 6), (25, 9)])
def test_long_lists_are_compared_in_parts_of_equal_size(monkeypatch, n, size):
    monkeypatch.setattr(off_page, "_CHUNK", 10)
    a = traits(*(f"costs {i % 5} EUR" + " more" * (i % 4) for i in range(n)))
    b = traits(*(f"kostet {i % 3} EUR" for i in range(n)))
    found, last = lexical_evidence(a, b), lexical_evidence(a[-size:], b[-size:])
    for name in ("numbers", "tokens", "length", "different_numbers", "same_text"):
        assert getattr(found, name)[-size:].tolist() == getattr(last, name).tolist()
        assert len(getattr(found, name)) == n


def test_no_candidates_at_all():
    found = lexical_evidence([], [])
    assert found.excluded.tolist() == []
    nothing, _ = nearest(np.empty((0, 2), dtype=np.float32), np.empty((0, 2), dtype=np.float32), k=2)
    none = neighbour_candidates(nothing, nothing)
    assert features_of(none, found).shape == (0, len(FEATURES))
    assert probabilities(
        Calibration((1.0,) * len(FEATURES), 0.0, 20, 20), features_of(none, found)
    ).shape == (0,)


def test_features_by_hand():
    found = features_of(
        candidates((0, 0, 0.9, 2.0), (0, 1, 0.5, 1.5), (1, 1, 0.4, 1.2), (2, 3, 0.3, 0.5)),
        LexicalEvidence(*np.arange(12.0).reshape(3, 4), *np.zeros((2, 4), dtype=np.bool_)),
    )
    by_name = dict(zip(FEATURES, found.T.tolist(), strict=True))
    # Rivals: row 0 of a has margin 1.5, too; row 0 of a has 2; row 1 of b has 1.5; nothing is as good as 1.
    assert by_name["lead"] == pytest.approx([log(2 / 1.5), log(1.5 / 2), log(1.2 / 1.5), log(0.5)], abs=1e-6)
    assert by_name["cosine"] == pytest.approx([0.9, 0.5, 0.4, 0.3], abs=1e-6)
    assert [by_name[name] for name in ("numbers", "tokens", "length")] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_leads_equal_brute_force(data):
    cells = data.draw(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12, unique=True)
    )
    margins = [data.draw(st.sampled_from([0.5, 1.0, 1.5, 2.0])) for _ in cells]
    lead = features_of(
        candidates(*((i, j, 0.5, margin) for (i, j), margin in zip(cells, margins, strict=True))),
        no_evidence(len(cells)),
    )[:, FEATURES.index("lead")]
    for n, (i, j) in enumerate(cells):
        of_row = [m for k, (x, _) in enumerate(cells) for m in [margins[k]] if k != n and x == i]
        of_column = [m for k, (_, y) in enumerate(cells) for m in [margins[k]] if k != n and y == j]
        rival = max(max(of_row, default=1.0), max(of_column, default=1.0))
        assert lead[n] == pytest.approx(log(margins[n] / rival))


def test_truth_by_hand():
    found = found_of([(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3)])
    known, right = truth(found, np.array([0, -1, -1]), np.array([0, -1, -1, -1]))
    assert known.tolist() == [True, True, True, False, False, False]
    assert right.tolist() == [True, False, False, False, False, False]
    known, right = truth(found, np.array([-1, -1, 3]), np.array([-1, -1, -1, 2]))
    assert known.tolist() == [False, False, False, False, True, True]
    assert right.tolist() == [False, False, False, False, False, True]


def drawn(seed, *, n_right=80, n_wrong=400, shift=(2.0, 1.0, 0.0)):
    """Right and wrong candidates whose features are normal and differ by `shift` in the mean."""
    rng = np.random.default_rng(seed)
    right = np.arange(n_right + n_wrong) < n_right
    features = rng.standard_normal((len(right), len(shift))) + np.outer(right, shift)
    order = rng.permutation(len(right))
    return features[order], right[order]


def test_the_fit_finds_the_log_odds_of_two_normal_distributions():
    """Unit normals with means 0 and 2: log odds 2 x - 2, less log 2, as wrong ones count twice."""
    fitted = fit_calibration(*drawn(0, n_right=4000, n_wrong=20_000, shift=(2.0,)))
    assert (*fitted.weights, fitted.intercept) == pytest.approx((2, -2 - log(2)), abs=0.1)
    assert (fitted.n_right, fitted.n_wrong) == (4000, 20_000)
    assert probabilities(fitted, np.array([[1.0]])) == pytest.approx([1 / 3], abs=0.05)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([0.01, 1, 40]), st.integers(20, 60), st.integers(20, 400))
def test_no_other_weights_are_more_probable(seed, distance, n_right, n_wrong):
    """The slope of the penalised likelihood is 0 where a weight is above 0, and points below it elsewhere."""
    rng = np.random.default_rng(seed)
    shift = distance * rng.uniform(-0.3, 1, size=4)
    features, right = drawn(seed, n_right=n_right, n_wrong=n_wrong, shift=shift)
    fitted = fit_calibration(features, right)
    scale, weights = features.std(axis=0), np.array(fitted.weights)
    assert weights.min() >= 0
    log_odds = features @ weights + fitted.intercept
    counts = np.where(right, 1 / n_right, 2 / n_wrong) * len(right) / 3
    rest = counts * (right - 1 / (1 + np.exp(-log_odds)))
    assert rest.sum() == pytest.approx(0, abs=1e-5)
    slopes = rest @ ((features - features.mean(axis=0)) / scale) - weights * scale
    assert slopes[weights > 0] == pytest.approx(np.zeros((weights > 0).sum()), abs=1e-5)


def test_what_speaks_against_translations_counts_nothing():
    fitted = fit_calibration(*drawn(1, shift=(2.0, -1.0, 1.0)))
    assert fitted.weights[1] == 0
    assert min(fitted.weights[0], fitted.weights[2]) > 0.5


def test_what_is_the_same_everywhere_counts_nothing():
    features, right = drawn(2)
    features[:, 1] = 0.3
    assert fit_calibration(features, right).weights[1] == 0
    nothing = fit_calibration(np.zeros_like(features), right)
    assert nothing.weights == (0, 0, 0)
    assert probabilities(nothing, features) == pytest.approx([1 / 3] * len(right), abs=1e-5)


def test_the_order_of_candidates_does_not_matter():
    features, right = drawn(3)
    order = np.random.default_rng(0).permutation(len(right))
    assert fit_calibration(features, right) == fit_calibration(features[order], right[order])


def test_too_little_is_known():
    features, right = drawn(4, n_right=20, n_wrong=20)
    assert fit_calibration(features, right) is not None
    for unknown in (np.flatnonzero(right)[0], np.flatnonzero(~right)[0]):
        assert fit_calibration(np.delete(features, unknown, axis=0), np.delete(right, unknown)) is None
    assert fit_calibration(np.empty((0, 3)), np.empty(0, dtype=np.bool_)) is None


def test_outliers_do_not_break_the_fit():
    features, right = drawn(5)
    features[:3] *= 1e6
    fitted = fit_calibration(features, right)
    assert np.isfinite((*fitted.weights, fitted.intercept)).all()


def test_probabilities_by_hand():
    calibration = Calibration((2.0, 0.5), -1.0, 30, 40)
    found = probabilities(calibration, np.array([[1.0, 2.0], [0.0, 0.0], [500.0, 0.0], [-500.0, 0.0]]))
    assert found.tolist() == [round(1 / (1 + exp(-2)), 6), round(1 / (1 + exp(1)), 6), 1.0, 0.0]


def test_the_share_of_translated_texts_by_hand():
    """Of 4 texts, 2 have a score of 1, 2 of 0: a share of (2 + 2) / (4 + 4) changes nothing."""
    scores = np.array([0.999999, 0.999999, 0.000001, 0.000001])
    assert adapted(scores, found_of([(0, 0), (1, 1), (2, 2), (3, 3)])).tolist() == pytest.approx(
        scores, abs=1e-6
    )
    # A share of (3 + 2) / (3 + 4) = 5/7 has odds of 5/2: 0.2, of odds 1/4, gets odds of 5/8. It is no row's
    # best, so that it has no part in the share.
    scores = np.array([0.999999, 0.999999, 0.999999, 0.2])
    found = adapted(scores, found_of([(0, 0), (1, 1), (2, 2), (0, 1)]))
    assert found[3] == pytest.approx(5 / 13, abs=1e-4)


def test_among_languages_that_share_nothing_little_is_left():
    """300 texts whose best score is below 0.1 for most and above 0.8 for 9, by chance."""
    scores = 0.9 * np.linspace(0, 1, 300) ** 4
    assert (scores >= 0.8).sum() == 9
    found = adapted(scores, found_of([(i, i) for i in range(300)]))
    assert found.max() < 0.8
    assert (np.diff(found) >= 0).all()


def test_a_site_translated_throughout_gains():
    scores = np.array([0.95] * 90 + [0.7] * 10)
    assert adapted(scores, found_of([(i, i) for i in range(100)]))[-1] > 0.8


def test_adapting_hangs_neither_on_sides_nor_on_order():
    rng = np.random.default_rng(0)
    rows = [(i, j) for i in range(12) for j in rng.choice(9, size=3, replace=False)]
    scores = rng.random(len(rows)).round(2)
    found = adapted(scores, found_of(rows))
    assert adapted(scores, found_of([(j, i) for i, j in rows])).tolist() == pytest.approx(
        found.tolist(), abs=2e-6
    )
    order = rng.permutation(len(rows))
    again = adapted(scores[order], found_of([rows[i] for i in order]))
    assert again.tolist() == pytest.approx(found[order].tolist(), abs=2e-6)
    assert adapted(np.zeros(0), found_of([(0, 0)]).where(np.array([False]))).tolist() == []


def test_without_calibration_evidence_must_be_plain():
    """Lead, cosine, then numbers, tokens and length in nats, weighted."""
    assert len(DEFAULT_CALIBRATION.weights) == len(FEATURES)
    features = np.array(
        [[0.7, 0.9, 2, 0.5, 0.5], [0.7, 0.9, 0, 0, 0], [0.1, 0.9, 0, 0.5, 0], [-1, 0.8, 1, 0, 0]]
    )
    plain, *others = probabilities(DEFAULT_CALIBRATION, features)
    assert plain > 0.8
    assert max(others) < 0.8


def test_a_calibration_survives_json():
    fitted = fit_calibration(*drawn(6))
    read = json.loads(json.dumps(asdict(fitted)))
    assert Calibration(**{**read, "weights": tuple(read["weights"])}) == fitted


def test_a_site_of_which_half_is_translated():
    """300 texts of each language, 150 of them translations; the truth of 60 is known, the rest is found."""
    rng = np.random.default_rng(0)
    b = rng.standard_normal((300, 24))
    a = np.concatenate([b[:150] + 0.6 * rng.standard_normal((150, 24)), rng.standard_normal((150, 24))])
    a, b = ((x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32) for x in (a, b))
    from_a, from_b = nearest(a, b, k=9)
    partner = np.where(np.arange(300) < 60, np.arange(300), -1)
    known_rows = np.arange(60)
    found = neighbour_candidates(from_a.first(8), from_b.first(8))
    alone = neighbour_candidates(
        from_a.without(known_rows, known_rows), from_b.without(known_rows, known_rows)
    )
    known, right = truth(found, partner, partner)
    known_alone, right_alone = truth(alone, partner, partner)
    assert right.sum() == 60
    assert not right_alone.any()
    features = features_of(found, no_evidence(len(found)))
    calibration = fit_calibration(
        np.concatenate([features[known], features_of(alone, no_evidence(len(alone)))[known_alone]]),
        np.concatenate([right[known], right_alone[known_alone]]),
    )
    scores = adapted(probabilities(calibration, features), found)
    accepted = found.where(~known & (scores >= 0.8))
    is_right = (accepted.index_a == accepted.index_b) & (accepted.index_a < 150)
    assert is_right.mean() > 0.9
    assert is_right.sum() > 0.9 * 90
