"""A run that is interrupted from the keyboard keeps what its finished epochs came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from objc.errors import ObjcError
from objc.training import Epoch, Interrupted, fit

from . import kernels, test_checkpoints
from .test_checkpoints import killed_after
from .test_fit import regression_data


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_an_interrupted_run_has_its_finished_epochs(optimizer: Any) -> None:
    """What it has is what a run of so many epochs has."""

    def interrupt(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    data = regression_data()
    with pytest.raises(Interrupted) as caught:
        fit(kernels.ridge(), data, optimizer=optimizer, epochs=5, callbacks=[interrupt])
    found = caught.value.result
    whole = fit(kernels.ridge(), data, optimizer=optimizer, epochs=2)
    assert (found.epochs, found.stopped) == (2, "interrupted")
    np.testing.assert_array_equal(found.parameters["w"], whole.parameters["w"])
    assert len(found.history) == 2


def test_an_interruption_within_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_checkpoints, "Killed", KeyboardInterrupt)
    data = regression_data()
    for calls, epochs in ((5, 2), (1, 0)):
        kernel = killed_after(kernels.ridge(), calls)
        with pytest.raises(Interrupted) as caught:
            fit(kernel, data, epochs=5)
        whole = fit(kernels.ridge(), data, epochs=epochs)
        assert caught.value.result.epochs == epochs
        np.testing.assert_array_equal(caught.value.result.parameters["w"], whole.parameters["w"])


def test_a_checkpoint_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    kernel = kernels.ridge()
    with pytest.raises(ObjcError, match="a file in a directory that can be written to") as caught:
        fit(kernel, regression_data(), checkpoint=tmp_path / "nowhere" / "run.npz")
    assert caught.value.diagnostics[0].code == "E0516" and not kernel.calls
