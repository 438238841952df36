"""Features by hand, the fit against its definition, and what the teacher learns."""

import random

import numpy as np
import pytest

from mining.dense_model import Reading
from mining.model_source import find_model
from mining.pace import Pace
from mining.rerank import score_pairs
from mining.scorers import load_scorer
from mining.teacher import (
    _PENALTY,
    BOOTSTRAP_TEACHER,
    Example,
    _fitted,
    _Overlaps,
    _runs,
    is_bootstrap_teacher,
    train_teacher,
)
from mining.text_pairs import TextPairs
from pipeline.core.errors import ConfigError

pytest.importorskip("scipy", reason="scipy is not installed; pip install faqtory[mining]")


@pytest.fixture(autouse=True)
def _no_models_kept():
    yield
    load_scorer.cache_clear()


def examples(n, seed):
    """Return questions whose two words of content stand in their answer, which negatives share one of."""
    rng = random.Random(seed)
    words = ["".join(random.Random(i).choices("abcdefghij", k=6)) for i in range(80)]
    for _ in range(n):
        a, b, c, d = rng.sample(words, 4)
        negatives = [f"You {x} every {y}, of course." for x, y in ((a, c), (d, b), (c, d))]
        yield Example(f"how do I {a} the {b}?", f"You {a} every {b} with care.", negatives)


def test_runs_are_those_of_words_parted_by_a_space():
    """' ab cd ' has six runs of two characters; marks, case and width do not count."""
    assert len(_runs("ab cd", 2)) == 6
    for text in ("AB, cd!", "ab\ncd", "ａｂ cd"):
        assert _runs(text, 2).tolist() == _runs("ab cd", 2).tolist()
    assert len(_runs("abab", 2)) == 4  # ' a', 'ab', 'ba', 'b '
    assert _runs("", 5).tolist() == []
    assert not set(_runs("abc", 3)) & set(_runs("xyz", 3))
    assert len(_runs("\ud800\udc00", 2)) >= 0  # lone surrogates are read


def test_features_by_hand():
    """'ab' is ' ab ': runs of two ' a', 'ab', 'b '; the answer has all but 'b '."""
    pairs = TextPairs(["ab", "7 8"], ["abc 7"], np.array([0, 1]), np.array([0, 0]))
    idf = np.ones((4, 1 << 17))
    rows = _Overlaps(pairs, idf).features(slice(None))
    n_runs = 6  # of two in ' abc 7 '
    assert rows[0, :2].tolist() == pytest.approx([2 / 3, 2 / np.sqrt(1 + n_runs)])
    assert rows[0, 8:].tolist() == pytest.approx([0, 0, np.log(6)])  # asks for no number
    assert rows[1, 8:].tolist() == pytest.approx([1 / 2, 0, np.log(6)])  # 7 of 7 and 8


def test_a_missed_number():
    pairs = TextPairs(["up to 23 kg"], ["up to 32 kg"], np.array([0]), np.array([0]))
    assert _Overlaps(pairs, np.ones((4, 1 << 17))).features(slice(None))[0, 8:10].tolist() == [0, 1]


def test_the_fit_is_where_the_loss_has_no_slope():
    """The loss by its definition, list by list; steps in any direction make it larger."""
    rng = np.random.default_rng(1)
    features = rng.standard_normal((40, 3))
    starts = np.array([0, 5, 7, 20, 33])
    lists = np.split(features, starts[1:])

    def loss(weights):
        logs = [rows[0] @ weights - np.log(np.exp(rows @ weights).sum()) for rows in lists]
        return -np.mean(logs) + _PENALTY * weights @ weights

    best = _fitted(features, starts)
    for direction in (*np.eye(3), *-np.eye(3)):
        assert loss(best + 1e-3 * direction) > loss(best)


def test_new_answers_are_ranked_first(tmp_path):
    out = tmp_path / BOOTSTRAP_TEACHER
    stats = train_teacher(examples(60, 1), out=out)
    assert (stats.n_examples, stats.n_pairs) == (60, 240)
    assert stats.mean_reciprocal_rank > 0.95
    source = find_model(str(out))
    assert source.label.startswith("bootstrap-teacher@")
    scorer = load_scorer(source, Reading(device="cpu"))
    assert scorer.label == source.label
    new = list(examples(50, 2))
    query = np.repeat(np.arange(50), 4)
    documents = [text for example in new for text in (example.positive, *example.negatives)]
    scores = score_pairs(
        query, np.arange(200), queries=[e.question for e in new], documents=documents, scorer=scorer
    ).reshape(50, 4)
    assert (scores[:, :1] > scores[:, 1:]).all(axis=1).mean() > 0.95
    assert scores.min() < 0 < scores.max()


def test_scores_do_not_depend_on_what_else_is_scored(tmp_path):
    train_teacher(examples(60, 1), out=tmp_path / "m")
    scorer = load_scorer(find_model(str(tmp_path / "m")), Reading(device="cpu"))
    new = list(examples(5, 3))
    rows = np.arange(5)
    pairs = TextPairs([e.question for e in new], [e.positive for e in new], rows, rows)
    together = scorer.score(pairs, Pace()).tolist()
    zero = np.zeros(1, dtype=np.int64)
    assert [
        float(scorer.score(TextPairs([e.question], [e.positive], zero, zero), Pace())[0]) for e in new
    ] == together


def test_the_same_examples_give_the_same_model(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_teacher(examples(60, seed), out=tmp_path / name)
    revisions = [find_model(str(tmp_path / name)).revision for name in "abc"]
    assert revisions[0] == revisions[1] != revisions[2]
    assert is_bootstrap_teacher(tmp_path / "a")
    assert not is_bootstrap_teacher(tmp_path)


def test_too_little_to_learn_from(tmp_path):
    some = [*examples(29, 1), Example("why?", "because", [])]
    with pytest.raises(ConfigError, match=r"There are 29 questions with negatives.*mining\.teacher"):
        train_teacher(some, out=tmp_path / "m")
    assert not (tmp_path / "m").exists()
