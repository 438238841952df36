"""Questions and answers in invented languages, in which the same concepts have other words."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

LANGUAGES = {
    "ces": "cs",
    "dan": "da",
    "eng": "en",
    "est": "et",
    "fin": "fi",
    "hrv": "hr",
    "hun": "hu",
    "lav": "lv",
    "lit": "lt",
    "slk": "sk",
    "swe": "sv",
    "tur": "tr",
}
"""Latin script, texts about as long as English ones; by ISO 639-3 code, in its order, the tag in URLs."""

N_CONCEPTS = 2000
N_PLACES = 1 << 12
"""Places in the list that concepts are drawn from; frequent ones stand in it more often."""

REPLACED_WORDS = 0.1
SIBLINGS = 0.1


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer as concepts, and what all languages write alike."""

    concepts: Sequence[int]
    n_question: int
    """So many of the concepts make the question."""
    name: str
    number: int


def questions(n: int, chance: Random) -> Iterator[Question]:
    """Yield questions; some repeat the one before with another name and number."""
    last = None
    places = _places()
    for _ in range(n):
        name, number = chance.choice(_names()), chance.randint(10, 9999)
        if last is not None and chance.random() < SIBLINGS:
            last = Question(last.concepts, last.n_question, name, last.number + chance.randint(1, 99))
        else:
            n_question, n_answer = chance.randint(4, 9), int(10 * 6 ** chance.random())
            last = Question(chance.choices(places, k=n_question + n_answer), n_question, name, number)
        yield last


def written(question: Question, language: str, chance: Random) -> tuple[str, str]:
    """Return question and answer in a language."""
    lexicon = _lexicon(language)
    words = [lexicon[concept] for concept in question.concepts]
    for _ in range(round(REPLACED_WORDS * len(words))):
        words[int(len(words) * chance.random())] = lexicon[int(N_CONCEPTS * chance.random())]
    asked, told = words[: question.n_question], words[question.n_question :]
    told.insert(len(told) // 2, str(question.number))
    return _sentence([*asked, question.name], "?"), _sentence(told, ".")


def _sentence(words: Sequence[str], mark: str) -> str:
    return f"{words[0].capitalize()} {' '.join(words[1:])}{mark}"


@cache
def _lexicon(language: str) -> tuple[str, ...]:
    """Return the language's word for each concept; no two are alike."""
    chance = Random(f"lexicon {language}")
    consonants, vowels = chance.sample("bcdfghjklmnprstvz", 10), chance.sample("aeiouyäöü", 5)
    endings = ["", "", *chance.sample("klmnrst", 3)]
    words: dict[str, None] = {}
    while len(words) < N_CONCEPTS:
        syllables = (
            chance.choice(consonants) + chance.choice(vowels)
            for _ in range(chance.choice((1, 2, 2, 3, 3, 4)))
        )
        words["".join(syllables) + chance.choice(endings)] = None
    return tuple(words)


@cache
def _places() -> tuple[int, ...]:
    """Return concepts, the k-th most frequent one with a share that falls as 1/(k + 3)."""
    shares = list(accumulate(1 / (rank + 3) for rank in range(N_CONCEPTS)))
    return tuple(bisect(shares, shares[-1] * place / N_PLACES) for place in range(N_PLACES))


@cache
def _names() -> tuple[str, ...]:
    chance = Random("names")
    syllables = [consonant + vowel for consonant in "bdgkmnprstvz" for vowel in "aeiou"]
    return tuple(sorted({"".join(chance.choices(syllables, k=3)).capitalize() + "x" for _ in range(800)}))
