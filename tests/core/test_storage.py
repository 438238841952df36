"""Paths as processes with other working folders need them."""

import pytest

from pipeline.core import storage


@pytest.mark.parametrize(
    ("path", "expected"),
    [("w", "{here}/w"), ("./a/../b", "{here}/b"), ("file:///x/w", "/x/w"), ("s3://b/w", "s3://b/w")],
)
def test_absolute(path, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert storage.absolute(path) == expected.format(here=tmp_path)


def test_a_folder_is_removed_with_all_that_it_holds(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("")
    (tmp_path / "other").mkdir()
    for _ in range(2):  # one that is gone is fine
        storage.delete_folder(f"{tmp_path}/a")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
