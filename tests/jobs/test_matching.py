"""Groups over all languages, from the bitexts of one connected component."""

from pipeline.core.records import GroupMember, ParallelGroup
from pipeline.jobs.matching import Edge, groups_of


def edge(a, b, score):
    """A bitext between two ids that begin with their language."""
    return Edge(a, b, a[:2], b[:2], "site.example", score)


def test_a_group_holds_a_pair_of_each_language():
    (group,) = groups_of([edge("de1", "en1", 0.9), edge("en1", "fr1", 0.95), edge("de1", "fr1", 0.8)])
    assert group == ParallelGroup(
        group_id="de1",
        site="site.example",
        n_languages=3,
        members=[GroupMember("de", "de1"), GroupMember("en", "en1"), GroupMember("fr", "fr1")],
        min_score=0.9,
    )


def test_a_bitext_that_contradicts_better_ones_joins_nothing():
    """de1 = en1 and fr1 = en2 are better than de1 = fr1, which would bring two English pairs together."""
    found = list(groups_of([edge("de1", "fr1", 0.8), edge("de1", "en1", 0.99), edge("en2", "fr1", 0.9)]))
    assert [[member.id for member in group.members] for group in found] == [["de1", "en1"], ["en2", "fr1"]]
    assert [group.min_score for group in found] == [0.99, 0.9]


def test_equal_scores_are_settled_by_ids_in_whatever_order_they_come():
    edges = [
        edge("de1", "en1", 0.9),
        edge("de1", "fr1", 0.9),
        edge("en2", "fr1", 0.9),
        edge("en1", "fr2", 0.9),
    ]
    expected = list(groups_of(edges))
    assert list(groups_of(reversed(edges))) == expected
    assert [[member.id for member in group.members] for group in expected] == [["de1", "en1", "fr1"]]


def test_what_is_left_alone_is_no_group():
    found = groups_of([edge("de1", "en1", 0.9), edge("de2", "en1", 0.8)])
    assert [group.group_id for group in found] == ["de1"]
