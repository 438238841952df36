"""What language identification takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Source(StrEnum):
    """What decided a pair's language."""

    TEXT = "text"
    """The model, from the pair's own text."""
    SCRIPT = "script"
    """Only one language is written in the text's script."""
    PAGE = "page"
    """The other pairs of the page, between languages that the text might be in."""
    DECLARED = "declared"
    """What the page or its URL declares, between languages that the text might be in."""
    HINT = "hint"
    """The URL, by the published rules (profile webfaq2)."""
    NONE = "none"
    """Nothing: there is no language."""


class LanguageRule(StrEnum):
    """Why a pair is dropped for its language."""

    NOT_A_LANGUAGE = "not_a_language"
    """Codes, numbers, names of products, keyboard mash, emoji."""
    LANGUAGE_UNCERTAIN = "language_uncertain"
    """The score is below the threshold."""


@dataclass(frozen=True, slots=True)
class Language:
    """The language of one pair."""

    code: str
    """ISO 639-3, `und` where there is none."""
    script: str
    """ISO 15924 code of the script that most letters are in, `Zyyy` without letters."""
    score: float
    """Estimated probability, in [0, 1], that the code is right; in profile webfaq2 the model's own."""
    source: str
    """Source."""
    dropped_by: str | None = None
    """LanguageRule, None where the pair is kept."""
    languages_differ: bool = False
    """Question and answer, both long enough to tell, are in different languages."""


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """What a page says about its language, each None or empty where it says nothing."""

    url: str
    title: str | None = None
    description: str | None = None
    html_lang: str | None = None
    content_language: str | None = None
    og_locale: str | None = None
    alternates: Sequence[tuple[str, str]] = ()
    """(hreflang, absolute URL)."""


class LanguageIdentifier(Protocol):
    """Finds the language of pairs. Bad text is never an error."""

    def identify_page(
        self, page: PageEvidence, pairs: Sequence[tuple[str, str, str | None]]
    ) -> list[Language]:
        """Return the language of each of a page's pairs (question, answer, language tag of the markup).

        A pair's language depends on the page and on the set of its pairs, not on their order.
        """

    def identify_text(self, text: str) -> Language:
        """Return the language of one text, from the text alone."""
