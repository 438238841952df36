"""Items -> questions, for the shapes that FAQ markup takes in the wild.

A page counts by its FAQPage items, nested anywhere. Their questions are, in this order of trust:

1. Question items below a FAQPage through the STRUCTURAL properties and whatever lists lie between; anything
   with an acceptedAnswer or suggestedAnswer counts as a Question, whatever type it claims or lacks;
2. if these hold no answers and the FAQPage itself has as many acceptedAnswers: the two lists, side by side;
3. if there are none, and the FAQPage has as many names (else texts) as acceptedAnswers: these, side by side;
4. if some FAQPage has none at all: the Question items of the same syntax elsewhere on the page, but not those
   of a QAPage or a Quiz, which hold users' or examiners' questions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from extract.items import Item, Syntax, Text, Value
from extract.markup import fold_type, reachable

FAQ_TYPES = frozenset({"faqpage", "faqpages"})
QUESTION_TYPES = frozenset({"question"})
FOREIGN_TYPES = frozenset({"qapage", "quiz"})
STRUCTURAL = frozenset(
    {
        "mainentity",
        "mainentities",
        "mainentityofpage",
        "haspart",
        "itemlistelement",
        "item",
        "itemlist",
        "about",
        "question",
        "questions",
    }
)
QUESTION_TEXT = ("name", "text", "headline")
ANSWERS = ("acceptedAnswer", "suggestedAnswer")


@dataclass(frozen=True, slots=True)
class FoundQuestion:
    """One question of a page, not yet laid out."""

    texts: tuple[Value, ...]
    """What may be the question's text, best first."""
    answers: tuple[tuple[Value, ...], ...]
    """Its answers by preference: the accepted ones, then the suggested ones."""
    position: int
    """Index of the question on the page within its syntax."""
    syntax: Syntax
    language: str | None = None
    """inLanguage of the question or its FAQPage."""
    repairs: tuple[str, ...] = ()


def has_faqpage(items: Iterable[Item]) -> bool:
    """Tell whether any item, at any depth, is a FAQPage."""
    return any(_is_a(item, FAQ_TYPES) for item in reachable(items))


def find_questions(
    items: Iterable[Item], syntax: Syntax, *, repairs: Mapping[Item, Sequence[str]] | None = None
) -> Iterator[FoundQuestion]:
    """Yield the questions of one syntax's items, each once, in the order of the page.

    `repairs` says of top-level items how their block was recovered; it holds for the questions in them.
    Yields nothing where no item is a FAQPage. Circular references are followed once.
    """
    roots = list(items)
    pages = [item for item in reachable(roots) if _is_a(item, FAQ_TYPES)]
    if not pages:
        return
    how = _inherited(roots, repairs or {})
    for position, row in enumerate(_rows(roots, pages)):
        yield FoundQuestion(
            texts=row.texts,
            answers=row.answers,
            position=position,
            syntax=syntax,
            language=_language(row.holder) or (_language(row.page) if row.page else None),
            repairs=how.get(row.holder, ()),
        )


@dataclass(frozen=True, slots=True)
class _Row:
    texts: tuple[Value, ...]
    answers: tuple[tuple[Value, ...], ...]
    holder: Item
    page: Item | None


def _rows(roots: list[Item], pages: list[Item]) -> Iterator[_Row]:
    """Yield the questions by the rules 1 to 4 of the module."""
    seen: set[Item] = set()
    taken: set[Item] = set()
    is_any_empty = False
    for page in pages:
        questions, is_shared = _below(page, seen)
        taken.update(questions)
        if questions:
            yield from _own_rows(page, questions)
        elif rows := _side_by_side(page):
            yield from rows
        elif not is_shared:
            is_any_empty = True
    if is_any_empty:
        foreign = set(reachable(item for item in reachable(roots) if _is_a(item, FOREIGN_TYPES)))
        for item in reachable(roots):
            if _is_question(item) and item not in taken and item not in foreign:
                yield _row(item, None)


def _below(page: Item, seen: set[Item]) -> tuple[list[Item], bool]:
    """Return the questions below a FAQPage that are not `seen` yet, and whether others are in it too.

    FAQPages below it are left to their own turn.
    """
    questions: list[Item] = []
    is_shared = False
    stack = _parts(page)
    while stack:
        item = stack.pop()
        if item in seen or _is_a(item, FAQ_TYPES):
            is_shared = is_shared or item is not page
            continue
        seen.add(item)
        if _is_question(item):
            questions.append(item)
        else:
            stack.extend(_parts(item))
    return questions, is_shared


def _parts(item: Item) -> list[Item]:
    """Return what an item holds through STRUCTURAL properties, last first."""
    parts = [
        value
        for name, values in item.properties.items()
        if name.casefold() in STRUCTURAL
        for value in values
        if isinstance(value, Item)
    ]
    return parts[::-1]


def _own_rows(page: Item, questions: list[Item]) -> Iterator[_Row]:
    answers = page.values(ANSWERS[0])
    is_split = len(answers) == len(questions) and not any(_answers(question)[0] for question in questions)
    for index, question in enumerate(questions):
        row = _row(question, page)
        if is_split and not any(row.answers):
            row = _Row(row.texts, ((answers[index],),), question, page)
        yield row


def _row(question: Item, page: Item | None) -> _Row:
    texts = tuple(value for name in QUESTION_TEXT for value in question.values(name))
    return _Row(texts, _answers(question), question, page)


def _side_by_side(page: Item) -> list[_Row]:
    answers = page.values(ANSWERS[0])
    for name in QUESTION_TEXT:
        texts = page.values(name)
        if texts and len(texts) == len(answers):
            rows = zip(texts, answers, strict=True)
            return [_Row((text,), ((answer,),), page, page) for text, answer in rows]
    return [_Row((), (tuple(answers),), page, page)] if answers else []


def _answers(item: Item) -> tuple[tuple[Value, ...], ...]:
    return tuple(tuple(item.values(name)) for name in ANSWERS)


def _is_question(item: Item) -> bool:
    if _is_a(item, FAQ_TYPES):
        return False
    return _is_a(item, QUESTION_TYPES) or any(_answers(item))


def _is_a(item: Item, types: frozenset[str]) -> bool:
    return any(fold_type(name) in types for name in item.types)


def _language(item: Item) -> str | None:
    for value in item.values("inLanguage"):
        if isinstance(value, Item):
            value = next(iter(value.values("alternateName") + value.values("name")), value)
        if isinstance(value, Text) and (tag := value.content.strip()):
            return tag
    return None


def _inherited(roots: list[Item], repairs: Mapping[Item, Sequence[str]]) -> dict[Item, tuple[str, ...]]:
    how: dict[Item, tuple[str, ...]] = {}
    seen: set[Item] = set()
    for root in roots if repairs else ():
        own = tuple(repairs.get(root, ()))
        how.update((item, own) for item in reachable([root], seen))
    return how
