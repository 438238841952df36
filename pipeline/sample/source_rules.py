"""What a site file must obey: each rule yields sentences that name the key and say what to do."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from pipeline.sample.languages import languages
from pipeline.sample.text import blocks

LAYOUTS = ("path", "subdomain", "suffix", "query")
SYNTAXES = ("jsonld", "microdata", "rdfa")
KINDS = ("faq", "plain", "template")

_SITE_KEYS = ("name", "kind", "domain", "languages", "layout", "syntax")
_PAGE_TEXTS = ("slug", "title", "description", "text")
_PAGE_KEYS = ("id", "kind", *_PAGE_TEXTS, "qa", "value")
_QA_KEYS = ("id", "q", "a", "near_duplicate_of")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_HTML = re.compile(r"</?[a-zA-Z][^>]*>")

Tree = dict[str, Any]


def problems(tree: Tree) -> Iterator[str]:
    """Yield every problem of a site file; where the frame is broken, only the frame's."""
    frame = [*_unknown("", tree, ("site", "page")), *_frame(tree)]
    yield from frame
    if frame:
        return
    shape = [problem for page in tree["page"] for problem in _page_shape(tree["site"], page)]
    yield from shape
    if shape:
        return
    yield from _identities(tree["page"])
    for page in tree["page"]:
        yield from _page_content(tree["site"], page)


def _frame(tree: Tree) -> Iterator[str]:
    site = tree.get("site")
    if not isinstance(site, dict):
        yield "site is missing; begin the file with a [site] table."
        return
    yield from _unknown("site.", site, _SITE_KEYS)
    for key in ("name", "kind", "domain", "layout", "syntax"):
        if not isinstance(site.get(key), str) or not site[key]:
            yield f"site.{key} must be a non-empty string."
    yield from _one_of("site.layout", site.get("layout"), LAYOUTS)
    yield from _one_of("site.syntax", site.get("syntax"), SYNTAXES)
    if not str(site.get("domain", "")).endswith(".example"):
        yield "site.domain must end in .example, which is reserved for such texts (RFC 2606)."
    tags = site.get("languages")
    if not isinstance(tags, list) or not tags or len(set(map(str, tags))) != len(tags):
        yield "site.languages must be a non-empty list of different language tags."
    else:
        for tag in tags:
            if tag not in languages():
                yield f"site.languages names {tag!r}, which languages.toml does not know; add it there."
    if not isinstance(tree.get("page"), list) or not all(isinstance(page, dict) for page in tree["page"]):
        yield "page is missing; add at least one [[page]] table."


def _page_shape(site: Tree, page: Tree) -> Iterator[str]:
    where = f"page[{page.get('id', '?')}]"
    yield from _unknown(f"{where}.", page, _PAGE_KEYS)
    if not isinstance(page.get("id"), str):
        yield f"{where}.id must be a string."
    yield from _one_of(f"{where}.kind", page.get("kind"), KINDS)
    for key in _PAGE_TEXTS:
        yield from _texts(f"{where}.{key}", page.get(key), site["languages"])
    for key in ("qa", "value"):
        if not isinstance(rows := page.get(key, []), list) or not all(isinstance(row, dict) for row in rows):
            yield f"{where}.{key} must be written as [[page.{key}]] tables."
            return
    for number, row in enumerate(page.get("value", ())):
        for key, texts in row.items():
            yield from _texts(f"{where}.value[{number}].{key}", texts, site["languages"])
    for qa in page.get("qa", ()):
        yield from _qa_shape(f"{where}.qa[{qa.get('id', '?')}]", qa, site["languages"])


def _qa_shape(where: str, qa: Tree, tags: Collection[str]) -> Iterator[str]:
    yield from _unknown(f"{where}.", qa, _QA_KEYS)
    if not isinstance(qa.get("id"), str):
        yield f"{where}.id must be a string."
    for key in ("q", "a"):
        yield from _texts(f"{where}.{key}", qa.get(key), tags)
    if not isinstance(qa.get("near_duplicate_of", ""), str):
        yield f"{where}.near_duplicate_of must be the id of a question."


def _texts(where: str, texts: Any, tags: Collection[str]) -> Iterator[str]:
    if not isinstance(texts, dict) or not texts:
        yield f"{where} is missing; write it once for each language, as in {where.rpartition('.')[2]}.en."
        return
    for tag, text in texts.items():
        if tag not in tags:
            yield f"{where}.{tag}: site.languages does not list {tag}."
        if not isinstance(text, str) or not text.strip():
            yield f"{where}.{tag} must be a non-empty string."


def _identities(pages: list[Tree]) -> Iterator[str]:
    questions = [qa["id"] for page in pages for qa in page.get("qa", ())]
    for name, ids in (("page", [page["id"] for page in pages]), ("qa", questions)):
        for repeated in sorted({found for found in ids if ids.count(found) > 1}):
            yield f"{name} id {repeated!r} is used twice; ids are unique in a site."
    by_id = {qa["id"]: qa for page in pages for qa in page.get("qa", ())}
    for qa in by_id.values():
        yield from _near_duplicate(qa, by_id)


def _near_duplicate(qa: Tree, by_id: dict[str, Tree]) -> Iterator[str]:
    original = qa.get("near_duplicate_of")
    if original is None:
        return
    if original not in by_id or original == qa["id"]:
        yield f"qa[{qa['id']}].near_duplicate_of names {original!r}, which is no other question of the site."
        return
    for tag in sorted(set(qa["q"]) - set(by_id[original]["q"])):
        yield f"qa[{qa['id']}].q.{tag}: the question {original!r} that it repeats does not exist in {tag}."


def _page_content(site: Tree, page: Tree) -> Iterator[str]:
    where = f"page[{page['id']}]"
    for key in ("description", "text"):
        if page[key].keys() != page["title"].keys():
            yield f"{where}.{key} must exist in the languages of its title, and in no other."
    for tag in page["title"]:
        if not page["slug"].get(tag, page["slug"].get(site["languages"][0])):
            yield f"{where}.slug.{tag} is missing, and so is the default language's."
    if (page["kind"] == "template") != ("value" in page):
        yield f"{where}.value: a template needs [[page.value]] rows, other pages have none."
    if (page["kind"] == "plain") == ("qa" in page):
        yield f"{where}.qa: a plain page has no [[page.qa]], every other page has."
    yield from _slugs(where, page)
    yield from _placeholders(where, page)
    for qa in page.get("qa", ()):
        yield from _qa_content(f"{where}.qa[{qa['id']}]", qa, page)


def _slugs(where: str, page: Tree) -> Iterator[str]:
    filled = [texts for row in page.get("value", ()) for key, texts in row.items() if key.endswith("_slug")]
    if page["kind"] != "template":
        filled.append(page["slug"])
    for texts in filled:
        for tag, slug in texts.items():
            if not _SLUG.fullmatch(slug):
                yield f"{where}: slug {slug!r} ({tag}) may hold only a-z, 0-9 and single hyphens."


def _placeholders(where: str, page: Tree) -> Iterator[str]:
    texts = [page[key] for key in _PAGE_TEXTS] + [qa[key] for qa in page.get("qa", ()) for key in ("q", "a")]
    for tag, text in ((tag, text) for by_tag in texts for tag, text in by_tag.items()):
        for name in _PLACEHOLDER.findall(text):
            if not all(tag in row.get(name, {}) for row in page.get("value", [{}])):
                yield f"{where}: {{{name}}} ({tag}) has no value in every row; add value.{name}.{tag}."


def _qa_content(where: str, qa: Tree, page: Tree) -> Iterator[str]:
    if qa["q"].keys() != qa["a"].keys():
        yield f"{where} must have q and a in the same languages."
        return
    for tag in sorted(qa["q"].keys() - page["title"].keys()):
        yield f"{where}.q.{tag}: the page has no title in {tag}."
    for tag, question in qa["q"].items():
        if "\n" in question.strip():
            yield f"{where}.q.{tag} must be one line."
    for tag, text in [*qa["q"].items(), *qa["a"].items()]:
        if _HTML.search(text):
            yield f"{where}.{tag} holds an HTML tag; write plain text."
    yield from _same_structure(where, qa["a"])


def _same_structure(where: str, answers: dict[str, str]) -> Iterator[str]:
    shapes = {
        tag: [(block.kind, len(block.lines)) for block in blocks(text)] for tag, text in answers.items()
    }
    first = next(iter(shapes))
    for tag, shape in shapes.items():
        if shape != shapes[first]:
            yield f"{where}.a.{tag} has other paragraphs or list items than {first}; make them the same."


def _unknown(prefix: str, tree: Tree, known: Collection[str]) -> Iterator[str]:
    for key in tree:
        if key not in known:
            yield f"unknown key {prefix}{key}; known are {', '.join(known)}."


def _one_of(where: str, value: Any, known: Collection[str]) -> Iterator[str]:
    if value not in known:
        yield f"{where} is {value!r}; it must be one of {', '.join(known)}."
