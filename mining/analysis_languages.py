"""What each language gets beyond the rules of its script: stemmer, stop list, elisions, variants of letters.

A language is added or changed here alone. A language that is missing is analysed all the same: its words,
folded, with no stemmer and no stop list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mining.analysis_stop_words import STOP_WORDS

STEMMERS = {
    "ara": "arabic",
    "bos": "serbian",
    "cat": "catalan",
    "ces": "czech",
    "dan": "danish",
    "deu": "german",
    "ell": "greek",
    "eng": "english",
    "epo": "esperanto",
    "est": "estonian",
    "eus": "basque",
    "fas": "persian",
    "fin": "finnish",
    "fra": "french",
    "gle": "irish",
    "hbs": "serbian",
    "hin": "hindi",
    "hrv": "serbian",
    "hun": "hungarian",
    "hye": "armenian",
    "ind": "indonesian",
    "ita": "italian",
    "lit": "lithuanian",
    "nep": "nepali",
    "nld": "dutch",
    "nno": "norwegian",
    "nob": "norwegian",
    "pol": "polish",
    "por": "portuguese",
    "ron": "romanian",
    "rus": "russian",
    "sot": "sesotho",
    "spa": "spanish",
    "srp": "serbian",
    "swe": "swedish",
    "tam": "tamil",
    "tur": "turkish",
    "yid": "yiddish",
}
"""Language -> name of its algorithm in Snowball 3.1."""

DOTLESS_I = frozenset({"aze", "azj", "crh", "kaa", "tur"})
"""Languages that write ı for the small letter of I."""

CHARACTER_PAIRS = ("jpn", "kor", "wuu", "yue", "zho")
CLUSTER_PAIRS = ("khm", "lao", "mya", "shn", "tha")
"""Languages whose texts are mostly runs of a script without spaces."""

_FRENCH = "[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|quelqu"
_ITALIAN = "[cdlmnstv]|gl|un|all|dall|dell|nell|sull|coll|quell|quest|anch|com|dov"
_ELIDED = {
    "cat": "[dlmnst]",
    "fra": _FRENCH,
    "gle": "[bdm]",
    "ita": _ITALIAN,
    "ltz": "d",
    "oci": "[cdjlmnst]|qu",
    "por": "d",
}
"""Language -> words that lose their vowel before an apostrophe and mean nothing to search."""

_CLITICS = {
    "cat": "l|ls|m|n|ns|s|t|us|hi|ho",
    "eng": "s|re|ve|ll|d|m",
}
"""Language -> what an apostrophe ties to the word's end; in every language the s of names, as in Domino's."""
_ANY_ENDING = frozenset({"tur"})
"""Languages that part all endings of a name by an apostrophe: Ankara'dan."""

_ARABIC = dict(zip("ٱیک", "ايك", strict=True))
"""Hamza and the final ya are left to the stemmer: before it, they would show it articles that are none."""
_EGYPTIAN = _ARABIC | dict(zip("أإآى", "اااي", strict=True))
_PERSIAN = dict(zip("يىكۀ", "ییکه", strict=True))
_DEVANAGARI = {"\u0901": "\u0902", "\u093c": ""}
"""Candrabindu is written as anusvara by many, and the nukta left out."""
_SERBIAN = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)) | {
    "љ": "lj",
    "њ": "nj",
    "џ": "dž",
}
_LETTERS: Mapping[str, Mapping[str, str]] = {
    "ara": _ARABIC,
    "arz": _EGYPTIAN,
    "azb": _PERSIAN,
    "bos": _SERBIAN,
    "ckb": _PERSIAN,
    "fas": _PERSIAN,
    "hbs": _SERBIAN,
    "hin": _DEVANAGARI,
    "mar": _DEVANAGARI,
    "ron": {"ş": "ș", "ţ": "ț"},
    "rus": {"ё": "е"},
    "srp": _SERBIAN,
    "urd": _PERSIAN,
}
"""Language -> letters that are read as another: variants that writers do not keep apart."""


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """What one language gets."""

    stemmer: str | None
    """Name of Snowball's algorithm."""
    stop_words: frozenset[str]
    """As written, not folded."""
    elided: re.Pattern[str] | None
    """Beginning of a folded word that is dropped."""
    clitics: re.Pattern[str]
    """Ending of a folded word that is dropped."""
    letters: Mapping[str, str]
    dotless_i: bool


def rules_of(language: str) -> LanguageRules:
    """Return the rules of a language by its ISO 639-3 code."""
    elided, clitics = _ELIDED.get(language), _CLITICS.get(language, "s")
    return LanguageRules(
        STEMMERS.get(language),
        STOP_WORDS.get(language, frozenset()),
        re.compile(f"(?:{elided})'(?=.)") if elided else None,
        re.compile("(?:(?<=..)|(?<=[0-9]))'.*" if language in _ANY_ENDING else f"'(?:{clitics})$"),
        _LETTERS.get(language, {}),
        language in DOTLESS_I,
    )


def special_languages() -> list[str]:
    """Return the languages that get anything beyond folded words, in the order of their codes."""
    return sorted({*STEMMERS, *STOP_WORDS, *_ELIDED, *_LETTERS, *DOTLESS_I, *CHARACTER_PAIRS, *CLUSTER_PAIRS})
