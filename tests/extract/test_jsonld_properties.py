"""What holds for any input: strict JSON is read unchanged, nothing raises, nothing is kept by half."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.jsonld_items import to_items
from extract.jsonld_model import JsonLdError, Limits, Repair
from extract.jsonld_repair import parse_json
from extract.jsonld_scan import scan

GOLDEN = Path(__file__).parents[1] / "golden" / "jsonld"
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXTS = st.text(CHARACTERS)
KEYS = st.text(CHARACTERS, max_size=15)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
CONTAINERS = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=5) | st.dictionaries(KEYS, v, max_size=5), max_leaves=30
).filter(lambda v: isinstance(v, dict | list))
TOKENS = [*"\"'{}[]:,;\\/<>!-*=&“”‘’ \n\t\x00\ufeff\ud83d@aqt19.", "&quot;", '"@type":']
JSON_LIKE = st.lists(st.sampled_from(TOKENS)).map("".join)
INSERTED = ["", *"\"'{}[],:;\\<>/*-&“” \n\x00a1\ud800"]


def question(name, answer, **more):
    return {"@type": "Question", "name": name, "acceptedAnswer": answer, **more}


def answer(text, **more):
    return {"@type": "Answer", **more, "text": text}


FAQ = {
    "@context": ["https://schema.org", {"@language": "en"}],
    "@graph": [
        {"@type": "WebPage", "@id": "#page", "name": "x, y", "description": 'Long "quoted", text'},
        {
            "@type": ["FAQPage", "WebPage"],
            "name": "Questions",
            "mainEntity": [
                question('A "b", c?', [answer("first"), answer("second")]),
                question("short", answer(["p1", "p2"], name="label"), text="long", answerCount=12),
                {
                    "name": "untyped",
                    "suggestedAnswer": [answer("suggested")],
                    "acceptedAnswer": {"name": "label", "text": {"@value": "val", "@language": "de"}},
                },
                question("plain", "plain \\ answer"),
                question("values", answer([{"@value": "v1"}, {"@value": "v2"}])),
                {"@type": "Question", "acceptedAnswer": answer("before"), "text": "T", "name": "after"},
            ],
            "description": "End",
        },
    ],
}


def listed(value):
    return value if isinstance(value, list) else [value]


def texts(value):
    found = (v.get("@value") if isinstance(v, dict) else v for v in listed(value))
    return tuple(v for v in found if isinstance(v, str))


def first_texts(node, *names):
    return next((texts(node[name]) for name in names if texts(node.get(name))), ())


def pairs(value):
    """Read (question, answer) pairs as a lenient consumer may, with fallbacks between properties."""
    if isinstance(value, list):
        return set().union(*map(pairs, value))
    if not isinstance(value, dict):
        return set()
    name = first_texts(value, "name", "text", "headline")
    answers = listed(value.get("acceptedAnswer", value.get("suggestedAnswer", [])))
    bodies = [
        first_texts(a, "text", "name", "description") if isinstance(a, dict) else texts(a) for a in answers
    ]
    return {(name, body) for body in bodies if name and body}.union(*map(pairs, value.values()))


def parsed(text):
    try:
        return parse_json(text)
    except JsonLdError as error:
        position = error.position
    assert 0 <= position <= len(text)
    return [], ()


@settings(deadline=None)
@given(CONTAINERS, st.sampled_from([None, 2]), st.booleans())
def test_strict_json_is_read_without_repairs(value, indent, ensure_ascii):
    assert parse_json(json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)) == ([value], ())


@settings(deadline=None)
@given(SCALARS.filter(lambda v: not isinstance(v, str) or v.lstrip()[:1] not in ("{", "[", '"')))
def test_strict_scalars_are_read_without_repairs(value):
    assert parse_json(json.dumps(value)) == ([value], ())


@settings(deadline=None)
@given(st.dictionaries(KEYS, CONTAINERS | SCALARS, min_size=1), st.sampled_from([None, 2]))
def test_the_tolerant_scanner_agrees_with_json_on_valid_text(value, indent):
    found = scan(json.dumps(value, indent=indent, ensure_ascii=False), Limits())
    assert (found.values, found.repairs) == ([value], ())


@settings(deadline=None)
@given(
    st.dictionaries(KEYS, CONTAINERS | SCALARS, min_size=1),
    st.sampled_from(["<!--|-->", "|;", "\ufeff|", "|\nend", "note:\n|", "x = |", "|}"]),
)
def test_one_deviation_around_a_valid_text_leaves_its_values_alone(value, around):
    before, after = around.split("|")
    assert parse_json(before + json.dumps(value, ensure_ascii=False) + after)[0] == [value]


@given(st.text(st.characters()) | JSON_LIKE)
@settings(max_examples=500, deadline=None)
def test_any_text_gives_values_or_the_one_error(text):
    values, _ = parsed(text)
    json.dumps(values, ensure_ascii=False).encode("utf-8")
    to_items(values)


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_mutated_blocks_never_crash(data):
    block = json.dumps(FAQ, ensure_ascii=False)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(block) - 1))
        inserted = data.draw(st.sampled_from(INSERTED))
        block = block[:at] + inserted + block[at + data.draw(st.integers(0, 1)) :]
    to_items(parsed(block)[0])


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "document", [FAQ, question("root?", answer("yes")), {"mainEntity": question("one?", answer("a, b"))}]
)
def test_a_valid_block_cut_anywhere_keeps_only_whole_pairs(document, indent):
    block = json.dumps(document, indent=indent, ensure_ascii=False)
    whole, most = pairs(document), set()
    for at in range(len(block)):
        values, repairs = parsed(block[:at])
        kept = pairs(values)
        assert kept <= whole, block[max(0, at - 60) : at]
        assert set(repairs) <= {Repair.TRUNCATED, Repair.MISSING_BRACKET}
        most |= kept
    assert most == whole


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_a_malformed_block_cut_anywhere_keeps_only_whole_pairs(path):
    block = path.read_bytes().decode("utf-8")
    whole = pairs(json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["values"])
    for at in range(len(block)):
        assert pairs(parsed(block[:at])[0]) <= whole, block[max(0, at - 60) : at]
