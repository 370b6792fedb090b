"""Games on the command line: a game stands for its players, a player is `GAME.PLAYER`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import Run

GAMES = '''
"""Tug of war."""
game rope(left: real, right: real | grip: real) =
    puller minimizes pull             over left
    holder maximizes pull - right^2   over right
    where pull = left * right * grip

loss square(x: real) = x^2
'''


@pytest.fixture
def rope(run: Run) -> Run:
    Path("rope.objc").write_text(GAMES)
    return run


def test_show_and_check_a_game_or_a_player(rope: Run) -> None:
    shown = rope("show", "rope.objc:rope").output
    assert "program rope.puller" in shown and "program rope.holder" in shown
    one = rope("show", "--stage", "formula", "rope.objc:rope.holder").output
    assert one.startswith("rope.holder(left, right, grip) = pull - right²") and "puller" not in one
    assert "Game name=rope" in rope("show", "--stage", "syntax", "rope.objc:rope.holder").output
    found = rope("check", "--json", "rope.objc:rope")
    names = [one["name"] for one in json.loads(found.output)["declarations"]]
    assert names == ["rope.puller", "rope.holder"]
    assert rope("check", "rope.objc:rope.holder").exit_code == 0


def test_a_player_that_is_not_there(rope: Run) -> None:
    result = rope("show", "rope.objc:rope.holdr")
    assert result.exit_code != 0
    assert "did you mean `rope.holder`?" in result.output


def test_train_takes_a_player_and_says_so_of_a_game(rope: Run) -> None:
    done = rope("train", "rope.objc:rope", "--data", "none.npz", "--optimizer", "adam")
    assert done.exit_code != 0
    assert "`rope` in `rope.objc` is a game, and this takes one of its players" in done.output
    assert "objc.training.fit_game" in done.output


def test_compile_writes_players(rope: Run, tmp_path: Path) -> None:
    assert rope("compile", "rope.objc", "-o", "build").exit_code == 0
    path = tmp_path / "build" / "rope.py"
    specification = importlib.util.spec_from_file_location("rope", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    value, slope = module.rope_holder_value_and_grad(np.array([1.0, 2.0]), [3.0, 1.0], [1.0, -1.0])
    assert value == pytest.approx((3 - 9 - 2 - 1) / 2)
    np.testing.assert_allclose(slope, np.array([1 - 6, -2 - 2]) / 2)
    assert module.square([3.0]) == 9


def test_list_shows_games(rope: Run) -> None:
    assert "hinge_gan" in rope("list", "generative").output
    shown = rope("list", "lsgan").output
    assert shown.startswith("game lsgan(") and "generator     minimizes" in shown
