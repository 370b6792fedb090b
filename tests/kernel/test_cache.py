"""The disk cache: only ours, only whole, and never a reason to fail."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import objc
from objc import cache

TEXT = "loss cached(a: real | b: real) = (a - b)^2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path / "cache"
    monkeypatch.setenv("OBJC_CACHE_DIR", str(base))
    return base


def entries(base: Path) -> list[Path]:
    return sorted(base.rglob("*.entry"))


def test_entries_come_back(folder: Path) -> None:
    assert cache.read("tests", "one") is None
    cache.write("tests", "one", b"content\nwith lines")
    assert cache.read("tests", "one") == b"content\nwith lines"
    assert cache.read("tests", "two") is None and cache.read("others", "one") is None
    made = cache.directory("tests")
    assert made is not None and made.is_relative_to(folder)
    assert made.parent.name == cache.fingerprint()
    for path in (folder, made, made.parent):
        assert path.stat().st_mode & 0o777 == 0o700


def test_damaged_entries_are_absent(folder: Path) -> None:
    cache.write("tests", "one", b"content")
    cache.write("tests", "two", b"content")
    first, second = entries(folder)
    whole = first.read_bytes()
    for broken in (b"", whole[:-1], whole + b"x", b"content", whole.replace(b"cont", b"Cont")):
        first.write_bytes(broken)
        assert cache.read("tests", "one") is None
    first.write_bytes(second.read_bytes())  # whole, but of another key
    assert cache.read("tests", "one") is None
    first.unlink()
    first.symlink_to(second)
    assert cache.read("tests", "one") is None
    cache.write("tests", "one", b"new")
    assert cache.read("tests", "one") == b"new" and cache.read("tests", "two") == b"content"


def test_entries_that_others_may_write_are_absent(folder: Path) -> None:
    cache.write("tests", "one", b"content")
    entries(folder)[0].chmod(0o666)
    assert cache.read("tests", "one") is None


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    with pytest.warns(cache.CacheWarning, match="others may write to it"):
        assert cache.directory("tests") is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it warns once
        cache.write("tests", "one", b"content")
        assert cache.read("tests", "one") is None
        assert objc.compile(TEXT, target="numpy").cached([1.0], [0.0]) == 1.0
    assert not entries(folder)


def test_a_folder_below_that_others_may_write_is_refused(folder: Path) -> None:
    below = folder / cache.fingerprint()
    below.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    below.chmod(0o777)
    with pytest.warns(cache.CacheWarning):
        assert cache.directory("tests") is None


def test_a_link_in_the_cache_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(mode=0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (folder / cache.fingerprint()).symlink_to(elsewhere)
    with pytest.warns(cache.CacheWarning, match="something else"):
        assert cache.directory("tests") is None


def test_a_folder_anyone_could_replace_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o777)
    monkeypatch.setenv("OBJC_CACHE_DIR", str(above / "cache"))
    with pytest.warns(cache.CacheWarning, match="anyone may write to"):
        assert cache.directory("tests") is None


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    with pytest.warns(cache.CacheWarning, match="another user"):
        assert cache.directory("tests") is None


def test_no_place_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setenv("OBJC_CACHE_DIR", str(occupied / "cache"))
    assert cache.directory("tests") is None
    cache.write("tests", "one", b"content")
    assert cache.read("tests", "one") is None


def test_pruning_drops_the_oldest(folder: Path) -> None:
    for number in range(4):
        cache.write("tests", str(number), b"x" * 1000)
    place = cache.directory("tests")
    assert place is not None
    for number, path in enumerate(entries(folder)):
        os.utime(path, (number, number))
    cache.prune(place, 2500)
    assert [cache.read("tests", str(number)) is None for number in range(4)] == [
        True, True, False, False,
    ]  # fmt: skip


def test_keys_tell_parts_apart() -> None:
    assert cache.digest("ab", "c") != cache.digest("a", "bc") != cache.digest("abc")
    assert cache.digest("ab", "c") == cache.digest(b"ab", "c")


FIRST_GRADIENT = f"""
import sys, objc
kernel = objc.compile({TEXT!r}, target="numpy").cached
print(kernel.gradient([1.0, 2.0], [0.0, 0.0]).tolist(), "objc.passes" in sys.modules)
"""


def first_gradient() -> str:
    command = [sys.executable, "-c", FIRST_GRADIENT]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_second_process_compiles_nothing(folder: Path) -> None:
    assert first_gradient() == "[1.0, 2.0] True"
    assert entries(folder)
    assert first_gradient() == "[1.0, 2.0] False"
    for path in entries(folder):
        path.write_bytes(path.read_bytes()[:-7])
    assert first_gradient() == "[1.0, 2.0] True"
    assert first_gradient() == "[1.0, 2.0] False"


def test_signatures_survive_the_cache(folder: Path) -> None:
    text = TEXT.replace("b: real)", "b: interval(low, 2); low: real = -1, k: count = 3)")
    fresh = objc.compile(text, target="numpy").cached
    kept = objc.compile(text, target="numpy").cached
    assert kept._signature == fresh._signature
    assert repr(kept) == repr(fresh) and kept.program == fresh.program


SIDE_BY_SIDE = """
import sys, numpy as np, objc
for number in range(3):
    text = f"loss parallel(a: real | b: real) = (a - b)^2 + {number}"
    found = objc.compile(text, target="numpy").parallel(np.zeros(4), np.zeros(4))
    assert found == float(number), found
"""


def test_processes_side_by_side(folder: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", SIDE_BY_SIDE]) for _ in range(4)]
    assert [one.wait(timeout=120) for one in running] == [0, 0, 0, 0]
    assert not list(folder.rglob(".new-*"))
