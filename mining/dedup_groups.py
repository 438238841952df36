"""Which pairs stand for which, and which are of one template, where one process can hold them all.

`pipeline.jobs.groups` finds the same groups on Spark where it cannot.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from mining.components import components

Ends = tuple[int, int]
"""The locations of two pairs, the smaller first."""


class DistinctPair(NamedTuple):
    """A pair by the row that stands for all rows of its text."""

    id: str
    location: int
    rank: int
    template_key: int
    """0 without a template."""
    n_sightings: int


class Grouped(NamedTuple):
    """What is to be said of all rows of one id."""

    id: str
    first: int
    """Location of the row that stands for the id."""
    kept_id: str
    """Id of the pair that stands for the cluster."""
    n_sightings: int
    cluster_size: int
    """Sightings of all pairs of the cluster."""
    template_id: str | None
    template_size: int | None
    """Kept pairs of the template."""


def grouped(
    pairs: Sequence[DistinctPair],
    links: Iterable[tuple[str, str, bool]],
    *,
    similar: Callable[[Collection[Ends]], Collection[Ends]],
) -> list[Grouped]:
    """Return the groups of those pairs that are not simply kept alone.

    A link is id_a, id_b and whether the facts are the same; one whose pairs are not both given is left out.
    `similar` returns those of the given pairs whose texts, compared in full, are near-duplicates.
    """
    locations = {pair.id: pair.location for pair in pairs}
    same: set[Ends] = set()
    siblings: set[Ends] = set()
    for id_a, id_b, same_facts in links:
        if id_a in locations and id_b in locations:
            (same if same_facts else siblings).add(_ends(locations[id_a], locations[id_b]))
    kept = _kept(pairs, same, similar=similar)
    return _named(pairs, kept, _templates(pairs, siblings, kept))


def _ends(a: int, b: int) -> Ends:
    return (a, b) if a < b else (b, a)


def _kept(
    pairs: Sequence[DistinctPair],
    same: set[Ends],
    *,
    similar: Callable[[Collection[Ends]], Collection[Ends]],
) -> dict[int, int]:
    """Return the location of the pair that stands for it for every pair of a cluster.

    The smallest rank of a component stands for those members that are similar to itself: the others stay.
    """
    roots = components(same)
    ranks = {pair.location: (pair.rank, pair.location) for pair in pairs}
    first: dict[int, int] = {}
    for location, root in roots.items():
        first[root] = min(first.get(root, location), location, key=ranks.__getitem__)
    followers = {location: first[root] for location, root in roots.items() if location != first[root]}
    unknown = {_ends(*ends) for ends in followers.items()} - same
    alike = same.union(similar(unknown)) if unknown else same
    followers = {location: kept for location, kept in followers.items() if _ends(location, kept) in alike}
    return followers | {kept: kept for kept in followers.values()}


def _templates(
    pairs: Sequence[DistinctPair], siblings: Iterable[Ends], kept: Mapping[int, int]
) -> dict[int, int]:
    """Return the smallest location of its template for every kept pair that has siblings.

    Siblings are linked pairs whose facts differ, and pairs of one `template_key`.
    """
    first: dict[int, int] = {}
    for pair in pairs:
        key = pair.template_key
        first[key] = min(first.get(key, pair.location), pair.location)
    framed = ((pair.location, first[pair.template_key]) for pair in pairs if pair.template_key)
    edges = ((kept.get(a, a), kept.get(b, b)) for ends in (siblings, framed) for a, b in ends)
    return components((a, b) for a, b in edges if a != b)


def _named(
    pairs: Sequence[DistinctPair], kept: Mapping[int, int], templates: Mapping[int, int]
) -> list[Grouped]:
    concerned = [p for p in pairs if p.n_sightings > 1 or p.location in kept or p.location in templates]
    ids = {pair.location: pair.id for pair in concerned}
    cluster_sizes: Counter[int] = Counter()
    for pair in concerned:
        cluster_sizes[kept.get(pair.location, pair.location)] += pair.n_sightings
    template_sizes = Counter(templates.values())
    template_ids: dict[int, str] = {}
    for location, root in templates.items():
        template_ids[root] = min(template_ids.get(root, ids[location]), ids[location])
    rows = []
    for id, location, _, _, n_sightings in concerned:
        standing, template = kept.get(location, location), templates.get(location, -1)
        sizes = cluster_sizes[standing], template_ids.get(template), template_sizes.get(template)
        rows.append(Grouped(id, location, ids[standing], n_sightings, *sizes))
    return rows
