"""Models trained on two invented languages; batches, vectors and choices by hand. No network."""

import gzip
import random
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from mining.bootstrap import (
    Recipe,
    TrainingPair,
    _batches,
    _chosen,
    _indexed,
    _Model,
    _token_ids,
    _train_tokenizer,
    train_bootstrap,
)
from mining.margin import margin_candidates
from mining.model_source import find_model
from mining.parallel_text import read_parallel
from mining.sentence_models import load_embedder
from pipeline.core.errors import ConfigError

ABSENT = "sentence-transformers is not installed; pip install faqtory[mining]"
QUICK = Recipe(n_dimensions=32, vocabulary_size=600, n_epochs=3)
N_WORDS = 60


@pytest.fixture
def libraries(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("sentence_transformers", reason=ABSENT)


@pytest.fixture(autouse=True)
def _no_models_kept():
    yield
    load_embedder.cache_clear()


def invented(n, seed, *, words=5):
    """Return sentences of one language and their translations, word by word, in another order."""
    rng = random.Random(seed)
    vocabulary = random.Random(0)
    spelt = {
        (side, i): "".join(vocabulary.choices(letters, k=6))
        for side, letters in (("a", "abcdefgh"), ("b", "αβγδεζηθ"))
        for i in range(N_WORDS)
    }
    for _ in range(n):
        chosen = rng.sample(range(N_WORDS), words)
        text_a = " ".join(spelt["a", i] for i in chosen)
        text_b = " ".join(spelt["b", i] for i in sorted(chosen))
        yield TrainingPair(text_a, text_b, "aaa", "bbb", f"site{rng.randrange(5)}")


def share_found(folder, pairs):
    """Return the share of pairs whose texts are each other's best by margin."""
    embedder = load_embedder(find_model(str(folder)), max_tokens=256, device="cpu", batch_size=32)
    found = margin_candidates(*(embedder.embed([pair[side] for pair in pairs]) for side in (0, 1)))
    return np.count_nonzero((found.index_a == found.index_b) & found.mutual) / len(pairs)


def test_translations_of_new_sentences_are_found(libraries, tmp_path):
    pairs, new = list(invented(300, 1)), list(invented(200, 2))
    assert not {pair.text_a for pair in pairs} & {pair.text_a for pair in new}
    stats = train_bootstrap(pairs, out=tmp_path / "model", recipe=QUICK)
    assert (stats.n_pairs, stats.n_parallel) == (300, 0)
    assert stats.last_loss < stats.first_loss
    assert share_found(tmp_path / "model", new) > 0.95
    mixed = [
        pair._replace(text_b=other.text_b) for pair, other in zip(pairs, pairs[1:] + pairs[:1], strict=True)
    ]
    train_bootstrap(mixed, out=tmp_path / "mixed", recipe=QUICK)
    assert share_found(tmp_path / "mixed", new) < 0.1


def test_texts_that_say_different_things_have_cosines_around_zero(libraries, tmp_path):
    """Although all texts of a language have a word in common."""
    pairs = [
        pair._replace(text_a=f"ubi {pair.text_a}", text_b=f"ουν {pair.text_b}") for pair in invented(300, 1)
    ]
    train_bootstrap(pairs, out=tmp_path / "model", recipe=QUICK)
    embedder = load_embedder(find_model(str(tmp_path / "model")), max_tokens=256, device="cpu", batch_size=32)
    a, b = (embedder.embed([pair[side] for pair in pairs]) for side in (0, 1))
    others = ~np.eye(len(pairs), dtype=bool)
    for x, y in ((a, a), (a, b), (b, b)):
        assert abs((x @ y.T)[others].mean()) < 0.03


def test_parallel_text_teaches_what_the_corpus_does_not(libraries, tmp_path):
    own = [pair._replace(text_a=f"x{i} y{i}", text_b=f"z{i} w{i}") for i, pair in enumerate(invented(60, 1))]
    train_bootstrap(own, out=tmp_path / "alone", recipe=QUICK)
    stats = train_bootstrap(own, parallel=invented(300, 1), out=tmp_path / "both", recipe=QUICK)
    assert (stats.n_pairs, stats.n_parallel) == (60, 300)
    new = list(invented(100, 2))
    assert share_found(tmp_path / "both", new) > 0.9
    assert share_found(tmp_path / "alone", new) < 0.2


def test_the_same_model_in_any_order(libraries, tmp_path):
    pairs = list(invented(120, 1))
    for name, order, seed in (("a", pairs, 0), ("b", [*pairs[::-1], *pairs[:9]], 0), ("c", pairs, 1)):
        recipe = Recipe(n_dimensions=16, vocabulary_size=400, n_epochs=2, seed=seed)
        train_bootstrap(iter(order), out=tmp_path / name, recipe=recipe)
    revisions = [find_model(str(tmp_path / name)).revision for name in "abc"]
    assert revisions[0] == revisions[1] != revisions[2]


def test_a_text_without_a_known_character_has_no_direction(libraries, tmp_path):
    train_bootstrap(invented(60, 1), out=tmp_path / "model", recipe=QUICK)
    embedder = load_embedder(find_model(str(tmp_path / "model")), max_tokens=256, device="cpu", batch_size=4)
    rows = embedder.embed(["ЖЖЖ", next(invented(1, 1)).text_a, "..."])
    assert np.linalg.norm(rows, axis=1).tolist() == pytest.approx([0, 1, 0], abs=1e-6)
    assert rows.dtype == np.float32
    assert embedder.embed([]).shape == (0, 32)


def test_numbers_are_tokens_of_their_own_and_marks_are_none(libraries):
    pairs = [TrainingPair(f"room {i}, 25EUR.", f"Zimmer {i}: 25 EUR!", "eng", "deu", "x") for i in range(60)]
    tokenizer = _train_tokenizer(pairs, QUICK)
    assert tokenizer.encode("ROOM 25EUR?!").tokens == ["room", "25", "eur"]
    assert tokenizer.encode("room ЖЖ").tokens == ["room"]
    long = " ".join(["room"] * 1000)
    assert len(_token_ids(tokenizer, [long])[0]) == QUICK.max_tokens


def test_too_little_to_learn_from(tmp_path):
    with pytest.raises(
        ConfigError, match="There are 49 pairs of translations to train an embedder on, fewer"
    ):
        train_bootstrap(invented(49, 1), out=tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_nothing_but_marks(libraries, tmp_path):
    pairs = [TrainingPair("?" * i, "!" * i, "aaa", "bbb", "x") for i in range(1, 60)]
    with pytest.raises(ConfigError, match="There are 0 pairs of translations"):
        train_bootstrap(pairs, out=tmp_path / "model")


def test_without_the_extra(tmp_path, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("mining.model_source.import_module", absent)
    with pytest.raises(ConfigError, match=r"pip install 'faqtory\[mining\]'"):
        train_bootstrap(invented(60, 1), out=tmp_path / "model")


def test_which_pairs_are_chosen():
    pairs = [TrainingPair(f"a{i}", f"b{i}", "x", "y", "s") for i in range(100)]
    useless = [TrainingPair("same", "same", "x", "y", "s"), TrainingPair(" ", "b", "x", "y", "s")]
    every = _chosen([*pairs, *useless, *pairs], Recipe())
    assert sorted(every) == sorted(pairs)
    some = _chosen(pairs, Recipe(max_pairs=7))
    assert len(some) == 7
    assert some == every[:7] == _chosen(pairs[::-1], Recipe(max_pairs=7))
    assert some != _chosen(pairs, Recipe(max_pairs=7, seed=1))


def test_batches_are_made_of_runs():
    recipe = Recipe(batch_size=12, max_run=5)
    languages = [("deu", "eng"), ("eng", "fra")]
    pairs = [
        TrainingPair(f"{i}", f"{i}", *languages[i % 2], f"site{i % 3}" if i < 60 else "big")
        for i in range(90)
    ]
    known = [i != 4 for i in range(90)]
    batches = list(_batches(pairs, known, rng=random.Random(1), recipe=recipe))
    assert sorted(i for batch in batches for i in batch) == [i for i in range(90) if i != 4]
    assert all(12 <= len(batch) < 12 + 5 for batch in batches[:-1])
    for batch in batches:
        runs = [list(run) for _, run in groupby(batch, key=lambda i: (pairs[i].source, pairs[i].language_a))]
        assert all(len(run) > 1 for run in runs)  # of 9, 10 and 15 pairs in runs of 5 or less
    assert any(len({pairs[i].source for i in batch}) == 3 for batch in batches)
    assert batches == list(_batches(pairs, known, rng=random.Random(1), recipe=recipe))
    assert batches != list(_batches(pairs, known, rng=random.Random(2), recipe=recipe))
    assert list(_batches(pairs, [False] * 90, rng=random.Random(1), recipe=recipe)) == []
    big = Recipe(batch_size=5, max_run=5)
    one, other = (
        {frozenset(b) for b in _batches(pairs[60::2], [True] * 15, rng=random.Random(seed), recipe=big)}
        for seed in (1, 2)
    )
    assert not one & other  # pairs meet others in each epoch


def test_training_ends_after_max_steps(libraries, tmp_path):
    """Of 300 pairs there are three batches an epoch."""
    for max_steps, n_epochs, expected in ((7, 5, 7), (100, 2, 6)):
        recipe = Recipe(n_dimensions=8, vocabulary_size=400, n_epochs=n_epochs, max_steps=max_steps)
        stats = train_bootstrap(invented(300, 1), out=tmp_path / f"{max_steps}", recipe=recipe)
        assert stats.n_steps == expected


def test_vectors_equal_those_of_a_full_decomposition():
    pytest.importorskip("scipy", reason=ABSENT)
    rng = random.Random(3)
    ids_a = [rng.choices(range(8), k=4) for _ in range(40)]
    ids_b = [rng.choices(range(8, 15), k=4) for _ in range(40)]  # token 15 is in no text
    found = _indexed(ids_a, ids_b, n_tokens=16, recipe=Recipe(n_dimensions=5))
    present = np.zeros((40, 16))
    for row, a, b in zip(present, ids_a, ids_b, strict=True):
        row[[*a, *b]] = 1
    idf = np.log(41 / (1 + present.sum(axis=0)))
    table = present * idf
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    expected = np.linalg.svd(table)[2][:5].T * idf[:, None]
    expected[15] = 0
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=2e-3)  # equal up to a rotation
    assert not found[15].any()


def test_few_texts_give_vectors_with_zeros():
    pytest.importorskip("scipy", reason=ABSENT)
    found = _indexed([[0], [], [1]], [[2], [], [3]], n_tokens=4, recipe=Recipe(n_dimensions=8))
    assert found.shape == (4, 8)
    assert np.isfinite(found).all()
    assert not found[:, 3:].any()


def test_what_a_language_has_in_common_is_taken_away(libraries):
    texts = [("abc abd 7", "xyz xyw 7"), ("abd abc 7", "xyw xyz 7")]
    pairs = [TrainingPair(*sides, "aaa", "bbb", "s") for sides in texts]
    tokenizer = _train_tokenizer(pairs, Recipe())
    n_tokens = tokenizer.get_vocab_size()
    weights = np.random.default_rng(0).standard_normal((n_tokens, 4)).astype(np.float32)
    model = _Model(tokenizer, weights.copy())
    ids_a, ids_b = (_token_ids(tokenizer, [pair[side] for pair in pairs]) for side in (0, 1))
    model.take_away_languages(pairs, ids_a, ids_b)
    after = model._static.embedding.weight.detach().numpy()
    token = tokenizer.token_to_id
    means = [weights[[token(t) for t in text.split()]].mean(axis=0) for text in texts[0]]
    assert after[token("abc")] == pytest.approx(weights[token("abc")] - means[0], abs=1e-5)
    assert after[token("xyw")] == pytest.approx(weights[token("xyw")] - means[1], abs=1e-5)
    assert after[token("7")] == pytest.approx(weights[token("7")] - sum(means) / 2, abs=1e-5)
    assert after[token("ab")] == pytest.approx(weights[token("ab")])  # in no text as it stands


def write(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return str(path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_parallel_text(tmp_path, suffix):
    table = write(tmp_path, "both.tsv" + suffix, "\ufeffEins\tone\r\nzwei\ttwo\r\n\r\ndrei\t\n".encode())
    german = write(tmp_path, "x.deu" + suffix, "vier\n\u2028fünf \n\nsechs".encode())
    english = write(tmp_path, "x.eng" + suffix, b"four\nfive\nnone\nsix\n")
    found = list(read_parallel([table, f"{german},{english}"]))
    assert [pair[:2] for pair in found] == [
        ("Eins", "one"),
        ("zwei", "two"),
        ("vier", "four"),
        ("fünf", "five"),
        ("sechs", "six"),
    ]
    assert {pair[2:] for pair in found} == {
        (f"both.tsv{suffix}:1", f"both.tsv{suffix}:2", f"both.tsv{suffix}"),
        (f"x.deu{suffix}:1", f"x.deu{suffix}:2", f"x.deu{suffix}"),
    }


def test_parallel_text_that_cannot_be_read(tmp_path):
    two, three = write(tmp_path, "two", b"1\n2\n"), write(tmp_path, "three", b"1\n2\n3\n")
    columns = write(tmp_path, "c.tsv", b"a\tb\na\tb\tc\n")
    latin = write(tmp_path, "latin", "für\n".encode("latin-1"))
    broken = write(tmp_path, "x.gz", b"text" * 1000)
    Path(broken).write_bytes(Path(broken).read_bytes()[:-12])
    plain = tmp_path / "plain.gz"
    plain.write_bytes(b"text")
    for spec, says in {
        f"{two},{three}": f"{two} ends before line 3, {three} does not",
        f"{three},{two}": f"{two} ends before line 3, {three} does not",
        columns: "c.tsv, line 2: two columns parted by a tab are needed, found 3",
        f"{latin},{two}": "latin is not UTF-8",
        f"{two},{latin}": "latin is not UTF-8",
        broken: "x.gz is no whole gzip file",
        str(plain): "plain.gz is no whole gzip file",
        f"{two},{three},{two}": "give one file of two columns, or two files as A,B",
        str(tmp_path / "absent.tsv"): "Cannot read the parallel text .*absent.tsv: No such file",
        str(tmp_path): "Cannot read the parallel text .*: Is a directory",
    }.items():
        with pytest.raises(ConfigError, match=says):
            list(read_parallel([spec]))
