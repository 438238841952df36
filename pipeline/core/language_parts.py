"""How the tables of retrieval are cut: by language, and each language by ranges of its ids.

A part holds one range of one language, in ascending order of ids, and may be empty. So a reader of one
language opens its parts alone, and in their order meets its ids in order. What grows: parts, by one for every
ROWS_PER_PART pairs of a language.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.manifest import Commit, Manifest, Shard

ROWS_PER_PART = 50_000
"""Pairs of a language for each of its parts: at a kilobyte of text 50 MB in the task that writes it."""

ID_DIGITS = 8
"""Leading hex digits of an id that choose its part: 32 bits."""

_NAME = re.compile(r"(\S+) (\d+) of (\d+)")


@dataclass(frozen=True, slots=True)
class LanguagePart:
    """One range of the ids of one language."""

    language: str
    no: int
    """From 0."""
    n_parts: int
    """Of the language."""

    @property
    def name(self) -> str:
        """The part as input of a shard; in alphabetical order a language's parts stand in their own."""
        return f"{self.language} {self.no:06d} of {self.n_parts:06d}"

    @staticmethod
    def of(shard: Shard) -> "LanguagePart":
        """Read what `name` wrote; ValueError for a shard that is no such part."""
        match = _NAME.fullmatch(shard.input)
        if match is None:
            raise ValueError(f"shard {shard.input!r} is no part of a language")
        return LanguagePart(match[1], int(match[2]), int(match[3]))


def language_parts(n_pairs: Mapping[str, int]) -> list[LanguagePart]:
    """Return the parts of languages with so many pairs each, by language and number."""
    return [
        LanguagePart(language, no, n_parts)
        for language, n in sorted(n_pairs.items())
        for n_parts in [math.ceil(n / ROWS_PER_PART)]
        for no in range(n_parts)
    ]


def part_of_id(id: str, n_parts: int) -> int:
    """Return the number of the part of its language that an id, of hex digits, belongs to."""
    return int(id[:ID_DIGITS], 16) * n_parts >> 4 * ID_DIGITS


def commits_by_language(manifest: Manifest) -> dict[str, list[Commit]]:
    """Return each language's parts, in ascending order of their ids."""
    found: dict[str, dict[int, Commit]] = {}
    for commit in manifest.commits:
        part = LanguagePart.of(commit.shard)
        found.setdefault(part.language, {})[part.no] = commit
    return {language: [parts[no] for no in sorted(parts)] for language, parts in sorted(found.items())}
