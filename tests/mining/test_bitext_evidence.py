"""What is read of a pair, and what it weighs: expected values by hand."""

import time
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining import bitext_evidence
from mining.bitext_evidence import (
    LENGTH_NOISE,
    NUMBERS_KEPT,
    different_numbers,
    length_evidence,
    number_evidence,
    token_evidence,
)
from mining.bitext_text import Traits, read_traits


def numbers(text):
    return sorted(read_traits(text, "", "eng").numbers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from 2 to 14 days", [("14", 0), ("2", 0)]),
        ("1,250 EUR or 1.250 EUR or 1 250 EUR", [("1250", 0), ("1250", 1), ("1250", 2)]),
        ("3.50 and 3,50", [("3.50", 0), ("3.50", 1)]),
        ("2 pm, 14:00, 14.00 Uhr, 14h", [("14", 0), ("14", 1), ("14", 2), ("14", 3)]),
        ("9:30 a.m. and 12:15 pm and 12am", [("0", 0), ("12.15", 0), ("9.30", 0)]),
        ("02:05", [("2.05", 0)]),
        ("٢٤ ساعة و ۷ روز", [("24", 0), ("7", 0)]),
        ("२० मिनट, ２０分", [("20", 0), ("20", 1)]),
        ("none", []),
        ("write to desk24@kite.example or see https://kite.example/3", []),
    ],
)
def test_numbers(text, expected):
    assert numbers(text) == expected


def test_tokens_are_beginnings_of_words_and_addresses():
    traits = read_traits(
        "Réservation Wi-Fi?", "Write to Desk@Kite.example, or kite.example/faq. X 24h", "eng"
    )
    assert traits.tokens >= {"reser", "wi", "fi", "write", "to", "desk@kite.example"}
    assert read_traits("Reservierung", "", "deu").tokens == {"reser"}
    assert traits.tokens.isdisjoint({"x", "24h", "desk"})


def test_lengths_are_as_if_in_english():
    """A Japanese translation has 0.46 of the characters."""
    english, japanese = read_traits("?" * 99, "!" * 199, "eng"), read_traits("?" * 45, "!" * 91, "jpn")
    assert english.log_lengths == pytest.approx((log(100), log(200)))
    assert japanese.log_lengths == pytest.approx((log(100), log(200)), abs=0.01)


def test_what_siblings_of_a_template_share():
    one, two = (
        read_traits("Price of 5 rides?", "7,50 EUR.", "eng"),
        read_traits("Price of 10 rides?", "14 EUR.", "eng"),
    )
    assert one.text_key != two.text_key
    assert read_traits("price OF 5 rides", "7,50 EUR", "eng").text_key == one.text_key
    assert read_traits("Price of 8 rides?", "9,50 EUR.", "eng").template_key == one.template_key


def test_a_long_run_of_letters_is_read_once():
    began = time.perf_counter()
    read_traits("x@y", "a" * 100_000 + "@", "eng")
    read_traits("x@y", "a." * 50_000 + "@", "eng")
    assert time.perf_counter() - began < 2


def page(*items, kind="numbers"):
    empty = {
        "numbers": frozenset(),
        "tokens": frozenset(),
        "log_lengths": (4.0, 5.0),
        "text_key": 0,
        "template_key": 0,
    }
    return [
        Traits(**{**empty, kind: frozenset((i, 0) for i in item) if kind == "numbers" else item})
        for item in items
    ]


def test_a_shared_number_by_hand():
    """One pair of four has the number, on either page: p = q = 1.5 / 5, translations share `kept` p of it."""
    a = page("x", "", "", "")
    evidence = number_evidence(a, a)
    p, joint = 0.3, NUMBERS_KEPT * 0.3
    assert evidence[0, 0] == pytest.approx(log(joint / p**2))
    assert evidence[0, 1] == pytest.approx(log((p - joint) / (p * (1 - p))))
    assert evidence[1, 0] == pytest.approx(evidence[0, 1])
    assert evidence[1, 1] == pytest.approx(log((1 - 2 * p + joint) / (1 - p) ** 2))


def test_rare_numbers_count_more_than_common_ones():
    a = page("x", "y", "y", "y", "", "")
    evidence = number_evidence(a, a)
    assert evidence[0, 0] > evidence[1, 1] > 0 > evidence[0, 1]


def test_a_number_that_one_page_alone_has_speaks_softly():
    with_one, without = page("x", "", "", ""), page("", "", "", "")
    assert -0.7 < number_evidence(with_one, without)[0, 0] < 0
    assert np.allclose(
        token_evidence(page({"x"}, set(), kind="tokens"), page({"y"}, set(), kind="tokens")), 0
    )


def test_many_items_in_blocks_weigh_the_same(monkeypatch):
    a, b = page("uvw", "vx", "y"), page("uv", "wz")
    at_once, differ = number_evidence(a, b), different_numbers(a, b)
    monkeypatch.setattr(bitext_evidence, "_MAX_ITEMS", 2)
    np.testing.assert_allclose(number_evidence(a, b), at_once)
    assert (different_numbers(a, b) == differ).all()
    assert differ.tolist() == [[False, True], [True, True], [True, True]]


def test_lengths_by_hand():
    """Of equal lengths nothing is learned from the pages, whose spread is then 0.5 by the prior alone.

    With n = 4 pairs and 4 of the prior, the variance is half of 0.25; the density of the bivariate normal
    distribution over that of two independent ones, at its centre, is 1 / sqrt(1 - r^2).
    """
    a = page((4.0, 5.0), (4.0, 5.0), kind="log_lengths")
    correlations = [1 - noise**2 / (2 * 0.125) for noise in LENGTH_NOISE]
    expected = sum(-0.5 * log(1 - r**2) for r in correlations)
    np.testing.assert_allclose(length_evidence(a, a), expected)


def test_like_lengths_speak_for_each_other():
    a = page((3.0, 4.0), (4.0, 6.0), kind="log_lengths")
    evidence = length_evidence(a, a)
    assert evidence[0, 0] > 1
    assert evidence[1, 1] > 1
    assert evidence[0, 1] < -5


texts = st.text(max_size=30) | st.text("aäb 1२.:@/\ud800ไ京", max_size=30)
pages = st.lists(
    st.builds(read_traits, texts, texts, st.sampled_from(["eng", "jpn", "und"])), min_size=1, max_size=6
)


@settings(deadline=None)
@given(pages, pages)
def test_any_texts_give_finite_and_symmetric_evidence(a, b):
    for evidence in (number_evidence, token_evidence, length_evidence):
        weights = evidence(a, b)
        assert weights.shape == (len(a), len(b))
        assert np.isfinite(weights).all()
        np.testing.assert_allclose(evidence(b, a), weights.T, atol=1e-9)
