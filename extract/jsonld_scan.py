"""Read malformed JSON token by token, undoing and noting every deviation; the work is linear in the text."""

import re
from dataclasses import dataclass

from extract.jsonld_cursor import START, Cursor, skip_gap
from extract.jsonld_cut import Frame
from extract.jsonld_model import JsonLdError, JsonValue, Limits, Repair
from extract.jsonld_stack import Stack
from extract.jsonld_string import KEY_AND_VALUE, QUOTES, Place, read_string, read_unopened

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?(?=[^\S\r\n]*+(?:[\r\n,;}\]<&/\"“]|\Z))")
_LITERAL = re.compile(r"(true|false|null|undefined|NaN|[+-]?Infinity|True|False|None)(?![\w$.])")
_LITERALS = {"true": True, "false": False, "True": True, "False": False}
_BARE_KEY = re.compile(r"[A-Za-z_$@][\w$@.-]*+(?::[A-Za-z]\w*+)?(?=\s*+:)")
_UNOPENED_KEY = re.compile(r"[A-Za-z_@][\w-]*+(?=\"\s*+:)")
_BARE_WORD = re.compile(r"[^\s,;{}\[\]\"']++")
_GARBAGE = re.compile(r"[^\s,;:{}\[\]\"'“”„‘’`<&/\ufeff]++|[\s\S]")
_UNREADABLE = re.compile(r"[^\n,;{}\[\]\"]*+")
_ASSIGNS = re.compile(r"\s*(?:var\s+|let\s+|const\s+)?[\w.$\[\]\"']+\s*=\s*\(?\s*")
_ARROW = re.compile(r"=>?")
_BEGINNING = re.compile(r"[\"'“”]\s?@(?:type|id|context)\b")
_TYPE = re.compile(r"\{\s*+\"@type\"\s*+:\s*+\"([^\"]{1,80})\"")


@dataclass(slots=True)
class Scan:
    """What was read: the values in order, and how many steps it took (one per token at most)."""

    values: list[JsonValue]
    repairs: tuple[Repair, ...]
    n_steps: int


def scan(text: str, limits: Limits) -> Scan:
    """Read every object and array of the text. Raises JsonLdError where there is none, or at a limit.

    On valid JSON with an object or array at the top, and keys of up to 100 characters, it gives what
    `json.loads` gives, without repairs.
    """
    scanner = _Scanner(text, limits)
    scanner.run()
    return Scan(scanner.stack.values, tuple(scanner.cursor.repairs), scanner.n_steps)


class _Scanner:
    def __init__(self, text: str, limits: Limits) -> None:
        self.cursor = Cursor(text)
        self.n_steps = 0
        self.stack = Stack(self.cursor, limits)
        self._is_cut = False  # the text ends within a token
        self._separators = ""  # commas and semicolons behind the last value at the top

    def run(self) -> None:
        cursor = self.cursor
        while True:
            skip_gap(cursor, inside=bool(self.stack))
            if cursor.at_end:
                break
            self.n_steps += 1
            if not self.stack:
                self._read_top()
            elif self.stack.top.is_array:
                self._read_element()
            else:
                self._read_member()
        self._finish()

    def _read_top(self) -> None:
        char = self.cursor.char
        if char in "{[":
            if self.stack.values:
                self.cursor.note(Repair.CONCATENATED)
            self._separators = ""
            self.stack.open()
        elif char in ",;":
            self._separators += char if char not in self._separators else ""
            self.cursor.pos += 1
        elif char in "}]":
            self.cursor.skip(Repair.EXTRA_BRACKET)
        else:
            self._skip_text()

    def _skip_text(self) -> None:
        """Go on to where JSON may begin next."""
        cursor = self.cursor
        start = cursor.find(START)
        if start < 0:
            if not self.stack.values:
                met = cursor.text[cursor.pos : cursor.pos + 20]
                raise JsonLdError(f"no JSON object or array but {met!r}", cursor.pos)
            cursor.note(Repair.TRAILING_TEXT)
            cursor.pos = len(cursor.text)
            return
        skipped = cursor.text[cursor.pos : start]
        cursor.pos = start
        if _ASSIGNS.fullmatch(skipped[-300:]):
            cursor.note(Repair.JS_ASSIGNMENT)
        else:
            cursor.note(Repair.STRAY_TEXT if self.stack.values else Repair.LEADING_TEXT)

    def _read_member(self) -> None:
        frame, char = self.stack.top, self.cursor.char
        if frame.key is not None:
            self._read_value(frame)
        elif char in ",;":
            self._read_comma(frame)
        elif char == "}":
            self.stack.close()
        elif char == "]":
            self.stack.close_through(array=True)
        elif char in "{[":
            self._read_unexpected_opening(frame)
        else:
            self._read_key(frame)

    def _read_key(self, frame: Frame) -> None:
        cursor = self.cursor
        if cursor.char in QUOTES:
            key = read_string(cursor, Place.KEY, depth=len(self.stack))
            if key is None:
                self._is_cut = True
                return
        elif key := cursor.take(_BARE_KEY):
            cursor.note(Repair.JS_LITERAL)
        elif key := cursor.take(_UNOPENED_KEY):
            cursor.skip(Repair.MISSING_QUOTE)
        else:
            cursor.take(_GARBAGE)
            cursor.note(Repair.STRAY_TEXT)
            self._is_cut = cursor.at_end
            return
        self._expect_value(frame)
        self._read_colon(frame, key)

    def _read_colon(self, frame: Frame, key: str) -> None:
        cursor = self.cursor
        skip_gap(cursor, inside=True)
        if cursor.char == ":":
            cursor.pos += 1
        elif cursor.take(_ARROW):
            cursor.note(Repair.MISSING_COLON)
        elif cursor.at_end:
            self._is_cut = True
        elif cursor.char in "{[" or (cursor.char in QUOTES and not self._is_at_key()):
            cursor.note(Repair.MISSING_COLON)
        else:
            cursor.note(Repair.STRAY_TEXT)  # a lone string
            frame.was_value = True
            return
        frame.key = key

    def _read_value(self, frame: Frame) -> None:
        """Read what stands behind a key and its colon."""
        cursor, char = self.cursor, self.cursor.char
        if char in ",;}]" or self._is_at_key():
            cursor.note(Repair.MISSING_VALUE)
            frame.key, frame.was_value = None, True
        elif char in "{[":
            self.stack.open()
        elif char in QUOTES:
            self._put_string(Place.MEMBER)
        else:
            self._put_literal(Place.MEMBER, is_type=frame.key in ("@type", "type"))

    def _read_element(self) -> None:
        frame, char = self.stack.top, self.cursor.char
        if char in ",;":
            self._read_comma(frame)
        elif char == "]":
            self.stack.close()
        elif char == "}":
            self.stack.close_through(array=False)
        elif self._is_at_key():
            self._read_member_in_array(frame)
        elif char in "{[" or char in QUOTES:
            self._expect_value(frame)
            if char in "{[":
                self.stack.open()
            else:
                self._put_string(Place.ELEMENT)
        elif char == ":":
            self.cursor.skip(Repair.STRAY_TEXT)
        else:
            self._expect_value(frame)
            self._put_literal(Place.ELEMENT)

    def _read_member_in_array(self, frame: Frame) -> None:
        """A key stands in an array: an object never opened (at its @type), or the array never closed."""
        self.cursor.note(Repair.MISSING_BRACKET)
        begins = not frame.value or _BEGINNING.match(self.cursor.text, self.cursor.pos)
        if self.stack.is_array_of_object and (frame.is_implied or not begins):
            self.stack.close_before_comma()
        else:
            self._expect_value(frame)
            self.stack.push(Frame({}))

    def _read_unexpected_opening(self, frame: Frame) -> None:
        """An object or array opens where a key was expected."""
        last = frame.value.get(frame.last_key) if isinstance(frame.value, dict) and frame.last_key else None
        in_array = self.stack.has_array
        if isinstance(last, dict | list) and (not in_array or self._continues(last)):
            self.cursor.note(Repair.MISSING_BRACKET)  # "mainEntity": {...}, {...}
            self.stack.reopen(last)
        elif in_array and frame.value:
            self.cursor.note(Repair.MISSING_BRACKET)
            self.stack.close_before_comma()
        else:
            self.cursor.skip(Repair.EXTRA_BRACKET)

    def _continues(self, last: JsonValue) -> bool:
        """Tell whether the object that opens here has the type of the one before it."""
        if isinstance(last, list):
            last = last[-1] if last else None
        match = _TYPE.match(self.cursor.text, self.cursor.pos)
        return match is not None and isinstance(last, dict) and last.get("@type") == match[1]

    def _is_at_key(self) -> bool:
        """Tell whether a member begins here."""
        return (
            self.cursor.char in QUOTES and KEY_AND_VALUE.match(self.cursor.text, self.cursor.pos) is not None
        )

    def _read_comma(self, frame: Frame) -> None:
        if self.cursor.char == ";":
            self.cursor.note(Repair.MISSING_COMMA)
        if not frame.was_value:
            self.cursor.note(Repair.TRAILING_COMMA)
        frame.was_comma, frame.was_value = True, False
        self.cursor.pos += 1

    def _expect_value(self, frame: Frame) -> None:
        if frame.was_value:
            self.cursor.note(Repair.MISSING_COMMA)
        frame.was_comma = False

    def _put_string(self, place: Place) -> None:
        text = read_string(self.cursor, place, depth=len(self.stack))
        if text is None:
            self._is_cut = True
        else:
            self.stack.put(text)

    def _put_literal(self, place: Place, *, is_type: bool = False) -> None:
        """Read a number, a literal, or whatever else stands there up to the next comma, bracket or line."""
        cursor = self.cursor
        if number := cursor.take(_NUMBER):
            if not cursor.at_end:
                self.stack.put(_number(number))
        elif word := cursor.take(_LITERAL):
            if word not in ("true", "false", "null"):
                cursor.note(Repair.JS_LITERAL)
            self.stack.put(_LITERALS.get(word))
        elif text := read_unopened(cursor, place, depth=len(self.stack)):
            self.stack.put(text)
        elif is_type and (word := cursor.take(_BARE_WORD)):
            cursor.note(Repair.JS_LITERAL)
            if not cursor.at_end:
                self.stack.put(word)
        elif cursor.take(_UNREADABLE):
            cursor.note(Repair.MISSING_VALUE)
            self.stack.top.key, self.stack.top.was_value = None, True
        else:
            self.cursor.skip(Repair.STRAY_TEXT)
        self._is_cut = self._is_cut or cursor.at_end

    def _finish(self) -> None:
        for char, repair in ((",", Repair.TRAILING_COMMA), (";", Repair.TRAILING_SEMICOLON)):
            if char in self._separators:
                self.cursor.note(repair)
        self.stack.finish(is_cut=self._is_cut)


def _number(digits: str) -> int | float:
    is_whole = not set(digits) & set(".eE") and len(digits) <= 4000  # int() refuses more than 4,300 digits
    return int(digits) if is_whole else float(digits)
