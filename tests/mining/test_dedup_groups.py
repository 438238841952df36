"""Clusters and templates, by hand."""

from mining.components import components
from mining.dedup_groups import DistinctPair, grouped


def pair(id, location, rank=0, *, template_key=0, n_sightings=1):
    return DistinctPair(id, location, rank, template_key, n_sightings)


def by_id(pairs, links, similar=lambda _: []):
    return {row.id: row[2:] for row in grouped(pairs, links, similar=similar)}


def test_a_pair_without_relations_is_in_no_group():
    assert by_id([pair("a", 1), pair("b", 2)], []) == {}


def test_copies_alone():
    assert by_id([pair("a", 1, n_sightings=3)], []) == {"a": ("a", 3, 3, None, None)}


def test_the_smallest_rank_stands_for_a_cluster_and_counts_all_sightings():
    pairs = [pair("a", 1, rank=9, n_sightings=2), pair("b", 2, rank=5), pair("c", 3, rank=7)]
    found = by_id(pairs, [("a", "b", True), ("b", "c", True)])
    assert found == {
        "a": ("b", 2, 4, None, None),
        "b": ("b", 1, 4, None, None),
        "c": ("b", 1, 4, None, None),
    }


def test_of_equal_ranks_the_first_location_stands():
    found = by_id([pair("a", 8, rank=5), pair("b", 3, rank=5)], [("a", "b", True)])
    assert {kept for kept, *_ in found.values()} == {"b"}


def test_who_is_not_similar_to_the_kept_pair_itself_stays():
    chain = [pair("a", 1, rank=1), pair("b", 2, rank=2), pair("c", 3, rank=3)]
    links = [("a", "b", True), ("b", "c", True)]
    asked = []

    def similar(unknown):
        asked.extend(unknown)
        return []

    found = by_id(chain, links, similar)
    assert asked == [(1, 3)]
    assert found == {"a": ("a", 1, 2, None, None), "b": ("a", 1, 2, None, None)}
    assert by_id(chain, links, lambda unknown: unknown)["c"] == ("a", 1, 3, None, None)


def test_siblings_of_other_facts_make_a_template_of_kept_pairs():
    pairs = [pair("d", 1, rank=1), pair("b", 2, rank=2), pair("c", 3, rank=3)]
    found = by_id(pairs, [("d", "b", True), ("b", "c", False)])
    assert found == {
        "d": ("d", 1, 2, "c", 2),
        "b": ("d", 1, 2, None, None),
        "c": ("c", 1, 1, "c", 2),
    }


def test_pairs_of_one_template_key_are_siblings_and_zero_is_no_key():
    pairs = [pair("a", 1, template_key=7), pair("b", 2, template_key=7), pair("c", 3), pair("d", 4)]
    assert by_id(pairs, []) == {"a": ("a", 1, 1, "a", 2), "b": ("b", 1, 1, "a", 2)}


def test_a_link_to_a_pair_that_is_gone_is_left_out():
    assert by_id([pair("a", 1)], [("a", "gone", True), ("gone", "a", False)]) == {}


def test_components_name_the_smallest_node():
    assert components([(5, 4), (9, 8), (4, 2), (8, 8)]) == {5: 2, 4: 2, 2: 2, 9: 8, 8: 8}
