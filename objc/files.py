"""Writing files: aside and renamed, so that a reader sees the old content or the new one, whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from objc.interruption import interrupts_held

PathLike = str | os.PathLike[str]


def replace_file(path: PathLike, write: Callable[[BinaryIO], object]) -> None:
    """Put what `write` writes in a file's place at once, and on the disk, keeping the mode that it had.

    A symbolic link keeps standing, and the file that it names is replaced. What is no file, such as a
    terminal or a pipe, is written to.

    Raises:
        OSError: the system refuses; the file is as it was.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file() and not place.is_dir():
        with open(place, "wb") as stream:
            write(stream)
        return
    mode = place.stat().st_mode & 0o7777 if place.exists() else 0o666 & ~_umask()

    def write_through(stream: BinaryIO) -> None:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())
        os.chmod(stream.name, mode)

    replace_entry(place, write_through)


def replace_entry(place: Path, write: Callable[[BinaryIO], object]) -> None:
    """Put what `write` writes in place of whatever has this name, readable for the user alone.

    A write and its renaming are not interrupted from the keyboard.

    Raises:
        OSError: the system refuses; what was there is as it was.
    """
    with interrupts_held():
        try:
            descriptor, aside = tempfile.mkstemp(
                prefix=f".{place.name}.", suffix=".tmp", dir=place.parent
            )
        except OSError as error:  # of a file that the user has not named
            raise type(error)(error.errno, error.strerror, str(place)) from None
        os.close(descriptor)
        try:
            with open(aside, "wb") as stream:
                write(stream)
            os.replace(aside, place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(aside)
            raise


def _umask() -> int:
    """The mask for new files, which can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
