"""What a right pipeline finds in the sample crawl, as rows for the gold files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.sample.defects import defect_of
from pipeline.sample.languages import iso639_3
from pipeline.sample.text import plain_inline, plain_text
from pipeline.sample.web import Pair, WebPage

Row = dict[str, Any]
Place = tuple[str, int]
"""URL and position: what names one pair of the crawl."""


@dataclass(frozen=True, slots=True)
class GoldPair:
    """One pair that is to be found, and where it comes from."""

    page: WebPage
    position: int
    pair: Pair

    @property
    def place(self) -> Place:
        """URL and position."""
        return self.page.url, self.position

    @property
    def language(self) -> str:
        """ISO 639-3 code of the language that the pair is written in."""
        return iso639_3(self.page.text_language)

    @property
    def text(self) -> tuple[str, str]:
        """Question and answer as extracted."""
        return plain_inline(self.pair.question), plain_text(self.pair.answer)

    @property
    def member(self) -> Row:
        """The pair as a member of a group."""
        return {"url": self.page.url, "position": self.position}


def gold_rows(pages: Iterable[WebPage]) -> dict[str, list[Row]]:
    """Return the rows of every gold file by its name without suffix, sorted."""
    in_order = sorted(pages, key=lambda page: page.url)
    pairs = [found for page in in_order for found in _pairs_of(page)]
    return {
        "pages": [_page_row(page) for page in in_order],
        "pairs": [_pair_row(found) for found in pairs],
        "translations": list(_translations(pairs)),
        "near_duplicates": list(_near_duplicates(pairs)),
        "templates": list(_templates(pairs)),
    }


def _pairs_of(page: WebPage) -> Iterator[GoldPair]:
    defect = defect_of(page.defect)
    if defect.is_opt_out:
        return
    for position, pair in enumerate(page.pairs[: len(page.pairs) - defect.n_lost]):
        yield GoldPair(page, position, pair)


def _page_row(page: WebPage) -> Row:
    defect = defect_of(page.defect)
    syntax, *also_in = page.markup.partition("-")[0].split("+")
    return {
        "url": page.url,
        "site": page.site.id,
        "page": page.group,
        "kind": page.kind.value,
        "declared_language": defect.html_lang or page.language,
        "language": iso639_3(page.text_language),
        "syntax": syntax or None,
        "also_in": also_in,
        "defect": page.defect,
        "opted_out": defect.is_opt_out,
        "n_pairs": sum(1 for _ in _pairs_of(page)),
        "n_pairs_withheld": len(page.pairs) if defect.is_opt_out else 0,
        "n_responses": 2 if defect.later_record == "response" else 1,
    }


def _pair_row(found: GoldPair) -> Row:
    question, answer = found.text
    return {
        "url": found.page.url,
        "position": found.position,
        "qa_id": found.pair.qa_id,
        "site": found.page.site.id,
        "language": found.language,
        "question": question,
        "answer": answer,
    }


def _translations(pairs: Iterable[GoldPair]) -> Iterator[Row]:
    """Group the pairs of original pages that say the same in different languages."""
    originals = [found for found in pairs if found.page.copy_of is None]
    for (site, qa_id), group in _grouped(originals, lambda found: (found.page.site.id, found.pair.qa_id)):
        if len(group) > 1:
            members = [{"language": found.language, **found.member} for found in group]
            yield {
                "site": site,
                "qa_id": qa_id,
                "members": sorted(members, key=lambda row: str(row["language"])),
            }


def _templates(pairs: Iterable[GoldPair]) -> Iterator[Row]:
    """Group the instances of one template question in one language: alike, but not the same."""
    instances = [found for found in pairs if found.pair.template and found.page.copy_of is None]
    key = lambda found: (found.page.site.id, str(found.pair.template), found.language)  # noqa: E731
    for (site, template, language), group in _grouped(instances, key):
        members = [found.member for found in group]
        yield {"site": site, "qa_id": template, "language": language, "members": members}


def _near_duplicates(pairs: Sequence[GoldPair]) -> Iterator[Row]:
    """Group the pairs that repeat each other: connected by `near_duplicate_of` and by copies of pages."""
    originals = {
        (found.page.site.id, found.pair.qa_id, found.page.text_language): found.place
        for found in pairs
        if found.page.copy_of is None
    }
    by_copy = {(found.page.url, found.pair.qa_id): found.place for found in pairs}
    first: dict[Place, Place] = {}
    for found in pairs:
        for place in _repeated_by(found, originals, by_copy):
            _join(first, found.place, place)
    for _, group in _grouped(pairs, lambda found: _first(first, found.place)):
        if len(group) > 1:
            texts = {found.text for found in group}
            yield {
                "kind": "exact" if len(texts) == 1 else "near",
                "site": group[0].page.site.id,
                "language": group[0].language,
                "members": [found.member for found in group],
            }


def _repeated_by(
    found: GoldPair, originals: dict[tuple[str, str, str], Place], by_copy: dict[tuple[str, str], Place]
) -> Iterator[Place]:
    page, pair = found.page, found.pair
    if pair.near_duplicate_of:
        place = originals.get((page.site.id, pair.near_duplicate_of, page.text_language))
        if place:
            yield place
    if page.copy_of and (page.copy_of, pair.qa_id) in by_copy:
        yield by_copy[page.copy_of, pair.qa_id]


def _first(first: dict[Place, Place], place: Place) -> Place:
    while place in first:
        place = first[place]
    return place


def _join(first: dict[Place, Place], one: Place, other: Place) -> None:
    low, high = sorted((_first(first, one), _first(first, other)))
    if low != high:
        first[high] = low


def _grouped(pairs: Iterable[GoldPair], key: Any) -> Iterator[tuple[Any, list[GoldPair]]]:
    for value, group in groupby(sorted(pairs, key=lambda found: (key(found), found.place)), key):
        yield value, list(group)
