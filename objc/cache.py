"""The disk cache: entries by content, kept only where they belong to the user.

`OBJC_CACHE_DIR`, or the user's cache directory, holds one folder for each state of the compiler
(a hash of its own sources and of what it generates code with), so that a changed compiler never
meets an old entry. A folder that others may write to is refused, since what is cached gets run.

Entries are written aside and moved into place, so that processes side by side see whole entries
only; each carries a checksum of its key and content, and one that fails it is treated as absent.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.metadata
import os
import platform
import stat
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from objc.errors import Diagnostic
from objc.files import replace_entry

LIMIT = 256 * 2**20
"""Bytes kept for one state of the compiler; beyond it the entries longest unused go first."""

_MAGIC = b"objc-cache-1 "
_MONTH = 30 * 24 * 3600.0


class CacheWarning(UserWarning):
    """The disk cache is not used: its folder does not belong to the user alone."""


@dataclass(frozen=True)
class CacheRefused(Diagnostic):
    """The folder of the disk cache can't be trusted, so nothing is read from it or written to it.

    Cached code is run. A folder that belongs to another user, that others may write to, or that is
    reached through a folder that anyone may write to, could hold code that someone else put there.
    Everything still works, only each process compiles anew.

    Example: `OBJC_CACHE_DIR=/tmp/shared`, where `/tmp/shared` has the mode 0777.

    Mend: `chmod go-w` on the folder, or point `OBJC_CACHE_DIR` to a folder of your own.
    """

    code: ClassVar[str] = "W0301"
    severity = "warning"

    path: str
    reason: str

    def title(self) -> str:
        return f"the disk cache `{self.path}` is not used: {self.reason}"

    def help(self) -> str:
        return "set OBJC_CACHE_DIR to a folder that belongs to you and that others can't write to"


def directory(kind: str) -> Path | None:
    """The folder for entries of one kind, made if need be, or None where there is no safe place."""
    return _made(str(base_directory()), f"{fingerprint()}/{kind}")


def base_directory() -> Path:
    """Where the cache stands: `OBJC_CACHE_DIR`, or the user's cache directory."""
    chosen = os.environ.get("OBJC_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("objc", appauthor=False))


def read(kind: str, key: str) -> bytes | None:
    """The content of an entry, or None where there is none that is whole and ours."""
    folder = directory(kind)
    if folder is None:
        return None
    # A pipe in the entry's place must not be waited for.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(folder / _file(key), flags)
    except OSError:
        return None
    if _objection(os.fstat(descriptor), stat.S_ISREG) is not None:
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as stream:
        header, _, content = stream.read().partition(b"\n")
    return content if header == _header(key, content) else None


def write(kind: str, key: str, content: bytes) -> None:
    """Keep an entry. A full or failing disk is no error: the entry is then absent."""
    folder = directory(kind)
    if folder is None:
        return
    header = _header(key, content) + b"\n"
    try:
        replace_entry(folder / _file(key), lambda stream: stream.write(header + content))
    except OSError:
        return
    _prune_once(str(folder.parent))


def digest(*parts: str | bytes) -> str:
    """A key made of parts: the same parts in the same order give the same key, and no others do."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(f"{len(data)}:".encode())
        state.update(data)
    return state.hexdigest()


@functools.lru_cache(maxsize=1)
def fingerprint() -> str:
    """The state of the compiler: its sources, and the versions of what its output depends on."""
    parts: list[str | bytes] = [sys.version, platform.machine()]
    for package in ("numpy", "numba", "llvmlite", "sympy", "lark"):
        try:
            parts.append(importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            parts.append("none")
    for path in _own_sources():
        parts.append(path.name)
        parts.append(path.read_bytes())
    return digest(*parts)[:20]


def _own_sources() -> list[Path]:
    found: list[Path] = []
    for package in ("objc", "objc.grammar", "objc.targets"):
        for root in importlib.import_module(package).__path__:
            found += [p for p in Path(root).rglob("*.py") if "__pycache__" not in p.parts]
            found += [*Path(root).rglob("*.lark"), *Path(root).rglob("*.objc")]
    return sorted(found)


def _file(key: str) -> str:
    return f"{key}.entry"


def _header(key: str, content: bytes) -> bytes:
    return _MAGIC + digest(key, content).encode()


# ------------------------------------------------------------------ whose the folder is


@functools.lru_cache(maxsize=64)
def _made(base: str, below: str) -> Path | None:
    """`base/below` with every folder checked, or None with at most one warning for a base."""
    root = Path(os.path.realpath(base))
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = root
        refusal = _ancestor_objection(root) or _objection(root.lstat(), stat.S_ISDIR)
        for part in Path(below).parts if refusal is None else ():
            path = path / part
            path.mkdir(mode=0o700, exist_ok=True)
            if refusal := _objection(path.lstat(), stat.S_ISDIR):
                break
    except OSError:
        return None
    if refusal is None:
        return path
    _warn_once(base, refusal)
    return None


@functools.lru_cache(maxsize=64)
def _warn_once(base: str, reason: str) -> None:
    warnings.warn(CacheRefused(None, base, reason).render(), CacheWarning, stacklevel=4)


def _objection(found: os.stat_result, is_kind: Callable[[int], bool]) -> str | None:
    """Why a file or folder can't be trusted, or None."""
    if not is_kind(found.st_mode):
        return "there is something else in its place"
    if os.name != "posix":  # the user's own folders are protected by default
        return None
    if found.st_uid != os.getuid():
        return "it belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write to it"
    return None


def _ancestor_objection(root: Path) -> str | None:
    """A folder above, writable by anyone and not sticky, lets anyone put another in our place."""
    if os.name != "posix":
        return None
    for folder in root.parents:
        mode = folder.lstat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"anyone may write to `{folder}` above it"
    return None


# ------------------------------------------------------------------ what is kept


@functools.lru_cache(maxsize=8)
def _prune_once(state: str) -> None:
    """Once a process: drop states of the compiler unused for a month, and the oldest entries."""
    current = Path(state)
    with contextlib.suppress(OSError):
        for folder in current.parent.iterdir():
            if folder != current and folder.is_dir() and _age(folder) > _MONTH:
                _remove(folder)
        prune(current, LIMIT)


def prune(folder: Path, limit: int) -> None:
    """Delete the files longest unread under `folder` until at most `limit` bytes are left."""
    entries = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                entries.append((max(found.st_atime, found.st_mtime), found.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries, key=lambda entry: entry[0]):
        if total <= limit:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size


def _age(folder: Path) -> float:
    """Seconds since something was last written below a folder: its own folders know."""
    newest = max((path.lstat().st_mtime for path in folder.iterdir()), default=0.0)
    return time.time() - max(newest, folder.lstat().st_mtime)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
