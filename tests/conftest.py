"""What all tests share. What is expected stands beside its case in golden files, which `pytest --update`
writes anew."""

from __future__ import annotations

import gc
import math
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Kept although the environment may say not to: else each worker compiles every test anew at each run,
# and each process that a test starts all of objc.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Python's own handler of SIGINT, which may be ignored where the tests run."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the golden files anew")
    parser.addoption("--slow", action="store_true", help="run what is marked slow too")


def pytest_collection_finish() -> None:
    """Thousands of cases are alive until the end. Python's collector, left as it is, goes through all of
    them again and again: a sixth of the time of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        places: Counter[str] = Counter()
        slow = {one for one in items if one.get_closest_marker("slow") or _is_left_out(one, places)}
        config.hook.pytest_deselected(items=[one for one in items if one in slow])
        items[:] = [one for one in items if one not in slow]


def _is_left_out(item: pytest.Item, places: Counter[str]) -> bool:
    """Whether a case of many, of which a share runs each time, is one of the others. Places are multiples of
    the golden ratio, which no order of the cases is in step with (Weyl 1916)."""
    marker = item.get_closest_marker("share")
    if marker is None:
        return False
    function = item.nodeid.partition("[")[0]
    places[function] += 1
    return places[function] * (math.sqrt(5) - 1) / 2 % 1 >= marker.args[0]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)`: the file at `path` holds exactly `text`, up to a last end of line."""

    def check(path: Path, text: str) -> None:
        text = text.rstrip("\n") + "\n"
        if request.config.getoption("--update"):
            if not path.exists() or path.read_text("utf-8") != text:
                path.write_text(text, "utf-8")
            return
        assert path.exists(), f"{path} is missing: pytest --update writes it"
        assert text == path.read_text("utf-8"), f"differs from {path.name} (pytest --update)"

    return check
