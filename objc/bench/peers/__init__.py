"""Those who take part: objc's kernels and the frameworks, each imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from objc.bench.job import OWN, PEERS
from objc.bench.problem import Absent, Problem


class Contender(Protocol):
    """A way of computing value and gradients of a problem."""

    form: str
    """Where the formula comes from: `by hand`, or `generated` from the program."""

    def run(self, number: int) -> Any:
        """Compute, on the set of data of that number (modulo how many there are), to the end."""

    def results(self, found: Any) -> dict[str, Any]:
        """What `run` returned, by the keys of the program's outputs: `value`, `gradient:INPUT`."""


def contender(name: str, problem: Problem) -> Contender:
    """A contender that is ready to run.

    Raises:
        Absent: its library is not installed, or it has no form for this case.
    """
    place = {**OWN, **PEERS}.get(name)
    if place is None:
        raise Absent("it takes part with `--target cuda` only")
    try:
        module = importlib.import_module(f"objc.bench.peers.{place}")
    except ImportError as error:
        raise Absent(f"{error.name or place} is not installed") from error
    made: Contender = module.build(problem, name)
    return made
