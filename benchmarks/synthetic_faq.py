"""Questions and answers made of the sample crawl's words, and pairs that repeat them in a known way."""

import re
from array import array
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from random import Random

from mining.dedup_text import plain, words_of
from mining.dedup_words import FACT_WORDS, NEGATION_CHARS, NEGATIONS, NUMERAL_CHARS, WEAK_NEGATIONS
from pipeline.sample.source import load_sites

PAIRS_PER_PAGE = 5
NGRAM = 5
N_WORDS = 1 << 12
"""Places in a language's list of words, of which some hundred differ."""

KINDS = ("near", "exact", "template", "boilerplate", "original")
_KIND_BOUNDS = (0.10, 0.15, 0.20, 0.22, 1.0)
N_BOILERPLATES = 2
"""Boilerplate answers of each language."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language's way of writing and its words."""

    tag: str
    space: str
    stop: str
    comma: str
    question_mark: str
    words: tuple[str, ...] = field(compare=False)
    """N_WORDS of them; frequent words stand in it more often."""


@dataclass(frozen=True, slots=True)
class Text:
    """A pair as words; the first word of a sentence is capitalised when it is written."""

    question: list[str]
    sentences: list[list[str]]
    joined: bool = False
    """The first two sentences are joined by a comma."""


_LATIN = ("en", "de", "fr", "es")
_SPACED = (" ", ". ", ", ", "?")
_WRITING = {
    "en": _SPACED,
    "de": _SPACED,
    "fr": (" ", ". ", ", ", " ?"),
    "es": _SPACED,
    "ru": _SPACED,
    "ar": (" ", ". ", "، ", "؟"),
    "hi": (" ", "। ", ", ", "?"),
    "ja": ("", "。", "、", "か？"),
    "zh": ("", "。", "，", "？"),
}


def pair(number: int, seed: int) -> tuple[str, Text, Text | None]:
    """Return a pair's kind, its text, and the text that it repeats."""
    chance = _chance(number, seed)
    kind = _kind(chance, number)
    language = language_of(number)
    if kind == "original":
        return kind, _original(chance, language), None
    if kind == "boilerplate":
        which = chance.randrange(N_BOILERPLATES)
        answer = _original(Random(f"boilerplate {language.tag} {which}"), language).sentences
        return kind, replace(_original(chance, language), sentences=answer), None
    source = _source(chance, number, seed)
    if kind == "near":
        return kind, _edited(source, chance, language), source
    return kind, (source if kind == "exact" else _sibling(source, chance)), source


def _kind(chance: Random, number: int) -> str:
    """Draw the kind; it is the first draw of every pair. The first pairs of all are there to be repeated."""
    draw = chance.random()
    if number < 100 * len(_WRITING):
        return "original"
    return next(kind for kind, bound in zip(KINDS, _KIND_BOUNDS, strict=True) if draw < bound)


def _source(chance: Random, number: int, seed: int) -> Text:
    """Return an original of the same language, on an earlier page."""
    n_languages = len(_WRITING)
    page = number // PAIRS_PER_PAGE
    while True:
        earlier = page % n_languages + n_languages * chance.randrange(page // n_languages)
        candidate = earlier * PAIRS_PER_PAGE + chance.randrange(PAIRS_PER_PAGE)
        draws = _chance(candidate, seed)
        if _kind(draws, candidate) == "original":
            return _original(draws, language_of(number))


def _original(chance: Random, language: Language) -> Text:
    """Draw a question of 6 to 12 words and an answer of 20 to 120, with a name in both and a number."""
    n_question, n_answer = 6 + int(7 * chance.random()), int(20 * 6 ** chance.random())
    drawn = array("H", chance.randbytes(2 * (n_question + n_answer)))
    words = [language.words[bits % N_WORDS] for bits in drawn]
    name = _names()[int(len(_names()) * chance.random())]
    question = [*words[: n_question - 1], name, words[n_question - 1]]
    sentences = []
    while n_question < len(words):
        end = n_question + 7 + int(8 * chance.random())
        end = end if end + 7 <= len(words) else len(words)
        sentences.append(words[n_question:end])
        n_question = end
    sentences[0].insert(3, name)
    sentences[-1].insert(2, str(10 + int(9990 * chance.random())))
    return Text(question, sentences)


def _sibling(text: Text, chance: Random) -> Text:
    """Return the text with another name, or with another number."""
    old, new = text.question[-2], chance.choice(_names())
    if chance.random() < 0.5 or old == new:
        old = text.sentences[-1][2]
        new = str(int(old) + chance.randint(1, 99))
    question, *sentences = (
        [new if word == old else word for word in words] for words in (text.question, *text.sentences)
    )
    return Text(question, sentences)


def _edited(text: Text, chance: Random, language: Language) -> Text:
    """Return the text with as many edits of the answer as a similarity drawn between 0.6 and 1 allows.

    An edit replaces, puts in or leaves out a common word, never the first of a sentence, a name or a number,
    and no word twice. One in ten has only its punctuation edited.
    """
    target = chance.uniform(0.6, 1.0)
    if chance.random() < 0.1 and len(text.sentences) > 1:
        return replace(text, joined=True)
    n_shingles = len(_units(text, language))
    n_edits = max(1, round(n_shingles * (1 - target) / (NGRAM * (1 + target))))
    sentences = [list(sentence) for sentence in text.sentences]
    lost, gained = _Unique(language), _Unique(language)
    for _ in range(50 * n_edits):
        sentence = chance.choice(sentences)
        place = chance.randrange(1, len(sentence))
        old, new = sentence[place], chance.choice(language.words)
        edit = chance.choice(("replace", "replace", "replace", "put in", "leave out"))
        if old not in _common(language) or old == new or (edit == "leave out" and len(sentence) < 6):
            continue
        if (edit != "put in" and not lost.take(old)) or (edit != "leave out" and not gained.take(new)):
            continue
        sentence[place : place + (edit != "put in")] = [] if edit == "leave out" else [new]
        n_edits -= 1
        if not n_edits:
            break
    return replace(text, sentences=sentences)


class _Unique:
    """Takes every word, or every character of languages without spaces, once."""

    def __init__(self, language: Language) -> None:
        self._spaced = bool(language.space)
        self._taken: set[str] = set()

    def take(self, word: str) -> bool:
        parts = [word] if self._spaced else list(word)
        if len(set(parts)) < len(parts) or not self._taken.isdisjoint(parts):
            return False
        self._taken.update(parts)
        return True


def written(text: Text, language: Language) -> tuple[str, str]:
    """Return question and answer as written."""
    question, *sentences = (
        language.space.join([words[0][0].upper() + words[0][1:], *words[1:]])
        for words in (text.question, *text.sentences)
    )
    if text.joined:
        first, second = (language.space.join(words) for words in text.sentences[:2])
        sentences[:2] = [first[0].upper() + first[1:] + language.comma + second]
    return question + language.question_mark, language.stop.join([*sentences, ""]).rstrip()


def _units(text: Text, language: Language) -> list[str]:
    words = [word for part in (text.question, *text.sentences) for word in part]
    if language.space:
        return [word.casefold() for word in words]
    ending = language.question_mark[:-1]
    units = [unit for word in [*text.question, ending] for unit in _cut(word)]
    return units + [unit for part in text.sentences for word in part for unit in _cut(word)]


def _cut(word: str) -> list[str]:
    return [word.casefold()] if word.isascii() and word else list(word)


def jaccard(a: Text, b: Text, language: Language) -> float:
    """Return the similarity of the sets of 5-grams of two texts of a language."""
    first, second = (
        set(zip(*(units[i:] for i in range(NGRAM)), strict=False))
        for units in (_units(a, language), _units(b, language))
    )
    return len(first & second) / len(first | second)


def _chance(number: int, seed: int) -> Random:
    return Random(seed * 1_000_000_007 + number)


def language_of(number: int) -> Language:
    """Return the language of a pair: one a page, in turn."""
    tags = tuple(_WRITING)
    return _of_tag(tags[number // PAIRS_PER_PAGE % len(tags)])


@cache
def _names() -> list[str]:
    chance = Random("names")
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return sorted({"".join(chance.choices(syllables, k=3)).capitalize() + "x" for _ in range(2000)})


@cache
def _common(language: Language) -> frozenset[str]:
    return frozenset(language.words)


@cache
def _of_tag(tag: str) -> Language:
    """Return a language with its words as the sample crawl has them; frequent ones stand more often."""
    questions = [q for site in load_sites() for page in site.pages for q in page.questions]
    texts = [plain(text) for q in questions for text in (q.answer.get(tag), q.question.get(tag)) if text]
    space, stop, comma, question_mark = _WRITING[tag]
    words = Counter(word for text in texts for word in (words_of(text) if space else _pieces(text)))
    ranked = [
        word
        for word, _ in sorted(words.items(), key=lambda item: (-item[1], item[0]))
        if _is_common(word, tag)
    ]
    shares = list(accumulate(1 / (rank + 3) for rank in range(len(ranked[:600]))))
    drawn = tuple(ranked[bisect(shares, shares[-1] * number / N_WORDS)] for number in range(N_WORDS))
    return Language(tag, space, stop, comma, question_mark, drawn)


def _pieces(text: str) -> Iterator[str]:
    """Cut what has no spaces into pieces of two characters, without the beginnings of Japanese negations."""
    for run in re.findall("[\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]+", text):
        yield from (
            run[i : i + 2] for i in range(0, len(run) - 1, 2) if not set("なまず") & set(run[i : i + 2])
        )


def _is_common(word: str, tag: str) -> bool:
    """Tell whether a word states no fact by itself: no name, number, unit, negation, part of an address."""
    return (
        word == word.casefold()
        and word not in ("https", "example")
        and (tag in _LATIN or not word.isascii())
        and not any(c.isdigit() for c in word)
        and word not in FACT_WORDS | NEGATIONS | WEAK_NEGATIONS
        and not (NEGATION_CHARS | NUMERAL_CHARS) & set(word)
    )
