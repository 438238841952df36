"""Malformed JSON to JSON values, in named repairs: first strictly, then unwrapped, then token by token."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from extract.jsonld_model import JsonLdError, JsonValue, Limits, Repair
from extract.jsonld_scan import scan

__all__ = ["JsonLdError", "JsonValue", "Limits", "Repair", "parse_json"]

_NUMERIC_QUOTE = r"#0{0,4}(?:34|39|82(?:16|17|20|21|43))|#[xX]0{0,4}2[27]"
_ENTITY_QUOTE = rf"&(?:amp;){{0,3}}(?:quot|apos|[lr][ds]quo|{_NUMERIC_QUOTE});"
_SLASHED_QUOTE = r"(?:\\{1,8}[nrt]\s*+)*+\\++[\"']"
_PLAIN_QUOTE = r"[\"'“”„‘’`]"
_BARE_KEY = r"[A-Za-z_$@]\w{0,60}+\s*+:"
_HEAD = re.compile(
    rf"[\[{{]\s*+(?:(?P<entity>{_ENTITY_QUOTE})|(?P<slash>{_SLASHED_QUOTE})|{_PLAIN_QUOTE})|\{{\s*+{_BARE_KEY}"
)
_ENTITIES = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "ldquo": "“", "rdquo": "”", "lsquo": "‘",
    "rsquo": "’", "#34": '"', "#39": "'", "#38": "&", "#60": "<", "#62": ">", "#x22": '"', "#x27": "'",
    "#8216": "‘", "#8217": "’", "#8220": "“", "#8221": "”", "#8243": "″",
}  # fmt: skip
_ENTITY = re.compile(
    r"&(amp|lt|gt|quot|apos|[lr][ds]quo|#0{0,4}(?:34|39|38|60|62|82(?:16|17|20|21|43))|#[xX]0{0,4}2[27]);"
)
_SLASHED = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S])|\A\s*+[\"'](?=\s*+[\[{])|(?<=[\]}])\s*+[\"']\s*+;?\s*\Z")
_LAYERS = 3

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")


def parse_json(text: str, *, limits: Limits | None = None) -> tuple[list[JsonValue], tuple[Repair, ...]]:
    """Read the values of one block, and tell what had to be repaired, in order; nothing for strict JSON.

    Strict JSON gives one value, as `json.loads` reads it; a block of concatenated objects gives several.
    Every string can be stored as UTF-8: lone surrogates become U+FFFD, NUL is dropped. TRUNCATED among the
    repairs tells that something at the end was left out; no text is ever kept in part. Raises JsonLdError
    (and nothing else) with the position in `text` where nothing can be read or a limit is exceeded.
    """
    limits = limits or Limits()
    if len(text) > limits.max_chars:
        raise JsonLdError(f"longer than {limits.max_chars} characters", limits.max_chars)
    values, repairs = _parse(text, limits, _LAYERS)
    if _may_be_unstorable(text):
        values = [_storable(value) for value in values]
    return values, tuple(dict.fromkeys(repairs))


def _parse(text: str, limits: Limits, n_layers: int) -> tuple[list[JsonValue], list[Repair]]:
    value, is_strict = _strict(text, limits)
    if is_strict:
        return _decoded_again(value, limits, n_layers)
    layer = _layer(text) if n_layers else None
    if layer is None:
        found = scan(text, limits)
        _check_limits(found.values, limits)  # again: repairs put arrays around values, and close what is open
        return found.values, list(found.repairs)
    try:
        values, repairs = _parse(layer.text, limits, n_layers - 1)
    except JsonLdError as error:
        raise JsonLdError(error.reason, layer.origin(error.position)) from None
    return values, [layer.repair, *repairs]


def _strict(text: str, limits: Limits) -> tuple[JsonValue, bool]:
    """Return the value and True where the text is strict JSON. Raises JsonLdError beyond the limits."""
    try:
        value: JsonValue = _DECODER.decode(text)
    except (ValueError, RecursionError):  # too deep a nesting is told by `scan`, with its position
        return None, False
    n_openings = text.count("{") + text.count("[")
    if n_openings > limits.max_depth or n_openings + text.count(",") >= limits.max_values:
        _check_limits([value], limits)
    return value, True


def _check_limits(level: list[JsonValue], limits: Limits) -> None:
    depth, n_values = 0, 0
    while level:
        n_values += len(level)
        if n_values > limits.max_values:
            raise JsonLdError(f"more than {limits.max_values} values", 0)
        containers = [v for v in level if isinstance(v, dict | list)]
        if containers and depth == limits.max_depth:
            raise JsonLdError(f"nested deeper than {limits.max_depth}", 0)
        level = [child for v in containers for child in (v.values() if isinstance(v, dict) else v)]
        depth += 1


def _decoded_again(value: JsonValue, limits: Limits, n_layers: int) -> tuple[list[JsonValue], list[Repair]]:
    """Read a string that itself holds JSON; any other value is returned as it is."""
    if not isinstance(value, str) or not n_layers or value.lstrip()[:1] not in ("{", "[", '"'):
        return [value], []
    try:
        values, repairs = _parse(value, limits, n_layers - 1)
    except JsonLdError:
        return [value], []
    if not all(isinstance(v, dict | list) for v in values):
        return [value], []
    return values, [Repair.DOUBLE_ENCODED, *repairs]


@dataclass(frozen=True, slots=True)
class _Layer:
    """A text whose every quote was escaped once more, and the way back from the text without the escapes."""

    source: str
    pattern: re.Pattern[str]
    replaced: Callable[[re.Match[str]], str]
    repair: Repair

    @property
    def text(self) -> str:
        return self.pattern.sub(self.replaced, self.source)

    def origin(self, position: int) -> int:
        """Return the offset in the source of an offset in the text."""
        shift = 0
        for match in self.pattern.finditer(self.source):
            if match.start() - shift >= position:
                break
            shift += len(match[0]) - len(self.replaced(match))
        return min(position + shift, len(self.source))


def _layer(text: str) -> _Layer | None:
    """Tell from the first quote whether the whole text is escaped; entities inside strings do not count."""
    match = _HEAD.search(text)
    if match is None:
        return None
    if match["entity"]:
        return _Layer(text, _ENTITY, _entity_char, Repair.HTML_ESCAPED)
    if match["slash"]:
        return _Layer(text, _SLASHED, _unslashed, Repair.DOUBLE_ENCODED)
    return None


def _entity_char(match: re.Match[str]) -> str:
    name = match[1].lower() if match[1][0] == "#" else match[1]
    return _ENTITIES[re.sub(r"^(#x?)0+", r"\1", name)]


def _unslashed(match: re.Match[str]) -> str:
    escaped: str | None = match[1]
    if escaped is None:
        return ""  # the quotes around the whole
    if escaped in ("n", "r", "t"):
        return {"n": "\n", "r": "\r", "t": "\t"}[escaped]
    return escaped if escaped in ('"', "'", "\\", "/") else match[0]


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 4000 else float(digits)  # int() refuses more than 4,300 digits


def _not_json(literal: str) -> None:
    raise ValueError(literal)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_not_json)


def _may_be_unstorable(text: str) -> bool:
    """Tell whether the block's strings can hold NUL or lone surrogates, by three quick looks."""
    if "\x00" in text or _UNSTORABLE_ESCAPE.search(text):
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _storable(value: JsonValue) -> JsonValue:
    """Return the value with every string free of lone surrogates and NUL; its depth is within the limits."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value).replace("\x00", "")
    if isinstance(value, list):
        return [_storable(element) for element in value]
    if isinstance(value, dict):
        return {_SURROGATE.sub("\ufffd", k).replace("\x00", ""): _storable(v) for k, v in value.items()}
    return value
