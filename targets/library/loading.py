"""A single kernel as a shared object in this process: what makes the target run like any other."""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path

from objc.targets.library.calling import Function
from objc.targets.library.compiling import NATIVE, processor_key
from objc.targets.library.interface import Interface
from objc.targets.library.linking import SUFFIX, linked
from objc.targets.library.objects import object_files

from objc import cache
from objc.target import Emitted, Executable, IndexOutOfRange


def load(emitted: Emitted) -> Executable:
    """A shared object for this machine, from the cache or made now, opened and called."""
    interface = Interface.from_data(emitted.metadata["interface"])
    key = cache.digest("library", processor_key(), repr(emitted.metadata), emitted.text)
    content = cache.read("libraries", key)
    if content is None:
        codes = object_files([(emitted.text, interface, emitted.metadata)], NATIVE, emitted.name)
        content = linked(codes, f"kernel{SUFFIX}")
        cache.write("libraries", key, content)
    parameters = [(one.kind, one.key, one.element) for one in interface.parameters]
    steps = len(emitted.metadata["steps"])
    return Function(_opened(content), interface.symbol, parameters, steps, IndexOutOfRange)


def _opened(content: bytes) -> ctypes.CDLL:
    """The system's loader wants a file; once it is open, the file may go."""
    descriptor, path = tempfile.mkstemp(suffix=SUFFIX, prefix="objc-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        return ctypes.CDLL(path)
    finally:
        if os.name == "posix":
            Path(path).unlink()
