"""Stages: as data, and as runs that hand their parameters on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.training import Result, fit_stages

TEXT = """
loss near(w: real[D] | y: real[D]) = sum[d]((w[d] - y[d])^2)
loss reward(score: real | y: real) = -(score - y)^2
loss drift(w: real[D] | old: real[D]) = sum[d]((w[d] - old[d])^2)
objective joined(w: real[D] | y: real[D], old: real[D]; beta: positive = 1) =
    minimize
        pull: near(w | y)
        stay: beta * drift(w | old)

\"\"\"Near first, then near without leaving.\"\"\"
stages path
    coarse: minimize near
    critic: maximize reward
    fine:   minimize near + beta * drift(policy | coarse)   from coarse, scored by critic
"""
Y = np.array([[1.0, 3.0], [3.0, 5.0]])


@pytest.fixture(scope="module")
def module() -> Any:
    return objc.compile(TEXT, target="numpy")


def test_stages_are_data(module: Any) -> None:
    path = module.path
    assert [one.name for one in path.stages] == ["coarse", "critic", "fine"]
    fine = path["fine"]
    assert (fine.start, fine.frozen, fine.scorer) == ("coarse", ("coarse",), "critic")
    assert fine.objective == "near + beta * drift(policy | coarse)"
    assert (fine.declared, fine.given) == (("near", "drift"), ("beta", "policy"))
    assert (fine.direction, path["critic"].direction) == ("minimize", "maximize")
    assert path.docstring == "Near first, then near without leaving."
    assert "fine: minimize near + beta * drift(policy | coarse)" in repr(path)
    assert module["path"] is path and "path" in module and path not in list(module)


def test_the_example_of_the_language() -> None:
    text = (Path(__file__).parents[1] / "language" / "rlhf.objc").read_text("utf-8")
    rlhf = objc.compile(text).rlhf
    assert [(one.name, one.start, one.scorer) for one in rlhf] == [
        ("pretrain", None, None),
        ("tune", "pretrain", None),
        ("reward", None, None),
        ("align", "tune", "reward"),
    ]
    assert rlhf.kernel("tune").name == "next_token"
    assert rlhf.kernel("align") is None


def test_a_stage_has_its_own_direction(module: Any) -> None:
    assert module.path.kernel("coarse") is module.near
    critic = module.path.kernel("critic")
    assert critic.direction == "maximize" and module.reward.direction == "minimize"
    assert critic(1.0, 3.0) == -4


def test_stages_hand_their_parameters_on(module: Any) -> None:
    def beside(results: Mapping[str, Result]) -> dict[str, Any]:
        assert results["critic"].parameters["score"] == pytest.approx(2, abs=1e-6)
        return {"y": Y + 1, "old": results["coarse"].parameters["w"]}

    results = fit_stages(
        module.path,
        {"coarse": {"y": Y}, "critic": {"y": np.array([1.0, 3.0])}, "fine": beside},
        kernels={"fine": module.joined},
        options={"fine": {"hyperparameters": {"beta": 3.0}}},
        optimizer="lbfgs",
        epochs=100,
    )
    np.testing.assert_allclose(results["coarse"].parameters["w"], [2, 4], atol=1e-6)
    np.testing.assert_allclose(results["fine"].parameters["w"], [2.25, 4.25], atol=1e-6)
    idle = fit_stages(
        module.path,
        {"coarse": {"y": Y}, "critic": {"y": np.ones(2)}, "fine": {"y": Y, "old": np.zeros(2)}},
        kernels={"fine": module.joined},
        options={"fine": {"epochs": 0}},
        optimizer="sgd",
        learning_rate=0.1,
    )
    np.testing.assert_array_equal(idle["fine"].parameters["w"], idle["coarse"].parameters["w"])


def test_stages_of_a_used_file(tmp_path: Path) -> None:
    (tmp_path / "losses.objc").write_text("loss square(w: real | y: real) = (w - y)^2\n")
    (tmp_path / "run.objc").write_text(
        "use losses (square)\nstages run\n    only: minimize square\n"
    )
    run = objc.compile(tmp_path / "run.objc").run
    assert run.kernel("only")(1.0, 3.0) == 4
