"""From a text to the units that its similarity to other texts is measured in.

A unit is a word; in scripts that write words without spaces between them it is one character with its marks.
So a text that mixes scripts, such as Japanese with brand names, has one sequence of units, and the two sides
of a comparison are always cut the same way. Tibetan needs no rule of its own: its tsheg parts syllables.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence


def character_class(chars: Iterable[str]) -> str:
    """Return the inside of a regular expression's brackets that matches exactly these characters."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, set(chars))):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in ranges)


BMP = [chr(code) for code in range(0x10000)]

_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff]+"
)
"""Characters without a meaning of their own: joiners, marks of direction, soft hyphens, variants of emoji."""

_SEPARATORS = character_class(c for c in BMP if unicodedata.category(c)[0] in "PSZC") + (
    "\U0001d000-\U0001d24f\U0001f000-\U0001fbff\U000e0000-\U0010ffff"
)
"""Neither letter nor mark nor digit; beyond the BMP musical signs, emoji, tags and private use."""

_MARKS = character_class(c for c in BMP if unicodedata.category(c)[0] == "M")

_UNSPACED = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\u1780-\u17b3\u17d7\u17dc\u1950-\u19ab\u1a20-\u1a54"
)
"""Letters of Han, kana and Bopomofo; Thai and Lao; Myanmar; Khmer, Tai Le, New Tai Lue and Tai Tham."""

_UNIT = re.compile(f"[{_UNSPACED}][{_MARKS}]*|[^{_SEPARATORS}{_UNSPACED}]+")
_ASCII_UNIT = re.compile("[A-Za-z0-9]+")


def plain(text: str) -> str:
    """Return the text in compatibility form (NFKC) without the characters that have no meaning."""
    if text.isascii():
        return text
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text))


def words_of(text: str) -> list[str]:
    """Return the words, or characters in scripts without spaces, of a text made `plain`.

    Punctuation, symbols and white space only part them; combining marks stay with their letters.
    """
    return _ASCII_UNIT.findall(text) if text.isascii() else _UNIT.findall(text)


def units_of(text: str) -> list[str]:
    """Return the casefolded `words_of` a text made `plain`."""
    return words_of(text.casefold())


def pair_units(question: list[str], answer: list[str], *, written: tuple[str, str]) -> list[str]:
    """Return the units of a pair, from those of its texts; the texts as `written` where there are none."""
    return question + answer or list(written)


def shingles(units: Sequence[str], n: int) -> set[tuple[str, ...]]:
    """Return all runs of `n` neighbouring units; a text of fewer units is one run as a whole."""
    return set(zip(*(units[i:] for i in range(n)), strict=False)) or {tuple(units)}
