"""Training in stages: each starts from the parameters that an earlier one ended with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from objc.errors import ObjcError
from objc.training.errors import UnknownName
from objc.training.loop import Result, fit
from objc.training.protocols import Kernel
from objc.training.stage_errors import StageWithoutKernel

Data: TypeAlias = "Mapping[str, Any] | Callable[[Mapping[str, Result]], Mapping[str, Any]]"
"""The data of a stage, or what makes it of the results of the stages before it."""


class StageRecord(Protocol):
    """A stage as `objc.kernel.Stages` has it."""

    @property
    def name(self) -> str: ...
    @property
    def objective(self) -> str: ...
    @property
    def start(self) -> str | None: ...
    @property
    def frozen(self) -> tuple[str, ...]: ...
    @property
    def scorer(self) -> str | None: ...


class StagedRun(Protocol):
    """A run of stages."""

    @property
    def name(self) -> str: ...
    @property
    def stages(self) -> tuple[StageRecord, ...]: ...
    def kernel(self, name: str) -> Any: ...


def fit_stages(
    run: StagedRun,
    data: Mapping[str, Data],
    *,
    kernels: Mapping[str, Kernel] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **common: Any,
) -> dict[str, Result]:
    """Train the stages of a run in their order, each from where its `from` says.

    A stage that starts from another begins at the parameters with which that one ended, as far as its
    objective has parameters of these names; the others start as `fit` starts them. What a stage refers to
    (`frozen`) or is scored by (`scorer`) is ready when its turn comes: give its data as a function of the
    results so far.

        results = fit_stages(
            module.rlhf,
            {
                "tune": texts,
                "reward": pairs,
                "align": lambda results: sampled(results["tune"], scored_by=results["reward"]),
            },
            kernels={"align": module.align},
            epochs=5,
        )

    Args:
        run: `module.NAME` of a declared run.
        data: by stage, what `fit` takes, or a function that makes it of the results of earlier stages.
        kernels: by stage, what is trained on where its objective is a formula of several names.
        options: by stage, options of `fit` that it has for itself.
        common: options of `fit` for all stages.

    Returns:
        The result of every stage, by name.

    Raises:
        ObjcError: a stage has no kernel (E0524), no data, or is not there (E0510); and whatever `fit`
            raises.
    """
    names = tuple(one.name for one in run.stages)
    for name in (*data, *(kernels or {}), *(options or {})):
        if name not in names:
            raise ObjcError(UnknownName(None, "stage", name, run.name, names))
    results: dict[str, Result] = {}
    for stage in run.stages:
        kernel = (kernels or {}).get(stage.name) or run.kernel(stage.name)
        if kernel is None:
            raise ObjcError(StageWithoutKernel(None, stage.name, stage.objective))
        given = data.get(stage.name, {})
        table = given(results) if callable(given) else given
        chosen = {**common, **(options or {}).get(stage.name, {})}
        initial = dict(chosen.pop("parameters", None) or {})
        if stage.start is not None:
            known = {one.name for one in kernel.signature.inputs if one.name not in table}
            before = results[stage.start].parameters
            initial = {**{name: one for name, one in before.items() if name in known}, **initial}
        results[stage.name] = fit(kernel, table, parameters=initial, **chosen)
    return results
