"""Which negatives are taken, by hand: the hardest, by chance, by bands, and so many of the same site."""

import numpy as np
import pytest
from negatives_by_hand import NAN, block, decided, documents, kept, selection, with_scores

from mining.negatives import select
from mining.negatives_rules import Decision
from mining.negatives_sampling import Sampling, chances, order_within

KEPT, SITE = Decision.KEPT, Decision.SAME_SITE


def test_candidates_of_equal_hardness_are_told_by_document():
    assert kept(block([(0, 9, 1.0), (0, 3, 1.0), (0, 5, 1.0)], [(0, 0, 2.0)])) == [(0, 3), (0, 5), (0, 9)]


def test_negatives_of_the_same_site_are_allowed_limited_or_banned():
    known = documents(sites={1: [100], 2: [90, 100], 3: [101], 4: [100]})
    found = block([(0, i, float(i)) for i in range(1, 6)], [(0, 0, 9.0)])
    assert kept(found, known) == [(0, 5), (0, 4), (0, 3), (0, 2), (0, 1)]
    assert kept(found, known, same_site_limit=2) == [(0, 5), (0, 4), (0, 3), (0, 2)]
    assert kept(found, known, same_site_limit=0) == [(0, 5), (0, 3)]
    chosen = selection(same_site_limit=1, n_negatives=2)
    selected = select(found, known, selection=chosen)
    assert decided(selected) == [SITE, SITE, Decision.NOT_SAMPLED, KEPT, KEPT]


def test_by_chance_follows_ids_and_seed_alone():
    found = block([(0, i, float(i)) for i in range(1, 21)], [(0, 0, 99.0)])
    random = {"n_negatives": 5, "sampling": Sampling.RANDOM}
    number = dict(zip(range(20), chances(np.zeros(20, int), np.arange(1001, 1021), seed=3), strict=True))
    expected = sorted(sorted(number, key=number.get)[:5], reverse=True)
    assert kept(found, seed=3, **random) == [(0, 1 + i) for i in expected]
    turned = block([(0, i, float(i)) for i in range(20, 0, -1)], [(0, 0, 99.0)])
    assert kept(turned, seed=3, **random) == kept(found, seed=3, **random)
    assert kept(found, seed=4, **random) != kept(found, seed=3, **random)
    without_scores = block([(0, i, NAN) for i in range(20, 0, -1)], [(0, 0, NAN)], scale=None)
    assert kept(without_scores, seed=3, **random) == kept(found, seed=3, **random)


def test_chance_is_that_of_splitmix64():
    """Its first output for state 0, as its author publishes it, is 0xE220A8397B1DCDAF."""
    first = 0xE220A8397B1DCDAF
    signed = np.array([first - 2**64])
    # Each id cancels what came before, so that every step starts from state 0 again.
    assert chances(signed, signed, seed=0).tolist() == [first]


@pytest.mark.parametrize("n_queries", [1, 300, 70_000])
def test_order_within_is_a_sort_by_query_then_key(n_queries):
    """With more queries than 8 or 16 bits count."""
    rng = np.random.default_rng(0)
    query = np.sort(rng.integers(n_queries, size=3 * n_queries))
    key = rng.permutation(3 * n_queries).astype(np.uint64)
    assert np.array_equal(order_within(query, key), np.lexsort((key, query)))


def test_bands_by_hand():
    """Ten candidates in four bands, the hardest first: 0 1 2, 3 4 5, 6 7, 8 9."""
    scores = [float(-i) for i in range(10)]
    bands = [(0, 1, 2), (3, 4, 5), (6, 7), (8, 9)]
    for n, expected in ((4, [1, 1, 1, 1]), (6, [2, 2, 1, 1]), (9, [3, 2, 2, 2]), (3, [1, 1, 1, 0])):
        chosen = {"n_negatives": n, "sampling": Sampling.BANDS, "n_bands": 4}
        found = with_scores(scores, [9.0], **chosen)
        places = [i for i, decision in enumerate(found) if decision is KEPT]
        assert [len(set(band) & set(places)) for band in bands] == expected
        assert len(places) == n
    assert with_scores(scores[:3], [9.0], n_negatives=3, sampling=Sampling.BANDS) == [KEPT] * 3


def test_every_candidate_of_a_band_has_its_chance():
    taken = set()
    for seed in range(30):
        chosen = {"n_negatives": 2, "sampling": Sampling.BANDS, "n_bands": 2, "seed": seed}
        found = with_scores([4.0, 3.0, 2.0, 1.0], [9.0], **chosen)
        taken.add(tuple(i for i, decision in enumerate(found) if decision is KEPT))
    assert taken == {(0, 2), (0, 3), (1, 2), (1, 3)}
