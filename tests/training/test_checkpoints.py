"""Checkpoints: a resumed run has the bits of one that was never interrupted."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from objc.errors import ObjcError
from objc.training import EarlyStopping, fit, load_parameters
from objc.training.archives import write_arrays
from objc.training.checkpoint import Checkpoint

from . import kernels
from .test_fit import LinearPredictor, classes_data, regression_data


class Killed(BaseException):
    """Stands for the signal that ends a process."""


def killed_after(kernel: kernels.FakeKernel, calls: int) -> kernels.FakeKernel:
    """The same kernel, which dies at a call."""
    inner = kernel.function
    left = [calls]

    def function(values: Any, weight: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return inner(values, weight)

    return kernels.FakeKernel(kernel.signature, function)


def assert_same(one: Any, other: Any) -> None:
    assert one.parameters.keys() == other.parameters.keys()
    for name, value in one.parameters.items():
        assert value.tobytes() == other.parameters[name].tobytes(), name
    for table in ("epochs", "steps"):
        ours, theirs = getattr(one.history, table), getattr(other.history, table)
        assert ours.names == theirs.names
        for name in ours.names:
            if name != "seconds":
                assert ours[name].tobytes() == theirs[name].tobytes(), (table, name)
    assert (one.stopped, one.epochs, one.best_epoch) == (
        other.stopped,
        other.epochs,
        other.best_epoch,
    )


OPTIONS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05},
    "momentum": {"optimizer": "nesterov", "schedule": "cosine"},
    "adam": {"optimizer": "adam", "warmup": 7, "schedule": "step", "clip_norm": 0.5},
    "adamw": {"optimizer": "adamw", "validation": 0.25},
    "early": {
        "optimizer": "adam",
        "learning_rate": 0.5,
        "validation": 0.3,
        "early_stopping": EarlyStopping(patience=2),
    },
}


@pytest.mark.parametrize("calls", [1, 9, 23, 38])
@pytest.mark.parametrize("name", OPTIONS)
def test_resuming_gives_the_same_bits(name: str, calls: int, tmp_path: Path) -> None:
    """Killed within the first epoch, and within and between later ones."""
    options = {"epochs": 5, "batch_size": 16, "seed": 3, **OPTIONS[name]}
    data = regression_data()
    whole = fit(kernels.ridge(), data, checkpoint=tmp_path / "whole.npz", **options)
    path = tmp_path / "killed.npz"
    options |= {"checkpoint": path, "checkpoint_every": 2}
    done = False
    try:
        fit(killed_after(kernels.ridge(), calls), data, **options)
        done = True
    except Killed:
        pass
    if path.exists():
        resumed = fit(kernels.ridge(), data, resume=path, **options)
        assert_same(resumed, whole)
    else:
        assert calls == 1 and not done


def test_a_finished_run_can_be_prolonged(tmp_path: Path) -> None:
    data = regression_data()
    options: dict[str, Any] = {"batch_size": 16, "checkpoint": tmp_path / "run.npz"}
    whole = fit(kernels.ridge(), data, epochs=6, **options)
    fit(kernels.ridge(), data, epochs=2, **options)
    assert_same(fit(kernels.ridge(), data, epochs=6, resume=tmp_path / "run.npz", **options), whole)


def test_a_run_that_stopped_early_does_not_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    options: dict[str, Any] = {"epochs": 60, "checkpoint": path, **OPTIONS["early"]}
    first = fit(kernels.ridge(), regression_data(), **options)
    assert first.stopped == "early"
    assert_same(fit(kernels.ridge(), regression_data(), resume=path, **options), first)


class StatefulPredictor(LinearPredictor):
    """Counts its training batches and scales its predictions by the count: state to be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.training = True

    def mode(self, training: bool) -> None:
        self.training = training

    def predict(self, batch: Any) -> Any:
        self.count += self.training
        self.factor = 1 + self.count % 5 / 10
        return self.factor * super().predict(batch)

    def vjp(self, cotangents: Any) -> Any:
        return super().vjp({"logits": self.factor * cotangents["logits"]})

    def state(self) -> dict[str, Any]:
        return {"count": np.array(self.count)}

    def load_state(self, state: Any) -> None:
        self.count = int(state["count"])


def test_a_predictor_resumes_with_its_state(tmp_path: Path) -> None:
    data = classes_data()
    data["features"] = data.pop("x")
    options: dict[str, Any] = {"epochs": 3, "batch_size": 32, "validation": 0.2}
    whole = fit(kernels.cross_entropy(), data, predictor=StatefulPredictor(), **options)
    options |= {"checkpoint": tmp_path / "run.npz", "checkpoint_every": 1}
    with pytest.raises(Killed):
        kernel = killed_after(kernels.cross_entropy(), 8)
        fit(kernel, data, predictor=StatefulPredictor(), **options)
    options |= {"resume": tmp_path / "run.npz"}
    resumed = fit(kernels.cross_entropy(), data, predictor=StatefulPredictor(), **options)
    assert_same(resumed, whole)


def test_parameters_are_read_from_results_and_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    result = fit(kernels.ridge(), regression_data(), epochs=2, checkpoint=path)
    result.save(tmp_path / "parameters.npz")
    for source in (path, tmp_path / "parameters.npz"):
        found = load_parameters(source)
        assert found.keys() == result.parameters.keys()
        np.testing.assert_array_equal(found["w"], result.parameters["w"])
    with np.load(tmp_path / "parameters.npz") as plain:
        np.testing.assert_array_equal(plain["w"], result.parameters["w"])


def test_no_temporary_file_is_left_and_a_failed_write_keeps_the_old(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    Checkpoint({"w": np.ones(2)}).save(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="Object arrays"):
        write_arrays(path, {"w": np.array([object()])})
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["run.npz"]


def test_every_truncation_is_a_diagnostic(tmp_path: Path) -> None:
    path, cut = tmp_path / "run.npz", tmp_path / "cut.npz"
    fit(kernels.ridge(), regression_data(), epochs=1, checkpoint=path)
    data = path.read_bytes()
    for length in range(0, len(data), max(1, len(data) // 60)):
        cut.write_bytes(data[:length])
        with pytest.raises(ObjcError, match="E0540"):
            Checkpoint.load(cut)


def test_a_flipped_bit_is_a_diagnostic_or_harmless(tmp_path: Path) -> None:
    """Zip checks its members; what lies between them may be damaged without harm."""
    path, damaged = tmp_path / "run.npz", tmp_path / "damaged.npz"
    fit(kernels.ridge(), regression_data(), epochs=1, checkpoint=path)
    data = path.read_bytes()
    w = Checkpoint.load(path).parameters["w"]
    for place in np.random.default_rng(0).integers(0, len(data), 200):
        changed = bytearray(data)
        changed[place] ^= 1 << int(place) % 8
        damaged.write_bytes(changed)
        try:
            found = Checkpoint.load(damaged)
        except ObjcError as failure:
            assert "E0540" in str(failure)
        else:
            np.testing.assert_array_equal(found.parameters.get("w", w), w)


def _foreign(path: Path) -> None:
    np.savez(path, w=np.ones(3))


def _later(path: Path) -> None:
    meta = json.dumps({"format": "objc-checkpoint", "version": 99})
    write_arrays(path, {"meta": np.array(meta)})


def _halved(path: Path) -> None:
    meta = json.dumps({"format": "objc-checkpoint", "version": 2, "epoch": "three"})
    write_arrays(path, {"meta": np.array(meta)})


def _pickled(path: Path) -> None:
    np.savez(path, meta=np.array([{"format": "objc-checkpoint"}], dtype=object))


def _text(path: Path) -> None:
    path.write_text("not a checkpoint")


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("meta.npy", b"rubbish")


@pytest.mark.parametrize("make", [_foreign, _later, _halved, _pickled, _text, _zip])
def test_what_is_no_checkpoint(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    make(path)
    with pytest.raises(ObjcError, match="E0540"):
        fit(kernels.ridge(), regression_data(), resume=path)
