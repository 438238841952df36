"""Which candidates of each query become its negatives; for every candidate the decision, for none the end.

Rows come back as they went in, one decision each, so that a table can say why a document is no negative and
other thresholds need no second search. A query keeps what is left of its candidates, however few: nothing
stands in for what is missing, and `Selected.shortfalls` says which queries it is and why.

Decisions are taken query by query, so that neither blocks nor their order matter. A block of 50,000 queries
with 400 candidates each holds 29 bytes a candidate (24 of input, 5 of result), 0.6 GB; what the rules need
besides grows with a slice of 500,000 candidates, some 100 MB. Measured with 5 million documents: 0.4 us of
one core a candidate for the hardest, 0.9 for bands with a limit on the own site.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mining.negatives_block import (
    Block,
    Documents,
    Flags,
    Ints,
    Longs,
    ScoreScale,
    checked,
    slices,
)
from mining.negatives_rules import (
    Decision,
    answers_same_question,
    is_near_duplicate,
    is_of_same_site,
    is_outside_ranks,
    is_parallel,
    is_positive,
)
from mining.negatives_sampling import (
    Sampling,
    chances,
    first_of_each,
    hardness_keys,
    order_within,
    places_within,
    some_of_bands,
)
from mining.negatives_scores import Margins, Reference, is_above_margin, reference_scores
from pipeline.core.errors import ConfigError

Codes = NDArray[np.uint8]

_SLICE_ROWS = 500_000
"""Candidates decided at a time: enough that NumPy's calls cost nothing, few enough to stay in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How negatives are selected; the settings of the same names say where the values come from."""

    n_negatives: int
    skip: int = 0
    """Best-ranked candidates of each query that are left out; positives are not counted."""
    depth: int | None = None
    """Rank of the last candidate that counts; positives are not counted."""
    absolute_margin: float | None = None
    relative_margin: float | None = None
    percent_of_positive: float | None = None
    """As a share: 0.95."""
    reference: Reference = Reference.MIN
    promote: bool = False
    """Put candidates above all positives aside as likely positives."""
    min_score: float | None = None
    """Percentile of the language, as a score."""
    max_score: float | None = None
    same_site_limit: int | None = None
    """Negatives of the query's own site that a query may have; 0 bans them, None does not count."""
    sampling: Sampling = Sampling.TOP
    n_bands: int = 4
    seed: int = 0

    @property
    def margins(self) -> Margins:
        """The margins to the positive."""
        return Margins(
            absolute=self.absolute_margin, relative=self.relative_margin, percent=self.percent_of_positive
        )

    @property
    def by_score(self) -> list[str]:
        """Names of what is asked for that only a teacher's scores can tell."""
        names = ("absolute_margin", "relative_margin", "percent_of_positive", "min_score", "max_score")
        asked = [name for name in names if getattr(self, name) is not None]
        return asked + ["promote"] * self.promote + ["sampling=bands"] * (self.sampling is Sampling.BANDS)


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """Queries with fewer negatives than asked for, of shape `(m,)`, and what became of their candidates."""

    query: Longs
    """Row of the query in the block."""
    n_kept: Ints
    n_not_found: Ints
    """Missing because the search found too few documents besides the positives; rules took the others."""
    counts: NDArray[np.int32]
    """Candidates by decision, `(m, len(Decision))`."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The decision on each candidate of a block, in the order of the candidates."""

    codes: Codes
    """`Decision.code`, `(n,)`."""
    places: Ints
    """From 1 for the negatives of a query, the hardest first, then the lowest document; 0 for the rest."""
    counts: NDArray[np.int32]
    """Candidates of each query by decision, `(n_queries, len(Decision))`."""

    def shortfalls(self, n_negatives: int) -> Shortfalls:
        """Return the queries that have fewer than `n_negatives`."""
        kept = self.counts[:, Decision.KEPT.code]
        found = self.counts.sum(axis=1, dtype=np.int32) - self.counts[:, Decision.POSITIVE.code]
        rows = np.flatnonzero(kept < n_negatives)
        not_found = np.maximum(n_negatives - found[rows], 0).astype(np.int32)
        return Shortfalls(rows, kept[rows], not_found, self.counts[rows])


def select(block: Block, documents: Documents, *, selection: Selection) -> Selected:
    """Decide on every candidate of a block.

    Raises ConfigError where a rule needs scores and no teacher gave any, ValueError for a block that
    contradicts itself.
    """
    if block.scale is None and selection.by_score:
        asked = ", ".join(selection.by_score)
        raise ConfigError(f"Scores of a teacher are needed for {asked}: name a teacher, or leave it out.")
    block = checked(block)
    n = len(block.candidates)
    codes, places = np.empty(n, dtype=np.uint8), np.zeros(n, dtype=np.int32)
    counts = np.empty((len(block.queries), len(Decision)), dtype=np.int32)
    for queries, rows, part in slices(block, n_rows=_SLICE_ROWS):
        codes[rows], places[rows] = _decide(part, documents, selection)
        counts[queries] = _counts(part, codes[rows])
    return Selected(codes, places, counts)


def _counts(part: Block, codes: Codes) -> NDArray[np.int64]:
    n_queries, n_decisions = len(part.queries), len(Decision)
    cells = part.candidates.query * n_decisions + codes
    return np.bincount(cells, minlength=n_queries * n_decisions).reshape(n_queries, n_decisions)


def _decide(part: Block, documents: Documents, selection: Selection) -> tuple[Codes, Ints]:
    """Return code and place of each candidate, `(n,)`."""
    codes = np.full(len(part.candidates), Decision.KEPT.code, dtype=np.uint8)
    for decision, holds in _rules(part, documents, selection):
        codes[holds & (codes == Decision.KEPT.code)] = decision.code
    if selection.same_site_limit is not None:
        left = _left(part, documents, codes, selection)
        beyond = left.beyond_site_limit(is_of_same_site(part, documents), selection.same_site_limit)
        codes[beyond] = Decision.SAME_SITE.code
    left = _left(part, documents, codes, selection)
    taken = left.taken(selection)
    codes[left.rows[~taken]] = Decision.NOT_SAMPLED.code
    places = np.zeros(len(codes), dtype=np.int32)
    negatives = left.hardest_first[taken[left.hardest_first]]
    places[left.rows[negatives]] = places_within(left.query[negatives]) + 1
    return codes, places


def _rules(part: Block, documents: Documents, selection: Selection) -> Iterator[tuple[Decision, Flags]]:
    """Yield the rules that look at one candidate alone, in the order in which they count."""
    positive = is_positive(part)
    yield Decision.POSITIVE, positive
    yield Decision.NEAR_DUPLICATE, is_near_duplicate(part, documents)
    yield Decision.SAME_QUESTION, answers_same_question(part, documents)
    yield Decision.PARALLEL, is_parallel(part, documents)
    outside = is_outside_ranks(part, positive, skip=selection.skip, depth=selection.depth)
    yield Decision.RANK_SKIPPED, outside
    if part.scale is not None:
        yield from _score_rules(part, selection, part.scale)


def _score_rules(part: Block, selection: Selection, scale: ScoreScale) -> Iterator[tuple[Decision, Flags]]:
    score, query = part.candidates.score, part.candidates.query
    yield Decision.NOT_SCORED, np.isnan(score)
    if selection.promote:
        yield Decision.LIKELY_POSITIVE, score > reference_scores(part.positives, Reference.MAX)[query]
    if selection.margins.any:
        reference = reference_scores(part.positives, selection.reference)[query]
        above = is_above_margin(score, reference, margins=selection.margins, scale=scale)
        yield Decision.ABOVE_MARGIN, above
    if selection.min_score is not None:
        yield Decision.BELOW_PERCENTILE, score < selection.min_score
    if selection.max_score is not None:
        yield Decision.ABOVE_PERCENTILE, score > selection.max_score


@dataclass(frozen=True, slots=True)
class _Left:
    """Candidates that no rule has taken so far, ordered by query, of shape `(m,)`."""

    rows: Longs
    """Their rows among all candidates."""
    query: Longs
    hardest_first: Longs
    """Places among these rows, in an order that keeps queries together."""
    as_drawn: Longs
    """Likewise, in the order in which sampling prefers them."""

    def beyond_site_limit(self, of_site: Flags, limit: int) -> Longs:
        """Return the rows of the query's site that come after the first `limit` of them."""
        drawn = self.as_drawn[of_site[self.rows[self.as_drawn]]]
        return self.rows[drawn[places_within(self.query[drawn]) >= limit]]

    def taken(self, selection: Selection) -> Flags:
        """Tell which of them `(m,)` are negatives."""
        n = selection.n_negatives
        if selection.sampling is Sampling.BANDS:
            bands = selection.n_bands
            return some_of_bands(self.query, self.hardest_first, self.as_drawn, n=n, n_bands=bands)
        return first_of_each(self.query, self.as_drawn, n=n)


def _left(part: Block, documents: Documents, codes: Codes, selection: Selection) -> _Left:
    found = part.candidates
    rows = np.flatnonzero(codes == Decision.KEPT.code)
    query, document = found.query[rows], found.document[rows]
    hardness = found.score[rows] if part.scale is not None else -found.rank[rows].astype(np.float32)
    hardest_first = order_within(query, hardness_keys(hardness, document))
    if selection.sampling is Sampling.TOP:
        return _Left(rows, query, hardest_first, as_drawn=hardest_first)
    chance = chances(part.queries.id[query], documents.id[document], seed=selection.seed)
    return _Left(rows, query, hardest_first, as_drawn=order_within(query, chance))
