"""The commit protocol: a table consists of exactly the files that its manifest names.

A stage works shard by shard. A finished shard first has its data files, then a commit record; when all are
finished the manifests take the commit records over, and these go. So a kill at any moment loses at most the
shards in flight, and a rerun finds what is done either in the manifest or in a commit record.

    DIR/tables/NAME/part-SHARD.parquet    one file a shard
    DIR/tables/NAME/_manifest.json        written last, atomically
    DIR/commits/STAGE/SHARD.json          a finished shard that no manifest names yet
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.core import storage
from pipeline.core.errors import ConfigError
from pipeline.core.ids import key_of
from pipeline.core.table import Record


@dataclass(frozen=True, slots=True)
class Shard:
    """One unit of work of a stage and its identity: it is redone when any part of it changes."""

    id: str
    input: str
    """Path or URL of the input file."""
    format: str
    version: str
    """What tells a changed file of the same name: size and time, ETag, or empty for immutable archives."""
    settings: str
    """Key of the stage, its version and its configuration."""

    @staticmethod
    def of(path: str, format: str, *, version: str, settings: str) -> "Shard":
        """Make a shard whose id follows from everything its output depends on."""
        shard_id = key_of(input=path, format=format, version=version, settings=settings)
        return Shard(shard_id, path, format, version, settings)


@dataclass(frozen=True, slots=True)
class Commit:
    """A finished shard and the number of rows it has in each table."""

    shard: Shard
    outcome: str
    """ShardOutcome."""
    rows: dict[str, int]

    def to_json(self) -> str:
        """Return the commit as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str | bytes) -> "Commit":
        """Read what `to_json` wrote."""
        return Commit.from_tree(json.loads(text))

    @staticmethod
    def from_tree(tree: dict[str, Any]) -> "Commit":
        """Read the JSON object of a commit."""
        return Commit(Shard(**tree["shard"]), tree["outcome"], tree["rows"])


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a table consists of."""

    table: str
    schema_version: int
    stage: str
    key: str
    n_rows: int
    files: list[str]
    """Parquet files, relative to the table's folder."""
    commits: list[Commit]

    @staticmethod
    def of(record: type[Record], stage: str, commits: Iterable[Commit]) -> "Manifest":
        """Describe one table of the given shards; the key follows from their ids."""
        ordered = sorted(commits, key=lambda c: (c.shard.input, c.shard.id))
        rows = {c.shard.id: c.rows[record.TABLE] for c in ordered}
        return Manifest(
            table=record.TABLE,
            schema_version=record.SCHEMA_VERSION,
            stage=stage,
            key=key_of(table=record.TABLE, schema=record.SCHEMA_VERSION, shards=sorted(rows)),
            n_rows=sum(rows.values()),
            files=[part_name(shard_id) for shard_id in rows],
            commits=ordered,
        )


def part_name(shard_id: str) -> str:
    """Return the name of a shard's file in a table's folder."""
    return f"part-{shard_id}.parquet"


def part_path(work: str, table: str, shard_id: str) -> str:
    """Return the path of a shard's file."""
    return storage.join(table_folder(work, table), part_name(shard_id))


def table_folder(work: str, table: str) -> str:
    """Return the folder of a table."""
    return storage.join(work, "tables", table)


def write_manifest(work: str, manifest: Manifest) -> None:
    """Publish a table's new state."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    storage.write_bytes(storage.join(table_folder(work, manifest.table), "_manifest.json"), text.encode())


def read_manifest(work: str, table: str) -> Manifest | None:
    """Return the table's manifest; None where the table does not exist.

    Raises ConfigError where the file is not a manifest of this version's form.
    """
    path = storage.join(table_folder(work, table), "_manifest.json")
    if not storage.exists(path):
        return None
    try:
        tree = json.loads(storage.read_bytes(path))
        commits = [Commit.from_tree(c) for c in tree.pop("commits")]
        return Manifest(**tree, commits=commits)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path} is not a manifest of this version ({error}); use a new --work folder."
        ) from None


def n_rows(work: str, table: str) -> int:
    """Return the number of rows of a table that is known to exist."""
    manifest = read_manifest(work, table)
    assert manifest is not None, f"{work} has no table {table}"
    return manifest.n_rows


def table_names(work: str) -> list[str]:
    """Return the tables that have a manifest, in alphabetical order."""
    fs, inner = storage.filesystem(storage.join(work, "tables"))
    if not fs.isdir(inner):
        return []
    folders = sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in fs.ls(inner, detail=False))
    return [
        name for name in folders if storage.exists(storage.join(table_folder(work, name), "_manifest.json"))
    ]


def part_files(work: str, manifest: Manifest) -> list[str]:
    """Return the paths of a table's Parquet files."""
    return [storage.join(table_folder(work, manifest.table), name) for name in manifest.files]


def commit_folder(work: str, stage: str) -> str:
    """Return the folder of a stage's commit records."""
    return storage.join(work, "commits", stage)


def write_commit(work: str, stage: str, commit: Commit) -> None:
    """Record that a shard is finished; its data files must be in place."""
    path = storage.join(commit_folder(work, stage), f"{commit.shard.id}.json")
    storage.write_bytes(path, commit.to_json().encode())


def read_commits(work: str, stage: str) -> list[Commit]:
    """Return the finished shards that no manifest names yet."""
    folder = commit_folder(work, stage)
    names = [name for name in storage.list_files(folder) if name.endswith(".json")]
    with ThreadPoolExecutor(max_workers=32) as pool:
        return [
            Commit.from_json(text)
            for text in pool.map(lambda n: storage.read_bytes(storage.join(folder, n)), names)
        ]


def publish(work: str, stage: str, *, records: Iterable[type[Record]], commits: Iterable[Commit]) -> None:
    """Write the stage's manifests, then remove commit records and replaced files."""
    commits = list(commits)
    manifests = [Manifest.of(record, stage, commits) for record in records]
    for manifest in manifests:
        write_manifest(work, manifest)
    for name in storage.list_files(commit_folder(work, stage)):
        storage.delete(storage.join(commit_folder(work, stage), name))
    for manifest in manifests:
        _remove_strangers(work, manifest)


def _remove_strangers(work: str, manifest: Manifest) -> None:
    folder = table_folder(work, manifest.table)
    for name in sorted(set(storage.list_files(folder)) - {*manifest.files, "_manifest.json"}):
        storage.delete(storage.join(folder, name))
