"""What is measured: declarations with sizes, of the library, of `cases.objc`, or of a user's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from objc.ir.program import Program

VALUE_AND_GRADIENT = ("value", "gradient")
BOOSTING = ("gradient", "hessian_diagonal")
"""What a step of gradient boosting asks of a loss."""

OWN = Path(__file__).with_name("cases.objc")
ENTRIES = 1 << 22
"""About how many numbers the largest input of a user's own case has, where no size is given."""


@dataclass(frozen=True)
class Case:
    """One row of the table. `sizes` are those of the dimensions, `batch` that of the batch: without
    one the declaration is called for a single example. `form` names the hand-written forms of peers.
    `shared` are inputs without a batch axis, `results` what is computed in one call, and `dtype` the
    floating type, where the case is about one."""

    name: str
    declaration: str
    sizes: Mapping[str, int]
    path: str | None = None
    form: str | None = None
    shared: frozenset[str] = field(default_factory=frozenset)
    results: tuple[str, ...] = VALUE_AND_GRADIENT
    dtype: str | None = None
    spread: float = 1.0
    """The standard deviation of what is learned through, where it is any real number."""


def _case(name: str, declaration: str, spread: float = 1.0, **sizes: int) -> Case:
    return Case(name, declaration, sizes, None, declaration, spread=spread)


def _boosting(name: str, declaration: str, dtype: str, **sizes: int) -> Case:
    return Case(name, declaration, sizes, None, declaration, results=BOOSTING, dtype=dtype)


def _own(name: str, declaration: str, *shared: str, **sizes: int) -> Case:
    return Case(name, declaration, sizes, str(OWN), declaration, frozenset(shared))


UNIT_LENGTH = 1 / 16
"""The spread of the entries of vectors of 256 that are as long as one: such are contrasted."""

NEAR = 1 / 8
"""The spread of the entries of vectors of 64 that are as far from each other as a kernel is wide."""

CASES = (
    _case("binary_cross_entropy", "binary_cross_entropy", batch=10_000_000),
    _case("binary_focal", "binary_focal", batch=10_000_000),
    _case("cross_entropy_10", "cross_entropy", batch=1_000_000, K=10),
    _case("cross_entropy_1000", "cross_entropy", batch=65_536, K=1000),
    _case("cross_entropy_32768", "cross_entropy", batch=2048, K=32_768),
    _own("pairwise_logistic", "pairwise_logistic", N=8192),
    _case("ppo_clip", "ppo_clip", batch=4_000_000),
    _own("crf", "crf", "transition", batch=32, T=128, K=32),
    _case("small_256", "binary_cross_entropy", batch=256),
    _case("small_4096", "binary_cross_entropy", batch=4096),
    _own("logistic_regression", "logistic_regression", batch=500_000, D=100),
    _case("kl_logits", "kl_logits", batch=65_536, K=1000),
    _own("jensen_shannon", "jensen_shannon_logits", batch=65_536, K=1000),
    _case("info_nce", "info_nce", UNIT_LENGTH, B=4096, D=256),
    _own("attention", "attention", batch=64, N=128, D=64),
    _case("mmd", "mmd_gaussian", NEAR, N=2048, M=2048, D=64),
    _boosting("squared_boosting", "half_squared_error", "float32", batch=10_000_000),
    _boosting("poisson_boosting", "poisson", "float32", batch=10_000_000),
    _boosting("poisson_boosting_64", "poisson", "float64", batch=10_000_000),
)


LARGE = (
    _case("info_nce_large", "info_nce", UNIT_LENGTH, B=32_768, D=256),
    _own("linear_cross_entropy", "linear_cross_entropy", "weight", batch=65_536, D=512, K=32_000),
)
"""Cases whose scores or logits would not fit into memory: what `--memory` measures."""


def of_file(path: str, name: str, program: Program) -> Case:
    """A user's declaration: a batch of about `ENTRIES` numbers, each dimension of 64."""
    sizes = {one.name: 64 for one in program.dimensions if one.size is None}
    largest = max([_entries(one.dimensions, sizes) for one in program.inputs], default=1)
    batch = {"batch": max(1, ENTRIES // largest)}
    return Case(name, name, {**batch, **sizes}, path)


def _entries(dimensions: object, sizes: Mapping[str, int]) -> int:
    product = 1
    for one in dimensions:  # type: ignore[attr-defined]
        product *= one.size if one.size is not None else sizes[one.name]
    return product
