"""A text made to run: on the device, or in the simulator where Numba has been told to simulate."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from objc.targets.cuda.errors import NoDevice, NoSimulator, OnTheHost
from objc.targets.cuda.simulation import is_on

from objc.errors import ObjcError
from objc.target import Emitted, Executable, IndexOutOfRange


def load(emitted: Emitted) -> Executable:
    """What runs a text. Whether there is anything to run it on is seen when it is called."""
    return _Late(emitted)


class _Late:
    """A kernel that looks for its device at the first call."""

    def __init__(self, emitted: Emitted) -> None:
        self.emitted = emitted
        self.kernel: Any = None

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> Mapping[str, float]:
        if self.kernel is None:
            self.kernel = _simulated(self.emitted) if is_on() else _on_device(self.emitted)
        found: Mapping[str, float] = self.kernel(arguments, sizes, results)
        return found

    def bound(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> Any:
        """What does the same call again for other arrays, if anything does."""
        made = getattr(self.kernel, "bound", None)
        return None if made is None else made(arguments, sizes, results)


def _simulated(emitted: Emitted) -> Any:
    if importlib.util.find_spec("numba_cuda") is None:
        raise ObjcError(NoSimulator(None))
    from objc.targets.cuda.host import simulated

    return simulated(emitted, refused=_on_host)


def _on_host(name: str, value: Any) -> Exception:
    return ObjcError(OnTheHost(None, name, f"a {type(value).__module__}.{type(value).__name__}"))


def _on_device(emitted: Emitted) -> Any:
    require_device()
    from objc.targets.cuda import running
    from objc.targets.cuda.functions import alone
    from objc.targets.cuda.ptx import nearest, ptx_of
    from objc.targets.cuda.readings import read_as

    def made(text: str, facts: Mapping[str, Any]) -> running.Kernel:
        def ptx(capability: tuple[int, int], name: str) -> str:
            return ptx_of(alone(text, name), nearest(capability))

        def again(kinds: Mapping[str, str]) -> running.Kernel:
            return made(*read_as(text, facts, kinds))

        return running.Kernel(facts, ptx, IndexOutOfRange, _on_host, again=again, apart=True)

    return running.both(emitted, made, running.LEAST)


def require_device() -> None:
    """Raises ObjcError unless a device can be reached."""
    from objc.targets.cuda.driver import NoDriver, driver

    try:
        driver()
    except NoDriver as error:
        raise ObjcError(NoDevice(None, str(error))) from None
