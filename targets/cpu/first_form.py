"""A kernel in two forms: for the hyperparameters that a call mostly has, and for any."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from objc.targets.cpu.driver import Declined, Kernel


class Usual:
    """The form for the usual hyperparameters, until it declines a call: the whole kernel, which takes
    longer to compile and has the other form too, is made then."""

    def __init__(self, usual: Kernel, whole: Callable[[], Kernel]) -> None:
        self.usual = usual
        self.make = whole
        self.made: Kernel | None = None
        self.lock = threading.Lock()

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        if self.made is None:
            try:
                return self.usual(arguments, sizes, results)
            except Declined:
                pass
        return self.whole()(arguments, sizes, results)

    def whole(self) -> Kernel:
        """The kernel for any hyperparameters, made now if need be, by one of those who need it. Where
        that fails it is tried again by the next."""
        found = self.made
        if found is None:
            with self.lock:
                found = self.made = self.made or self.make()
        return found
