"""Writing files: aside and renamed, so that a reader sees the old text or the new one, whole."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import click

from objc.cli.errors import NotWritable
from objc.errors import ObjcError
from objc.files import replace_file

PICTURES = (".png", ".pdf", ".svg")
"""What the files of pictures end in."""


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


def require_picture(path: Path) -> None:
    """Before long work: that a picture can be drawn there.

    Raises:
        BadParameter: the ending says no kind of picture.
        UsageError: matplotlib is not installed.
        ObjcError: a file can't be put there.
    """
    if path.suffix not in PICTURES:
        message = f"`{path}` ends in none of {', '.join(PICTURES)}."
        raise click.BadParameter(message, param_hint="--plot")
    if importlib.util.find_spec("matplotlib") is None:
        raise click.UsageError("A plot needs matplotlib: pip install 'objc[plot]'.")
    require_place(path)


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
