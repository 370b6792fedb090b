"""`objc doctor`."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import click

from objc import __version__
from objc.cli.application import FINDINGS
from objc.cli.output import Markup, write_data, write_text
from objc.errors import ObjcError

Verdict = Literal["ok", "missing", "wrong"]

CORE = ("numpy", "numba", "llvmlite", "sympy", "mpmath", "lark", "click", "rich", "platformdirs")
EXTRAS = {
    "scipy": "L-BFGS (`pip install scipy`)",
    "matplotlib": "plots of histories (`pip install matplotlib`)",
    "sklearn": "the data of the examples (`pip install scikit-learn`)",
    "torch": "the PyTorch bridge (`pip install torch`)",
    "jax": "the JAX bridge (`pip install jax`)",
    "numba_cuda": "trying kernels for CUDA without a device (`pip install 'objc[cuda]'`)",
}
"""Import names of what some features want, with what for."""

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "numba_cuda": "numba-cuda"}
_PROBE = "loss probe(prediction: real | target: real) = log(1 + exp((prediction - target)^2))"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `missing` is an extra that isn't there; `wrong` wants mending."""

    section: str
    name: str
    verdict: Verdict
    detail: str


@click.command(epilog=Markup.examples("objc doctor", "objc doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
def command(as_json: bool) -> int:
    """Check this installation, and what it can do.

    Lists versions, threads, the cache, the targets and the extras that are missing, and compiles a
    tiny loss and compares it with NumPy. The exit status is 1 if something needs mending; a missing
    extra doesn't. Add the output to a report of a fault.
    """
    findings = list(examine())
    is_wrong = any(one.verdict == "wrong" for one in findings)
    if as_json:
        write_data({"ok": not is_wrong, "findings": [asdict(one) for one in findings]})
    else:
        _write(findings)
    return FINDINGS if is_wrong else 0


def examine() -> Iterator[Finding]:
    """Every finding, in the order of the report."""
    yield Finding("system", "objc", "ok", __version__)
    yield Finding("system", "python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield Finding("system", "platform", "ok", platform.platform())
    for name in CORE:
        yield _guarded("packages", name, functools.partial(importlib.metadata.version, name))
    yield _guarded("compilation", "threads", _threads)
    yield _guarded("compilation", "cache", _cache)
    yield from _targets()
    for name, purpose in EXTRAS.items():
        yield _extra(name, purpose)


def _guarded(section: str, name: str, examine_one: Callable[[], str]) -> Finding:
    """A finding that is `wrong`, with the reason, if the examination raises."""
    try:
        return Finding(section, name, "ok", examine_one())
    except ObjcError:
        raise
    except Exception as error:
        return Finding(section, name, "wrong", f"{type(error).__name__}: {error}")


def _extra(name: str, purpose: str) -> Finding:
    if importlib.util.find_spec(name) is None:
        return Finding("extras", name, "missing", f"for {purpose}")
    try:
        version = importlib.metadata.version(_DISTRIBUTIONS.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        version = "installed"
    return Finding("extras", name, "ok", version)


def _threads() -> str:
    from objc.kernel.threads import get_threads

    return f"{get_threads()} of {os.cpu_count()} processors"


def _cache() -> str:
    """Where compiled code is kept. Raises if the folder is refused or can't be written to."""
    from objc.cache import base_directory, directory

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        folder = directory("doctor")
    if folder is None:
        reasons = [str(one.message) for one in said]
        raise PermissionError(reasons[0] if reasons else f"{base_directory()} can't be used")
    source = " (from OBJC_CACHE_DIR)" if os.environ.get("OBJC_CACHE_DIR") else ""
    return f"{base_directory()}{source}"


def _targets() -> Iterator[Finding]:
    from objc.target import available, load

    for name in available():
        try:
            yield _guarded("targets", name, functools.partial(_probe, name))
        except ObjcError as error:  # what the target wants of the system is not there
            yield Finding("targets", name, "missing", error.diagnostics[0].title())
        for part, (there, detail) in getattr(load(name), "parts", dict)().items():
            yield Finding("targets", f"{name}: {part}", "ok" if there else "missing", detail)


def _probe(target: str) -> str:
    """Compile a loss whose plain text would overflow, run it, and compare it with NumPy.

    Raises:
        ValueError: the numbers differ.
    """
    import numpy

    import objc
    from objc.target import load

    generator = numpy.random.default_rng(0)
    prediction, truth = generator.normal(size=(2, 64)) * 10
    kernel = objc.compile(_PROBE, target=target).probe
    loaded = load(target)
    upload = getattr(loaded, "upload", lambda array: array)
    value, gradient = kernel.value_and_grad(upload(prediction), upload(truth))
    gradient = gradient.fetch() if hasattr(gradient, "fetch") else gradient
    square = (prediction - truth) ** 2
    expected = numpy.logaddexp(0, square).mean()
    slope = 2 * (prediction - truth) / (1 + numpy.exp(-square)) / prediction.size
    if not numpy.isclose(float(value), expected, rtol=1e-12):
        raise ValueError(f"a probe gives {value}, not {expected}")
    if not numpy.allclose(gradient, slope, rtol=1e-12, atol=1e-15):
        raise ValueError("a probe's gradient differs from NumPy's")
    agrees = "compiles, and agrees with NumPy in value and gradient"
    clock = getattr(loaded, "clock", None)  # of a target for devices, which says what ran
    return agrees if clock is None else f"{agrees}, on {clock().description()['name']}"


def _write(findings: list[Finding]) -> None:
    width = max(len(one.name) for one in findings)
    styles = {"ok": None, "missing": "yellow", "wrong": "bold red"}
    section = ""
    for one in findings:
        if one.section != section:
            write_text(("\n" if section else "") + one.section, "bold")
            section = one.section
        mark = "" if one.verdict == "ok" else f"{one.verdict}: "
        write_text(f"  {one.name:<{width}}  {mark}{one.detail}", styles[one.verdict])
