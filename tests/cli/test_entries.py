"""`objc list NAME`: an entry whole."""

from __future__ import annotations

import json

import pytest

from .conftest import Run


def test_an_entry_has_its_formula_what_it_takes_and_where_it_is_from(run: Run) -> None:
    text = run("list", "huber").stdout
    assert "  huber(prediction, target) = if |r| ≤ delta then r² / 2 else" in text
    assert "  delta: positive = 1   hyperparameter" in text
    assert "\nReferences\n  Huber (1964)\n" in text
    assert "  lipschitz delta in prediction\n" in text
    data = json.loads(run("list", "siglip", "--json").stdout)
    roles = {one["name"]: one["role"] for one in data["parameters"]}
    assert roles == {
        "image": "differentiable", "text": "differentiable",
        "log_scale": "learned", "bias": "learned",
    }  # fmt: skip
    assert data["signature"].startswith("siglip(image: real[B, D], text: real[B, D]; learn")


def test_an_entry_of_a_game_has_a_formula_for_each_player(run: Run) -> None:
    data = json.loads(run("list", "wgan", "--json").stdout)
    assert data["kind"] == "game"
    assert [one.partition("(")[0] for one in data["formula"]] == [
        "wgan.discriminator", "wgan.generator",
    ]  # fmt: skip


def test_an_entry_of_a_metric_has_its_surrogates(run: Run) -> None:
    data = json.loads(run("list", "zero_one", "--json").stdout)
    assert "hinge" in data["surrogates"]
    assert "\nSurrogates\n  hinge\n" in run("list", "zero_one").stdout


@pytest.mark.parametrize(
    ("name", "references"),
    [
        ("focal", ["Lin, Goyal, Girshick, He and Dollár (2017)", "Charoenphakdee et al. (2021)"]),
        ("info_nce", ["Van den Oord, Li and Vinyals (2018)"]),
        ("accuracy", ["Fix and Hodges (1951)"]),
    ],
)
def test_references_are_the_papers_of_the_docstring(
    run: Run, name: str, references: list[str]
) -> None:
    assert json.loads(run("list", name, "--json").stdout)["references"] == references
