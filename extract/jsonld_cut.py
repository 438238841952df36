"""What is kept of the objects and arrays that are still open where a text ends."""

from dataclasses import dataclass

from extract.jsonld_model import JsonValue

_ANSWER_KEYS = ("acceptedanswer", "suggestedanswer")


@dataclass(slots=True, eq=False)
class Frame:
    """One open object or array. `key` waits for its value; the two flags tell what was read last."""

    value: dict[str, JsonValue] | list[JsonValue]
    key: str | None = None
    last_key: str | None = None
    was_value: bool = False
    was_comma: bool = False
    is_implied: bool = False  # the text has no opening bracket

    @property
    def is_array(self) -> bool:
        """Tell arrays from objects."""
        return isinstance(self.value, list)

    def put(self, value: JsonValue) -> None:
        """Add an element, or the value of the waiting key."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key] = value
            self.last_key, self.key = self.key, None
        self.was_value, self.was_comma = True, False


def close_all(stack: list[Frame], *, is_cut: bool) -> tuple[JsonValue | None, bool]:
    """Close every frame; return the outermost value (None where nothing is left) and whether it is whole.

    What the end of the text cut in two is left out: the object that holds it, and with it an open Question
    or Answer around it. An open Question also needs its name and accepted answer, an open Answer its text:
    without them, what was cut off may have been the very text that counts, and a reader would take another
    property for it. Objects that hold complete nodes, such as the FAQPage, lose only the open member.
    """
    whole = not is_cut and not any(frame.was_comma or frame.key is not None for frame in stack[-1:])
    cut, child = is_cut or stack[-1].key is not None, None
    has_child = False
    while stack:
        frame = stack.pop()
        if has_child:
            frame.put(child)
        cut, has_child = _close(frame, stack, cut=cut)
        whole = whole and not cut and has_child
        child = frame.value
    return (child, whole) if has_child else (None, False)


def _close(frame: Frame, stack: list[Frame], *, cut: bool) -> tuple[bool, bool]:
    """Return whether what is around the frame is cut as well, and whether the frame's value is kept."""
    if isinstance(frame.value, list):
        if not all(isinstance(element, dict) and "@value" not in element for element in frame.value):
            return True, False  # a list of texts: more of them may have followed
        return cut, bool(frame.value)
    holder = _holder(stack)
    if _is_pair_part(frame.value, holder):
        kept = not cut and _is_complete(frame.value, holder)
        return not kept, kept
    if cut and stack and not _holds_nodes(frame.value):
        return True, False
    return False, bool(frame.value)


def _holder(stack: list[Frame]) -> str:
    """Return the local name of the property that the frame above the stack is a value of."""
    for frame in reversed(stack):
        if not frame.is_array:
            return _local(frame.key or "")
    return ""


def _is_pair_part(value: dict[str, JsonValue], holder: str) -> bool:
    names = {_local(key) for key in value}
    is_typed = any(kind.endswith(("question", "answer")) for kind in _kinds(value))
    return is_typed or holder in _ANSWER_KEYS or not names.isdisjoint(_ANSWER_KEYS)


def _is_complete(value: dict[str, JsonValue], holder: str) -> bool:
    names = {_local(key) for key in value if value[key] is not None}
    if holder in _ANSWER_KEYS or any(kind.endswith("answer") for kind in _kinds(value)):
        return "text" in names
    return names >= {"name", "acceptedanswer"}


def _holds_nodes(value: dict[str, JsonValue]) -> bool:
    return any(
        isinstance(member, dict) or (isinstance(member, list) and any(isinstance(e, dict) for e in member))
        for member in value.values()
    )


def _kinds(value: dict[str, JsonValue]) -> list[str]:
    types = value.get("@type", value.get("type"))
    listed = types if isinstance(types, list) else [types]
    return [_local(kind) for kind in listed if isinstance(kind, str)]


def _local(name: str) -> str:
    return name.strip().rstrip("/#").replace("#", "/").rpartition("/")[2].rpartition(":")[2].casefold()
