"""Teacher scores of candidates: each distinct pair of texts of a block is scored once.

The scores are raw (`mining.scorers`) and in the order asked. A cascade asks a second, larger model about
the best of each query alone. What is held, for a block: its distinct texts, and 40 bytes a pair.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mining.pace import Pace, Progress
from mining.scorers import Scorer
from mining.text_pairs import Indices, Scores, TextPairs
from pipeline.core.errors import ConfigError

Flags = NDArray[np.bool_]
Listener = Callable[[Progress], None]


def score_pairs(
    query: Indices,
    document: Indices,
    *,
    queries: Sequence[str],
    documents: Sequence[str],
    scorer: Scorer,
    listener: Listener | None = None,
) -> Scores:
    """Return the score of each pair, `(n_pairs,)`, in the order given.

    `query` and `document`, `(n_pairs,)`, index the texts. Pairs of equal texts are scored once. Raises
    ConfigError for a model whose scores are not finite.
    """
    pairs, places = TextPairs.distinct(query, document, queries=queries, documents=documents)
    scores = scorer.score(pairs, Pace(listener))
    if not np.isfinite(scores).all():
        raise ConfigError(
            f"Model {scorer.label} gives scores that are no numbers, as models do that overflow in half "
            "precision; choose another mining.teacher, or mining.device=cpu."
        )
    return scores[places]


def score_cascade(
    query: Indices,
    document: Indices,
    *,
    queries: Sequence[str],
    documents: Sequence[str],
    scorers: Sequence[Scorer],
    n_next: int,
    always: Flags,
    listener: Listener | None = None,
) -> list[Scores]:
    """Return the scores of each model, `(n_pairs,)` each, NaN where it was not asked.

    The first model scores all pairs; each further one the `n_next` of a query that the one before scored
    highest, and those that are `always` scored, `(n_pairs,)`, and not counted: positives.
    """
    asked = np.ones(len(query), dtype=np.bool_)
    found: list[Scores] = []
    for scorer in scorers:
        if found:
            ranked = asked & ~always
            asked = always.copy()
            asked[ranked] = are_best(query[ranked], document[ranked], found[-1][ranked], n=n_next)
        scores = np.full(len(query), np.nan, dtype=np.float32)
        scores[asked] = score_pairs(
            query[asked],
            document[asked],
            queries=queries,
            documents=documents,
            scorer=scorer,
            listener=listener,
        )
        found.append(scores)
    return found


def are_best(query: Indices, document: Indices, scores: Scores, *, n: int) -> Flags:
    """Tell which pairs are among the `n` of the largest score of their query, then the lowest document."""
    order = np.lexsort((document, -scores, query))
    in_order = query[order]
    places = np.arange(len(query)) - np.searchsorted(in_order, in_order)
    best = np.zeros(len(query), dtype=np.bool_)
    best[order[places < n]] = True
    return best
