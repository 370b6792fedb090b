"""Everything that wants a device, in one command on a machine that has one and little else:

    python3 objc/bench/cuda/device_run.py --save results.json

Runs from a checkout that is not installed, or from an installed package (then without tests), by the
interpreter that it is started with, in ten minutes:
the tests marked `gpu` and compute-sanitizer as far as there is time, then `objc bench --target cuda`, whose
table comes last. What is missing is named first; wheels in a folder `wheels` beside `objc` are unpacked
for the run. It stands by itself: nothing of objc is imported here.

With `NUMBA_ENABLE_CUDASIM=1` it is rehearsed without a device: the same, at sizes for Numba's simulator.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("numpy", "sympy", "mpmath", "lark", "llvmlite", "numba", "click", "rich", "platformdirs")
USEFUL = {
    "torch": "PyTorch as a peer, bfloat16, peak memory",
    "jax": "JAX as a peer",
    "liger_kernel": "Liger as a peer",
    "pytest": "the tests marked `gpu`",
    "xdist": "several of these tests at a time",
}
TESTS = "tests/library/test_cuda_device.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=float, default=590.0, help="seconds in all")
    parser.add_argument("--tests", type=float, default=150.0, help="seconds of these for tests")
    parser.add_argument("--save", default="device.json", help="where the data go")
    parser.add_argument("--wheels", default=str(ROOT / "wheels"), help="a folder of wheels")
    chosen = parser.parse_args()
    start = time.monotonic()
    save = Path(chosen.save).resolve()
    with tempfile.TemporaryDirectory(prefix="objc-device-") as folder:
        site = unpacked(Path(chosen.wheels), Path(folder) / "site")
        if not told():
            return 1
        environment = package(Path(folder), site)
        tests: dict[str, Any] = {"run": 0}
        if importlib.util.find_spec("pytest") is not None and (ROOT / TESTS).exists():
            tests = tested(environment, min(chosen.tests, chosen.limit / 3), Path(folder))
        told_of(tests)
        left = max(30, int(chosen.limit - (time.monotonic() - start)))
        command = [sys.executable, "-P", "-m", "objc", "bench", "--target", "cuda"]
        command += ["--limit", str(left), "--save", str(save)]
        status = subprocess.run(command, env=environment, cwd=folder).returncode
    if save.exists():
        data = {**json.loads(save.read_text("utf-8")), "tests": tests}
        save.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    return status or int(bool(tests.get("failed")))


def told_of(tests: dict[str, Any]) -> None:
    """Say how the tests went: the table comes last."""
    failed = tests.get("failed", [])
    print(f"{tests['run']} tests were run on the device, {len(failed)} failed", flush=True)
    for name in failed:
        print(f"failed: {name}", flush=True)


def unpacked(wheels: Path, site: Path) -> Path:
    """The folder that wheels are unpacked into, which is searched from now on."""
    site.mkdir()
    for one in sorted(wheels.glob("*.whl")):
        zipfile.ZipFile(one).extractall(site)
        print(f"unpacked {one.name}", flush=True)
    sys.path.insert(0, str(site))
    return site


def told() -> bool:
    """Say what is missing; whether everything that is needed is there."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if sys.version_info < (3, 11) or missing:
        print(f"objc needs Python 3.11, this is {sys.version.split()[0]}, and {', '.join(NEEDED)}.")
        print(f"Missing here: {', '.join(missing) or 'nothing else'}.")
        print("Without a network, carry the wheels: where there is one, `python3 -m pip download")
        print(f"--no-deps --only-binary=:all: -d {ROOT.name}/wheels NAME`.")
        return False
    for name, purpose in USEFUL.items():
        if importlib.util.find_spec(name) is None:
            print(f"without {name}: {purpose}", flush=True)
    return True


def package(folder: Path, site: Path | None = None) -> dict[str, str]:
    """The environment in which the checkout is the package that an installation makes of it; what is
    installed is that already."""
    is_checkout = not (ROOT / "objc" / "targets").exists()
    if is_checkout:
        inside = folder / "objc"
        inside.mkdir()
        for one in (ROOT / "objc").iterdir():
            (inside / one.name).symlink_to(one)
        for name in ("targets", "grammar"):
            (inside / name).symlink_to(ROOT / name)
    paths = [str(folder if is_checkout else ROOT), *([str(site)] if site else [])]
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OBJC_CACHE_DIR": os.environ.get("OBJC_CACHE_DIR", str(folder / "cache")),
    }


def tested(environment: dict[str, str], limit: float, folder: Path) -> dict[str, Any]:
    """How the tests marked `gpu` went, the sanitizer's last; they are stopped where their time is over."""
    report = folder / "tests.xml"
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-m", "gpu", "--tb=line", "-W", "default",
               "-p", "no:cacheprovider", f"--junitxml={report}", str(ROOT / TESTS)]  # fmt: skip
    if importlib.util.find_spec("xdist") is not None:
        command += ["-n", str(min(8, os.cpu_count() or 1))]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)
    stopped = False
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        stopped = True
        print(f"\nthe tests were stopped after {limit:.0f} s", flush=True)
        process.send_signal(signal.SIGINT)  # what has been found is then written
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # of its own session, with what it has begun
            process.wait()
    return {"stopped": stopped, "status": process.returncode, **_counted(report)}


def _counted(report: Path) -> dict[str, Any]:
    """What a report of tests says: how many there were, and which of them failed."""
    if not report.exists():
        return {"run": 0}
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [
        one for one in cases if one.find("failure") is not None or one.find("error") is not None
    ]
    skipped = [one for one in cases if one.find("skipped") is not None]
    return {
        "run": len(cases) - len(skipped),
        "skipped": len(skipped),
        "failed": [f"{one.get('classname')}::{one.get('name')}" for one in failed],
    }


if __name__ == "__main__":
    sys.exit(main())
