"""A position in malformed JSON, and what may stand between two tokens of it."""

import re

from extract.jsonld_model import Repair

SPACE = r"[\s\ufeff\u200b-\u200f\u2060]*+"
_SKIPPED = (
    r"(?:&nbsp;|</?[a-zA-Z][^<>\"]{0,100}+>|/\*[^*\"]{0,200}+\*/|(?<=\s)//[^\n]{0,200}+\n"
    r"|<!--[^>\"]{0,200}?-->|<!\[CDATA\[|\]\]>)"
)
GAP = rf"{SPACE}(?:{_SKIPPED}{SPACE}){{0,4}}+"
"""Between two tokens, for looking ahead: bounded, so that a look from every quote stays linear in total."""

START = re.compile(r"\{\s*+(?:[\"'“”„‟‘’`}]|//|/\*|<|\{|[A-Za-z_$@][\w$@]{0,60}+\s*+:)|\[\s*+[\[{]")
"""Where JSON may begin behind other text; a bracket followed by a word is more likely prose."""

_COMMENT_END = re.compile(r"-->")
_BLOCK_END = re.compile(r"\*/")
_PLAIN_SPACE = re.compile(r"[ \t\n\r]+")
_CDATA = re.compile(r"(?://|/\*)?[ \t]*(?:<!\[CDATA\[|\]\]>)(?:[ \t]*\*/)?")
_COMMENT_TOKEN = re.compile(r"//[ \t]*(?:<!--|-->)|-->")
_LINE_COMMENT = re.compile(r"//[^\n]*+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}+>")
_ODD_SPACE = re.compile(r"(?:[^\S \t\n\r\x00-\x1f]|[\u200b-\u200f\u2060]|&nbsp;)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]+")
_SMART_OPEN = re.compile(r"\{\s*+[“”„‟″＂]")


class Cursor:
    """A text, the position reached in it, and the repairs noted on the way, in order."""

    __slots__ = ("_found", "pos", "repairs", "smart", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.repairs: dict[Repair, None] = {}
        self.smart = _SMART_OPEN.search(text) is not None  # typographic quotes delimit strings here
        self._found: dict[re.Pattern[str], tuple[int, int]] = {}

    @property
    def at_end(self) -> bool:
        """Tell whether the whole text is read."""
        return self.pos >= len(self.text)

    @property
    def char(self) -> str:
        """The character at the position; empty at the end."""
        return self.text[self.pos : self.pos + 1]

    def note(self, repair: Repair) -> None:
        """Record a repair, once."""
        self.repairs.setdefault(repair)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Read what the pattern matches here; empty where it does not."""
        match = pattern.match(self.text, self.pos)
        if match is None:
            return ""
        self.pos = match.end()
        return match[0]

    def skip(self, repair: Repair) -> None:
        """Leave out one character."""
        self.note(repair)
        self.pos += 1

    def find(self, pattern: re.Pattern[str]) -> int:
        """Return where the pattern next matches, or -1; kept, so that all calls together are linear."""
        asked, found = self._found.get(pattern, (0, -2))
        if found == -2 or (0 <= found < self.pos) or asked > self.pos:
            match = pattern.search(self.text, self.pos)
            found = match.start() if match else -1
            self._found[pattern] = (self.pos, found)
        return found


def skip_gap(cursor: Cursor, *, inside: bool) -> None:
    """Go to the next token. `inside` an object or array, HTML comments and tags are skipped whole."""
    while True:
        cursor.take(_PLAIN_SPACE)
        char = cursor.char
        if not char or (char.isalnum() and char.isascii()) or char in "{}[,:\"'":
            return
        before = cursor.pos
        repair = _skip_one(cursor, inside=inside)
        if repair is None or cursor.pos == before:
            return
        cursor.note(repair)


def _skip_one(cursor: Cursor, *, inside: bool) -> Repair | None:
    char = cursor.char
    if char == "\ufeff":
        cursor.pos += 1
        return Repair.BOM
    if char in "</]-" and cursor.take(_CDATA):
        return Repair.CDATA
    if char in "</-":
        return _skip_markup(cursor, inside=inside)
    if cursor.take(_CONTROL):
        return Repair.CONTROL_CHARACTERS
    return Repair.ODD_SPACE if cursor.take(_ODD_SPACE) else None


def _skip_markup(cursor: Cursor, *, inside: bool) -> Repair | None:
    if cursor.take(_COMMENT_TOKEN):
        return Repair.HTML_COMMENT
    if cursor.text.startswith("<!--", cursor.pos):
        _skip_html_comment(cursor, inside=inside)
        return Repair.HTML_COMMENT
    if cursor.text.startswith("/*", cursor.pos):
        end = cursor.find(_BLOCK_END)
        cursor.pos = end + 2 if end >= cursor.pos + 2 else cursor.pos + 2
        return Repair.JS_COMMENT
    if cursor.take(_LINE_COMMENT):
        return Repair.JS_COMMENT
    return Repair.HTML_TAGS if inside and cursor.take(_TAG) else None


def _skip_html_comment(cursor: Cursor, *, inside: bool) -> None:
    """Skip a whole comment, or only its opening where all the JSON of the block is within the comment."""
    end, start = cursor.find(_COMMENT_END), cursor.find(START)
    wraps = not inside and cursor.pos <= start < end and START.search(cursor.text, end) is None
    cursor.pos = cursor.pos + 4 if wraps or end < 0 else end + 3
