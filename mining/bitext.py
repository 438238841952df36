"""Aligned question-answer pairs of two pages in different languages, from their structure and texts alone.

What the texts share across languages, and the order in which they stand on both pages, is put together by one
probabilistic model (`mining.bitext_hmm`), whose posterior is the score: the estimated probability that one
pair translates the other. Places of the page whose pair is not known, as cleaning dropped it, take part
without evidence; so do pairs in the same language, of which identical ones fix the alignment.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mining.bitext_evidence import different_numbers, length_evidence, number_evidence, token_evidence
from mining.bitext_hmm import Lists, align
from mining.bitext_text import Traits, read_traits
from pipeline.core.config import AlignConfig

Floats = NDArray[np.float64]

_UNKNOWN_LANGUAGE = "und"
_SCORE_DIGITS = 6
"""Decimals kept of a score, so that the last bits, which differ between machines, decide nothing."""
_IDENTICAL = 5.0
"""Least weight of evidence, in nats, of the same text on both pages: a guess that all but fixes the place."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A pair as it stands on a page."""

    id: str
    question: str
    answer: str
    language: str
    """ISO 639-3 code as identified."""
    position: int
    """Index of the question on the page, from 0; several answers to one question share it."""


@dataclass(frozen=True, slots=True)
class PageText:
    """The pairs of a page, in order of position; their languages may differ."""

    page_id: str
    url: str
    pairs: Sequence[Sighting]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an alignment; numbers, tokens and length are weights of evidence in nats."""

    numbers: float
    """Numbers that both have, or one alone; 0 says nothing."""
    tokens: float
    """Words and addresses that stay as they are across languages."""
    length: float
    """Lengths of question and answer, as expected of the languages."""
    position: float
    """Probability of the two places on their pages, whatever stands there, if these are translations."""
    hreflang: bool
    """One page names the other as its translation."""
    same_path: bool
    """The pages' addresses differ in the language alone."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two pairs in different languages, and the estimated probability that one translates the other."""

    a: Sighting
    b: Sighting
    evidence: Evidence
    score: float


def align_pages(
    a: PageText,
    b: PageText,
    *,
    hreflang: bool,
    same_path: bool,
    config: AlignConfig,
) -> list[Aligned]:
    """Return the probable translations among two pages' pairs, at most one a pair and language pair.

    Exchanging the pages exchanges the sides of the result. Pages of more than `config.max_cells` cells give
    nothing.
    """
    rows, columns = _places(a.pairs), _places(b.pairs)
    shape = (max(rows, default=-1) + 1, max(columns, default=-1) + 1)
    if not 0 < shape[0] * shape[1] <= config.max_cells or not _may_translate(a.pairs, b.pairs):
        return []
    traits = _read(a.pairs), _read(b.pairs)
    numbers, tokens = number_evidence(*traits), token_evidence(*traits)
    length = length_evidence(*traits)
    cells = np.ix_(rows, columns)
    places = np.zeros(shape)
    places[cells] = _log_odds((numbers, tokens, length), *traits, config=config)
    prior = config.hreflang_prior if hreflang else config.path_prior
    lists = Lists(prior, config.gap_rates, config.mean_pairs_per_page)
    scores = align(places, lists=lists).matched[cells].round(_SCORE_DIGITS)
    position = _by_position(*shape, config.gap_rates, config.mean_pairs_per_page)[cells]
    return one_to_one(
        Aligned(
            a.pairs[i],
            b.pairs[j],
            Evidence(
                float(numbers[i, j]),
                float(tokens[i, j]),
                float(length[i, j]),
                float(position[i, j]),
                hreflang,
                same_path,
            ),
            float(scores[i, j]),
        )
        for i, j in np.argwhere(scores >= config.min_score)
        if _translates(a.pairs[i], b.pairs[j]) and traits[0][i].text_key != traits[1][j].text_key
    )


def one_to_one(candidates: Iterable[Aligned]) -> list[Aligned]:
    """Return the best candidates of which no two share a pair within a language pair.

    The best score comes first, of equal ones the one of the smaller ids. A pair of pairs that several pages
    state is one candidate for each, and comes out once, with the best.
    """
    taken: set[tuple[str, str]] = set()
    kept = []
    for aligned in sorted(candidates, key=lambda c: (-c.score, *sorted((c.a.id, c.b.id)))):
        ends = {(aligned.a.id, aligned.b.language), (aligned.b.id, aligned.a.language)}
        if taken.isdisjoint(ends):
            taken |= ends
            kept.append(aligned)
    return kept


def _translates(a: Sighting, b: Sighting) -> bool:
    return a.language != b.language and _UNKNOWN_LANGUAGE not in (a.language, b.language)


def _may_translate(a: Sequence[Sighting], b: Sequence[Sighting]) -> bool:
    return any(_translates(x, y) for x in a for y in b)


def _places(pairs: Sequence[Sighting]) -> list[int]:
    """Return each pair's place on its page, further answers to a question on places of their own."""
    places: list[int] = []
    n_further = 0
    for i, pair in enumerate(pairs):
        n_further += i > 0 and pair.position == pairs[i - 1].position
        places.append(pair.position + n_further)
    return places


def _read(pairs: Sequence[Sighting]) -> list[Traits]:
    return [read_traits(pair.question, pair.answer, pair.language) for pair in pairs]


def _log_odds(
    weights: tuple[Floats, Floats, Floats],
    a: Sequence[Traits],
    b: Sequence[Traits],
    *,
    config: AlignConfig,
) -> Floats:
    """Return the evidence of each cell in all, in nats `(n_a, n_b)`; -inf where numbers are a veto."""
    numbers, tokens, length = weights
    log_odds = config.numbers_weight * numbers + config.tokens_weight * tokens + config.length_weight * length
    log_odds = np.where(_identical(a, b), np.maximum(log_odds, _IDENTICAL), log_odds)
    siblings = np.logical_or.outer(_have_siblings(a), _have_siblings(b))
    return np.where(siblings & different_numbers(a, b), -np.inf, log_odds)


def _identical(a: Sequence[Traits], b: Sequence[Traits]) -> NDArray[np.bool_]:
    texts = {traits.text_key: i for i, traits in enumerate([*a, *b])}
    return np.equal.outer([texts[t.text_key] for t in a], [texts[t.text_key] for t in b])


def _have_siblings(page: Sequence[Traits]) -> list[bool]:
    """Tell which pairs stand on the page with other numbers, too."""
    n_alike = Counter(traits.template_key for traits in {traits.text_key: traits for traits in page}.values())
    return [n_alike[traits.template_key] > 1 for traits in page]


@lru_cache(maxsize=256)
def _by_position(n_a: int, n_b: int, gap_rates: tuple[float, ...], mean_pairs: float) -> Floats:
    """Return the probability of each two places to match on pages that are translations."""
    posterior = align(np.zeros((n_a, n_b)), lists=Lists(0.5, gap_rates, mean_pairs))
    return np.asarray(posterior.matched / posterior.related)
