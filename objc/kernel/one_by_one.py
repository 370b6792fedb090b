"""Batches of few large examples, one example at a time.

A kernel over a batch divides it by examples: two of them keep two threads busy, and one a single thread,
however large it is. Where an example alone is work for many threads, each is computed by itself, in the
variant of one example. Whether it is, the sizes decide alone, so that results are the same for any number
of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from objc.kernel.call import Call
from objc.kernel.variants import Compiled
from objc.target import IndexOutOfRange

if TYPE_CHECKING:
    from objc.ir.program import Program

MOST = 8
"""Examples of such a batch: with more there is enough to share among them."""

LEAST = 1 << 27
"""Operations of an example, from which on handing out its parts is nothing beside them: a millisecond."""

SHARED = 0.75
"""The part of them that several threads can take part in."""

Measure = Callable[[Any, Mapping[str, Any], Mapping[str, int]], tuple[int, int]]
"""The operations of a loaded program at given sizes, and those that threads can share."""


@dataclass(frozen=True)
class OneByOne:
    """Runs the variant of one example for each of a batch."""

    batch: Compiled
    compiled: Compiled
    call: Call
    weight: Any

    def __call__(
        self,
        arguments: Mapping[str, Any],
        sizes: Mapping[str, int],
        results: Mapping[str, Any],
    ) -> dict[str, float]:
        """As the executable of the whole batch does. Raises IndexOutOfRange."""
        total: dict[str, float] = {}
        by_example = {
            one.key for one in self.batch.plan.outputs if one.dimensions[:1] == ("batch",)
        }
        # What all examples share is summed over them in float64, as a kernel over the batch does.
        shared = {key: np.zeros(results[key].shape) for key in results.keys() - by_example}
        rows = {key for key in by_example if results[key].ndim > 1}
        for number in range(sizes["batch"]):
            own = {key: results[key][number] for key in rows}
            own |= {key: results[key] for key in shared}
            try:
                found = self.compiled.run(self._given(arguments, number), _alone(sizes), own)
            except IndexOutOfRange as error:
                axis = error.axis + (error.axis >= 0 and error.tensor in self.call.batched)
                raise IndexOutOfRange(
                    error.tensor, axis, error.value, error.extent, number
                ) from None
            for key, sums in shared.items():
                sums += results[key]
            for key, value in found.items():
                if key in by_example:
                    results[key][number] = value
                else:
                    total[key] = total.get(key, 0.0) + value
        for key, sums in shared.items():
            results[key][...] = sums
        return total

    def _given(self, arguments: Mapping[str, Any], number: int) -> dict[str, Any]:
        given = {}
        for one in self.compiled.plan.arguments:
            value = arguments[one.name]
            if one.of in self.call.batched:
                value = value[number]
                value = value.item() if value.ndim == 0 else value
            elif one.what == "scale" and self.weight is not None:
                value = value * float(self.weight[number])
            given[one.name] = value
        return given


def _alone(sizes: Mapping[str, int]) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if name != "batch"}


def one_by_one(
    program: Callable[[], Program],
    call: Call,
    batch: Compiled,
    arguments: Mapping[str, Any],
    measure: Measure,
    variant: Callable[[], Compiled],
    weight: Any,
) -> OneByOne | None:
    """How the examples of a call are computed one at a time; None where that gains nothing, or a term is
    not one of examples: all else is a row for each, or a sum over them. `batch` is the variant of them all,
    `variant` makes that of one."""
    if not 0 < call.count <= MOST or any(one.integer for one in batch.plan.outputs):
        return None
    whole, _ = measure(batch.run, arguments, call.sizes)
    if whole < LEAST * call.count:
        return None
    from objc.passes.batch import dependent

    made = program()
    carriers = dependent(made.lets, call.batched)
    if any(term.let not in carriers for term in made.terms):
        return None  # what belongs to no example is not there once for each
    single = OneByOne(batch, variant(), call, weight)
    given = single._given(arguments, 0)
    _, shared = measure(single.compiled.run, given, _alone(call.sizes))
    return single if shared * call.count >= SHARED * whole else None
