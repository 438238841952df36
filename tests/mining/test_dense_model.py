"""Embedding queries and documents by tiny models, and training one on questions and answers."""

import random

import numpy as np
import pytest
import tiny_models as tiny

from mining.bootstrap import Recipe
from mining.dense_model import Reading, load_dense_model, train_dense_model
from mining.dense_tiles import as_grid
from mining.model_source import find_model
from pipeline.core.errors import ConfigError

ABSENT = "sentence-transformers is not installed; pip install faqtory[mining]"


@pytest.fixture(autouse=True)
def _no_models_kept():
    yield
    load_dense_model.cache_clear()


@pytest.fixture
def libraries():
    pytest.importorskip("sentence_transformers", reason=ABSENT)


def loaded(folder, **reading):
    return load_dense_model(find_model(str(folder)), Reading(device="cpu", **reading))


def test_rows_of_length_one_on_the_grid_in_the_order_of_the_texts(libraries, tmp_path):
    texts = ["north east north", "unknown", "west", "northeast"]  # means (1/3, 2/3), none, (-1, 0), (1, 1)
    model = loaded(tiny.save_encoder(tmp_path / "m"), tokens_per_batch=5)
    expected = [np.array([1, 2]) / np.sqrt(5), [0, 0], [-1, 0], np.array([1, 1]) / np.sqrt(2)]
    for rows in (model.queries(texts), model.documents(texts)):
        assert rows.dtype == np.float16
        assert rows == pytest.approx(np.array(expected), abs=1 / 2048)
        assert as_grid(rows)[2].tolist() == [-2048, 0]
    assert model.queries([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("prompts", "reading", "query", "document"),
    [
        ({}, {}, (1, 0), (1, 0)),
        ({"query": "north ", "passage": "west "}, {}, (1, 1), (0, 0)),  # north east; west east
        ({"query": "north "}, {"query_prompt": "east "}, (1, 0), (1, 0)),
        ({"query": "north ", "other": "northeast "}, {"document_prompt": "other"}, (1, 1), (2, 1)),
    ],
)
def test_prompts(libraries, tmp_path, prompts, reading, query, document):
    model = loaded(tiny.save_encoder(tmp_path / "m", prompts=prompts), **reading)
    for row, expected in ((model.queries(["east"])[0], query), (model.documents(["east"])[0], document)):
        length = np.linalg.norm(expected) or 1
        assert row == pytest.approx(np.array(expected) / length, abs=1e-3)


def test_an_unknown_prompt_is_refused(libraries, tmp_path):
    folder = tiny.save_encoder(tmp_path / "m", prompts={"up": "north "})
    with pytest.raises(
        ConfigError, match=r"mining\.query_prompt=down: the model defines no such.*defines up\)"
    ):
        loaded(folder, query_prompt="down")


def test_rows_of_a_transformer_hardly_depend_on_batches(libraries, tmp_path):
    folder = tiny.save_transformer(tmp_path / "m")
    texts = [" ".join((list(tiny.VECTORS) * 4)[i % 4 : i % 4 + 1 + i % 9]) for i in range(30)]
    one, many = (loaded(folder, tokens_per_batch=n).documents(texts) for n in (1, 50))
    assert one == pytest.approx(many, abs=2 / 2048)
    assert len({row.tobytes() for row in one}) > 10


def test_errors_name_the_setting(libraries, tmp_path):
    with pytest.raises(ConfigError, match=r"no modules.json. Choose another mining\.dense_model"):
        loaded(tiny.save_headless(tmp_path / "h"))


def faq(n, seed):
    """Return questions that share two rare words with their answers, and common ones with all."""
    rng = random.Random(seed)
    words = ["".join(random.Random(i).choices("abcdefghij", k=6)) for i in range(80)]
    for _ in range(n):
        a, b, c, d = rng.sample(words, 4)
        yield (
            f"how do I {a} the {b}?",
            f"You {a} every {b} with {c} and {d}.",
            "eng",
            f"site{rng.randrange(4)}",
        )


def test_answers_of_new_questions_are_found(libraries, tmp_path):
    recipe = Recipe(n_dimensions=32, vocabulary_size=600, n_epochs=3)
    stats = train_dense_model(faq(300, 1), out=tmp_path / "m", recipe=recipe)
    assert stats.n_pairs == 300
    model, new = loaded(tmp_path / "m"), list(faq(100, 2))
    scores = (
        model.queries([pair[0] for pair in new]).astype(np.float32)
        @ model.documents([pair[1] for pair in new]).astype(np.float32).T
    )
    assert (scores.argmax(axis=1) == np.arange(100)).mean() > 0.7  # by chance: 0.01


def test_too_little_to_learn_from(tmp_path):
    with pytest.raises(
        ConfigError, match=r"There are 7 questions with answers.*fewer than 50.*mining\.dense_model"
    ):
        train_dense_model(faq(7, 1), out=tmp_path / "m")
