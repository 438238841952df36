"""Characters: text decoded with the wrong character set, invisible junk, decorative emoji."""

import functools
import re
from unicodedata import is_normalized, normalize

import ftfy
import ftfy.badness
import regex

from extract.html_text import fold_lines

# What UTF-8's first and further bytes of a character become when read as a single-byte character set.
_LATIN_SETS = ("latin-1", "cp1252", "cp1254", "cp1250", "cp1257")


def _as_read(first: int, last: int) -> str:
    """Return the bytes' range as characters of the Latin character sets, for a character class."""
    chars = {bytes([byte]).decode(name, "ignore") for byte in range(first, last + 1) for name in _LATIN_SETS}
    return re.escape("".join(sorted(chars)))


_LATIN_MOJIBAKE = re.compile(rf"[{_as_read(0xC2, 0xF4)}][{_as_read(0x80, 0xBF)}]")
# Cyrillic read as windows-1251 alternates between Р or С and another sign; quotes and dashes become "вЂ".
_CYRILLIC_MOJIBAKE = re.compile("[РС].[РС].[РС].")

_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060-\u2064\ue000-\uf8ff\ufeff\ufff9-\ufffc\ufffe\uffff"
    "\ud800-\udfff\U000f0000-\U0010ffff]+"
    "|(?<![\u0590-\u1dff\u2190-\U000e007f])[\u200c\u200d]+"
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNUSUAL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u1680\u2000-\u200d\u2028\u2029\u202f\u205f-\u2064\u3000"
    "\ud800-\uf8ff\ufeff\ufff9-\ufffc\ufffe\uffff\U000f0000-\U0010ffff]"
)

MAX_DAMAGED_SHARE = 1 / 200  # of the characters: one in a sentence or two is noise, more is a broken page
_MASKED_SCRIPT = re.compile(r"\?{2,}")

# Kana and ideographs lie between the two ranges.
_MAYBE_EMOJI = re.compile("[\u20e3\u231a-\u2bff\ufe0f\U0001f000-\U0001faff]")
_EMOJI = (
    r"(?:\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3"
    r"|(?:\p{Emoji_Presentation}|[\p{Extended_Pictographic}--[©®™‼⁉ℹ↔]]\uFE0F)[\uFE0F\p{Emoji_Modifier}]?"
    r"[\U000e0020-\U000e007f]*+(?:\u200D\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]?)*+)"
)
_EMOJI_RUN = regex.compile(rf"(?V1)(?:[ ]?{_EMOJI})++[ ]?")
_LAST_MARKS = re.compile(r"[?!.…。？！؟]{1,3}(?:\n|\Z)")


def repair_mojibake(text: str) -> str:
    """Return the text decoded as it should have been, where that makes it less strange to ftfy's eyes.

    Nothing but the decoding changes: quotes, ligatures and wide forms stay as they are.
    """
    if not _maybe_mojibake(text) or not ftfy.badness.is_bad(text):
        return text
    repaired = ftfy.fix_encoding(text)
    return repaired if ftfy.badness.badness(repaired) < ftfy.badness.badness(text) else text


@functools.lru_cache(maxsize=4)  # two rules ask it of the same question and answer
def _maybe_mojibake(text: str) -> bool:
    """Tell cheaply whether ftfy should look at the text: its own test takes 50 us for a pair."""
    if text.isascii():
        return False
    return (
        _LATIN_MOJIBAKE.search(text) is not None
        or ("Р" in text and _CYRILLIC_MOJIBAKE.search(text) is not None)
        or ("Ђ" in text and "вЂ" in text)
        or ("‚" in text and "‚Ä" in text)
        or "√" in text
    )


def is_garbled(question: str, answer: str) -> bool:
    """Tell whether text was lost: replacement characters, mojibake beyond repair, or words of ????."""
    return _is_garbled(question) or _is_garbled(answer)


def _is_garbled(text: str) -> bool:
    if "\ufffd" in text and text.count("\ufffd") > len(text) * MAX_DAMAGED_SHARE:
        return True
    if "??" in text and len(runs := _MASKED_SCRIPT.findall(text)) > 1 and 3 * len("".join(runs)) > len(text):
        return True
    return _maybe_mojibake(text) and ftfy.badness.badness(text) > max(2, len(text) * MAX_DAMAGED_SHARE)


def normalise(question: str, answer: str) -> tuple[str, str]:
    """Put both texts into NFC, drop invisible junk, fold white space; a question has one line.

    Junk are control characters, soft hyphens, byte order marks, zero-width spaces, private-use characters
    (icon fonts), and zero-width joiners behind anything but emoji and letters of the scripts spelt with them
    (Arabic, Indic; Malayalam also ends words with one). Direction marks stay.
    """
    question = _normalised(question)
    return question.replace("\n", " ") if "\n" in question else question, _normalised(answer)


def _normalised(text: str) -> str:
    if _UNUSUAL.search(text):
        text = fold_lines(_JUNK.sub("", _LINE_END.sub("\n", text)))
    elif _is_loose(text):
        text = fold_lines(text)
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def _is_loose(text: str) -> bool:
    if "  " in text or text[:1].isspace() or text[-1:].isspace():
        return True
    return "\n" in text and (" \n" in text or "\n " in text or "\n\n" in text)


def strip_emoji(text: str) -> str:
    """Take emoji off the ends of each line, also those before its last mark ("Where is my order 📦?").

    Emoji between words stay: there they often mean something ("Tap ⚙️ in the corner").
    """
    if text.isascii() or not _MAYBE_EMOJI.search(text):
        return text

    def kept(run: regex.Match[str]) -> str:
        start, end = run.span()
        at_start = start == 0 or text[start - 1] == "\n"
        at_end = end == len(text) or text[end] == "\n" or _LAST_MARKS.match(text, end) is not None
        return "" if at_start or at_end else run[0]

    stripped = _EMOJI_RUN.sub(kept, text)
    return text if stripped == text else fold_lines(stripped)
