"""RDFa -> items.

Our own walk (`rdfa_walk`), with extruct (pyRdfa) as the oracle of its tests, because the detour over an RDF
graph loses the order of the questions, glues the text of neighbouring blocks together, and is slow. Measured
on the 12 RDFa pages of the real sites (17 to 33 KB, 4 to 12 questions), with the page parsed: 1.8 ms a page,
extruct 12 to 29 ms; on a page of 30 questions and 400 links (57 KB): 4 ms, extruct 100 ms.
"""

import lxml.etree
from lxml.html import HtmlElement

from extract.items import Item, Text
from extract.markup import (
    INTERESTING_TYPES,
    TEXTUAL,
    Unrendered,
    add_value,
    fold_type,
    local_name,
    render,
    top_level,
)
from extract.rdfa_walk import RDF_TYPE, rdfa_triples

_types = lxml.etree.XPath("descendant-or-self::*/@typeof")


def rdfa_items(
    tree: HtmlElement, base_url: str, *, keep_html: bool = False, everything: bool = False
) -> list[Item]:
    """Return the page's top-level RDFa items in document order; none if none is a FAQPage or a Question.

    Statements about the same subject make one item, wherever they stand. Literals are laid out only for
    FAQPage and Question items and what is below them. `everything` lifts this and the limits of
    `rdfa_triples`; `keep_html` fills `Text.html`. Values of @content are sources, not plain. Raises
    TooComplexError beyond `markup.MAX_VALUES` statements.
    """
    if not everything:
        types = {fold_type(local_name(name)) for value in _types(tree) for name in value.split()}
        if not types & INTERESTING_TYPES:
            return []
    triples = list(rdfa_triples(tree, base_url, everything=everything))
    items: dict[str, Item] = {}
    for triple in triples:
        name = triple.subject
        item = items.setdefault(name, Item((), id=None if name.startswith("_:") else name))
        if triple.predicate == RDF_TYPE:
            item.types = tuple(dict.fromkeys((*item.types, local_name(str(triple.value)))))
    for triple in triples:
        if triple.predicate != RDF_TYPE:
            name, value = local_name(triple.predicate), triple.value
            if isinstance(value, str):
                value = items.get(value) or Text(value, is_plain=True)
            elif isinstance(value, Unrendered) and value.url in items and name.casefold() not in TEXTUAL:
                value = items[value.url]
            add_value(items[triple.subject], name, value)
    found = list(items.values())
    render(found, keep_html=keep_html, everything=everything)
    return top_level(found)
