"""JSON-LD semantics: names, references, languages, wrappers."""

import pytest

from extract.items import Item, Text
from extract.jsonld_items import Graph, to_items

CONTEXT = "https://schema.org"


def only(value):
    (item,) = to_items([value])
    return item


def contents(item, name):
    return [value.content for value in item.values(name)]


@pytest.mark.parametrize(
    "written",
    [
        "FAQPage", " FAQPage ", "https://schema.org/FAQPage", "http://schema.org/FAQPage",
        "http://www.schema.org/FAQPage", "https://schema.org/FAQPage/", "http://schema.org#FAQPage",
        "https://schema.org/#FAQPage", "//schema.org/FAQPage", "schema.org/FAQPage", "HTTPS://Schema.org/FAQPage",
        "https://pending.schema.org/FAQPage", "schema:FAQPage",
    ],
)  # fmt: skip
def test_schema_org_namespace_is_cut_off_types(written):
    assert only({"@context": CONTEXT, "@type": written}).types == ("FAQPage",)


@pytest.mark.parametrize(
    "written", ["FAQpage", "Faq Page", "foaf:Person", "http://xmlns.com/foaf/0.1/Person"]
)
def test_other_types_stay_as_written(written):
    assert only({"@type": written}).types == (written,)


def test_types_may_be_several_or_bare():
    assert only({"@type": ["WebPage", "schema:FAQPage", "WebPage", 3]}).types == ("WebPage", "FAQPage")
    assert only({"type": "FAQPage", "id": "#faq"}).types == ("FAQPage",)
    assert only({"type": "FAQPage", "id": "#faq"}).id == "#faq"
    assert only({"@Type": "FAQPage"}).types == ("FAQPage",)
    item = only({"@type": "Offer", "type": "x", "id": 7})
    assert (item.types, contents(item, "type"), contents(item, "id")) == (("Offer",), ["x"], ["7"])


def test_declared_prefixes_and_aliases_are_resolved():
    item = only(
        {
            "@context": {
                "s": "http://schema.org/",
                "o": "http://example.org/",
                "Frage": "s:Question",
                "titel": {"@id": "s:name"},
                "art": "@type",
                "kennung": "@id",
            },
            "art": "Frage",
            "kennung": "#q",
            "titel": "Wie?",
            "s:text": "x",
            "http://schema.org/url": "u",
            "o:other": "y",
        }
    )
    assert (item.types, item.id) == (("Question",), "#q")
    assert {name: contents(item, name) for name in item.properties} == {
        "name": ["Wie?"], "text": ["x"], "url": ["u"], "o:other": ["y"],
    }  # fmt: skip


def test_contexts_hold_within_their_node_only():
    outer = only(
        {
            "@context": {"s": CONTEXT + "/"},
            "a": {"@context": {"s": "http://x.org/"}, "@type": "s:Q"},
            "b": {"@type": "s:Q"},
        }
    )
    assert outer.values("a")[0].types == ("s:Q",)
    assert outer.values("b")[0].types == ("Q",)


def test_alias_circles_end():
    assert only({"@context": {"a": "b", "b": "a", "c": "c:c"}, "a": "x", "c:d": "y"}).properties.keys() == {
        "a",
        "c:d",
    }


def test_literals_keep_order_and_source():
    item = only(
        {"@type": "Question", "name": ["A &amp; <b>b</b>", None, "c"], "n": [1, 4.5, True, 1e999], "x": None}
    )
    assert item.properties == {
        "name": [Text("A &amp; <b>b</b>"), Text("c")],
        "n": [Text("1"), Text("4.5"), Text("true")],
    }


def test_languages_come_from_value_objects_terms_and_contexts():
    item = only(
        {
            "@context": [CONTEXT, {"@language": "en", "de": {"@id": "schema:name", "@language": "de"}}],
            "text": "x",
            "n": 1,
            "value": {"@value": "y", "@language": "fr"},
            "bare": {"@value": "z"},
            "de": "w",
            "none": {"@context": {"@language": None}, "text": "v"},
        }
    )
    assert item.values("text") == [Text("x", "en")]
    assert item.values("n") == [Text("1")]
    assert item.values("value") == [Text("y", "fr")]
    assert item.values("bare") == [Text("z")]
    assert item.values("name") == [Text("w", "de")]
    assert item.values("none")[0].values("text") == [Text("v")]


def test_language_maps_need_a_context_that_says_so():
    names = {"en": "What?", "de": ["Was?", None], "@none": "?"}
    mapped = only({"@context": {"name": {"@id": "schema:name", "@container": "@language"}}, "name": names})
    assert mapped.values("name") == [Text("What?", "en"), Text("Was?", "de"), Text("?")]
    assert isinstance(only({"name": names}).values("name")[0], Item)


def test_lists_sets_and_nested_arrays_are_unwrapped():
    item = only(
        {"a": {"@list": ["x", {"@set": ["y"]}]}, "b": [["z"], [[{"@value": 1}]]], "c": {"@value": None}}
    )
    assert contents(item, "a") == ["x", "y"]
    assert contents(item, "b") == ["z", "1"]
    assert "c" not in item.properties


def test_graph_members_are_top_level_at_any_depth():
    items = to_items(
        [
            {
                "@context": CONTEXT,
                "@graph": [{"@type": "A"}, [{"@graph": [{"@type": "B"}]}], {"@id": "#only-a-reference"}],
            },
            {"@type": "C", "@id": "#c", "@included": {"@type": "D"}, "@reverse": {"about": {"@type": "E"}}},
            [{"@type": "F", "p": {"@graph": {"@type": "G"}}}],
            "text",
            3,
            None,
            {},
        ]
    )
    assert [item.types for item in items] == [("A",), ("B",), ("C",), ("D",), ("F",), ("G",)]


def test_references_lead_to_the_defining_node_before_or_after_it():
    page, question, answer = to_items(
        [
            {"@type": "FAQPage", "@id": "#faq", "mainEntity": [{"@id": "#q1"}, {"@id": "_:b"}]},
            {
                "@type": "Question",
                "@id": "#q1",
                "name": "Q?",
                "isPartOf": {"@id": "#faq"},
                "acceptedAnswer": {"@id": "#a"},
            },
            {"@type": "Answer", "@id": "#a", "text": "A."},
        ]
    )
    first, dangling = page.values("mainEntity")
    assert first is question
    assert question.values("acceptedAnswer") == [answer]
    assert question.values("isPartOf")[0] is page
    assert (dangling.id, dangling.types, dangling.properties) == ("_:b", (), {})


def test_strings_are_references_where_the_context_says_so():
    page, question = to_items(
        [
            {
                "@context": {"mainEntity": {"@id": "schema:mainEntity", "@type": "@id"}},
                "@type": "FAQPage",
                "mainEntity": "#q",
            },
            {"@type": "Question", "@id": "#q"},
        ]
    )
    assert page.values("mainEntity") == [question]


def test_definitions_of_one_node_are_merged():
    (item,) = to_items(
        [
            {"@id": "#faq", "@type": "WebPage", "name": "FAQ", "mainEntity": {"@id": "#q1"}},
            {
                "@id": "#faq",
                "@type": ["FAQPage", "WebPage"],
                "name": "FAQ",
                "mainEntity": [{"@id": "#q1"}, {"@id": "#q2"}],
            },
        ]
    )
    assert item.types == ("WebPage", "FAQPage")
    assert contents(item, "name") == ["FAQ"]
    assert [v.id for v in item.values("mainEntity")] == ["#q1", "#q2"]


def test_nodes_that_only_share_an_id_by_mistake_stay_apart():
    first, second = to_items(
        [
            {"@id": "#q", "@type": "Question", "name": "One?"},
            {"@id": "#q", "@type": "Question", "name": "Two?"},
        ]
    )
    assert (contents(first, "name"), contents(second, "name")) == (["One?"], ["Two?"])


def test_blank_ids_hold_within_a_block_and_others_on_the_page():
    graph = Graph()
    (page,) = graph.add([{"@type": "FAQPage", "mainEntity": [{"@id": "_:q"}, {"@id": "#q"}]}, {"@id": "_:q"}])
    blank, shared = graph.add([{"@type": "Question", "@id": "_:q"}, {"@type": "Question", "@id": "#q"}])
    graph.finish()
    assert [v.types for v in page.values("mainEntity")] == [(), ("Question",)]
    assert page.values("mainEntity")[1] is shared
    assert blank.types == ("Question",)


def test_circles_of_definitions_end():
    first = only(
        {"@id": "#a", "@type": "A", "p": {"@id": "#b", "@type": "B", "p": {"@id": "#a", "@type": "A"}}}
    )
    assert first.values("p")[0].values("p")[0] is first


def test_values_beyond_the_depth_limit_are_left_out():
    value = {"@type": "Deepest"}
    for _ in range(5000):
        value = {"@type": "A", "p": [value]}
    n_levels, (item,) = 0, to_items([value])
    while item.values("p"):
        n_levels, item = n_levels + 1, item.values("p")[0]
    assert 20 <= n_levels <= 64
