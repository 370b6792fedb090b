"""NumPy's `.npz` archives: written atomically, read to the end, never with pickled objects.

The format is that of `np.savez`. `np.savez` itself takes names as keywords, and can't write an array
called `file`; `np.load` leaves a damaged file open.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from objc.files import PathLike, replace_file

Array = NDArray[Any]

_ENDING = ".npy"


class UnreadableArchive(ValueError):
    """The text says what is wrong with the file."""


def write_arrays(path: PathLike, arrays: Mapping[str, Array]) -> None:
    """Write an `.npz` under exactly this name: aside in the same folder, then moved into place, so that
    a reader sees the old file or the new one."""
    replace_file(path, lambda file: _write(file, arrays))


def _write(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, one in arrays.items():
            with archive.open(name + _ENDING, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(one), allow_pickle=False)


def array_names(path: PathLike) -> tuple[str, ...]:
    """The names of the arrays in an archive.

    Raises:
        UnreadableArchive: it can't be read.
    """
    with _opened(path) as archive:
        return tuple(_names(archive))


def read_arrays(path: PathLike, names: Iterable[str] | None = None) -> dict[str, Array]:
    """The arrays of an archive, or those of these names, each checked to its end.

    Raises:
        UnreadableArchive: it can't be read, or holds pickled objects.
    """
    with _opened(path) as archive:
        members = _names(archive)
        return {
            name: np.lib.format.read_array(
                io.BytesIO(archive.read(members[name])), allow_pickle=False
            )
            for name in (members if names is None else names)
        }


def _names(archive: zipfile.ZipFile) -> dict[str, str]:
    return {name.removesuffix(_ENDING): name for name in archive.namelist()}


@contextlib.contextmanager
def _opened(path: PathLike) -> Any:
    """The archive, with everything that zipfile and NumPy raise on damaged ones made one error."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError:
        raise UnreadableArchive("there is no such file") from None
    except OSError as failure:
        raise UnreadableArchive(failure.strerror or str(failure)) from None
    except zipfile.BadZipFile as failure:
        raise UnreadableArchive(f"it is damaged, or not an .npz ({failure})") from None
    except Exception as failure:
        # A damaged header can fail in NumPy's parser in any way: as ValueError, SyntaxError,
        # MemoryError for an impossible shape, and what Python's own tokenizer raises.
        if "allow_pickle" in str(failure):
            raise UnreadableArchive("it has pickled objects, which are not read") from None
        raise UnreadableArchive(f"it is damaged ({type(failure).__name__})") from None
