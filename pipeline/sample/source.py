"""Read a site file into frozen dataclasses, or say in one sentence each what is wrong with it.

`python -m pipeline.sample.source FILE...` prints the problems and exits with 1 if there are any.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.core.errors import ConfigError
from pipeline.sample import source_rules

SITES = Path(__file__).with_name("sites")

Texts = Mapping[str, str]
"""The same text in several languages, by BCP 47 tag."""


class Layout(StrEnum):
    """Where a site's addresses carry the language."""

    PATH = "path"
    SUBDOMAIN = "subdomain"
    SUFFIX = "suffix"
    QUERY = "query"


class PageKind(StrEnum):
    """What a page group is."""

    FAQ = "faq"
    PLAIN = "plain"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its answer in the languages in which the site has them."""

    id: str
    question: Texts
    answer: Texts
    near_duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page group: one page in each language that has a title."""

    id: str
    kind: PageKind
    slug: Texts
    title: Texts
    description: Texts
    text: Texts
    questions: tuple[Question, ...] = ()
    rows: tuple[Mapping[str, Texts], ...] = ()
    """Of a template: the values that fill its placeholders, one page for each row."""


@dataclass(frozen=True, slots=True)
class Site:
    """One fictitious organisation's web site."""

    id: str
    """The file's name without suffix."""
    name: str
    kind: str
    domain: str
    languages: tuple[str, ...]
    """BCP 47 tags; the first is the default."""
    layout: Layout
    syntax: str
    """jsonld, microdata or rdfa."""
    pages: tuple[Page, ...]

    @property
    def default_language(self) -> str:
        """The language of `x-default`."""
        return self.languages[0]


def load_site(path: Path) -> Site:
    """Read one site file. Raises ConfigError that names the file and the key of the first problem."""
    tree = _read(path)
    for problem in source_rules.problems(tree):
        raise ConfigError(f"{path.name}: {problem}")
    return _site(path.stem, tree)


def load_sites(folder: Path = SITES) -> tuple[Site, ...]:
    """Read every site file of the folder, sorted by name. Raises ConfigError as `load_site` does."""
    sites = tuple(load_site(path) for path in sorted(folder.glob("*.toml")))
    if not sites:
        raise ConfigError(f"{folder} holds no site file; it should hold at least one *.toml.")
    domains = [site.domain for site in sites]
    for site in sites:
        if domains.count(site.domain) > 1:
            raise ConfigError(
                f"{site.id}.toml: site.domain {site.domain} is another site's too; choose another."
            )
    return sites


def problems_of(path: Path) -> Iterator[str]:
    """Yield every problem of a site file as a sentence that begins with the file's name."""
    try:
        tree = _read(path)
    except ConfigError as error:
        yield str(error)
        return
    for problem in source_rules.problems(tree):
        yield f"{path.name}: {problem}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: is not TOML: {error}.") from None


def _site(site_id: str, tree: dict[str, Any]) -> Site:
    head = tree["site"]
    return Site(
        id=site_id,
        name=head["name"],
        kind=head["kind"],
        domain=head["domain"],
        languages=tuple(head["languages"]),
        layout=Layout(head["layout"]),
        syntax=head["syntax"],
        pages=tuple(_page(page) for page in tree["page"]),
    )


def _page(tree: dict[str, Any]) -> Page:
    texts = {key: tree.get(key, {}) for key in ("slug", "title", "description", "text")}
    return Page(
        id=tree["id"],
        kind=PageKind(tree["kind"]),
        questions=tuple(_question(question) for question in tree.get("qa", ())),
        rows=tuple(tree.get("value", ())),
        **texts,
    )


def _question(tree: dict[str, Any]) -> Question:
    return Question(tree["id"], tree["q"], tree["a"], tree.get("near_duplicate_of"))


def main(arguments: list[str]) -> int:
    """Print the problems of the named files; return 1 if there are any, else 0."""
    n_problems = 0
    for name in arguments:
        for problem in problems_of(Path(name)):
            sys.stdout.write(f"{problem}\n")
            n_problems += 1
    return 1 if n_problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
