"""Text from strangers, made safe to look at."""

import re

_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]"
)


def harmless(text: str) -> str:
    """Make text from strangers safe to print: control and direction characters show as their code points."""
    return _UNSAFE.sub(lambda found: f"<U+{ord(found.group()):04X}>", text)
