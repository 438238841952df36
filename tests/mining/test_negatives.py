"""Selection by hand: every rule, what is refused, and the faults of other miners."""

import re

import numpy as np
import pytest
from negatives_by_hand import NAN, PLAIN, block, block_of_rows, decided, documents, kept, selection

import mining.negatives
from mining.negatives import select
from mining.negatives_block import ScoreScale, id_keys
from mining.negatives_rules import Decision
from mining.negatives_sampling import Sampling
from pipeline.core.errors import ConfigError

KEPT, ABOVE = Decision.KEPT, Decision.ABOVE_MARGIN


def test_every_rule_by_hand():
    found = block(
        [(0, 20, 1.0)]  # skipped: the best rank
        + [(0, i, 5.0) for i in range(1, 7)]
        + [(0, 7, NAN), (0, 8, 9.5), (0, 9, 8.5), (0, 10, 0.5), (0, 11, 7.5), (0, 12, 3.0), (0, 13, 2.0)]
        + [(0, 14, 1.5), (0, 21, 1.2)],  # the last one is beyond the depth
        [(0, 1, 9.0), (0, 0, 9.0)],
        groups={0: [55]},
    )
    known = documents(
        near={0: 7, 2: 7, 3: 8},
        questions={3: [4, 200], 4: [201]},
        groups={0: [66], 5: [55, 44], 6: [66], 4: [77]},
        sites={12: [100, 101], 13: [101], 14: [100]},
    )
    chosen = selection(
        n_negatives=2,
        skip=1,
        depth=14,
        absolute_margin=1.0,
        promote=True,
        min_score=1.0,
        max_score=7.0,
        same_site_limit=1,
    )
    selected = select(found, known, selection=chosen)
    assert decided(selected) == [
        Decision.RANK_SKIPPED,
        Decision.POSITIVE,
        Decision.NEAR_DUPLICATE,
        Decision.SAME_QUESTION,
        Decision.KEPT,  # document 4: a near key, a question and a group of others
        Decision.PARALLEL,  # with the query
        Decision.PARALLEL,  # with a positive
        Decision.NOT_SCORED,
        Decision.LIKELY_POSITIVE,
        Decision.ABOVE_MARGIN,
        Decision.BELOW_PERCENTILE,
        Decision.ABOVE_PERCENTILE,
        Decision.KEPT,
        Decision.NOT_SAMPLED,
        Decision.SAME_SITE,
        Decision.RANK_SKIPPED,
    ]
    assert selected.places.tolist() == [0, 0, 0, 0, 1] + [0] * 7 + [2, 0, 0, 0]
    by_code = {Decision.RANK_SKIPPED: 2, Decision.PARALLEL: 2, KEPT: 2}
    assert selected.counts.tolist() == [[by_code.get(decision, 1) for decision in Decision]]


def test_no_key_at_all_is_nothing_in_common():
    """A near key of 0 says that there is none, on both sides."""
    found = block([(0, 1, 1.0), (0, 2, 1.0)], [(0, 0, 2.0)])
    assert kept(found) == [(0, 1), (0, 2)]


def test_what_one_query_knows_is_not_held_against_another():
    found = block([(0, 1, 1.0), (0, 2, 1.0), (1, 0, 1.0), (1, 2, 1.0)], [(0, 0, 2.0), (1, 1, 2.0)])
    known = documents(near={1: 7, 2: 7}, questions={0: [200], 2: [200]}, groups={0: [5], 2: [5]})
    assert kept(found, known) == [(0, 1), (1, 0)]  # 2 is like 1, which is query 1's positive


def test_the_teacher_counts_without_any_margin():
    found = block([(0, 1, 1.0), (0, 2, 3.0), (0, 3, 2.0)], [(0, 0, 1.5)])
    assert kept(found, n_negatives=2) == [(0, 2), (0, 3)]
    assert kept(found) == [(0, 2), (0, 3), (0, 1)]


def test_without_a_teacher_ranks_count():
    found = block([(0, 3, NAN), (0, 1, NAN), (0, 2, NAN)], [(0, 0, NAN)], scale=None)
    assert kept(found, n_negatives=2) == [(0, 3), (0, 1)]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"absolute_margin": 0.0}, "absolute_margin"),
        ({"relative_margin": 0.1, "promote": True}, "relative_margin, promote"),
        ({"percent_of_positive": 0.95}, "percent_of_positive"),
        ({"min_score": 0.0, "max_score": 1.0}, "min_score, max_score"),
        ({"sampling": Sampling.BANDS}, "sampling=bands"),
    ],
)
def test_a_rule_that_needs_scores_is_refused_without_a_teacher(asked, named):
    found = block([(0, 1, NAN)], [(0, 0, NAN)], scale=None)
    with pytest.raises(ConfigError, match=f"needed for {re.escape(named)}: name a teacher"):
        select(found, PLAIN, selection=selection(**asked))


def test_positives_do_not_use_up_the_depth():
    """Three positives on top: the first three others are kept all the same, and `skip` passes over others."""
    positives = [(0, i, 9.0) for i in (0, 2, 3)]
    found = block([(0, i, 10.0 - i) for i in range(8)], positives)
    assert kept(found, depth=3) == [(0, 1), (0, 4), (0, 5)]
    assert kept(found, skip=2, depth=4) == [(0, 5), (0, 6)]


def test_shortfalls_say_how_many_were_not_found_and_what_became_of_the_others():
    found = block(
        [(0, i, 1.0) for i in range(5)] + [(2, 10, 1.0), (2, 11, 5.0), (2, 12, 1.0), (3, 13, 5.0)],
        [(0, 0, 3.0), (1, 0, 3.0), (2, 12, 3.0), (2, 20, 3.0), (3, 0, 3.0)],
    )
    short = select(found, PLAIN, selection=selection(absolute_margin=0.0, n_negatives=3)).shortfalls(3)
    assert short.query.tolist() == [1, 2, 3]  # query 0 has four and keeps three
    assert short.n_kept.tolist() == [0, 1, 0]
    assert short.n_not_found.tolist() == [3, 1, 2]
    reasons = [
        {decision: n for decision, n in zip(Decision, row, strict=True) if n} for row in short.counts.tolist()
    ]
    assert reasons == [{}, {Decision.POSITIVE: 1, ABOVE: 1, KEPT: 1}, {ABOVE: 1}]


def test_queries_without_a_candidate_and_blocks_without_any():
    found = block([], [(0, 0, 1.0), (1, 1, 1.0)])
    selected = select(found, PLAIN, selection=selection(absolute_margin=0.0, same_site_limit=1))
    assert selected.codes.shape == selected.places.shape == (0,)
    assert selected.counts.tolist() == [[0] * len(Decision)] * 2
    assert selected.shortfalls(5).n_not_found.tolist() == [5, 5]


def test_slices_of_a_block_are_the_block(monkeypatch):
    """Queries of more candidates than a slice holds, of none, and positives in no order."""
    rng = np.random.default_rng(1)
    rows = [
        (q, d, r + 1, float(rng.integers(9)))
        for q in (0, 2, 3, 6)
        for r, d in enumerate(rng.permutation(12)[:8])
    ]
    positives = [(q, int(rng.integers(12)), 5.0) for q in (6, 5, 4, 3, 2, 1, 0, 3, 3)]
    found = block_of_rows(
        rows, positives, n_queries=7, scale=ScoreScale.LOGIT, groups={3: [1, 2], 4: [9], 6: [3]}
    )
    known = documents(groups={1: [1], 2: [3], 3: [9]}, near={4: 1, 5: 1, 6: 1}, questions={7: [203, 206]})
    chosen = selection(absolute_margin=1.0, n_negatives=3)
    whole = select(found, known, selection=chosen)
    assert len(set(decided(whole))) > 4
    for n_rows in (1, 8, 9, 17):
        monkeypatch.setattr(mining.negatives, "_SLICE_ROWS", n_rows)
        cut = select(found, known, selection=chosen)
        assert all(np.array_equal(getattr(cut, name), getattr(whole, name)) for name in whole.__slots__)


@pytest.mark.parametrize(
    ("candidates", "positives", "scale", "fault"),
    [
        ([(1, 1, 1, 0.0), (0, 1, 1, 0.0)], [(0, 0, 1.0), (1, 0, 1.0)], ScoreScale.LOGIT, "ordered by query"),
        ([(2, 1, 1, 0.0)], [(0, 0, 1.0), (1, 0, 1.0)], ScoreScale.LOGIT, "queries of the block"),
        ([], [(0, 0, 1.0)], ScoreScale.LOGIT, "at least one positive"),
        ([], [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0)], ScoreScale.LOGIT, "a query of it"),
        ([(0, 1, 1, 0.0)], [(0, 0, NAN), (1, 0, NAN)], None, "scores without a scale"),
        ([], [(0, 0, 1.0), (1, 0, NAN)], ScoreScale.LOGIT, "a positive without a score"),
    ],
)
def test_blocks_that_contradict_themselves_are_refused(candidates, positives, scale, fault):
    with pytest.raises(ValueError, match=fault):
        select(block_of_rows(candidates, positives, n_queries=2, scale=scale), PLAIN, selection=selection())


def test_id_keys_are_the_first_half_of_an_md5():
    assert id_keys(["0" * 15 + "a" + "f" * 16, "f" * 32, "8" + "0" * 31]).tolist() == [10, -1, -(2**63)]
