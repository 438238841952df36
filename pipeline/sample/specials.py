"""Read `defects.toml`, which says what is special about single pages, and apply it to the planned pages."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.core.errors import ConfigError
from pipeline.sample.defects import DEFECTS
from pipeline.sample.web import WebKind, WebPage, copy_page, untranslated

SPECIALS = Path(__file__).with_name("defects.toml")

MARKUPS = ("jsonld+microdata", "jsonld-singles", "rdfa-prefix")
"""The ways of marking up that a site does not have for all its pages."""

_TABLES = {
    "defect": ("site", "page", "language", "defect"),
    "copy": ("site", "page", "language", "as"),
    "markup": ("site", "page", "markup"),
}
_VALUES = {"defect": tuple(DEFECTS), "as": (WebKind.PRINT.value, WebKind.AMP.value), "markup": MARKUPS}

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Specials:
    """What is special, by site, page group and language (markup: by site and page group)."""

    defects: Mapping[Place, str]
    copies: Mapping[Place, WebKind]
    markups: Mapping[tuple[str, str], str]


def load_specials(path: Path = SPECIALS) -> Specials:
    """Read the tables. Raises ConfigError that names the file and the row and key of the first problem."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read as TOML: {error}.") from None
    for table in tree:
        if table not in _TABLES:
            raise ConfigError(f"{path.name}: unknown table {table}; known are {', '.join(_TABLES)}.")
    rows = {table: _rows(path.name, table, tree.get(table, [])) for table in _TABLES}
    return Specials(
        defects=_by_place(path.name, "defect", rows["defect"]),
        copies={place: WebKind(kind) for place, kind in _by_place(path.name, "copy", rows["copy"]).items()},
        markups={(row["site"], row["page"]): row["markup"] for row in rows["markup"]},
    )


def _rows(file: str, table: str, rows: Any) -> list[dict[str, str]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{file}: {table} must be written as [[{table}]] tables.")
    for number, row in enumerate(rows):
        if set(row) != set(_TABLES[table]):
            raise ConfigError(
                f"{file}: {table}[{number}] must have exactly the keys {', '.join(_TABLES[table])}."
            )
        for key, known in _VALUES.items():
            if row.get(key, known[0]) not in known:
                raise ConfigError(
                    f"{file}: {table}[{number}].{key} is {row[key]!r}, not one of {', '.join(known)}."
                )
    return rows


def _by_place(file: str, table: str, rows: list[dict[str, str]]) -> dict[Place, str]:
    found: dict[Place, str] = {}
    for row in rows:
        place = (row["site"], row["page"], row["language"])
        if place in found:
            raise ConfigError(f"{file}: {table} names {'/'.join(place)} twice; keep one row.")
        found[place] = row[_TABLES[table][-1]]
    return found


def apply_specials(pages: Sequence[WebPage], specials: Specials) -> list[WebPage]:
    """Return all pages with their markup and defects, and the copies after the others.

    Raises ConfigError where a row names a page that does not exist or cannot have the defect.
    """
    by_place = {page.place: page for page in pages}
    for table, places in (("defect", specials.defects), ("copy", specials.copies)):
        for place in places:
            if place not in by_place or not by_place[place].pairs:
                raise ConfigError(
                    f"defects.toml: {table} names {'/'.join(place)}, which is no page with questions."
                )
    for site, group in specials.markups:
        if not any(page.pairs and page.place[:2] == (site, group) for page in pages):
            raise ConfigError(f"defects.toml: markup names {site}/{group}, which is no page with questions.")
    marked = {place: _marked(page, specials) for place, page in by_place.items()}
    copies = [copy_page(marked[place], kind) for place, kind in specials.copies.items()]
    return [*(_with_defect(page, specials, marked) for page in marked.values()), *copies]


def _marked(page: WebPage, specials: Specials) -> WebPage:
    markup = specials.markups.get((page.site.id, page.group))
    return replace(page, markup=markup) if markup else page


def _with_defect(page: WebPage, specials: Specials, by_place: Mapping[Place, WebPage]) -> WebPage:
    name = specials.defects.get(page.place)
    if name is None:
        return page
    defect = DEFECTS[name]
    if defect.needs_jsonld and page.markup != "jsonld":
        raise ConfigError(f"defects.toml: {'/'.join(page.place)} cannot have {name}: it has no JSON-LD.")
    if defect.untranslated:
        page = untranslated(page, _default_version(page, by_place))
    return replace(page, defect=name)


def _default_version(page: WebPage, by_place: Mapping[Place, WebPage]) -> WebPage:
    place = (page.site.id, page.group, page.site.default_language)
    if place not in by_place or place == page.place:
        raise ConfigError(
            f"defects.toml: {'/'.join(page.place)} has no other version to be untranslated from."
        )
    return by_place[place]
