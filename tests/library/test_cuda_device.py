"""Every declaration of the library on a device, and what compute-sanitizer says of some."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cuda_agreement import REPRESENTATIVE, ROW, Device, agrees, why_not
from draws import SIZES
from oracles import ROWS

import objc
from objc.target import DType

if why_not() is not None:
    pytest.skip(f"no device: {why_not()}", allow_module_level=True)
pytestmark = pytest.mark.gpu

MIDDLE = {name: 40 if size > 2 else size for name, size in SIZES.items()}
"""Rows that a warp takes."""


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_the_interpreter_on_a_device(name: str, dtype: DType) -> None:
    """A thread, and a warp or a block a turn."""
    agrees(name, dtype, Device(), 1500)
    agrees(name, dtype, Device(), 70, MIDDLE)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("extent", [1024, 1100, 5001, 32_768])
@pytest.mark.parametrize("name", ["cross_entropy", "kl_logits", "focal", "total_variation"])
def test_long_rows_agree(name: str, extent: int, dtype: DType) -> None:
    agrees(name, dtype, Device(), 70, {**ROW, "K": extent})


CAPTURED = """
loss entropy(logits: real[K] | label: index(K)) = logsumexp(logits) - logits[label]

loss layer(| x: real[D], label: index(K); learn weight: real[K, D]) =
    logsumexp[k](score[k]) - score[label]
    where score[k] = sum[d](weight[k, d] * x[d])
"""


@pytest.mark.parametrize("name", ["entropy", "layer"])
def test_calls_are_captured_in_a_graph_of_the_device(name: str) -> None:
    """The kernel alone, and with products of matrices by cuBLAS: replayed on other entries."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no device")
    kernel = getattr(objc.compile(CAPTURED, target="cuda"), name)
    torch.manual_seed(0)
    label = torch.randint(300, (512,), device="cuda")
    x = torch.randn(512, 300 if name == "entropy" else 256, device="cuda")
    weight = torch.randn(300, 256, device="cuda")
    more = {} if name == "entropy" else {"weight": weight}
    _, gradient = kernel.value_and_grad(x, label, **more)  # what is made once is made before
    graph = torch.cuda.CUDAGraph()
    out = torch.empty_like(gradient)
    with torch.cuda.graph(graph):
        kernel.value_and_grad(x, label, **more, out=out)
    for _ in range(2):
        x.normal_()
        graph.replay()
        _, expected = kernel.value_and_grad(x, label, **more)
        torch.testing.assert_close(out, expected, rtol=0, atol=0)


def test_inputs_of_other_types_are_read_where_they_are() -> None:
    """Labels of 32 bits, a mask of booleans, a temperature that is learned on the device; and the value is an
    array there."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no device")
    text = """loss q(z: real[K], a: real | y: index(K), m: binary[K]) =
        logsumexp[k](a * z[k] * m[k]) - z[y]"""
    kernel = objc.compile(text, target="cuda").q
    torch.manual_seed(0)
    z, a = torch.randn(500, 40, device="cuda"), torch.tensor(1.5, device="cuda")
    label, mask = torch.randint(40, (500,), device="cuda"), torch.rand(500, 40, device="cuda") < 0.5
    value, slopes = kernel.value_and_grad(z, a, label.int(), mask)
    expected, near = kernel.value_and_grad(z, 1.5, label, mask.float())
    assert torch.as_tensor(value, device="cuda").item() == float(value) == float(expected)
    assert float(slopes.a) == float(near.a)
    torch.testing.assert_close(slopes.z, near.z, rtol=0, atol=0)


def test_a_call_waits_for_every_stream_that_its_arrays_name() -> None:
    """What another stream is still writing is read when it is written."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no device")

    class On:
        def __init__(self, held: object, stream: int) -> None:
            self.held = held
            self.__cuda_array_interface__ = {**held.__cuda_array_interface__, "stream": stream}  # type: ignore[attr-defined]

    kernel = objc.compile("loss f(x: real | y: real) = x * y", target="cuda").f
    other = torch.cuda.Stream()
    x, y = torch.ones(1 << 20, device="cuda"), torch.zeros(1 << 20, device="cuda")
    torch.cuda.synchronize()
    with torch.cuda.stream(other):
        torch.cuda._sleep(50_000_000)
        y.fill_(3.0)
    value = kernel(On(x, 1), On(y, other.cuda_stream))
    assert float(value) == 3.0


@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "synccheck", "initcheck"])
def test_the_sanitizer_finds_nothing(tool: str) -> None:
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not installed")
    script = Path(__file__).with_name("cuda_agreement.py")
    result = subprocess.run(
        [sanitizer, "--tool", tool, "--error-exitcode", "9", sys.executable, script,
         *REPRESENTATIVE],
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
