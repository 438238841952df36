"""The frame of a question that a template was filled into: "How long is the flight to ( )?"

Siblings of a template share every word of the question but those that say what it is about. These are masked:
its numbers; its names, which capitals show, or katakana; what the page's title names, too; and short words
beside all these, as articles change with the noun. What stays is the frame.

Known limit: a name in lower case, or in a script without capitals, stays where the title does not repeat it;
such siblings are not recognised as such. They are kept apart all the same (`mining.dedup_facts`).
"""

import re
from collections.abc import Iterator, Sequence

import regex
import xxhash

from mining.dedup_facts import Facts
from mining.dedup_text import plain, units_of

MIN_FRAME_LETTERS = 8
"""Letters of a frame at least, those of scripts without spaces counted twice: a guess by which "What is ( )?"
makes no siblings."""

_MASK = ""

_DIGIT = re.compile(r"\d")
_KATAKANA = re.compile("[\u30a1-\u30ff]")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\u30fc\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_CASED = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}]")


def template_key(question: str, *, title: str, site: str) -> int:
    """Return a signed 64-bit key that siblings of one template on one site share; 0 without a frame."""
    frame = question_frame(question, title=title)
    if not frame:
        return 0
    unsigned = xxhash.xxh3_64_intdigest("\n".join((site, *frame)).encode(errors="surrogatepass"))
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned


def question_frame(question: str, *, title: str) -> tuple[str, ...]:
    """Return the question's units, masked ones as one "" a run; empty if nothing or too much is masked."""
    facts = Facts.of(question, "")
    units = facts.units[0]
    folded = plain(title)
    about = facts.names.union(units_of(folded))
    masked = [_is_masked(unit, about) for unit in units]
    for first, end in _runs_in_title(units, folded):
        masked[first:end] = [True] * (end - first)
    frame: list[str] = []
    for unit, is_masked in zip(units, _spread(units, masked), strict=True):
        if not is_masked:
            frame.append(unit)
        elif not frame or frame[-1] != _MASK:
            frame.append(_MASK)
    n_letters = sum(len(unit) * (2 if _UNSPACED.match(unit) else 1) for unit in frame)
    return tuple(frame) if _MASK in frame and n_letters >= MIN_FRAME_LETTERS else ()


def _is_masked(unit: str, about: set[str]) -> bool:
    if _DIGIT.search(unit):
        return True
    return bool(_KATAKANA.match(unit)) if _UNSPACED.match(unit) else unit in about


def _runs_in_title(units: Sequence[str], title: str) -> Iterator[tuple[int, int]]:
    """Yield where two or more neighbouring characters of a script without spaces stand in the title, too."""
    first = 0
    while first < len(units) - 1:
        end = first
        while end < len(units) and _UNSPACED.match(units[end]) and "".join(units[first : end + 1]) in title:
            end += 1
        if end - first >= 2:
            yield first, end
        first = max(end, first + 1)


def _spread(units: Sequence[str], masked: Sequence[bool]) -> Iterator[bool]:
    """Mask short words beside masked ones, and an ideograph after katakana, such as that for `city`."""
    for i, (unit, is_masked) in enumerate(zip(units, masked, strict=True)):
        before = i > 0 and masked[i - 1]
        after = i + 1 < len(units) and masked[i + 1]
        if _UNSPACED.match(unit):
            yield is_masked or (before and bool(_KATAKANA.match(units[i - 1])) and not _HIRAGANA.match(unit))
        else:
            yield is_masked or ((before or after) and len(unit) <= 3 and bool(_CASED.match(unit)))
