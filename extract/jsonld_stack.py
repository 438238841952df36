"""The objects and arrays that are open while malformed JSON is read, and how brackets close them."""

import re

from extract.jsonld_cursor import Cursor
from extract.jsonld_cut import Frame, close_all
from extract.jsonld_model import JsonLdError, JsonValue, Limits, Repair

_STRAY_CLOSER = re.compile(r"\}\s*+,\s*+\{")


class Stack:
    """Open containers, innermost last, and the complete `values` of the top level."""

    __slots__ = ("_cursor", "_frames", "_limits", "_n_values", "values")

    def __init__(self, cursor: Cursor, limits: Limits) -> None:
        self.values: list[JsonValue] = []
        self._cursor = cursor
        self._frames: list[Frame] = []
        self._limits = limits
        self._n_values = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def top(self) -> Frame:
        """The innermost container."""
        return self._frames[-1]

    @property
    def has_array(self) -> bool:
        """Tell whether an array is open at any level."""
        return any(frame.is_array for frame in self._frames)

    @property
    def is_array_of_object(self) -> bool:
        """Tell whether the innermost container is a member's value."""
        return len(self._frames) > 1 and not self._frames[-2].is_array

    def put(self, value: JsonValue) -> None:
        """Add a complete value where it belongs."""
        self._n_values += 1
        if self._n_values > self._limits.max_values:
            raise JsonLdError(f"more than {self._limits.max_values} values", self._cursor.pos)
        if self._frames:
            self.top.put(value)
        else:
            self.values.append(value)

    def open(self) -> None:
        """Read an opening bracket."""
        is_array = self._cursor.char == "["
        self._cursor.pos += 1
        self.push(Frame([] if is_array else {}))

    def push(self, frame: Frame) -> None:
        """Go into a container."""
        if len(self._frames) >= self._limits.max_depth:
            raise JsonLdError(f"nested deeper than {self._limits.max_depth}", self._cursor.pos)
        self._frames.append(frame)

    def reopen(self, last: list[JsonValue] | dict[str, JsonValue]) -> None:
        """Make the member just read an array, and go on within it."""
        frame = self.top
        frame.key = frame.last_key
        was_comma, frame.was_comma = frame.was_comma, False
        elements: list[JsonValue] = last if isinstance(last, list) else [last]
        self.push(Frame(elements, is_implied=True, was_value=not was_comma, was_comma=was_comma))

    def close(self) -> None:
        """Close the innermost container; its own bracket is read where it stands here."""
        frame = self._frames.pop()
        if self._cursor.char == ("]" if frame.is_array else "}"):
            self._cursor.pos += 1
        if frame.was_comma:
            self._cursor.note(Repair.TRAILING_COMMA)
        self.put(frame.value)

    def close_before_comma(self) -> None:
        """Close the innermost container, its bracket missing, as if it stood before the comma just read."""
        was_comma, self.top.was_comma = self.top.was_comma, False
        self.close()
        if was_comma and self._frames:
            self.top.was_value, self.top.was_comma = False, True

    def close_through(self, *, array: bool) -> None:
        """Read a bracket of the other kind: close what it leaves open; skip it where it closes nothing."""
        cursor, frames = self._cursor, self._frames
        level = next((i for i in range(len(frames) - 1, -1, -1) if frames[i].is_array is array), None)
        is_stray = not array and _STRAY_CLOSER.match(cursor.text, cursor.pos) is not None
        if level is None or (is_stray and not any(frame.is_array for frame in frames[:level])):
            cursor.skip(Repair.EXTRA_BRACKET)
            return
        cursor.note(Repair.MISSING_BRACKET)
        while len(frames) > level:
            self.close()

    def finish(self, *, is_cut: bool) -> None:
        """Close everything at the end of the text. Raises JsonLdError where nothing at all was read."""
        if self._frames:
            root, is_whole = close_all(self._frames, is_cut=is_cut)
            self._cursor.note(Repair.MISSING_BRACKET if is_whole else Repair.TRUNCATED)
            if root is not None:
                self.put(root)
        if not any(self.values):
            is_truncated = Repair.TRUNCATED in self._cursor.repairs
            reason = "cut off before anything is complete" if is_truncated else "no JSON object or array"
            raise JsonLdError(reason, len(self._cursor.text))
