"""Interrupts from the keyboard wait until nothing is half done."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from objc.files import replace_file
from objc.interruption import interrupts_held

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
    pytest.mark.usefixtures("interrupts"),
]


def _press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_waits_for_a_place_that_lets_it_through() -> None:
    with interrupts_held() as let_through:
        let_through()
        _press()
        reached = True
        with pytest.raises(KeyboardInterrupt):
            let_through()
        let_through()
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_is_met_at_the_end() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        _press()
        steps.append("went on")
    assert steps == ["went on"]


def test_an_interrupt_is_not_lost_behind_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        _press()
        raise OSError("full")


def test_a_second_interrupt_is_met_at_once() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        _press()
        steps.append("first")
        _press()
        steps.append("second")
    assert steps == ["first"]


def test_an_inner_hold_leaves_it_to_the_outer_one() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        with interrupts_held() as let_through:
            _press()
            let_through()
        steps.append("after the inner one")
    assert steps == ["after the inner one"]


def test_a_handler_of_somebody_else_stays() -> None:
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("theirs"))
    try:
        with interrupts_held():
            _press()
            assert seen == ["theirs"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_threads_hold_nothing() -> None:
    done = []

    def work() -> None:
        with interrupts_held() as let_through:
            let_through()
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_an_interrupted_write_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "run.npz"

    def write(stream: BinaryIO) -> None:
        stream.write(b"one ")
        _press()
        stream.write(b"two")

    with pytest.raises(KeyboardInterrupt):
        replace_file(place, write)
    assert [one.name for one in tmp_path.iterdir()] == ["run.npz"]
    assert place.read_bytes() == b"one two"


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "run.npz"
    place.write_bytes(b"before")

    def fail(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        replace_file(place, fail)
    assert [one.name for one in tmp_path.iterdir()] == ["run.npz"]
    assert place.read_bytes() == b"before"


def test_a_folder_that_is_not_there_is_told_by_the_file_that_was_named(tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "run.npz"
    with pytest.raises(FileNotFoundError) as caught:
        replace_file(place, lambda stream: stream.write(b"one"))
    assert caught.value.filename == str(place)


def test_links_and_modes_stay(tmp_path: Path) -> None:
    place, link = tmp_path / "run.npz", tmp_path / "latest.npz"
    place.write_bytes(b"before")
    place.chmod(0o640)
    link.symlink_to(place)
    replace_file(link, lambda stream: stream.write(b"after"))
    assert link.is_symlink() and place.read_bytes() == b"after"
    assert place.stat().st_mode & 0o777 == 0o640


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    replace_file(pipe, lambda stream: stream.write(b"through"))
    reader.join()
    assert found == [b"through"] and pipe.is_fifo()
