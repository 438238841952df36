"""Whether two almost equal pairs state the same facts: the rule that keeps the siblings of a template apart.

"Flights to Rome" and "Flights to Oslo" differ in one word, as two wordings of one answer do. They are told
apart by what differs: numbers, symbols, addresses, names, negations and the question's content must agree,
other words of the answer may change. No model and no dictionary is asked, so the rule errs on one side: what
may be a fact counts as one. A merge that is missed costs little, a wrong one loses a good pair.

Known limits: a name that is exchanged once, in the answer alone, and is written in lower case, begins its
sentence, or stands in a script without capitals, goes for a synonym; so does the opposite of a word where
`mining.dedup_words` does not list the two.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import chain, pairwise

from mining.dedup_text import BMP, character_class, plain, words_of
from mining.dedup_words import (
    FACT_WORDS,
    NEGATION_CHARS,
    NEGATION_STRINGS,
    NEGATIONS,
    NUMERAL_CHARS,
    OPPOSITES,
    WEAK_NEGATIONS,
)

# Each expression begins with one set of characters: so the search for a first match is quick.
_NUMBER = re.compile(r"\d(?:\d{0,2}([.,'’٬ ])\d{3}(?:\1\d{3})*(?!\d)|\d*(?:[.,:/٫⁄]\d+)*)")
"""A number with groups of three digits, or any other with its inner points, as in 3.5, 10:30 and 24/7."""
_NOT_DIGIT = re.compile(r"\D")

_CURRENCIES = character_class(c for c in BMP if unicodedata.category(c) == "Sc")
_SYMBOL = re.compile(rf"[-−%‰°+<>≤≥±#{_CURRENCIES}](?:(?<![-−])|(?<!\w[-−])(?=\d))")
"""A minus is one where nothing but space stands before it."""

_ADDRESS_SIGN = re.compile(
    r"[.@](?:(?<=\w@)\w|(?<=[A-Za-z]\.)[a-z0-9]|(?<=[0-9]\.)[a-z]|(?<=[A-Z]\.)[A-Z])", re.ASCII
)
"""Not a full stop whose space is missing, as in `free.The`."""
_ASCII_RUN = re.compile("[!-~]+")
_AROUND_ADDRESS = "".join(map(chr, range(0x21, 0x30))) + ":;<=>?[]{}|`\"'~"

_SENTENCE_END = re.compile(
    r"[.!?…:;؟।](?<!\b(?:Mr|Ms|Dr|St|Mt|Hr|Fr|Nr|ul)\.)(?<!\bMrs\.)(?<!\bProf\.)(?<!\b[A-Z]\.)['\"”’»)\]]*\s|[\n。]"
)
"""Where the next word begins a sentence; not after the initial or the title of a name."""

_HAS_DIGIT = re.compile(r"\d").search
"""Numbers are compared as such; units with a digit are such as 10am and mp3."""
_IS_CASED = re.compile("[a-zà-öø-ɏͰ-ϿЀ-ԯա-ևḁ-ỿἀ-῿]").search
"""Scripts in which names are written with capitals: Latin, Greek, Cyrillic, Armenian."""

_FACT_UNITS = FACT_WORDS | NEGATIONS | NEGATION_CHARS | NUMERAL_CHARS
_NO_NAMES = frozenset({"i"})
"""Units that a capital does not make a name: the English pronoun."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pair states, as far as its letters show; lists of two are of the question and of the answer."""

    texts: tuple[str, str]
    """Made `plain`."""
    units: tuple[list[str], list[str]]
    names: set[str]
    """Units with a capital elsewhere than at the start of a sentence."""
    numbers: tuple[list[str], list[str]]
    """In ASCII digits, without separators of thousands, other separators as points."""

    @staticmethod
    def of(question: str, answer: str) -> "Facts":
        """Read a pair's texts."""
        texts = (plain(question), plain(answer))
        names: set[str] = set()
        units = (_read_units(texts[0], names), _read_units(texts[1], names))
        return Facts(texts, units, names - _NO_NAMES, (_numbers(texts[0]), _numbers(texts[1])))


def same_facts(a: Facts, b: Facts) -> bool:
    """Tell whether what differs between two almost equal pairs is wording alone; symmetric."""
    if a.numbers != b.numbers:
        return False
    if any(
        _symbols(x) != _symbols(y) or _addresses(x) != _addresses(y)
        for x, y in zip(a.texts, b.texts, strict=True)
    ):
        return False
    if a.units == b.units:
        return True
    return (
        _same_names(a, b)
        and _same_question(a.units[0], b.units[0])
        and _is_wording(a, b)
        and all(_count(a, negation) == _count(b, negation) for negation in NEGATION_STRINGS)
    )


def _read_units(text: str, names: set[str]) -> list[str]:
    """Return the text's units, and add to `names` those that are written like names."""
    units: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        words = words_of(sentence)
        if sentence == sentence.casefold():
            units += words
            continue
        folded = " ".join(words).casefold().split(" ")
        units += folded
        if words:
            names.update(low for word, low in zip(words[1:], folded[1:], strict=True) if word != low)
            if words[0][1:] != folded[0][1:]:
                names.add(folded[0])
    return units


def _numbers(text: str) -> list[str]:
    return [_number(match) for match in _NUMBER.finditer(text)]


def _number(match: re.Match[str]) -> str:
    digits = _NOT_DIGIT.sub("" if match[1] else ".", match[0])
    return (
        digits
        if digits.isascii()
        else "".join(c if c == "." else str(unicodedata.decimal(c)) for c in digits)
    )


def _symbols(text: str) -> list[str]:
    return _SYMBOL.findall(text)


def _addresses(text: str) -> set[str]:
    """Return what looks like URLs, host names, e-mail addresses, without scheme and last slash."""
    if not _ADDRESS_SIGN.search(text):
        return set()
    runs = (run.strip(_AROUND_ADDRESS) for run in _ASCII_RUN.findall(text))
    addresses = (run.casefold() for run in runs if _ADDRESS_SIGN.search(run))
    return {a.removeprefix("https://").removeprefix("http://").removeprefix("www.") for a in addresses}


def _same_names(a: Facts, b: Facts) -> bool:
    """Tell whether the names stand in the same order; a name in one place counts as one in every place.

    So it does not matter that a sentence begins with a name in one text and has it further back in the other.
    """
    names = a.names | b.names
    return [u for u in chain(*a.units) if u in names] == [u for u in chain(*b.units) if u in names]


def _same_question(a: list[str], b: list[str]) -> bool:
    """Tell whether one question has the other's content words in their order, and perhaps further ones.

    In scripts with capitals a name among the further words is seen by its capital; in other scripts any word
    may be one, so that none may be added. Words of one or two letters are no content.
    """
    shorter, longer = sorted(([u for u in units if _is_content(u)] for units in (a, b)), key=len)
    place, further = 0, []
    for unit in longer:
        if place < len(shorter) and unit == shorter[place]:
            place += 1
        else:
            further.append(unit)
    return place == len(shorter) and all(map(_IS_CASED, further))


def _is_content(unit: str) -> bool:
    return (len(unit) > 2 or not _IS_CASED(unit)) and not unit.isdecimal()


def _is_wording(a: Facts, b: Facts) -> bool:
    """Tell whether the units that only one side has can be a matter of wording."""
    all_a, all_b = [*chain(*a.units)], [*chain(*b.units)]
    lost, gained = _differing(all_a, all_b)
    either = [unit for unit in lost.keys() | gained.keys() if not unit.isdecimal()]
    if not _FACT_UNITS.isdisjoint(either) or any(map(_HAS_DIGIT, either)):
        return False
    if any(word in OPPOSITES and not OPPOSITES[word].isdisjoint(gained) for word in lost):
        return False
    if _is_put_in(gained, all_b, into=all_a) or _is_put_in(lost, all_a, into=all_b):
        return False
    if any(map(_IS_CASED, either)) and any(
        _foreign_words(x) != _foreign_words(y) for x, y in zip(a.units, b.units, strict=True)
    ):
        return False
    return not (_is_consistent(lost) and _is_consistent(gained))


def _foreign_words(units: list[str]) -> list[str]:
    """Return the Latin words in Chinese, Arabic or Hindi, which are names as a rule; none in other texts."""
    cased = [unit for unit in units if _IS_CASED(unit)]
    return cased if 2 * len(cased) < len(units) else []


def _differing(a: list[str], b: list[str]) -> tuple[Counter[str], Counter[str]]:
    """Return the units that `a` has more often than `b`, and those that `b` has more often."""
    n = min(len(a), len(b))
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), n)
    end = next((i for i in range(n - start) if a[-1 - i] != b[-1 - i]), n - start)
    in_a, in_b = Counter(a[start : len(a) - end]), Counter(b[start : len(b) - end])
    return in_a - in_b, in_b - in_a


def _is_put_in(gained: Counter[str], units: list[str], *, into: list[str]) -> bool:
    """Tell whether a weak negation stands between two units that are neighbours in the other text."""
    words = WEAK_NEGATIONS & gained.keys()
    if not words:
        return False
    neighbours = set(pairwise(into))
    return any(
        unit in words and (before, after) in neighbours
        for before, unit, after in zip(units, units[1:], units[2:], strict=False)
    )


def _is_consistent(units: Counter[str]) -> bool:
    """Tell whether a content word differs in several places, as the variable part of a template does."""
    return any(n > 1 and _is_content(unit) for unit, n in units.items())


def _count(facts: Facts, negation: str) -> int:
    return facts.texts[0].count(negation) + facts.texts[1].count(negation)
