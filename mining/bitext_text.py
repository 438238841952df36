"""What of a question-answer pair can be compared across languages: numbers, words that stay, and lengths."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from math import log

import xxhash

from mining.dedup_facts import Facts
from mining.dedup_text import plain, units_of

_RELATIVE_LENGTHS = {
    "amh": 0.62,
    "ara": 0.92,
    "arz": 0.75,
    "cmn": 0.32,
    "cym": 1.1,
    "deu": 1.19,
    "ell": 1.1,
    "fra": 1.18,
    "gla": 1.19,
    "gle": 1.13,
    "heb": 0.75,
    "ind": 1.16,
    "ita": 1.16,
    "jpn": 0.46,
    "kor": 0.53,
    "mal": 1.24,
    "msa": 1.18,
    "nld": 1.17,
    "pol": 1.12,
    "por": 1.12,
    "rus": 1.1,
    "spa": 1.15,
    "tam": 1.27,
    "tgl": 1.16,
    "tha": 0.83,
    "war": 1.13,
    "wuu": 0.32,
    "yue": 0.32,
    "zho": 0.34,
}
"""Characters of a translation for one of the English text: the median over the sentences of NTREX-128 where
it has the language, else the share over all sentences of Tatoeba (LASER's test set). Languages between 0.9
and 1.1 are taken for 1."""

_COGNATE_CHARS = 5
"""Words of one origin begin alike: reservation, Reservierung; 4 characters in Simard, Foster and Isabelle
(1992), one more here, as a page has more chances of meeting than a sentence."""

_CLOCK = re.compile(r"(?<![\d.,:])(1[0-2]|0?[1-9])(?:[:.]([0-5]\d))? ?([ap])\.?m\b\.?", re.IGNORECASE)
_ADDRESS_SIGN = re.compile(r"[@.](?=[a-z])|//", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(
    r"(?<![\w.+-])(?:[\w.+-]++@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s<>\"'()]+"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b)",
    re.ASCII | re.IGNORECASE,
)
"""E-mail addresses, URLs and names of hosts. It starts where no address can have begun before, so that a long
run of letters is read once."""
_HAS_DIGIT = re.compile(r"\d").search
_DIGITS = re.compile(r"\d+")
_CACHED_PAIRS = 1024


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared of one pair."""

    numbers: frozenset[tuple[str, int]]
    """In ASCII digits, 14:00 for 2 pm, each with how often it stood before."""
    tokens: frozenset[str]
    """Beginnings of words, without case and accents, and addresses."""
    log_lengths: tuple[float, float]
    """Of question and answer, in characters as if they were English, natural logarithm."""
    text_key: int
    """Hash that two pairs share where they are the same but for case, spaces and marks."""
    template_key: int
    """The same without numbers: shared by pairs that differ in these alone."""


@lru_cache(maxsize=_CACHED_PAIRS)
def read_traits(question: str, answer: str, language: str) -> Traits:
    """Read one pair; `language` is its ISO 639-3 code."""
    texts, tokens = [plain(question), plain(answer)], set[str]()
    for i, text in enumerate(texts):
        if _ADDRESS_SIGN.search(text):
            tokens.update(address.casefold().strip(".,-/") for address in _ADDRESS.findall(text))
            texts[i] = _ADDRESS.sub(" ", text)
    facts = Facts.of(_CLOCK.sub(_on_24_hours, texts[0]), _CLOCK.sub(_on_24_hours, texts[1]))
    for word in {word for units in facts.units for word in units}:
        if len(word) > 1 and not _HAS_DIGIT(word):
            tokens.add(_beginning(word))
    scale = log(_RELATIVE_LENGTHS.get(language, 1.0))
    text = " ".join(units_of(plain(f"{question}\n{answer}"))) or f"{question}\n{answer}"
    return Traits(
        frozenset(_numbered([_canonical(number) for numbers in facts.numbers for number in numbers])),
        frozenset(tokens),
        (log(1 + len(question)) - scale, log(1 + len(answer)) - scale),
        _key(text),
        _key(_DIGITS.sub("0", text)),
    )


def _key(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _on_24_hours(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    return f"{hour}:{match[2] or '00'}"


def _canonical(number: str) -> str:
    """Return a number without the zeros by which notations differ: 02.00, 2.0 and 2 are one."""
    whole, *rest = number.split(".")
    while rest and not rest[-1].strip("0"):
        del rest[-1]
    return ".".join([whole.lstrip("0") or "0", *rest])


def _numbered(items: list[str]) -> list[tuple[str, int]]:
    seen: dict[str, int] = {}
    numbered = []
    for item in items:
        seen[item] = seen.get(item, -1) + 1
        numbered.append((item, seen[item]))
    return numbered


@lru_cache(maxsize=65536)
def _beginning(word: str) -> str:
    if word.isascii():
        return word[:_COGNATE_CHARS]
    letters = [c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)]
    return "".join(letters)[:_COGNATE_CHARS]
