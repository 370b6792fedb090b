"""Everything that wants a device, in one command on a machine that has one and little else:

    python3 objc/bench/cuda/device_run.py --save results.json

Runs from a checkout that is not installed, by the interpreter that it is started with, in ten minutes:
the tests marked `gpu` and compute-sanitizer as far as there is time, then `objc bench --target cuda`, whose
table comes last. What is missing is named first. It stands by itself: nothing of objc is imported here.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("numpy", "sympy", "mpmath", "lark", "llvmlite", "numba", "click", "rich", "platformdirs")
USEFUL = {
    "torch": "PyTorch as a peer, bfloat16, peak memory",
    "jax": "JAX as a peer",
    "liger_kernel": "Liger as a peer",
    "pytest": "the tests marked `gpu`",
}
TESTS = "tests/library/test_cuda_device.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=float, default=590.0, help="seconds in all")
    parser.add_argument("--tests", type=float, default=150.0, help="seconds of these for tests")
    parser.add_argument("--save", default="device.json", help="where the data go")
    chosen = parser.parse_args()
    start = time.monotonic()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if sys.version_info < (3, 11) or missing:
        print(f"objc needs Python 3.11, this is {sys.version.split()[0]}, and {', '.join(NEEDED)}.")
        print(f"Missing here: {', '.join(missing) or 'nothing else'}.")
        print("Without a network, carry the wheels: where there is one, `python3 -m pip download")
        print(
            "--no-deps --only-binary=:all: -d wheels NAME`; here, `python3 -m pip install --no-index"
        )
        print("--no-deps --target site wheels/*.whl` and PYTHONPATH=site.")
        return 1
    for name, purpose in USEFUL.items():
        if importlib.util.find_spec(name) is None:
            print(f"without {name}: {purpose}", flush=True)
    with tempfile.TemporaryDirectory(prefix="objc-device-") as folder:
        environment = package(Path(folder))
        if importlib.util.find_spec("pytest") is not None:
            tested(environment, min(chosen.tests, chosen.limit / 3))
        left = max(30, int(chosen.limit - (time.monotonic() - start)))
        command = [sys.executable, "-P", "-m", "objc.cli", "bench", "--target", "cuda"]
        command += ["--limit", str(left), "--save", str(Path(chosen.save).resolve())]
        return subprocess.run(command, env=environment, cwd=folder).returncode


def package(folder: Path) -> dict[str, str]:
    """The environment in which the checkout is the package that an installation makes of it."""
    inside = folder / "objc"
    inside.mkdir()
    for one in (ROOT / "objc").iterdir():
        (inside / one.name).symlink_to(one)
    for name in ("targets", "grammar"):
        (inside / name).symlink_to(ROOT / name)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OBJC_CACHE_DIR": os.environ.get("OBJC_CACHE_DIR", str(folder / "cache")),
    }


def tested(environment: dict[str, str], limit: float) -> None:
    """The tests marked `gpu`, the sanitizer's last; stopped where their time is over."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-m", "gpu", "--tb=line", "-p",
               "no:cacheprovider", str(ROOT / TESTS)]  # fmt: skip
    try:
        subprocess.run(command, env=environment, cwd=ROOT, timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"\nthe tests were stopped after {limit:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
