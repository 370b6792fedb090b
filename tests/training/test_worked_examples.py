"""The worked examples: each runs, reaches what its docstring says, and draws."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, folder: Path) -> Any:
    """The example's namespace, drawing to a folder of the test."""
    found = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    found["main"].__globals__["OUTPUT"] = folder
    return found


@pytest.mark.slow
def test_a_chain_segments_better_than_single_steps(tmp_path: Path) -> None:
    example = run("segments", tmp_path)
    steps, chain = example["main"]()
    assert steps.accuracy < 0.8 < 0.92 < chain.accuracy
    assert chain.borders < 5 < 15 < steps.borders
    assert (tmp_path / "segments.png").stat().st_size > 20_000
    transition = chain.result.parameters["transition"]
    assert (transition.argmax(axis=1) == [0, 1, 2]).all()


def test_decoding_finds_the_best_of_all_paths(tmp_path: Path) -> None:
    decode = run("segments", tmp_path)["decode"]
    draw = np.random.default_rng(4)
    emission, transition = draw.normal(size=(3, 5, 3)), draw.normal(size=(3, 3))
    paths = np.indices((3,) * 5).reshape(5, -1).T
    moves = transition[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    for one, labels in zip(emission, decode(emission, transition), strict=True):
        scores = one[np.arange(5), paths].sum(axis=1) + moves
        assert (paths[scores.argmax()] == labels).all()


def test_preferences_trade_reward_for_distance(tmp_path: Path) -> None:
    runs = run("preferences", tmp_path)["main"]()
    distances = [one.distance for one in runs]
    rewards = [one.reward for one in runs]
    assert distances == sorted(distances, reverse=True) and rewards == sorted(rewards, reverse=True)
    assert all(one.reward > one.start for one in runs)
    assert (tmp_path / "preferences.png").stat().st_size > 20_000


def test_the_divergence_of_a_policy(tmp_path: Path) -> None:
    """Against scipy's relative entropy."""
    from scipy.special import rel_entr

    import objc

    example = run("preferences", tmp_path)
    module = objc.compile(EXAMPLES / "preferences.objc", target="numpy")
    draw = np.random.default_rng(5)
    policy, reference = draw.normal(size=(2, 8, 4))
    prompt = draw.normal(size=(6, 4))
    p, q = (example["probabilities"](one, prompt) for one in (policy, reference))
    found = module.distance(policy, prompt, reference, reduction="none")
    np.testing.assert_allclose(found, rel_entr(p, q).sum(axis=1), rtol=1e-10)


@pytest.mark.slow
def test_learned_weights_stand_beside_those_by_hand(tmp_path: Path) -> None:
    runs = run("two_tasks", tmp_path)["main"](epochs=40)
    by_title = {(one.title, one.unit): one for one in runs}
    learned = by_title["learned", "pixels"]
    assert learned.accuracy > 0.85 and learned.explained > 0.45
    same, other = (by_title["by hand, 0.5", unit] for unit in ("pixels", "sixteenths of a pixel"))
    assert same.accuracy - other.accuracy > 0.03, "one balance holds for one unit"
    history, p = learned.result.history, learned.result.parameters
    for name in ("digit", "ink"):  # at its best a log-variance is log(2 loss)
        best = np.log(2 * history[f"train.{name}"][-1])
        assert float(p[f"log_variance_{name}"]) == pytest.approx(best, abs=0.15)
    assert (tmp_path / "two_tasks.png").stat().st_size > 20_000
