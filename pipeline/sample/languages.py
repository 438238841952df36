"""The languages of the sample: their codes, their direction, and the few words every page needs."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
"""Language tags whose pages are written from right to left."""

_TABLE = Path(__file__).with_name("languages.toml")
_CODES = ("iso639_3", "locale", "name")


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the sample."""

    tag: str
    """BCP 47 tag, as in the site files, in URLs, `lang` and `hreflang`."""
    iso639_3: str
    """The code that the tag's language subtag has in ISO 639-3 (`zh` is `zho`, `nb` is `nob`)."""
    locale: str
    """As Open Graph writes it."""
    name: str
    """The language's own name for itself."""
    words: Mapping[str, str]
    """The words of the page frame by their English key: home, overview, contact, imprint, more, ..."""

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, as the `dir` attribute has it."""
        return "rtl" if self.tag in RIGHT_TO_LEFT else "ltr"


@cache
def languages() -> Mapping[str, Language]:
    """Return every language of `languages.toml` by its tag."""
    tree = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {tag: _language(tag, tree["columns"], row) for tag, row in tree["languages"].items()}


def _language(tag: str, columns: list[str], row: list[str]) -> Language:
    cells = dict(zip(columns, row, strict=True))
    codes = {key: cells.pop(key) for key in _CODES}
    return Language(tag=tag, words=cells, **codes)


def iso639_3(tag: str) -> str:
    """Return the ISO 639-3 code of one of the sample's language tags."""
    return languages()[tag].iso639_3
