"""Candidates of a site: as they are, without their translations, and by the published rule."""

import numpy as np

from mining.margin import nearest, on_grid
from mining.off_page import FEATURES, Calibration
from mining.site_candidates import (
    Meeting,
    Version,
    accepted,
    accepted_without_known,
    judged,
    labelled,
    one_partner_each,
    published,
)

WEIGHTS = (1.0, 1.0, 1.0)


def version(language, n, *, question=None):
    texts = [question or f"{language} question {'abcdefgh'[i] * 5}" for i in range(n)]
    answers = [f"{language} answer {'mnopqrst'[i] * 9}" for i in range(n)]
    return Version(language, [f"{language}-{i}" for i in range(n)], texts, answers)


def meeting(a, b, vectors_a, vectors_b, *, k=2, known=()):
    sides = [
        on_grid(np.array([np.array(v, dtype=np.float32) / np.linalg.norm(v) for v in vectors]))
        for vectors in (vectors_a, vectors_b)
    ]
    return Meeting(a, b, *nearest(*sides, k=k + 1), known)


def three_each(**given):
    """Each of three pairs has its translation, and a neighbour of the others that is less like it."""
    vectors_a = [(1, 0, 0.3), (0.3, 1, 0), (0, 0.3, 1)]
    vectors_b = [(1, 0.1, 0.3), (0.3, 1, 0.1), (0.1, 0.3, 1)]
    return meeting(version("deu", 3), version("eng", 3), vectors_a, vectors_b, **given)


def names(met, found):
    candidates = found.candidates
    return [(met.a.ids[i], met.b.ids[j]) for i, j in zip(candidates.index_a, candidates.index_b, strict=True)]


def test_known_pairs_give_right_and_wrong_candidates():
    features, right = labelled(three_each(known=[("deu-0", "eng-0")]), weights=WEIGHTS)
    assert features.shape == (len(right), len(FEATURES))
    as_they_are = 1 + 2 + 2  # the translation, what else deu-0 and eng-0 have among their two nearest
    assert 3 <= len(right[: -2 * 2]) <= as_they_are
    assert right.sum() == 1
    cosines = features[:, FEATURES.index("cosine")]
    assert cosines[right].min() > cosines[~right].max()


def test_without_its_translation_a_pair_finds_the_next():
    met = three_each(known=[("deu-0", "eng-0")])
    always = Calibration((0.0,) * len(FEATURES), 5.0, 0, 0)
    found, scores = accepted_without_known(met, always, weights=WEIGHTS, min_score=0.5)
    assert len(scores) == len(found.candidates) > 0
    assert ("deu-0", "eng-0") not in names(met, found)
    assert {ids for ids in names(met, found) if "deu-0" in ids} == {("deu-0", "eng-1"), ("deu-0", "eng-2")}
    as_it_is, _ = accepted(met, always, weights=WEIGHTS, min_score=0.5)
    assert ("deu-0", "eng-0") in names(met, as_it_is)
    assert not accepted(met, always, weights=WEIGHTS, min_score=1.0)[1].size


def test_nothing_is_known():
    features, right = labelled(three_each(), weights=WEIGHTS)
    assert features.shape == (0, len(FEATURES))
    assert right.shape == (0,)


def test_one_partner_each_the_best_first():
    met = three_each()
    found = judged(met, weights=WEIGHTS).candidates
    scores = found.cosine.astype(float)
    kept = one_partner_each(found, scores)
    assert [(i, j) for i, j in zip(found.index_a[kept], found.index_b[kept], strict=True)] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
    same = np.ones(len(found))
    first = one_partner_each(found, same)
    assert (found.index_a[first][0], found.index_b[first][0]) == (0, 0)


def test_the_published_rule():
    met = three_each()
    found, scores = published(met, min_cosine=0.9)
    assert names(met, found) == [(f"deu-{i}", f"eng-{i}") for i in range(3)]
    assert scores.tolist() == found.candidates.cosine.astype(float).tolist()
    assert all(0.9 <= score <= 1 for score in scores)
    assert len(published(met, min_cosine=0.9999)[1]) == 0


def test_the_published_rule_leaves_out_what_is_the_same_on_one_side():
    a, b = version("deu", 1, question="What is IBAN?"), version("eng", 1, question="What is IBAN?")
    assert len(published(meeting(a, b, [(1, 0)], [(1, 0)]), min_cosine=0.9)[1]) == 0


def test_a_weight_of_zero_silences_the_texts():
    met = three_each(known=[("deu-0", "eng-0")])
    loud, _ = labelled(met, weights=WEIGHTS)
    silent, _ = labelled(met, weights=(0.0, 0.0, 0.0))
    assert np.abs(loud[:, -3:]).sum() > 0
    assert np.abs(silent[:, -3:]).sum() == 0
    assert (loud[:, :-3] == silent[:, :-3]).all()
