"""Shared objects: the system's C compiler links what LLVM has made."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from objc.targets.library.errors import LinkFailed, NoLinker

from objc.errors import ObjcError

SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
"""How the name of a shared object ends on this system."""

_COMPILERS = ("cc", "gcc", "clang")


def compiler() -> list[str]:
    """The command that links: `CC` from the environment, or the first usual one that is there.

    Raises:
        ObjcError: there is none.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    tried = (chosen[0],) if chosen else _COMPILERS
    for name in tried:
        if shutil.which(name) is not None:
            return chosen or [name]
    raise ObjcError(NoLinker(None, tried))


def linked(codes: Sequence[bytes], name: str) -> bytes:
    """The shared object of object files; `name` is that of the file it will be.

    Raises:
        ObjcError: there is no linker, or it fails.
    """
    command = compiler()
    with tempfile.TemporaryDirectory(prefix="objc-") as folder:
        made = Path(folder) / name
        places = [Path(folder) / f"kernels{number}.o" for number in range(len(codes))]
        for place, code in zip(places, codes, strict=True):
            place.write_bytes(code)
        arguments = ["-shared", "-o", str(made), *map(str, places)]
        if sys.platform.startswith("linux"):
            arguments.append(f"-Wl,-soname,{name}")
        done = subprocess.run([*command, *arguments, "-lm"], capture_output=True, text=True)
        if done.returncode != 0 or not made.exists():
            raise ObjcError(
                LinkFailed(None, shlex.join(command), done.returncode, done.stderr.strip())
            )
        return made.read_bytes()
