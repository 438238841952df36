"""Cleaning any text: never an exception, always the same result, and a clean pair stays clean."""

from hypothesis import given, settings
from hypothesis import strategies as st

from extract.clean import cleaner, rule_names
from pipeline.core.config import CleanConfig
from tests.extract.test_clean_webfaq2 import ours, published

DEFAULT = CleanConfig()
MASKING = CleanConfig(mask=("email", "phone", "ip"))
WEBFAQ2 = CleanConfig(profile="webfaq2")

# What the rules look for, so that random texts meet them.
PIECES = """
    Q: A: Question: Answer: Q3. Frage P: R: В: О: 问： س: 1. 1.2 3) ① (4) • - » " “ ” ‘ ’ „ « 「 」 & &amp;
    &lt; &#38; ; # 38 amp nbsp &nbsp; <b> </b> <p> <br> < > [vc_row] [/vc_row] [b] { } {{name}} ${x} %s
    [object 😀 👨\u200d👩 🇩🇪 1️⃣ © ™ ? ？ ؟ . 。 ! … Ã© â€™ Ã РџСЂРё РС вЂ ï» ¿
    \ufffd \u200b \u200c \u200d \ufeff
    \u00ad \u0301 \ue000 e\u0301 क्\u200dष می\u200c 한 か\u3099 HTML code Home | / About Contact www.a.example
    https://a.example/? a@b.example +49 30 1234567 416-993-8000 10.0.0.1 ::1 call version Yes No. null 42
""".split()  # noqa: SIM905
BLANKS = st.sampled_from(["", "", " ", " ", "\n", "  ", "\t", "\r\n", "\u2028"])
MADE = st.lists(st.tuples(st.sampled_from(PIECES), BLANKS).map("".join), max_size=14).map("".join)
WORDS = st.sampled_from(
    ["", "How do I pay for it?", "By card, in the shop.", "支払い方法は何ですか", "Как платить за это"]
)
TEXTS = st.one_of(MADE, st.text(max_size=80), st.tuples(MADE, WORDS, MADE).map("".join))
CONFIGS = st.sampled_from([DEFAULT, MASKING, WEBFAQ2])


@given(TEXTS, TEXTS, CONFIGS)
@settings(max_examples=600, deadline=None)
def test_any_text_has_one_outcome(question, answer, config):
    result = cleaner(config)(question, answer)
    names = rule_names(config)
    assert result == cleaner(config)(question, answer)
    assert result.dropped_by is None or result.dropped_by in names
    assert list(result.changed_by) == sorted(set(result.changed_by), key=names.index)
    assert bool(result.masked) == ("mask" in result.changed_by)
    if not result.changed_by:
        assert (result.question, result.answer) == (question, answer)
    (result.question + result.answer).encode("utf-8")


@given(TEXTS, TEXTS, st.sampled_from([DEFAULT, MASKING]))
@settings(max_examples=1500, deadline=None)
def test_default_leaves_a_clean_pair_as_it_is(question, answer, config):
    first = cleaner(config)(question, answer)
    if first.dropped_by is None:
        again = cleaner(config)(first.question, first.answer)
        assert (again.question, again.answer) == (first.question, first.answer)
        assert (again.dropped_by, again.changed_by, again.masked) == (None, (), {})
        assert "\n" not in first.question


@given(TEXTS, TEXTS)
@settings(max_examples=1000, deadline=None)
def test_webfaq2_is_the_published_rules(question, answer):
    padded = question + " how do I pay", answer + " by card in the shop, as everybody does"
    for pair in ((question, answer), padded):
        assert ours(*pair) == published(*pair)


@given(TEXTS, TEXTS)
@settings(max_examples=500, deadline=None)
def test_webfaq2_only_ever_shortens(question, answer):
    """The published rules check nothing again, so that a kept pair may be dropped the next time.

    What holds: each change makes the pair shorter, so that cleaning again and again comes to an end.
    """
    result = cleaner(WEBFAQ2)(question, answer)
    if result.changed_by:
        assert len(result.question) + len(result.answer) < len(question) + len(answer)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_rows_means_nothing(pairs, random):
    clean = cleaner(MASKING)
    expected = {pair: clean(*pair) for pair in pairs}
    shuffled = list(pairs)
    random.shuffle(shuffled)
    other = cleaner(MASKING)
    assert {pair: other(*pair) for pair in shuffled} == expected
