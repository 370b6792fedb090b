"""Writing files: aside and renamed, so that a reader sees the old text or the new one, whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from objc.cli.errors import NotWritable
from objc.errors import ObjcError


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises ObjcError where the system refuses."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ObjcError(NotWritable(None, str(path), error.strerror or str(error))) from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Put a content in a file's place at once, keeping the mode of the file that was there.

    A symbolic link keeps standing, and the file that it names is replaced.

    Raises:
        ObjcError: the system refuses.
    """
    place = Path(os.path.realpath(path))
    try:
        mode = place.stat().st_mode & 0o7777 if place.exists() else 0o666 & ~_umask()
        descriptor, aside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content if isinstance(content, bytes) else content.encode("utf-8"))
            os.chmod(aside, mode)
            os.replace(aside, place)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ObjcError(NotWritable(None, str(path), error.strerror or str(error))) from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
