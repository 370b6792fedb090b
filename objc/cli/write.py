"""Writing files: aside and renamed, so that a reader sees the old text or the new one, whole."""

from __future__ import annotations

import os
from pathlib import Path

from objc.cli.errors import NotWritable
from objc.errors import ObjcError
from objc.files import replace_file


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises ObjcError where the system refuses."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ObjcError(NotWritable(None, str(path), error.strerror or str(error))) from error


def require_place(path: Path) -> None:
    """Before long work: that a file can be put there. Raises ObjcError where it can't."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ObjcError(NotWritable(None, str(path), "there is no such directory"))
    if not os.access(folder, os.W_OK):
        raise ObjcError(NotWritable(None, str(path), "the directory is not yours to write to"))


def write_whole(path: Path, content: str | bytes) -> None:
    """Put a content in a file's place at once, keeping the mode of the file that was there.

    A symbolic link keeps standing, and the file that it names is replaced.

    Raises:
        ObjcError: the system refuses.
    """
    content = content if isinstance(content, bytes) else content.encode("utf-8")
    try:
        replace_file(path, lambda stream: stream.write(content))
    except OSError as error:
        raise ObjcError(NotWritable(None, str(path), error.strerror or str(error))) from error
