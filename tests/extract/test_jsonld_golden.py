"""Malformed blocks as they are met on the web, each with the repairs and the values it must give."""

import json
from pathlib import Path

import pytest

from extract.jsonld_repair import Repair, parse_json

GOLDEN = Path(__file__).parents[1] / "golden" / "jsonld"
CASES = sorted(path.stem for path in GOLDEN.glob("*.txt"))


def read(name):
    block = (GOLDEN / f"{name}.txt").read_bytes().decode("utf-8")
    return block, json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_block_gives_the_values_and_names_the_repairs(name):
    block, expected = read(name)
    values, repairs = parse_json(block)
    assert values == expected["values"]
    assert list(repairs) == expected["repairs"]


def test_every_repair_has_two_cases_of_its_own():
    alone = [read(name)[1]["repairs"] for name in CASES]
    for repair in Repair:
        assert sum(repair in repairs and len(repairs) <= 2 for repairs in alone) >= 2, repair


@pytest.mark.parametrize("name", CASES)
def test_a_sound_object_before_the_block_changes_nothing(name):
    """Repairs are local, and whatever follows a sound object leaves its text alone."""
    block, expected = read(name)
    if any(repair in expected["repairs"] for repair in ("truncated", "html_escaped", "double_encoded")):
        pytest.skip("open at its end, or escaped as a whole")
    sound = {"@type": "Thing", "name": 'It\'s "x", "y": {z}; // <!-- “w” &quot;'}
    values, _ = parse_json(json.dumps(sound, ensure_ascii=False) + "\n" + block)
    assert values[0] == sound
    assert values[1:] == expected["values"]
