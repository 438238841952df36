"""Limits, error positions, and work that stays linear on input made to be slow."""

import contextlib
import json
import time

import pytest

from extract.jsonld_model import JsonLdError, Limits, Repair
from extract.jsonld_repair import parse_json
from extract.jsonld_scan import scan

WIDE = Limits(max_chars=1 << 30, max_values=1 << 30)
UNITS = [
    '{"a":', "{", "[", "[{", "}", "]", '"', '{"', "'", "“", "`", ",", ";", ":", '",', '", ', '"]', '"}',
    '" //"\n', '"   ', '",\n', ',\n"a":', '\n"a":"', "<!--", "-->", '<!--{"-->', "/*", "//", "<![CDATA[",
    '\\"', "\\", "\\n", '{\\"', "{&quot;", "&quot;", "<b>", '"<b>', '="', "a b ", "a", "1", '"x",',
    '"a":"b",', "{}", "[]", "{},", '{"@type":"A"},', " ", "\n", "\u00a0", "\ufeff",
    '\n}\n"a":', '{"a":"x"},}', '"a" ', "a:", "a='", "\x00",
]  # fmt: skip
OPENINGS = ["", '{"a":"', '{"a":', "[", '["', "{'a':'", "{“a”:“", '{"a":"x",,', '[{"a":{"b":[']


def error_of(text, limits=None):
    with pytest.raises(JsonLdError) as caught:
        parse_json(text, limits=limits)
    return caught.value


@pytest.mark.parametrize("unit", UNITS)
def test_no_token_is_read_twice(unit):
    for opening in OPENINGS:
        text = opening + (unit * 5_000)[:5_000]
        try:
            found = scan(text, WIDE)
        except JsonLdError:
            continue
        assert found.n_steps <= 2 * len(text)


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length_only(unit):
    """A quadratic step makes 4 times the text 16 times as slow; the fixed share is for a busy machine."""
    for opening in OPENINGS:
        seconds = []
        for n_chars in (10_000, 40_000):
            text = opening + (unit * n_chars)[:n_chars]
            began = time.process_time()
            with contextlib.suppress(JsonLdError):
                parse_json(text, limits=WIDE)
            seconds.append(time.process_time() - began)
        assert seconds[1] <= 9 * seconds[0] + 0.2, opening


@pytest.mark.parametrize("unit", ['{"a":', '"', "[", '"x", ', '{"@type":"A"},', "<!--", '" //"\n', "&quot;"])
def test_five_megabytes_end_within_seconds(unit):
    limits = Limits()
    began = time.process_time()
    with contextlib.suppress(JsonLdError):
        parse_json((unit * limits.max_chars)[: limits.max_chars])
    assert time.process_time() - began < 30


def test_block_size_is_limited():
    assert error_of('{"a": "%s"}' % ("x" * 100), Limits(max_chars=50)).position == 50


@pytest.mark.parametrize("n_closed", [0, 100])
def test_depth_is_limited_in_valid_and_broken_blocks(n_closed):
    error = error_of('{"a":' * 100 + "1" + "}" * n_closed)
    assert "nested deeper than 64" in str(error)
    value = parse_json('{"a":' * 64 + "1" + "}" * 64)[0][0]
    for _ in range(64):
        value = value["a"]
    assert value == 1


def test_deep_recursion_is_an_error_like_any_other():
    assert "nested deeper" in str(error_of("[" * 200_000 + "]" * 200_000))


@pytest.mark.parametrize("end", ["]", ",]"])
def test_number_of_values_is_limited_in_valid_and_broken_blocks(end):
    text = "[" + ",".join(["1"] * 1000) + end
    assert "more than 999 values" in str(error_of(text, Limits(max_values=999)))
    assert len(parse_json(text, limits=Limits(max_values=1001))[0][0]) == 1000


@pytest.mark.parametrize("digits", [4000, 5000, 100_000])
def test_huge_integers_do_not_raise(digits):
    for end, expected in (("}", ()), (",}", (Repair.TRAILING_COMMA,))):
        (value,), repairs = parse_json('{"n": ' + "9" * digits + end)
        assert value["n"] > 1e300
        assert repairs == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "no JSON object or array"),
        ("   \n", 4, "no JSON object or array"),
        ("  see below", 2, "'see below'"),
        ("<!-- soon -->", 13, "no JSON object or array"),
        ("{{ schema }}", 12, "no JSON object or array"),
        ('{"@type": "Question", "name": "What is', 38, "cut off"),
    ],
)
def test_errors_tell_what_and_where(text, position, reason):
    error = error_of(text)
    assert (error.position, reason in str(error)) == (position, True)
    assert f"character {position}" in str(error)


def test_positions_refer_to_the_text_as_given():
    nested = "<!-- x -->{&quot;a&quot;:" + "{&quot;a&quot;:" * 99
    assert error_of(nested).position == len("<!-- x -->") + 65 * len("{&quot;a&quot;:") - len(
        "&quot;a&quot;:"
    )
    slashed = '{\\"a\\":' * 100
    assert error_of(slashed).position == 64 * len('{\\"a\\":') + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{"a": "x\ud83dy"}', "x\ufffdy"),
        (r'{"a": "\ud83d\ude00"}', "😀"),
        (r'{"a": "\ude00\ud83d",}', "\ufffd\ufffd"),
        (r'{"a": "\ud83d\ude00",}', "😀"),
        ('{"a": "x\ud83dy"}', "x\ufffdy"),
        (r'{"a": "x\u0000y"}', "xy"),
        ('{"a": "x\x00y"}', "xy"),
    ],
)
def test_strings_can_be_stored(text, expected):
    (value,), _ = parse_json(text)
    assert value == {"a": expected}


def test_keys_can_be_stored():
    assert parse_json(r'{"\ud83d\u0000": 1}')[0] == [{"\ufffd": 1}]


def test_last_of_repeated_keys_counts_as_in_json():
    text = '{"a": 1, "a": 2}'
    assert parse_json(text)[0] == [json.loads(text)]
    assert parse_json(text + ";") == ([{"a": 2}], (Repair.TRAILING_SEMICOLON,))


def test_strings_that_only_look_like_json_stay_strings():
    assert parse_json('"{ see below }"') == (["{ see below }"], ())
