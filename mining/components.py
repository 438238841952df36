"""Connected components of a graph that one process can hold."""

from collections.abc import Iterable


def components(edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the smallest node of its connected component for every node that an edge names."""
    above: dict[int, int] = {}

    def root(node: int) -> int:
        while (parent := above.setdefault(node, node)) != node:
            above[node] = node = above[parent]
        return node

    for a, b in edges:
        smaller, larger = sorted((root(a), root(b)))
        above[larger] = smaller
    return {node: root(node) for node in above}
