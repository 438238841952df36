"""What the parts of the JSON-LD reader share: named repairs, the error, limits, the JSON type."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, Union

JsonValue: TypeAlias = Union["dict[str, JsonValue]", "list[JsonValue]", str, int, float, bool, None]


class Repair(StrEnum):
    """One kind of deviation from JSON that was met and undone; each is recorded only where it was needed."""

    BOM = "bom"  # U+FEFF between tokens
    ODD_SPACE = "odd_space"  # no-break and zero-width spaces between tokens
    HTML_COMMENT = "html_comment"  # <!-- -->, around the block or between tokens
    CDATA = "cdata"  # <![CDATA[ ]]>, bare or behind // or /* */
    HTML_TAGS = "html_tags"  # <br />, <p> between tokens, as editors insert them
    HTML_ESCAPED = "html_escaped"  # the whole block with &quot; as its quotes
    DOUBLE_ENCODED = "double_encoded"  # JSON inside a JSON string, or every quote behind a backslash
    LEADING_TEXT = "leading_text"
    TRAILING_TEXT = "trailing_text"
    JS_ASSIGNMENT = "js_assignment"  # var x = {...}
    JS_COMMENT = "js_comment"
    JS_LITERAL = "js_literal"  # unquoted keys, undefined, NaN, None, `template strings`
    CONCATENATED = "concatenated"  # several values in one block
    TRAILING_SEMICOLON = "trailing_semicolon"
    TRAILING_COMMA = "trailing_comma"  # before a closing bracket, after the value, or doubled
    MISSING_COMMA = "missing_comma"  # or a semicolon in its place
    MISSING_COLON = "missing_colon"  # or = or => in its place
    MISSING_VALUE = "missing_value"  # nothing, or nothing readable, behind a colon: the member is left out
    MISSING_BRACKET = "missing_bracket"  # nothing is lost
    EXTRA_BRACKET = "extra_bracket"
    MISSING_QUOTE = "missing_quote"  # a string that runs into the next line's key
    SMART_QUOTES = "smart_quotes"  # typographic quotes as delimiters
    SINGLE_QUOTES = "single_quotes"  # apostrophes as delimiters
    UNESCAPED_QUOTES = "unescaped_quotes"
    INVALID_ESCAPE = "invalid_escape"  # \' and other backslashes that JSON does not know
    CONTROL_CHARACTERS = "control_characters"  # raw tabs and line ends in strings
    STRAY_TEXT = "stray_text"  # characters between tokens that mean nothing, left out
    TRUNCATED = "truncated"  # the text ends early; what it cut in two is left out


class JsonLdError(ValueError):
    """Nothing can be read from a block; `position` is a character offset in the text as given."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} at character {position}")
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Limits:
    """What one block may cost; real FAQ blocks have 2 to 200 thousand characters and nest 6 to 12 deep."""

    max_chars: int = 5 << 20
    max_depth: int = 64
    max_values: int = 200_000
