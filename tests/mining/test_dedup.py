"""Keys, MinHash bands and the comparison in full."""

import random
from dataclasses import replace

import numpy as np
import pytest
import rensa
from hypothesis import given
from hypothesis import strategies as st

from mining.dedup import Comparison, Signer, answer_key, compare, fact_key
from mining.dedup_text import plain, units_of
from pipeline.core.config import DedupConfig
from pipeline.core.errors import ConfigError

SIGNER = Signer(DedupConfig())
SURROGATE = "\ud800"
texts = st.text() | st.just(SURROGATE) | st.text("aA1. ,京都ไม่हिं\u200d\u00ad", max_size=40)
pairs = st.tuples(texts, texts)


def words(*numbers):
    return " ".join(f"w{n}x" for n in numbers)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("The Price: 5 EUR!", ["the", "price", "5", "eur"]),
        ("don’t DON'T", ["don", "t", "don", "t"]),
        ("Straße ＡＢＣ ﬁn", ["strasse", "abc", "fin"]),
        ("हिन्दी में संदेश।", ["हिन्दी", "में", "संदेश"]),
        ("Dawn運賃で342米ドル。", ["dawn", "運", "賃", "で", "342", "米", "ド", "ル"]),
        ("ｶﾞは々ー", ["ガ", "は", "々", "ー"]),
        ("กรุณาแจ้ง", ["ก", "รุ", "ณ", "า", "แ", "จ้", "ง"]),
        ("བོད་སྐད།", ["བོད", "སྐད"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("می\u200cخواهم soft\u00adware", ["میخواهم", "software"]),
        ("❤️ 1️⃣ 😀 a_b", ["1", "a", "b"]),
        ("e\u0301te\u0301 été", ["été", "été"]),
        ("… – !?", []),
    ],
)
def test_units(text, units):
    assert units_of(plain(text)) == units


def test_the_jaccard_similarity_of_two_texts():
    a = ("", words(*range(10)))  # 6 runs of 5
    assert compare(a, ("", words(*range(11))), ngram=5).jaccard == 6 / 7
    assert compare(a, ("", words(*range(9), 99)), ngram=5).jaccard == 5 / 7
    assert compare(a, ("", words(*range(20, 30))), ngram=5).jaccard == 0
    assert compare(a, ("", words(*range(9), 99)), ngram=1).jaccard == 9 / 11
    assert compare(a, (words(0), words(*range(1, 10))), ngram=5).jaccard == 1, "over question and answer"


def test_characters_are_shingled_where_words_have_no_spaces():
    assert compare(("", "手荷物受取所を出る前"), ("", "手荷物受取所を出る後"), ngram=5).jaccard == 5 / 7


@pytest.mark.parametrize(
    ("a", "b", "jaccard"),
    [
        ("one two", "ONE, two!", 1.0),
        ("one two", "one three", 0.0),
        ("one two", "one two three", 0.0),
        ("!", "?", 0.0),
    ],
)
def test_a_text_shorter_than_a_shingle_is_one_as_a_whole(a, b, jaccard):
    assert compare(("", a), ("", b), ngram=5).jaccard == jaccard
    first, second = SIGNER.bands([("", a), ("", b)])
    assert (first == second).all() == (jaccard == 1)


def naive_jaccard(a, b, n):
    def shingles(pair):
        units = units_of(plain(pair[0])) + units_of(plain(pair[1])) or list(pair)
        return {" ".join(units[i : i + n]) for i in range(max(1, len(units) - n + 1))}

    return len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))


@given(
    st.lists(st.sampled_from("abcd"), max_size=30),
    st.lists(st.sampled_from("abcd"), max_size=30),
    st.integers(1, 6),
)
def test_the_jaccard_similarity_against_a_naive_one(a, b, n):
    first, second = ("", " ".join(a)), ("", " ".join(b))
    assert compare(first, second, ngram=n).jaccard == naive_jaccard(first, second, n)


@given(pairs, pairs)
def test_comparing_is_symmetric_and_takes_any_text(a, b):
    assert compare(a, b, ngram=5) == compare(b, a, ngram=5)


@given(pairs)
def test_a_pair_equals_itself_however_it_is_written(pair):
    assert compare(pair, pair, ngram=5) == Comparison(1.0, True)
    spaced = tuple(f" {text}\n" for text in pair)
    if any(map(units_of, map(plain, pair))):
        assert compare(pair, spaced, ngram=5).jaccard == 1


def test_bands_and_keys_do_not_see_case_punctuation_and_composition():
    a = ("Où est-ce ?", "C’est à Genève, près du lac — à 5 minutes.")
    b = ("où est ce", "c'est à GENE\u0300VE: près du lac (à 5 minutes)")
    assert (SIGNER.bands([a]) == SIGNER.bands([b])).all()
    assert answer_key(a[1]) == answer_key(b[1])


def test_answer_key():
    assert answer_key("Write to us!") == answer_key("write\nTo us") != answer_key("Write to me!")
    assert answer_key("!") != answer_key("?")
    assert answer_key("संदेश") != answer_key("सदश"), "marks of letters are no punctuation"


def test_fact_key():
    a = fact_key("How far is Rome?", "It takes 5 hours to Rome, 1,000 km.")
    assert a == fact_key("How distant is Rome?", "The way to Rome needs 1000 km, then 5 hours.")
    assert a != fact_key("How far is Rome?", "It takes 6 hours to Rome, 1,000 km.")
    assert a != fact_key("How far is Oslo?", "It takes 5 hours to Oslo, 1,000 km.")


@given(pairs)
def test_keys_are_64_bit_numbers_of_any_text(pair):
    for key in (answer_key(pair[1]), fact_key(*pair)):
        assert -(2**63) <= key < 2**63


@given(st.lists(pairs, max_size=5))
def test_bands_do_not_depend_on_what_else_is_in_the_batch(batch):
    together = SIGNER.bands(batch)
    assert (together.shape, together.dtype) == ((len(batch), 14), np.int64)
    for pair, bands in zip(batch, together, strict=True):
        assert (Signer(DedupConfig()).bands([pair])[0] == bands).all()


@pytest.mark.parametrize(("n_bands", "n_rows", "ngram"), [(1, 1, 1), (3, 5, 2), (20, 4, 8)])
def test_other_settings(n_bands, n_rows, ngram):
    signer = Signer(DedupConfig(n_bands=n_bands, n_rows=n_rows, ngram=ngram))
    bands = signer.bands([("", words(*range(30))), ("", words(*range(30))), ("", words(*range(50, 80)))])
    assert bands.shape == (3, n_bands)
    assert (bands[0] == bands[1]).all()
    assert (bands[0] != bands[2]).all()


def test_keys_of_different_bands_never_meet(monkeypatch):
    class Same:
        ALGORITHM_VERSION = 2

        @staticmethod
        def digest_matrix_from_flat_token_hashes(hashes, offsets, n_values, seed):
            return Same

        @staticmethod
        def to_rows():
            return [[7] * 112, [0] * 112]

    monkeypatch.setattr(rensa, "RMinHash", Same)
    bands = Signer(DedupConfig()).bands([("same", "")] * 2)
    assert len(set(bands.ravel().tolist())) == 28


def test_the_bands_of_published_releases():
    """Bands of new releases meet those of earlier ones: whoever changes these raises BANDS_VERSION."""
    bands = SIGNER.bands(
        [
            ("What does it cost?", "It costs 5 EUR a day, for as long as you like."),
            ("料金はいくらですか？", "1日5ユーロです。"),
            ("Short", "one"),
        ]
    )
    assert bands[:, :2].tolist() == GOLDEN_BANDS
    assert answer_key("It costs 5 EUR.") == GOLDEN_ANSWER_KEY
    assert fact_key("How far is Rome?", "It is 5 km from Rome.") == GOLDEN_FACT_KEY


GOLDEN_BANDS = [
    [-6553267514442665716, 76436824050630907],
    [4645150985665347936, 8483582856087161047],
    [8179395083741412555, 1808423338136535020],
]
GOLDEN_ANSWER_KEY = -7994956494377876970
GOLDEN_FACT_KEY = 2275213976792635167


def test_signatures_of_another_algorithm_are_refused(monkeypatch):
    class Other:
        ALGORITHM_VERSION = 3

    monkeypatch.setattr(rensa, "RMinHash", Other)
    with pytest.raises(ConfigError, match=r"version 3, .* install rensa 0\.5"):
        Signer(DedupConfig())


@pytest.mark.parametrize(
    ("n_shingles", "n_common"), [(60, 40), (60, 48), (60, 52), (100, 80), (100, 89), (300, 260)]
)
def test_alike_pairs_meet_as_often_as_theory_says(n_shingles, n_common):
    """Two sets with so many shingles, so many of them common: met in 1 - (1 - J^8)^14 of 1,500 cases."""
    chance = random.Random(n_shingles * 1000 + n_common)
    signer = Signer(DedupConfig(ngram=1))
    n_cases = 1500
    firsts, seconds = [], []
    for _ in range(n_cases):
        units = [f"{chance.getrandbits(48):x}" for _ in range(2 * n_shingles - n_common)]
        firsts.append(("", " ".join(units[:n_shingles])))
        seconds.append(("", " ".join(units[-n_shingles:])))
    met = (signer.bands(firsts) == signer.bands(seconds)).any(axis=1).mean()
    jaccard = n_common / (2 * n_shingles - n_common)
    expected = 1 - (1 - jaccard**8) ** 14
    assert met == pytest.approx(expected, abs=4 * (expected * (1 - expected) / n_cases) ** 0.5)


def test_one_exchanged_word_needs_a_text_of_49():
    for n_words, enough in ((48, False), (49, True)):
        text = list(range(n_words))
        edited = [*text[:20], 99, *text[21:]]
        jaccard = compare(("", words(*text)), ("", words(*edited)), ngram=5).jaccard
        assert (jaccard >= 0.8) == enough


def test_a_full_cache_changes_nothing(monkeypatch):
    monkeypatch.setattr("mining.dedup._MAX_CACHED_UNITS", 3)
    signer = Signer(DedupConfig())
    for first in range(5):
        pair = ("", words(*range(first, first + 20)))
        assert (signer.bands([pair]) == SIGNER.bands([pair])).all()


def test_a_long_hostile_text_is_compared_in_bounded_time():
    for unit in ("a", "A", "1.", "a.", "@", "-", " a", " A. ", "京", "ไม่", "(", "'", "no "):
        text = unit * (200_000 // len(unit))
        compare(("q", text), ("q", text + "b"), ngram=5)
        SIGNER.bands([("q", text)])


def test_comparison_is_a_value():
    assert replace(Comparison(0.9, True), same_facts=False) == Comparison(0.9, False)
