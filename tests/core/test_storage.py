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
