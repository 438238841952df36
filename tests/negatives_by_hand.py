"""Blocks of candidates written as lists, for the tests of selection."""

import numpy as np

from mining.negatives import Selection, select
from mining.negatives_block import Block, Candidates, Documents, Keys, Positives, Queries, ScoreScale
from mining.negatives_rules import Decision

N_DOCUMENTS = 30
NAN = float("nan")


def keys(lists):
    offsets = np.cumsum([0, *map(len, lists)])
    return Keys(np.array([key for row in lists for key in row], dtype=np.int64), offsets.astype(np.int64))


def documents(*, near=None, sites=None, questions=None, groups=None):
    """Each a dict from document number to what it has; a document has id 1000 + number."""
    near, sites, questions, groups = (given or {} for given in (near, sites, questions, groups))
    return Documents(
        np.arange(N_DOCUMENTS) + 1000,
        np.array([near.get(i, 0) for i in range(N_DOCUMENTS)], dtype=np.int64),
        *(keys([given.get(i, []) for i in range(N_DOCUMENTS)]) for given in (sites, questions, groups)),
    )


def block(candidates, positives, *, scale=ScoreScale.LOGIT, groups=None):
    """Candidates are (query, document, score), best rank first; positives likewise; without a scale NaN.

    Query i has id i, site 100 + i and question 200 + i.
    """
    n = 1 + max(query for query, _, _ in positives)
    seen = dict.fromkeys(range(n), 0)
    rows = []
    for query, document, score in sorted(candidates, key=lambda row: row[0]):
        seen[query] += 1
        rows.append((query, document, seen[query], score))
    return block_of_rows(rows, positives, n_queries=n, scale=scale, groups=groups)


def block_of_rows(rows, positives, *, n_queries, scale, groups=None, first=0):
    """Rows are (query, document, rank, score), ordered by query; queries are numbered from `first`."""
    number = np.arange(first, first + n_queries)
    return Block(
        Queries(number, number + 100, number + 200, keys([(groups or {}).get(i, []) for i in number])),
        Candidates(*columns(rows, np.int64, np.int64, np.int32, np.float32)),
        Positives(*columns(positives, np.int64, np.int64, np.float32)),
        scale,
    )


def columns(rows, *types):
    filled = zip(*rows, strict=True) if rows else [()] * len(types)
    return (np.array(column, dtype=dtype) for column, dtype in zip(filled, types, strict=True))


def decided(selected):
    return [list(Decision)[code] for code in selected.codes]


PLAIN = documents()


def selection(**settings):
    return Selection(**({"n_negatives": 100} | settings))


def kept(found, known=None, **settings):
    """Return the (query, document) kept, in the order of their places."""
    selected = select(found, known or PLAIN, selection=selection(**settings))
    columns = (found.candidates.query, selected.places, found.candidates.document)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [(query, document) for query, place, document in sorted(rows) if place]


def with_scores(scores, positives, **settings):
    """Return the decisions on candidates of these scores, of one query with positives of those scores."""
    found = block(
        [(0, 10 + i, score) for i, score in enumerate(scores)],
        [(0, i, score) for i, score in enumerate(positives)],
        scale=settings.pop("scale", ScoreScale.LOGIT),
    )
    return decided(select(found, PLAIN, selection=selection(**settings)))
