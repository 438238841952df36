"""Which candidates are positives in disguise, by what is known of the documents, whatever their scores.

A document that repeats a positive, answers the same question elsewhere, or is the translation of one that
does, is right for the query although no qrel says so. Each rule tells it for all candidates of a block.
"""

from enum import StrEnum

import numpy as np

from mining.negatives_block import Block, Candidates, Documents, Flags, Keys, Longs


class Decision(StrEnum):
    """What becomes of a candidate: the first of these that holds, exactly one each."""

    POSITIVE = "positive"  # one of the query's positives
    NEAR_DUPLICATE = "near_duplicate"  # its text is a near-duplicate of a positive's
    SAME_QUESTION = "same_question"  # answers the same question, on any site
    PARALLEL = "parallel"  # in a parallel group of the query or of one of its positives
    RANK_SKIPPED = "rank_skipped"  # among the first that are skipped, or beyond the depth
    NOT_SCORED = "not_scored"  # there is a teacher, but it was not asked about this candidate
    LIKELY_POSITIVE = "likely_positive"  # scored above all positives, and put aside for review
    ABOVE_MARGIN = "above_margin"  # scored too close to the positive, or above it
    BELOW_PERCENTILE = "below_percentile"  # scored below the lowest that the language keeps
    ABOVE_PERCENTILE = "above_percentile"  # scored above the highest that the language keeps
    SAME_SITE = "same_site"  # of the query's site, beyond as many as each query may have
    NOT_SAMPLED = "not_sampled"  # could have been taken; others were
    KEPT = "kept"  # a negative

    @property
    def code(self) -> int:
        """The number that stands for it in arrays: its place in this list."""
        return _CODES[self]


MEANINGS = {
    Decision.KEPT: "negatives",
    Decision.POSITIVE: "positives that were found",
    Decision.NEAR_DUPLICATE: "nearly the text of a positive",
    Decision.SAME_QUESTION: "answer the same question elsewhere",
    Decision.PARALLEL: "translate the query or a positive",
    Decision.RANK_SKIPPED: "ranked outside of what counts",
    Decision.NOT_SCORED: "not scored by the cascade's last teacher",
    Decision.LIKELY_POSITIVE: "scored above the positives: for review",
    Decision.ABOVE_MARGIN: "scored too near the positive",
    Decision.BELOW_PERCENTILE: "scored too low",
    Decision.ABOVE_PERCENTILE: "scored too high",
    Decision.SAME_SITE: "too many of the query's own site",
    Decision.NOT_SAMPLED: "not sampled",
}
"""What summaries call the candidates of each decision."""

_CODES = {decision: code for code, decision in enumerate(Decision)}


def is_positive(block: Block) -> Flags:
    """Tell which candidates `(n,)` are positives of their query."""
    found, known = block.candidates, block.positives
    return _known((found.query, found.document), (known.query, known.document))


def is_near_duplicate(block: Block, documents: Documents) -> Flags:
    """Tell which candidates `(n,)` are near-duplicates of a positive of their query."""
    found, known = block.candidates, block.positives
    keys, of_positives = documents.near[found.document], documents.near[known.document]
    some = of_positives != 0
    return _known((found.query, keys), (known.query[some], of_positives[some]))


def answers_same_question(block: Block, documents: Documents) -> Flags:
    """Tell which candidates `(n,)` answer the question of their query, normalised, on any site."""
    return _has(documents.questions, block.candidates, wanted=block.queries.question)


def is_of_same_site(block: Block, documents: Documents) -> Flags:
    """Tell which candidates `(n,)` stand on the site of their query, among others."""
    return _has(documents.sites, block.candidates, wanted=block.queries.site)


def is_parallel(block: Block, documents: Documents) -> Flags:
    """Tell which candidates `(n,)` share a parallel group with their query or one of its positives."""
    found, positives = block.candidates, block.positives
    of_queries, queries = block.queries.groups.of(np.arange(len(block.queries)))
    of_positives, places = documents.groups.of(positives.document)
    known = np.concatenate([queries, positives.query[places]]), np.concatenate([of_queries, of_positives])
    keys, rows = documents.groups.of(found.document)
    return _any(rows[_known((found.query[rows], keys), known)], len(found))


def is_outside_ranks(block: Block, positive: Flags, *, skip: int, depth: int | None) -> Flags:
    """Tell which candidates `(n,)` are among the first `skip` of their query, or beyond the first `depth`.

    Positives are not counted, as if the search had not found them: a query with many keeps its depth.
    """
    found = block.candidates
    key = found.query << 32 | found.rank
    of_positives = np.sort(key[positive])
    above = np.searchsorted(of_positives, key) - np.searchsorted(of_positives, found.query << 32)
    rank = found.rank - above
    return (rank <= skip) | ((rank > depth) if depth is not None else False)


def _known(pairs: tuple[Longs, Longs], known: tuple[Longs, Longs]) -> Flags:
    """Tell which pairs of query and key `(n,)` are among those known."""
    vocabulary, codes = np.unique(known[1], return_inverse=True)
    found = np.zeros(len(pairs[0]), dtype=np.bool_)
    if not len(vocabulary):
        return found
    places = np.searchsorted(vocabulary, pairs[1])
    places[places == len(vocabulary)] = 0
    rows = np.flatnonzero(vocabulary[places] == pairs[1])
    found[rows] = np.isin(pairs[0][rows] * len(vocabulary) + places[rows], known[0] * len(vocabulary) + codes)
    return found


def _has(keys: Keys, found: Candidates, *, wanted: Longs) -> Flags:
    """Tell which candidates `(n,)` have the key that is `wanted` of documents for their query."""
    of_documents, rows = keys.of(found.document)
    return _any(rows[of_documents == wanted[found.query[rows]]], len(found))


def _any(rows: Longs, n: int) -> Flags:
    found = np.zeros(n, dtype=np.bool_)
    found[rows] = True
    return found
