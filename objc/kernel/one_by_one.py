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

from objc.kernel.call import Call
from objc.kernel.variants import Compiled, Plan
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
        rows = {key for key, array in results.items() if array.ndim > 1}
        for number in range(sizes["batch"]):
            own = {key: results[key][number] for key in rows}
            try:
                found = self.compiled.run(self._given(arguments, number), _alone(sizes), own)
            except IndexOutOfRange as error:
                axis = error.axis + (error.axis >= 0 and error.tensor in self.call.batched)
                raise IndexOutOfRange(
                    error.tensor, axis, error.value, error.extent, number
                ) from None
            for key, value in found.items():
                if key in results:
                    results[key][number] = value
                else:
                    total[key] = total.get(key, 0.0) + value
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
    """How the examples of a call are computed one at a time; None where that gains nothing, or results
    are not those of single examples. `batch` is the variant of them all, `variant` makes that of one."""
    if not 0 < call.count <= MOST or not _is_of_examples(batch.plan):
        return None
    whole, _ = measure(batch.run, arguments, call.sizes)
    if whole < LEAST * call.count:
        return None
    from objc.passes.batch import dependent

    made = program()
    carriers = dependent(made.lets, call.batched)
    if any(term.let not in carriers for term in made.terms):
        return None  # what belongs to no example is not there once for each
    single = OneByOne(variant(), call, weight)
    given = single._given(arguments, 0)
    _, shared = measure(single.compiled.run, given, _alone(call.sizes))
    return single if shared * call.count >= SHARED * whole else None


def _is_of_examples(plan: Plan) -> bool:
    """Whether every result is a row for each example, or a sum over them."""
    return all(
        one.dimensions[0] == "batch" and not one.integer
        if one.dimensions
        else one.key.partition(":")[0] in ("value", "term")
        for one in plan.outputs
    )
