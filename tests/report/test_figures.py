"""What the report counts: expected numbers by hand, accumulators against naive ones."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import ConfigError
from pipeline.core.manifest import part_files, read_manifest
from pipeline.core.records import FunnelStep
from pipeline.report.figures import gather
from pipeline.report.funnel import Funnel, Passage, Rule
from pipeline.report.tables import Counts, First, HeavyHitters, Lengths


@pytest.mark.parametrize("n_parts", [1, 3])
def test_counts_of_a_small_work_folder_by_hand(tmp_path, make, sample, n_parts):
    work = make.work(tmp_path, *(sample[i::n_parts] for i in range(n_parts)))
    found = gather(work)

    assert (found.pairs.n, found.n_raw, found.pairs.n_sightings) == (6, 10, 7)
    assert found.pairs.languages.ranked() == [("eng", 3), ("ara", 1), ("fra", 1), ("spa", 1)]
    assert found.pairs.scripts.n == {"Latn": 5, "Arab": 1}
    assert found.pairs.syntaxes.n == {"jsonld": 5, "rdfa": 1}
    assert found.pairs.repairs.n == {"bom": 1}
    assert found.pairs.flags.n == {"languages_differ": 1}
    assert found.pairs.origins.ranked() == [("one.example", 5), ("two.example", 1)]
    assert found.duplicates.n == {"exact": 1, "near": 1}
    assert [row["question"] for row in found.pairs.clusters.rows()] == ["Où êtes-vous ?"]
    assert len(found.pairs.templates.rows()) == 1
    assert {row["reason"] for row in found.rejects} == {"too_short", "placeholder"}
    assert (found.scan.n_files, found.scan.n_pages, found.scan.pages.n.total()) == (1, 4, 44)


def test_the_funnel_adds_up_over_files_and_languages(tmp_path, make, sample):
    found = gather(make.work(tmp_path, sample[::2], sample[1::2])).funnel
    by_rule = [(rule.name, p.n_in, p.n_out, p.n_changed) for rule, p in found.passages()]
    assert by_rule == [("too_short", 10, 9, 2), ("placeholder", 9, 8, 1), ("duplicate", 8, 6, 0)]
    assert found.languages() == {
        "eng": Passage(5, 3),
        "fra": Passage(3, 1),
        "ara": Passage(1, 1),
        "spa": Passage(1, 1),
    }
    assert list(found.languages()) == ["eng", "fra", "ara", "spa"]
    assert list(found.faults(n_raw=10, n_pairs=6)) == []


def test_rows_of_one_rule_and_language_in_several_files_are_summed(tmp_path, make):
    part = [make.pair(), FunnelStep(0, "too_short", "eng", 7, 4, 1)]
    found = gather(make.work(tmp_path, part, [FunnelStep(0, "too_short", "eng", 3, 3, 1)])).funnel
    assert found.passages() == [(Rule(0, "too_short"), Passage(10, 7, 2))]


def test_each_break_in_the_funnel_is_named():
    first, second = Rule(0, "first"), Rule(1, "second")
    broken = Funnel({(first, "eng"): Passage(10, 8), (second, "eng"): Passage(7, 7)})
    faults = list(broken.faults(n_raw=11, n_pairs=6))
    assert faults == [
        "8 pairs leave rule first, 7 come to second.",
        "Table pairs_raw has 11 rows, 10 come to the first rule. Run `faqtory clean` again if files were "
        "extracted since.",
        "7 pairs leave the last rule, table pairs has 6.",
    ]


def test_a_language_that_a_rule_hits_unusually_hard_is_found_and_no_other():
    short, asks, blank = Rule(0, "too_short"), Rule(1, "asks"), Rule(2, "blank")
    cells = {
        (short, "zho"): Passage(100, 70),  # 30 % here, 40 of 1,150 elsewhere
        (short, "eng"): Passage(1000, 980),
        (short, "fra"): Passage(50, 40),  # 20 %, but only 10 drops
        (short, "und"): Passage(100, 90),
        (asks, "zho"): Passage(70, 63),
        (asks, "eng"): Passage(980, 882),  # the same 10 % everywhere
        (asks, "und"): Passage(90, 0),  # no language: not unusual
        (blank, "eng"): Passage(882, 794),  # 10 %
        (blank, "spa"): Passage(200, 170),  # 15 %, 30 drops: one and a half times as many
    }
    (found,) = Funnel(cells).unusual()
    assert (found.language, found.rule) == ("zho", short)
    assert (found.here, found.elsewhere) == (Passage(100, 70), Passage(1150, 1110))
    assert found.n_excess == pytest.approx(30 - 100 * 40 / 1150)


def test_similarities_are_binned_and_null_ones_left_out(tmp_path, make, sample):
    ((model, bins),) = gather(make.work(tmp_path, sample)).similarity.bins.items()
    assert model == "model@1"
    assert {i: n for i, n in enumerate(bins) if n} == {30: 2, 39: 1}  # 0.50 to 0.55; 0.95 to 1.00


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@given(st.lists(texts))
def test_lengths_are_those_of_a_naive_count(words):
    counted = Lengths()
    for i in range(0, len(words), 3):
        counted.add(pa.array(words[i : i + 3], pa.string()))
    lengths = sorted(len(word) for word in words)
    assert counted.between([0, 1, 10]) == [
        sum(n < 1 for n in lengths),
        sum(1 <= n < 10 for n in lengths),
        sum(n >= 10 for n in lengths),
    ]
    if lengths:
        assert counted.quantile(0.5) == lengths[(len(lengths) - 1) // 2]


def test_a_length_beyond_the_limit_counts_as_the_limit():
    counted = Lengths()
    counted.add(pa.array(["x" * (Lengths.MAX + 1), "x"]))
    assert counted.quantile(1.0) == Lengths.MAX
    assert counted.between([0, 2]) == [1, 1]


rows = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.uuids().map(str)), max_size=30)


@given(rows, st.integers(1, 4), st.integers(1, 7))
def test_first_rows_of_groups_do_not_depend_on_batches(made, k, step):
    first = First(k, order=[("size", "descending"), ("id", "ascending")], group="group")
    for i in range(0, len(made), step):
        names, sizes, ids = zip(*made[i : i + step], strict=True)
        first.add(pa.table({"group": list(names), "size": list(sizes), "id": list(ids)}))
    kept = {(row["group"], row["size"], row["id"]) for row in first.rows()}
    expected = set()
    for name in "abc":
        ranked = sorted((row for row in made if row[0] == name), key=lambda row: (-row[1], row[2]))
        expected |= set(ranked[:k])
    assert kept == expected


def test_first_rows_are_held_for_a_bounded_number_of_groups():
    first = First(1, order=[("size", "descending"), ("id", "ascending")], group="group", groups=2)
    for name, size in [("small", 2), ("big", 9), ("bigger", 10), ("big", 9), ("tiny", 1)]:
        first.add(pa.table({"group": [name], "size": [size], "id": [name]}))
    assert [row["group"] for row in first.rows()] == ["bigger", "big"]


def test_a_long_text_is_held_cut():
    first = First(1, order=[("id", "ascending")], max_chars=5)
    first.add(pa.table({"id": ["a"], "answer": ["日" * 1_000_000]}))
    assert first.rows() == [{"id": "a", "answer": "日" * 6}]


@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=20), max_size=10), st.integers(1, 12))
def test_heavy_hitters_are_exact_or_too_low_by_no_more_than_they_say(columns, max_names):
    counted, exact = HeavyHitters(max_names), Counter()
    for column in columns:
        counted.add(pa.array(column, pa.string()))
        exact.update(column)
        assert len(counted.n) <= max_names
    for name, n in exact.items():
        assert n - counted.max_error <= counted.n[name] <= n
    if len(exact) <= max_names:
        assert counted.n == exact


def test_lists_and_named_counts_are_added_up():
    counted = Counts()
    counted.add(pa.array([["a", "b"], [], ["a"]]))
    counted.add_counts(
        pa.array([[{"name": "a", "n": 5}], [], [{"name": "c", "n": 1}, {"name": "a", "n": 2}]])
    )
    assert counted.n == {"a": 9, "b": 1, "c": 1}


def test_a_missing_work_folder_says_what_makes_it(tmp_path):
    with pytest.raises(ConfigError, match=r"There is no folder .*none; `faqtory extract INPUT"):
        gather(str(tmp_path / "none"))


def test_a_work_folder_without_pairs_says_that_clean_must_run(tmp_path, make):
    work = make.work(tmp_path, [make.scan])
    with pytest.raises(ConfigError, match="has no table pairs; `faqtory clean --work"):
        gather(work)


def _holed(content):
    middle = len(content) // 3
    return content[:middle] + bytes(200) + content[middle + 200 :]


@pytest.mark.parametrize("damage", [None, lambda _: b"no", lambda _: b"", lambda whole: whole[:-9], _holed])
def test_a_damaged_table_is_a_clear_error(tmp_path, make, damage):
    work = make.work(tmp_path, [make.pair(question=f"{i * i}?") for i in range(200)])
    (path,) = (Path(p) for p in part_files(work, read_manifest(work, "pairs")))
    content = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(content))
    problem = "is damaged .*; make it again in a new --work folder" if damage else "does not exist"
    with pytest.raises(ConfigError, match=f"Table pairs of .* {problem}"):
        gather(work)


def test_another_schema_version_is_a_clear_error(tmp_path, make):
    work = make.work(tmp_path, [make.pair()])
    manifest = tmp_path / "tables" / "pairs" / "_manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(ConfigError, match="holds table pairs of schema version 99"):
        gather(work)
