"""The commit protocol: what is finished is never lost, and readers see only what a manifest names."""

import json

import pytest

from pipeline.core import storage
from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.manifest import (
    Commit,
    Manifest,
    Shard,
    part_path,
    publish,
    read_commits,
    read_manifest,
    table_names,
    write_commit,
)
from pipeline.core.records import Page, PairRaw


def commit(path, n=1, version="1:1", settings="s"):
    shard = Shard.of(path, "warc", version=version, settings=settings)
    return Commit(shard, "read", {"pages": n, "pairs_raw": 2 * n})


def test_shard_id_follows_from_everything_its_output_depends_on():
    base = {"version": "1", "settings": "s"}
    ids = {
        Shard.of("a", "warc", **base).id,
        Shard.of("b", "warc", **base).id,
        Shard.of("a", "owi", **base).id,
        Shard.of("a", "warc", **base | {"version": "2"}).id,
        Shard.of("a", "warc", **base | {"settings": "t"}).id,
    }
    assert len(ids) == 5
    assert Shard.of("a", "warc", **base).id in ids


def test_publish_writes_manifests_and_removes_what_they_replace(tmp_path):
    work = str(tmp_path)
    first, second = commit("a", 1), commit("b", 2)
    for c in (first, second):
        write_commit(work, "extract", c)
        for table in ("pages", "pairs_raw"):
            storage.write_bytes(part_path(work, table, c.shard.id), b"data")
    stray = part_path(work, "pages", "0" * 16)
    storage.write_bytes(stray, b"left by a run with other settings")
    assert read_commits(work, "extract") == sorted([first, second], key=lambda c: c.shard.id)

    publish(work, "extract", records=(Page, PairRaw), commits=[second, first])

    assert table_names(work) == ["pages", "pairs_raw"]
    pages, pairs = read_manifest(work, "pages"), read_manifest(work, "pairs_raw")
    assert (pages.n_rows, pairs.n_rows) == (3, 6)
    assert pages.commits == [first, second]
    assert pages.files == [f"part-{first.shard.id}.parquet", f"part-{second.shard.id}.parquet"]
    assert read_commits(work, "extract") == []
    assert not storage.exists(stray)
    assert pages.key != pairs.key


def test_key_depends_on_the_shards_not_on_their_order():
    a, b = commit("a"), commit("b")
    assert Manifest.of(Page, "extract", [a, b]) == Manifest.of(Page, "extract", [b, a])
    assert Manifest.of(Page, "extract", [a]).key != Manifest.of(Page, "extract", [a, b]).key


def test_a_foreign_manifest_is_a_clear_error(tmp_path):
    folder = tmp_path / "tables" / "pages"
    folder.mkdir(parents=True)
    (folder / "_manifest.json").write_text(json.dumps({"table": "pages"}))
    with pytest.raises(ConfigError, match="is not a manifest of this version"):
        read_manifest(str(tmp_path), "pages")


def test_write_is_all_or_nothing(tmp_path):
    path = str(tmp_path / "x" / "file")
    with pytest.raises(RuntimeError), storage.open_write(path) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert list((tmp_path / "x").iterdir()) == []
    storage.write_bytes(path, b"old")
    with pytest.raises(RuntimeError), storage.open_write(path) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert storage.read_bytes(path) == b"old"


def test_one_writer_at_a_time(tmp_path):
    with storage.exclusive(str(tmp_path)):
        with pytest.raises(TransientError, match="Another run is writing"), storage.exclusive(str(tmp_path)):
            pass
    with storage.exclusive(str(tmp_path)):
        pass


def test_object_store_writes_appear_on_close():
    with pytest.raises(RuntimeError), storage.open_write("memory://bucket/half") as stream:
        stream.write(b"half")
        raise RuntimeError
    assert not storage.exists("memory://bucket/half")
    storage.write_bytes("memory://bucket/folder/whole", b"whole")
    assert storage.read_bytes("memory://bucket/folder/whole") == b"whole"
    assert storage.list_files("memory://bucket/folder") == ["whole"]
    assert storage.list_files("memory://bucket/none") == []
