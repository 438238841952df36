"""The one shape that the three markup syntaxes are read into."""

from dataclasses import dataclass, field
from enum import StrEnum


class Syntax(StrEnum):
    """The markup syntaxes, in the order of preference when a page says the same thing in several."""

    JSONLD = "jsonld"
    MICRODATA = "microdata"
    RDFA = "rdfa"
    UNKNOWN = "unknown"  # the source holds items or pairs already extracted, and does not say from what


@dataclass(frozen=True, slots=True)
class Text:
    """One literal value.

    `content` is HTML source for JSON-LD strings (answers there are HTML by convention, plain text being the
    case without tags). Microdata and RDFa literals come from rendered elements: there `content` is text
    with its lines already laid out, `is_plain` is true and `html` holds the element's inner HTML.
    """

    content: str
    language: str | None = None
    is_plain: bool = False
    html: str | None = None


@dataclass(slots=True, eq=False)
class Item:
    """One schema.org item: local names of its types as written, and its properties by local name.

    Namespace prefixes and IRIs are cut off (`https://schema.org/FAQPage`, `schema:FAQPage` -> `FAQPage`);
    property values keep document order. Items may refer to each other in circles (`@id`, `itemref`).
    """

    types: tuple[str, ...]
    properties: dict[str, list["Value"]] = field(default_factory=dict)
    id: str | None = None

    def values(self, name: str) -> list["Value"]:
        """Return the property's values, matching its name without regard to case."""
        if name in self.properties:
            return self.properties[name]
        folded = name.casefold()
        return [v for key, values in self.properties.items() if key.casefold() == folded for v in values]


Value = Item | Text
