"""What became of a raw pair: every decision of cleaning and deduplication, read from the tables."""

from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.core import storage
from pipeline.core.manifest import part_files, read_manifest
from pipeline.core.records import Cleaned, Duplicate, Pair

_PLACE = ("page_id", "position", "answer_index")


def cleaned_rows(work: str, condition: pc.Expression) -> list[dict[str, Any]]:
    """Return the rows of `cleaned` that the condition holds for; none where the table does not exist."""
    return _rows(work, Cleaned.TABLE, condition)


def fate(pair: dict[str, Any], work: str) -> Iterator[str]:
    """Yield the decisions on a row of `pairs_raw`, one sentence each; nothing where it is not cleaned yet."""
    same_place = [pc.field(name) == pair[name] for name in _PLACE]
    rows = cleaned_rows(work, _all([pc.field("raw_id") == pair["id"], *same_place]))
    if not rows:
        return
    row = rows[0]
    changes = ", ".join(row["changes"]) or "nothing"
    yield f"cleaning changed {changes}; id {row['id']}"
    if row["dropped_by"]:
        yield f"dropped by {row['dropped_by']}"
        return
    flags = f"; flags: {', '.join(row['flags'])}" if row["flags"] else ""
    yield (
        f"language {row['language']} in script {row['script']}, score {row['language_score']:.2f}, "
        f"decided by {row['language_source']}{flags}"
    )
    yield from _after_cleaning(row, same_place, work)


def _after_cleaning(row: dict[str, Any], same_place: list[pc.Expression], work: str) -> Iterator[str]:
    doubles = _rows(work, Duplicate.TABLE, _all([pc.field("id") == row["id"], *same_place]))
    kept = _rows(work, Pair.TABLE, pc.field("id") == row["id"])
    if doubles:
        yield f"{doubles[0]['kind']} duplicate: {doubles[0]['kept_id']} stands for it"
    elif kept:
        found = kept[0]
        n_all, n_same = found["cluster_size"], found["n_sightings"]
        if n_all > 1:
            yield f"kept: it stands for {n_all} raw pairs, {n_same} of them of the same text"
        else:
            yield "kept: no other pair is like it"
        if found["template_id"]:
            yield f"one of {found['template_size']} siblings of template {found['template_id']}"
    elif _is_deduplicated(work):
        yield "dropped as boilerplate: its answer stands on many sites"
    else:
        yield "not compared with others yet: run `faqtory clean` again"


def _is_deduplicated(work: str) -> bool:
    """Tell whether `pairs` was made from all the parts that `cleaned` has now."""
    cleaned, pairs = read_manifest(work, Cleaned.TABLE), read_manifest(work, Pair.TABLE)
    made_from = {storage.join("tables", Cleaned.TABLE, name) for name in (cleaned.files if cleaned else ())}
    return pairs is not None and {commit.shard.input for commit in pairs.commits} == made_from


def _all(conditions: list[pc.Expression]) -> pc.Expression:
    whole = conditions[0]
    for condition in conditions[1:]:
        whole &= condition
    return whole


def _rows(work: str, table: str, condition: pc.Expression) -> list[dict[str, Any]]:
    manifest = read_manifest(work, table)
    if manifest is None:
        return []
    rows: list[dict[str, Any]] = ds.dataset(part_files(work, manifest)).to_table(filter=condition).to_pylist()
    return rows
