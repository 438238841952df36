"""Selection over arrays against a second statement of it, query by query and in plain Python."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from negatives_by_hand import N_DOCUMENTS, block_of_rows, decided, documents

from mining.negatives import Selection, select
from mining.negatives_block import ScoreScale
from mining.negatives_rules import Decision
from mining.negatives_sampling import Sampling
from mining.negatives_scores import Reference, ScoreHistogram

SCORES = st.integers(-12, 12).map(lambda n: n / 4)
"""Few values, so that equal scores abound, and exact sums."""
KEYS = st.dictionaries(
    st.integers(0, N_DOCUMENTS - 1), st.lists(st.integers(1, 4), unique=True, max_size=2), max_size=8
)
FLOATS = st.floats(-30, 30, width=32, allow_subnormal=False) | st.just(math.nan)
MASK = 2**64 - 1


def mixed(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def probability(x):
    return 1 / (1 + math.exp(-x))


def margin_bound(reference, chosen, scale):
    """Tell whether a score is too close, as a function."""

    def too_close(score):
        reasons = [
            chosen.absolute_margin is not None and score > reference - chosen.absolute_margin,
            chosen.relative_margin is not None
            and score > reference - chosen.relative_margin * abs(reference),
        ]
        if chosen.percent_of_positive is not None and scale is ScoreScale.COSINE:
            reasons.append(score > reference - (1 - chosen.percent_of_positive) * abs(reference))
        if chosen.percent_of_positive is not None and scale is ScoreScale.LOGIT:
            reasons.append(probability(score) > chosen.percent_of_positive * probability(reference) + 1e-12)
        return any(reasons)

    return too_close


def of_query(query, found, positives, known, query_groups, chosen, scale):
    """Return decision and place by document, of one query with its candidates (document, rank, score)."""
    scores = [score for _, score in positives]
    own = {document for document, _ in positives}
    near = {known["near"].get(document, 0) for document in own} - {0}
    groups = set(query_groups).union(*(known["groups"].get(document, []) for document in own))
    decisions = {}
    if scale:
        reference = {
            Reference.MIN: min(scores),
            Reference.MAX: max(scores),
            Reference.MEAN: sum(scores) / len(scores),
        }
        too_close = margin_bound(reference[chosen.reference], chosen, scale)
    rank = 0
    for document, _, score in sorted(found, key=lambda row: row[1]):
        rank += document not in own
        scored = scale is not None
        reasons = {
            Decision.POSITIVE: document in own,
            Decision.NEAR_DUPLICATE: known["near"].get(document, 0) in near,
            Decision.SAME_QUESTION: query + 200 in known["questions"].get(document, []),
            Decision.PARALLEL: bool(groups & set(known["groups"].get(document, []))),
            Decision.RANK_SKIPPED: not chosen.skip < rank <= (chosen.depth or math.inf),
            Decision.NOT_SCORED: scored and math.isnan(score),
            Decision.LIKELY_POSITIVE: chosen.promote and score > max(scores),
            Decision.ABOVE_MARGIN: scored and too_close(score),
            Decision.BELOW_PERCENTILE: chosen.min_score is not None and score < chosen.min_score,
            Decision.ABOVE_PERCENTILE: chosen.max_score is not None and score > chosen.max_score,
            Decision.KEPT: True,
        }
        decisions[document] = next(decision for decision, holds in reasons.items() if holds)
    return sampled(query, found, decisions, known, chosen, scale)


def sampled(query, found, decisions, known, chosen, scale):
    hardness = {document: score if scale else -rank for document, rank, score in found}
    start = mixed(mixed(chosen.seed) ^ query)
    chance = {document: mixed(start ^ (document + 1000)) for document in hardness}

    def hardest(documents):
        return sorted(documents, key=lambda document: (-hardness[document], document))

    def preferred(documents):
        if chosen.sampling is Sampling.TOP:
            return hardest(documents)
        return sorted(documents, key=chance.get)

    left = [document for document, decision in decisions.items() if decision is Decision.KEPT]
    if chosen.same_site_limit is not None:
        of_site = [document for document in left if query + 100 in known["sites"].get(document, [])]
        for document in preferred(of_site)[chosen.same_site_limit :]:
            decisions[document] = Decision.SAME_SITE
            left.remove(document)
    taken = preferred(left)[: chosen.n_negatives]
    if chosen.sampling is Sampling.BANDS and len(left) > chosen.n_negatives:
        bands = np.array_split(np.array(hardest(left)), chosen.n_bands)  # the first ones are the larger
        quotas = [
            len(part) for part in np.array_split(np.zeros(chosen.n_negatives, dtype=int), chosen.n_bands)
        ]
        taken = [d for band, n in zip(bands, quotas, strict=True) for d in preferred(band.tolist())[:n]]
    for document in set(left) - set(taken):
        decisions[document] = Decision.NOT_SAMPLED
    places = {document: place + 1 for place, document in enumerate(hardest(taken))}
    return {document: (decision, places.get(document, 0)) for document, decision in decisions.items()}


@st.composite
def selections(draw, scale):
    optional = {
        name: draw(st.none() | st.sampled_from(values))
        for name, values in (
            ("absolute_margin", (0.0, 0.5)),
            ("relative_margin", (0.0, 0.25)),
            ("percent_of_positive", (0.7, 1.0)),
            ("min_score", (-2.0, 0.0)),
            ("max_score", (0.0, 2.0)),
        )
    }
    samplings = list(Sampling) if scale else [Sampling.TOP, Sampling.RANDOM]
    return Selection(
        n_negatives=draw(st.integers(1, 8)),
        skip=draw(st.integers(0, 2)),
        depth=draw(st.none() | st.integers(3, 9)),
        reference=draw(st.sampled_from(list(Reference))),
        promote=bool(scale) and draw(st.booleans()),
        same_site_limit=draw(st.none() | st.integers(0, 2)),
        sampling=draw(st.sampled_from(samplings)),
        n_bands=draw(st.integers(2, 5)),
        seed=draw(st.integers(0, 5)),
        **(optional if scale else {}),
    )


@st.composite
def cases(draw):
    """Return rows, positives, number of queries, what is known of documents and queries, scale, selection."""
    scale = draw(st.sampled_from([None, ScoreScale.LOGIT, ScoreScale.COSINE]))
    score = (SCORES | st.just(math.nan)) if scale else st.just(math.nan)
    n_queries = draw(st.integers(1, 4))
    numbers = st.integers(0, N_DOCUMENTS - 1)
    rows, positives = [], []
    for query in range(n_queries):
        found = draw(st.lists(numbers, unique=True, max_size=14))
        ranks = draw(st.permutations(range(1, len(found) + 1)))
        rows += [(query, document, rank, draw(score)) for document, rank in zip(found, ranks, strict=True)]
        right = draw(st.lists(numbers, unique=True, min_size=1, max_size=3))
        positives += [(query, document, draw(SCORES) if scale else math.nan) for document in right]
    known = {name: draw(KEYS) for name in ("sites", "questions", "groups")}
    known["sites"] = {d: [99 + key for key in found] for d, found in known["sites"].items()}
    known["questions"] = {d: [199 + key for key in found] for d, found in known["questions"].items()}
    known["near"] = draw(st.dictionaries(numbers, st.integers(1, 3), max_size=8))
    groups = draw(st.dictionaries(st.integers(0, n_queries - 1), st.just([1, 3])))
    positives = draw(st.permutations(positives))
    return rows, positives, n_queries, known, groups, scale, draw(selections(scale))


@settings(deadline=None, max_examples=400)
@given(cases())
def test_equals_the_statement_query_by_query(case):
    rows, positives, n_queries, known, groups, scale, chosen = case
    found = block_of_rows(rows, positives, n_queries=n_queries, scale=scale, groups=groups)
    selected = select(found, documents(**known), selection=chosen)
    result = list(zip(decided(selected), selected.places.tolist(), strict=True))
    expected = {}
    for query in range(n_queries):
        own = [row[1:] for row in rows if row[0] == query]
        right = [row[1:] for row in positives if row[0] == query]
        told = of_query(query, own, right, known, groups.get(query, []), chosen, scale)
        expected |= {(query, document): decision for document, decision in told.items()}
    assert result == [expected[query, document] for query, document, *_ in rows]
    decisions = [
        [d for (d, _), row in zip(result, rows, strict=True) if row[0] == q] for q in range(n_queries)
    ]
    assert selected.counts.tolist() == [[of.count(decision) for decision in Decision] for of in decisions]
    short = set(selected.shortfalls(chosen.n_negatives).query.tolist())
    for query, of in enumerate(decisions):
        assert (query in short) == (of.count(Decision.KEPT) < chosen.n_negatives)
        assert query not in short or Decision.NOT_SAMPLED not in of


@settings(deadline=None, max_examples=100)
@given(cases(), st.data())
def test_any_split_into_blocks_and_any_order_of_rows_decides_alike(case, data):
    rows, positives, n_queries, known, groups, scale, chosen = case
    whole = block_of_rows(rows, positives, n_queries=n_queries, scale=scale, groups=groups)
    selected = select(whole, documents(**known), selection=chosen)
    expected = dict(
        zip([row[:2] for row in rows], zip(selected.codes, selected.places, strict=True), strict=True)
    )
    shuffled = sorted(data.draw(st.permutations(rows)), key=lambda row: row[0])
    cut = data.draw(st.integers(0, n_queries))
    told = {}
    for first, last in ((cut, n_queries), (0, cut)):
        own = [(query - first, *rest) for query, *rest in shuffled if first <= query < last]
        right = [(query - first, *rest) for query, *rest in positives if first <= query < last]
        part = block_of_rows(own, right, n_queries=last - first, scale=scale, groups=groups, first=first)
        found = select(part, documents(**known), selection=chosen)
        pairs = zip(found.codes, found.places, strict=True)
        told |= {(q + first, d): pair for (q, d, *_), pair in zip(own, pairs, strict=True)}
    assert told == expected


@settings(deadline=None, max_examples=100)
@given(st.lists(FLOATS, min_size=1, max_size=60), st.data())
def test_histograms_of_blocks_are_the_histogram_of_all(scores, data):
    scores = np.array(scores, dtype=np.float32)
    shuffled = np.array(data.draw(st.permutations(scores.tolist())), dtype=np.float32)
    size = data.draw(st.integers(1, 20))
    blocks = [ScoreHistogram.of(shuffled[i : i + size]) for i in range(0, len(shuffled), size)]
    merged = sum(blocks, ScoreHistogram.of(np.empty(0, dtype=np.float32)))
    whole = ScoreHistogram.of(scores)
    assert merged.bins.tolist() == whole.bins.tolist()
    assert merged.counts.tolist() == whole.counts.tolist()
    known = np.sort(scores[~np.isnan(scores)])
    if not len(known):
        return
    percent = data.draw(st.integers(0, 100))
    exact = float(known[max(math.ceil(percent * len(known) / 100), 1) - 1])
    assert 0 <= exact - whole.percentile(percent) <= abs(exact) / 2048


def test_a_selection_can_be_varied_without_a_second_search():
    """Looser margins keep all that stricter ones keep."""
    rng = np.random.default_rng(0)
    rows = [
        (q, d, r + 1, float(rng.normal())) for q in range(20) for r, d in enumerate(rng.permutation(30)[:20])
    ]
    positives = [(q, 0, 1.0) for q in range(20)]
    found = block_of_rows(rows, positives, n_queries=20, scale=ScoreScale.LOGIT)
    strict = Selection(n_negatives=99, absolute_margin=1.0)
    kept = [
        select(found, documents(), selection=chosen).places > 0
        for chosen in (strict, replace(strict, absolute_margin=0.5))
    ]
    assert 0 < kept[0].sum() < kept[1].sum()
    assert not (kept[0] & ~kept[1]).any()
