"""How much two pairs speak for being translations of each other, cell by cell of two pages.

Every score is a weight of evidence: the logarithm of how much more probable what is seen is for translations
than for two pairs taken at random from the two pages, in nats. 0 says nothing, 3 is twenty to one. So it
counts little that both have what every pair of the page has, and much that both have what no other has.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mining.bitext_text import Traits

Floats = NDArray[np.float64]
Item = TypeVar("Item", str, tuple[str, int])

NUMBERS_KEPT = 0.95
TOKENS_KEPT = 0.95
"""Share of numbers, and of words and addresses that both pages have, which a translation has, too. Measured
on half of the sample crawl's sites and of the real pages of the tests: 0.99 and 1, 0.87 and 0.98."""
LENGTH_NOISE = (0.2, 0.14)
"""Standard deviation of the difference of translations' log lengths, questions and answers. Measured
likewise: 0.18 and 0.20, 0.12 and 0.11."""
_PRIOR_SPREAD = 0.5
_PRIOR_COUNT = 4.0
"""Standard deviation of log lengths on a page before it is read, and how many pairs that guess counts for."""
_SMOOTHING = 0.5
"""Pairs counted in addition with an item, and without it."""
_MAX_ITEMS = 4096


def number_evidence(a: Sequence[Traits], b: Sequence[Traits]) -> Floats:
    """Return what the pairs' numbers say, in nats `(n_a, n_b)`."""
    return _shared_items([t.numbers for t in a], [t.numbers for t in b], kept=NUMBERS_KEPT, everywhere=True)


def token_evidence(a: Sequence[Traits], b: Sequence[Traits]) -> Floats:
    """Return what words and addresses say that both pages have, in nats `(n_a, n_b)`."""
    return _shared_items([t.tokens for t in a], [t.tokens for t in b], kept=TOKENS_KEPT, everywhere=False)


def length_evidence(a: Sequence[Traits], b: Sequence[Traits]) -> Floats:
    """Return what the lengths of question and answer say, in nats `(n_a, n_b)`."""
    evidence = np.zeros((len(a), len(b)))
    for part, noise in enumerate(LENGTH_NOISE):
        x = np.array([traits.log_lengths[part] for traits in a])
        y = np.array([traits.log_lengths[part] for traits in b])
        evidence += _correlated(x, y, noise)
    return evidence


def _correlated(x: Floats, y: Floats, noise: float) -> Floats:
    """Compare a bivariate normal distribution to two independent ones.

    The translations' values differ by `noise` (standard deviation), so that on a page whose pairs are all
    about equally long, length says little.
    """
    both = np.concatenate([x, y])
    mean = (x.mean() + y.mean()) / 2
    variance = (((both - mean) ** 2).sum() + _PRIOR_COUNT * _PRIOR_SPREAD**2) / (len(both) + _PRIOR_COUNT)
    correlation = max(0.0, 1 - noise**2 / (2 * variance))
    scaled_x, scaled_y = (x - mean)[:, None] / np.sqrt(variance), (y - mean)[None, :] / np.sqrt(variance)
    rest = 1 - correlation**2
    squares = correlation**2 * (scaled_x**2 + scaled_y**2)
    return np.asarray(-0.5 * np.log(rest) - (squares - 2 * correlation * scaled_x * scaled_y) / (2 * rest))


def different_numbers(a: Sequence[Traits], b: Sequence[Traits]) -> NDArray[np.bool_]:
    """Tell where each pair has a number that the other lacks, `(n_a, n_b)`."""
    sides = [t.numbers for t in a], [t.numbers for t in b]
    n_common = sum((x @ y.T for x, y in _incidences(*sides, everywhere=False)), np.zeros((len(a), len(b))))
    return np.asarray(n_common < np.minimum.outer(*([len(numbers) for numbers in side] for side in sides)))


def _shared_items(
    a: Sequence[AbstractSet[Item]], b: Sequence[AbstractSet[Item]], *, kept: float, everywhere: bool
) -> Floats:
    """Compare two models of which items two pairs have.

    With shares p and q of the pairs of either page that have an item, two pairs taken at random both have it
    with probability pq, translations with `kept` min(p, q). Items are taken as independent of each other.
    """
    evidence = np.zeros((len(a), len(b)))
    for x, y in _incidences(a, b, everywhere=everywhere):
        p = (x.sum(axis=0) + _SMOOTHING) / (len(a) + 2 * _SMOOTHING)
        q = (y.sum(axis=0) + _SMOOTHING) / (len(b) + 2 * _SMOOTHING)
        joint = np.maximum(kept * np.minimum(p, q), p * q)
        both = np.log(joint / (p * q))
        only_a = np.log((p - joint) / (p * (1 - q)))
        only_b = np.log((q - joint) / (q * (1 - p)))
        neither = np.log((1 - p - q + joint) / ((1 - p) * (1 - q)))
        evidence += neither.sum()
        evidence += (x @ (only_a - neither))[:, None]
        evidence += (y @ (only_b - neither))[None, :]
        evidence += (x * (both - only_a - only_b + neither)) @ y.T
    return evidence


def _incidences(
    a: Sequence[AbstractSet[Item]], b: Sequence[AbstractSet[Item]], *, everywhere: bool
) -> Iterator[tuple[Floats, Floats]]:
    """Yield which pairs of either page have which items, `(n_a, n_items)` and `(n_b, n_items)`.

    Items that one page alone has are left out unless they count `everywhere`. A page may have a great many
    items: so they come in blocks.
    """
    in_a, in_b = {item for items in a for item in items}, {item for items in b for item in items}
    names = sorted(in_a | in_b if everywhere else in_a & in_b)
    for first in range(0, len(names), _MAX_ITEMS):
        place = {name: i for i, name in enumerate(names[first : first + _MAX_ITEMS])}
        yield _incidence(a, place), _incidence(b, place)


def _incidence(sets: Sequence[AbstractSet[Item]], place: dict[Item, int]) -> Floats:
    matrix = np.zeros((len(sets), len(place)))
    for row, items in enumerate(sets):
        matrix[row, [place[item] for item in items if item in place]] = 1.0
    return matrix
