"""From a text to pieces: it is folded, then cut where its script, not its label, says.

A piece is a word with its marks, inner apostrophes and separators of digits; or a run of a script that is
written without spaces, which becomes overlapping pairs of units. A unit is a character of Han, kana or
hangul, as in Lucene's CJK analyser; in Thai, Lao, Khmer and Burmese it is what is written around one
consonant: its leading vowel, marks, following vowel, stacked and killed consonants. Pairs need no
dictionary that ages, cut query and document alike whatever stands around them, and find names that no
dictionary has; a segmenter that errs in one of the two loses the word. Time is linear in the text.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from operator import add

from mining.dedup_text import BMP, character_class

_CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3021-\u302f\u3031-\u3035\u303b\u303c\u3041-\u3096\u3099\u309a\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Han, kana, hangul and bopomofo, with their marks of repetition and length."""

_LEADING = "\u0e40-\u0e44\u0ec0-\u0ec4"
"""Vowels of Thai and Lao that are written before the consonant that they follow in speech."""
_FOLLOWING = "\u0e30\u0e32\u0e45\u0eb0\u0eb2\u0ebd"
"""Vowels of Thai and Lao that are letters by their category, and stand behind their consonant."""
_STACKERS = "\u1039\u17d2"
"""Signs of Burmese and Khmer that put the next consonant below."""
_BURMESE = "\u1000-\u102a\u103f"

_UNSPACED_CHARS = [
    char
    for first, last in ("\u0e01\u0e4e", "\u0e81\u0ece", "\u0edc\u0edf", "\u1000\u109f", "\u1780\u17dd")
    for char in map(chr, range(ord(first), ord(last) + 1))
    if unicodedata.category(char)[0] in "LM"
]
_UNSPACED = character_class(_UNSPACED_CHARS)
_MARKS = character_class(char for char in _UNSPACED_CHARS if unicodedata.category(char)[0] == "M")
_CLUSTER = re.compile(
    f"[{_LEADING}]?[^{_LEADING}{_FOLLOWING}{_MARKS}]"
    f"(?:[{_STACKERS}][^{_LEADING}{_FOLLOWING}{_MARKS}]|[{_BURMESE}](?=\u1037?\u103a)|[{_FOLLOWING}{_MARKS}])*|."
)
"""What is written around one consonant; it is put to runs of these scripts alone."""

_IN_A_RUN = re.compile(f"[{_CJK}{_UNSPACED}]")
_WORD = "[{}]+".format(
    character_class(c for c in BMP if unicodedata.category(c)[0] in "LMN" and not _IN_A_RUN.match(c))
    + "\U00010000-\U0001afff\U0001b170-\U0001cfff\U0001e000-\U0001efff"
)
"""Letters, marks and digits; beyond the BMP the blocks of scripts."""

_ASCII_PIECE = re.compile("[a-z0-9]+(?:'[a-z0-9]+|(?<=[0-9])[.,][0-9][a-z0-9]*)*")
_PIECE = re.compile(
    rf"{_WORD}(?:'{_WORD}|(?<=[0-9])[.,](?=[0-9]){_WORD}|(?<=[\u05d0-\u05ea])\"{_WORD})*"
    f"|[{_CJK}]+|[{_UNSPACED}]+"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")


def pieces_of(text: str) -> list[str]:
    """Return the words of a folded text, and the `pairs_of` its runs of scripts without spaces."""
    if text.isascii():
        return _ASCII_PIECE.findall(text)
    pieces = _PIECE.findall(text)
    if not _IN_A_RUN.search(text):
        return pieces
    return [part for piece in pieces for part in pairs_of(piece) or (piece,)]


def pairs_of(piece: str) -> list[str]:
    """Return the overlapping pairs of a run's units, the unit where there is one only; nothing for a word."""
    if _CJK_RUN.match(piece):
        return list(map(add, piece, piece[1:])) or [piece]
    if _UNSPACED_RUN.match(piece):
        units = _CLUSTER.findall(piece)
        return list(map(add, units, units[1:])) or units
    return []


_APOSTROPHES = dict.fromkeys("\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02be\u02bf\u2032\u05f3\ua78b\ua78c", "'")
_ACUTE = "\u00b4"
"""Typed for an apostrophe; NFKC would make a space of it."""

_UNWRITTEN = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
)
"""Taken out of words: joiners, marks of direction, soft hyphens, variant selectors; and what most
writers leave out: the points of Hebrew, the vowel signs of Arabic and its lengthening tatweel."""

_OTHER_SIGNS = _APOSTROPHES | {"\u05f4": '"', "\u066b": ".", "\u066c": ","}
_NON_JOINER = "\u200c"
_ARABIC_NON_JOINER = re.compile(f"(?<=[\u0600-\u06ff]){_NON_JOINER}")
"""Parts a prefix or ending from its word in Persian; there it is as often typed as a space."""

_ANY_MARK = character_class(c for c in BMP if unicodedata.category(c)[0] == "M")
_MANY_MARKS = re.compile(f"([{_ANY_MARK}]{{30}})[{_ANY_MARK}]+")
"""More marks in a row than any writing has (30 in the Stream-Safe Text Format of UAX 15): sorting them into
canonical order takes time that grows with their square."""
_LONG_CHARS = 2048


@cache
def _ascii_digits() -> Mapping[str, str]:
    """Return the decimal digits of every living script, each with its ASCII digit."""
    return {char: str(unicodedata.decimal(char)) for char in BMP[0x80:] if char.isdecimal()}


def folding(letters: Mapping[str, str], *, dotless_i: bool = False) -> Callable[[str], str]:
    """Return the function that makes a text comparable: NFKC, case folding, ASCII digits and apostrophes.

    `letters` are read as others in the language; with `dotless_i`, I and İ are the capitals of ı and i.
    """
    signs = {**_OTHER_SIGNS, **_ascii_digits(), **letters}
    changed = re.compile(f"[{_UNWRITTEN}{character_class(signs)}]")

    def fold(text: str) -> str:
        if text.isascii() and not dotless_i:
            return text.lower()
        if len(text) > _LONG_CHARS:
            text = _MANY_MARKS.sub(r"\1", text)
        text = unicodedata.normalize("NFKC", text.replace(_ACUTE, "'")).replace("İ", "i")
        text = (text.replace("I", "ı") if dotless_i else text).casefold()
        text = unicodedata.normalize("NFKC", text)
        if _NON_JOINER in text:
            text = _ARABIC_NON_JOINER.sub(" ", text)
        return changed.sub(lambda found: signs.get(found[0], ""), text)

    return fold
