"""Read one string of malformed JSON: find its true end among stray quotes, and undo its escapes."""

import re
from enum import Enum

from extract.jsonld_cursor import GAP, SPACE, Cursor
from extract.jsonld_model import Repair

_DOUBLE_SMART = "“”„‟″＂"
_SINGLE_SMART = "‘’‚‛"
QUOTES = frozenset("\"'`" + _DOUBLE_SMART + _SINGLE_SMART)
_Q = f"[\"'`{_DOUBLE_SMART}{_SINGLE_SMART}]"
_NAME = r"[@\w$:./#-]"
_KEY = rf"{_Q}[ ]?{_NAME}{{1,100}}+[ ]?{_Q}{SPACE}:"
_ANY_KEY = rf"{_Q}[ ]?{_NAME}{{1,100}}+[ ]?{_Q}{SPACE}[:=\[{{]"  # the colon may be missing
_FULL_KEY = rf"\"(?:[^\"\\\n]|\\.){{0,100}}+\"{SPACE}:{SPACE}(?:[\"{{\[\-\d]|true|false|null)"  # of any text
_NEXT_LINE_KEY = rf"[^\"\n]{{0,40}}+\n{SPACE}{_KEY}"  # behind stray text
_CUT_KEY = rf"{_Q}{_NAME}{{0,100}}+{_Q}?{SPACE}\Z"
_BARE_KEY = r"[A-Za-z_$@][\w$@-]{0,60}+\"?\s*+:(?!//)"
_CLOSED = rf"[}}\]]{GAP}(?:[,;}}\]{{<)]|\Z|--|{_KEY}|{_CUT_KEY})"


class Place(Enum):
    """Where a string stands; what may follow it depends on that."""

    KEY = "key"
    MEMBER = "member"
    ELEMENT = "element"


_CUT = rf"(?P<cut>\Z|{_CUT_KEY})"
_FOLLOWS = {
    Place.MEMBER: re.compile(
        rf"{GAP}(?:{_CLOSED}|{_KEY}"
        rf"|[,;](?:{_NEXT_LINE_KEY}|{GAP}(?:[}}\],{{]|{_ANY_KEY}|{_FULL_KEY}|{_CUT}|{_BARE_KEY})))"
    ),
    Place.ELEMENT: re.compile(
        rf"{GAP}(?:{_CLOSED}|,{GAP}(?:{_CUT}|[}}\],{{\[]|{_Q}|(?:-?\d|true|false|null)))"
        rf"|[ \t]*+\n{SPACE}{_Q}"
    ),
}
KEY_AND_VALUE = re.compile(rf"{_KEY}{SPACE}[\"'“{{\[]")
"""A member begins here, whatever was expected."""

_OPEN_KEY = re.compile(r"\"([@A-Za-z][\w-]{0,60}+)\s*+:\s*+(?=\")(?!\"\s*+:)")
_KEY_HERE = re.compile(_KEY)
_BRACKETS = re.compile(rf"{GAP}[}}\]](?:{SPACE}[,}}\]])*+{SPACE}")
_LOOK_BACK = 400
_QUOTE_OR_LINE = re.compile(r"(?<!\\)\"|\n")

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S])|\Z)")
_KNOWN = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f]")


def read_string(cursor: Cursor, place: Place, *, depth: int) -> str | None:
    """Read the string that opens here, `depth` containers deep; None, at the end, where it never closes.

    A quote closes the string only where JSON goes on behind it (a comma and a key, a bracket, ...); all
    others are its text. In valid JSON that is always the first one, so that valid strings are read unchanged.
    """
    opener = cursor.char
    if place is Place.KEY and (match := _OPEN_KEY.match(cursor.text, cursor.pos)):
        return _open_key(cursor, match)
    start = at = cursor.pos + 1
    stops, n_inner = _stops(cursor, opener), 0
    while found := stops.search(cursor.text, at):
        index, at = found.start(), found.end()
        if found[0][0] == "\\":
            continue
        is_sure = opener == '"' and not n_inner
        if _closes(cursor.text, at, place, depth=depth, is_sure=is_sure):
            cursor.pos = at
            _note_quotes(cursor, opener, found[0], n_inner=n_inner)
            return _decode(cursor, cursor.text[start:index], opener)
        if place is not Place.KEY and (end := _lost_quote(cursor.text, start, index)) is not None:
            return _unclosed(cursor, start, end, opener)
        n_inner += found[0] == opener or opener != '"'
    cursor.pos = len(cursor.text)
    return None


def read_unopened(cursor: Cursor, place: Place, *, depth: int) -> str:
    """Read a string that lacks its opening quote and ends on the same line; empty where none stands here."""
    start, end = cursor.pos, cursor.find(_QUOTE_OR_LINE)
    if end < start or cursor.text[end] != '"':
        return ""
    if not _closes(cursor.text, end + 1, place, depth=depth, is_sure=False):
        return ""
    cursor.pos = end + 1
    cursor.note(Repair.MISSING_QUOTE)
    return _decode(cursor, cursor.text[start:end], '"')


def _stops(cursor: Cursor, opener: str) -> re.Pattern[str]:
    if opener in _SINGLE_SMART:
        return _STOPS["‘"]
    if opener in _DOUBLE_SMART or (opener == '"' and cursor.smart):
        return _STOPS["“"]
    return _STOPS[opener]


_STOPS = {
    '"': re.compile(r'"|\\[\s\S]?'),
    "'": re.compile(r"'|\\[\s\S]?"),
    "`": re.compile(r"`|\\[\s\S]?"),
    "“": re.compile(rf'["{_DOUBLE_SMART}]|\\[\s\S]?'),
    "‘": re.compile(rf"['{_SINGLE_SMART}]|\\[\s\S]?"),
}


def _closes(text: str, at: int, place: Place, *, depth: int, is_sure: bool) -> bool:
    """Tell whether JSON goes on at `at`, behind a quote.

    A quote at the very end never counts: where the text was cut, it may as well open a quotation. Behind a
    comma or a key that is cut, it counts unless the string has stray quotes (`is_sure`).
    """
    if place is Place.KEY:
        return True
    match = _FOLLOWS[place].match(text, at)
    if match is None:
        return _ends_block(text, at, depth)
    return is_sure or match["cut"] is None


def _ends_block(text: str, at: int, depth: int) -> bool:
    """Tell whether brackets for all that is open follow; what stands behind them may then be any text."""
    match = _BRACKETS.match(text, at)
    if match is None or text[match.end() : match.end() + 1] in QUOTES:
        return False
    return match[0].count("}") + match[0].count("]") >= depth


def _lost_quote(text: str, start: int, index: int) -> int | None:
    """Return where a string ended whose closing quote is missing, if the quote at `index` opens a later key.

    That is where only a comma or closing brackets, and a line end, stand between the two.
    """
    if not _KEY_HERE.match(text, index):
        return None
    end = index
    while end > max(start, index - _LOOK_BACK) and text[end - 1] in " \t\r\n,{}[]":
        end -= 1
    tail = text[end:index]
    before_bracket = tail[: len(tail) - len(tail.lstrip())]
    next_line = tail.strip() == "," and "\n" in tail
    next_bracket = tail.lstrip()[:1] in ("}", "]") and "\n" in before_bracket
    return end if next_line or next_bracket else None


def _unclosed(cursor: Cursor, start: int, end: int, opener: str) -> str:
    cursor.pos = end
    cursor.note(Repair.MISSING_QUOTE)
    raw = cursor.text[start:end]
    return _decode(cursor, raw[:-2] if raw.endswith('\\"') else raw, opener)


def _open_key(cursor: Cursor, match: re.Match[str]) -> str:
    cursor.pos = match.end(1)
    cursor.note(Repair.MISSING_QUOTE)
    return match[1]


def _note_quotes(cursor: Cursor, opener: str, closer: str, *, n_inner: int) -> None:
    if opener == "'":
        cursor.note(Repair.SINGLE_QUOTES)
    elif opener == "`":
        cursor.note(Repair.JS_LITERAL)
    elif opener != '"' or closer != '"':
        cursor.note(Repair.SMART_QUOTES)
    elif n_inner:
        cursor.note(Repair.UNESCAPED_QUOTES)


def _decode(cursor: Cursor, raw: str, opener: str) -> str:
    if _CONTROL.search(raw) and opener != "`":
        cursor.note(Repair.CONTROL_CHARACTERS)
    if "\\" not in raw:
        return raw
    text = _ESCAPE.sub(lambda match: _unescaped(cursor, match, opener), raw)
    return _PAIR.sub(lambda match: match[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _unescaped(cursor: Cursor, match: re.Match[str], opener: str) -> str:
    """Undo one escape: JSON's own, then JavaScript's; before any other letter a backslash is text."""
    if match[1]:
        return chr(int(match[1], 16))
    char = match[3] or ""
    if char in _KNOWN and char:
        return _KNOWN[char]
    if char != opener:
        cursor.note(Repair.INVALID_ESCAPE)
    if match[2]:
        return chr(int(match[2], 16))
    if char in ("\n", "\r", "\r\n"):
        return ""
    return match[0] if not char or char.isalnum() else char
