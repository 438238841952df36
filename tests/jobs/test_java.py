"""Finding a Java runtime, and the wrapper that starts it without what it lacks."""

import subprocess

import pytest

from pipeline.core.errors import ConfigError
from pipeline.jobs import java


def fake_java(folder, version):
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'#!/bin/sh\n[ "$1" = -version ] && echo \'openjdk version "{version}"\' >&2 || echo "$@"\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def arguments_that_arrive(home, *arguments):
    done = subprocess.run([home / "bin" / "java", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("version", "left"),
    [
        ("17.0.15", "-cp a b --add-opens=java.base/sun.security.action=ALL-UNNAMED x y"),
        ("25.0.2", "-cp a b x y"),
    ],
)
def test_the_wrapper_drops_what_the_runtime_lacks_and_nothing_else(tmp_path, monkeypatch, version, left):
    path = fake_java(tmp_path / "a jdk", version)
    monkeypatch.setenv("JAVA_HOME", str(path.parents[1]))
    opens = "--add-opens=java.base/sun.security.action=ALL-UNNAMED"
    given = ("-cp", "a b", "--add-modules=jdk.incubator.vector", opens, "x y")
    assert arguments_that_arrive(java.java_home(), *given) == left


def test_an_old_java_home_is_passed_over_for_the_one_on_the_path(tmp_path, monkeypatch):
    old, new = fake_java(tmp_path / "old", "11.0.2"), fake_java(tmp_path / "new", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(old.parents[1]))
    monkeypatch.setenv("PATH", f"{new.parent}:/usr/bin:/bin")
    assert str(new) in (java.java_home() / "bin" / "java").read_text()


def test_without_any_java_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setattr(java, "_candidates", lambda: iter(()))
    with pytest.raises(ConfigError, match=r"install one, or `pip install faqtory\[java\]`"):
        java.java_home()
