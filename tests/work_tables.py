"""Tables for tests of jobs: made, split over parts, cleaned and read."""

import hashlib
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from rich.console import Console

from pipeline.core.config import load_config
from pipeline.core.manifest import Commit, Shard, part_files, publish, read_manifest
from pipeline.core.parts import open_part
from pipeline.core.records import Cleaned, Duplicate, FunnelStep, Pair, PairRaw
from pipeline.jobs.run_clean import clean


def read(work, table):
    """All rows of a table, as its manifest names them."""
    return ds.dataset(part_files(str(work), read_manifest(str(work), table))).to_table()


def run_clean(work, *settings, master="local[2]"):
    """What `faqtory clean --set ...` does."""
    return clean(
        work=str(work), master=master, config=load_config(None, settings), console=Console(quiet=True)
    )


def write_pairs_raw(work, parts):
    """Make table pairs_raw of the given Arrow tables, one a part, after what stands there."""
    known = read_manifest(str(work), PairRaw.TABLE)
    commits = list(known.commits) if known else []
    for rows in parts:
        name = f"part {len(commits)}"
        shard = Shard.of(name, "test", version="", settings="")
        with open_part(str(work), PairRaw, shard.id) as part:
            for batch in rows.combine_chunks().to_batches():
                part.add_batch(batch)
        commits.append(Commit(shard, "read", {PairRaw.TABLE: rows.num_rows}))
    publish(str(work), "extract", records=[PairRaw], commits=commits)


def write_pairs(work, parts):
    """Make the tables that `clean` leaves, without cleaning: pairs of the given lists of rows, one a part."""
    commits = []
    for rows in parts:
        shard = Shard.of(f"part {len(commits)} of {len(parts)}", "test", version=_version(rows), settings="")
        with open_part(str(work), Pair, shard.id) as part:
            for row in rows:
                part.add(row)
        commits.append(Commit(shard, "read", {Pair.TABLE: len(rows)}))
    publish(str(work), "dedup", records=[Pair], commits=commits)
    for record in (Cleaned, Duplicate):
        publish(str(work), record.TABLE, records=[record], commits=[])
    languages = Counter(row.language for rows in parts for row in rows)
    shard = Shard.of("funnel", "test", version=str(sorted(languages.items())), settings="")
    with open_part(str(work), FunnelStep, shard.id) as part:
        for language, n in sorted(languages.items()):
            part.add(FunnelStep(0, "some rule", language, n + 1, n, 0))
    commit = Commit(shard, "read", {FunnelStep.TABLE: part.n_rows})
    publish(str(work), "funnel", records=[FunnelStep], commits=[commit])


def _version(rows):
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def split(rows, n_parts):
    """Deal the pages of a pairs_raw table out to parts by hash, so that copies of a pair part company."""
    part_of = {
        page: int(hashlib.sha256(page.encode()).hexdigest(), 16) % n_parts
        for page in pc.unique(rows["page_id"]).to_pylist()
    }
    places = pa.array([part_of[page] for page in rows["page_id"].to_pylist()])
    return [rows.filter(pc.equal(places, n)) for n in range(n_parts)]
