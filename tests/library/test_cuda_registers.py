"""What NVIDIA's assembler says of the kernels, where it is installed (a CUDA toolkit, or the package
nvidia-cuda-nvcc): that it takes them all, and the registers and spills of some."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from cuda_agreement import emitted
from objc.targets.cuda import ptx
from oracles import ROWS

from objc.target import DType

GOLDEN = Path(__file__).with_name("registers")
PROPERTIES = re.compile(
    r"Function properties for (\w+)\n\s+(\d+) bytes stack frame, (\d+) bytes spill stores,"
    r" (\d+) bytes spill loads\nptxas info\s+: Used (\d+) registers"
)
TABLED = {
    "entries": ("huber", "binary_focal"),
    "rows": ("cross_entropy", "focal"),
    "rows of many values at a time": ("distillation", "kl_logits"),
    "pairs": ("ranknet", "lambdarank"),
    "pairs of vectors": ("info_nce", "supcon"),
    "sorted rows": ("listmle", "lovasz_hinge"),
    "recurrences": ("crf", "soft_dtw"),
    "iterations": ("sinkhorn", "ctc"),
}
"""Two of each structure, in each type. All others are assembled with `--slow` too: that takes minutes."""

QUICK = ("huber", "cross_entropy")

DTYPES: tuple[DType, ...] = ("float32", "float64", "bfloat16")


def assembler() -> Path | None:
    """ptxas of a toolkit, or of the package."""
    found = shutil.which("ptxas")
    if found is not None:
        return Path(found)
    try:
        files = metadata.files("nvidia-cuda-nvcc") or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(one.locate())) for one in files if one.name == "ptxas"), None)


PTXAS = assembler()
pytestmark = pytest.mark.skipif(PTXAS is None, reason="ptxas is not installed")


def version() -> str:
    said = subprocess.run([str(PTXAS), "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"V([\d.]+)", said.stdout)
    assert found is not None
    return found.group(1)


def assembled(name: str, dtype: DType, folder: Path) -> list[tuple[str, ...]]:
    """Of each function: its name, bytes of stack, of spill stores and loads, and registers."""
    code = ptx.compiled(emitted(name, dtype).text, "sm_90")
    path = folder / "kernel.ptx"
    path.write_text(code)
    command = [str(PTXAS), "-v", "-arch=sm_90", str(path), "-o", str(folder / "kernel.cubin")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return sorted(PROPERTIES.findall(result.stderr))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_the_assembler_takes_every_declaration(name: str, dtype: DType, tmp_path: Path) -> None:
    """And keeps what they compute with in registers: all of it in float32 and float64; of short entries,
    eight of which go together, a few values of two losses are spilled."""
    found = assembled(name, dtype, tmp_path)
    assert found
    most = 16 if dtype == "bfloat16" else 0
    assert all(int(stores) <= most for _, _, stores, _, _ in found)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for names in TABLED.values()
        for name in names
    ],
)
def test_registers_and_spills(
    name: str, tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    """Of the version that the table names."""
    head = f"ptxas {version()}, sm_90: registers, bytes of spill stores and loads"
    path = GOLDEN / f"{name}.txt"
    if path.exists() and not path.read_text("utf-8").startswith(head):
        pytest.skip(f"the table is of another version than {version()}")
    lines = [head]
    for dtype in DTYPES:
        for function, _, stores, loads, registers in assembled(name, dtype, tmp_path):
            lines.append(f"{dtype:9} {function:24} {registers:>4} {stores:>5} {loads:>5}")
    golden(path, "\n".join(lines))
