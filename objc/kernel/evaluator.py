"""From the arguments of a call to results: choosing, compiling and running a variant."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError, OutOfMemory
from objc.kernel.arguments import Binder, Options, shown
from objc.kernel.arrays import converted, numeric
from objc.kernel.call import Call, Reader
from objc.kernel.domains import out_of_range
from objc.kernel.one_by_one import Measure, OneByOne, one_by_one
from objc.kernel.option_errors import BadOption, BadOut, NotDifferentiable, VectorShape
from objc.kernel.outputs import Results, parts_by_input
from objc.kernel.quick import Quick, quick_of
from objc.kernel.recipes import MOST, Recipe, recipe_of
from objc.kernel.signature import InputSignature, Signature
from objc.kernel.value_errors import (
    EmptyAxis,
    EmptyChoice,
    EmptyMean,
    PositionOutOfRange,
    TooLargeForMemory,
)
from objc.kernel.variants import (
    Compiled,
    Request,
    compile_variant,
    recall,
    remember,
    target_of,
)
from objc.target import DType, IndexOutOfRange

if TYPE_CHECKING:
    from objc.ir.program import Let, Program
    from objc.kernel.device_recipes import DeviceRecipe
    from objc.source import Span

Array = NDArray[Any]


_MOST_ENTRIES = 2**40
"""Steps beyond which no memory holds what is kept of each."""

_WITHOUT_WRT = frozenset({"value", "terms", "per_example"})
"""Results of which `out` holds none, where derivatives are asked for beside them."""


class Evaluator:
    """Runs one declaration on one target. Variants are compiled when first needed, once."""

    def __init__(
        self,
        signature: Signature,
        program: Callable[[], Program],
        target: str,
        key: Callable[[], str] | None,
    ) -> None:
        self.signature = signature
        self.target = target
        self.binder = Binder(signature)
        self._reader = Reader(signature)
        self._program = program
        self._key = key
        self._variants: dict[tuple[Any, ...], Compiled] = {}
        self._lock = threading.RLock()
        self._every = signature.differentiable
        self._recipes: dict[Any, Recipe | DeviceRecipe] = {}
        self._quicks: dict[Any, Quick | None] = {}
        self.quick: dict[str, Quick] = {}
        """By method, how its last call was made, where that is known to the last step."""

    # ------------------------------------------------------------------ variants

    def variant(
        self,
        results: tuple[str, ...],
        wrt: tuple[str, ...],
        batched: frozenset[str],
        weighted: bool,
        dtype: DType,
        alone: bool = False,
    ) -> Compiled:
        """The compiled variant, from memory, from the disk cache, or made now."""
        key = (results, wrt, batched, weighted, dtype, alone)
        found = self._variants.get(key)
        if found is None:
            with self._lock:
                found = self._variants.get(key) or self._made(Request(*key))
                self._variants[key] = found
        return found

    def _made(self, request: Request) -> Compiled:
        if self._key is None:
            return compile_variant(self._program(), self.target, request)
        name, key = self.signature.name, self._key()
        found = recall(key, name, self.target, request)
        if found is None:
            found = compile_variant(self._program(), self.target, request)
            remember(found, key, name, self.target, request)
        return found

    # ------------------------------------------------------------------ running

    def again(self, kind: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """What a call gives of a kind that has been made before; None where it is to be looked at."""
        recipe = self._recipes.get(kind)
        if recipe is None:
            return None
        quick = self._quick(kind, recipe, arguments, keywords)
        if quick is not None:
            self.quick[kind[0][1]] = quick
            found = quick(arguments, keywords)
            if found is not None:
                return found
        return recipe.run(arguments, keywords)

    def _quick(
        self, kind: Any, recipe: Recipe | DeviceRecipe, arguments: Sequence[Any],
        keywords: Mapping[str, Any],
    ) -> Quick | None:  # fmt: skip
        """How calls of a kind that comes again are made, made when it does so first."""
        if not isinstance(recipe, Recipe) or self._bind is None:
            return None
        try:
            return self._quicks[kind]
        except KeyError:
            quick = self._quicks[kind] = quick_of(recipe, self._bind, arguments, keywords)
        return quick

    @functools.cached_property
    def _bind(self) -> Any:
        """How the target binds a kernel to the kinds of arguments, if it does."""
        return getattr(target_of(self.target), "bound", None)

    def _learn(
        self, options: Options, call: Call, compiled: Compiled, inputs: Mapping[str, Any],
        results: Results,
    ) -> None:  # fmt: skip
        """Keep how a call was made for those of its kind."""
        if options.made is None or options.made.kind is None or options.check:
            return
        if options.check_finite or type(options.vector) not in (np.ndarray, type(None)):
            return
        recipe = recipe_of(options.made, call, compiled, inputs, results, self.binder)
        if recipe is not None:
            self.keep(options.made.kind, recipe)

    def keep(self, kind: Any, recipe: Recipe | DeviceRecipe) -> None:
        """Keep how a call of a kind was made."""
        if len(self._recipes) >= MOST:
            self._recipes.clear()
            self._quicks.clear()
        self._recipes[kind] = recipe

    @functools.cached_property
    def told(self) -> Callable[[Any], Any] | None:
        """How the target tells the kind of an array that is on its device, if it has one."""
        telling = getattr(target_of(self.target), "telling", None)
        return None if telling is None else cast("Callable[[Any], Any]", telling())

    @functools.cached_property
    def _adopt(self) -> Callable[[Any], Any] | None:
        """How the target tells arrays that are on its device, if it has one."""
        return getattr(target_of(self.target), "adopt", None)

    def read(self, slots: Sequence[Any]) -> Call:
        """The slots bound to shapes, a type and a batch."""
        return self._reader.read(slots)

    def run(
        self,
        results: tuple[str, ...],
        slots: Sequence[Any],
        options: Options,
        wrt: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Every result asked for, by key. Raises InputError for what is wrong with the call."""
        adopt = self._adopt
        if adopt is not None and any(adopt(one) is not None for one in slots):
            from objc.kernel import device

            return device.run(self, adopt, results, slots, options, wrt)
        signature = self.signature
        call = self.read(slots)
        if signature.is_scalar:
            call.weigh(options)
        elif call.batch is not None:
            call.count = call.sizes["batch"] = math.prod(call.batch)
        weight = None if call.weights is None else call.weights.weight
        compiled = self.variant(results, wrt, call.batched, weight is not None, call.dtype)
        for name, count, more in compiled.plan.counted:
            call.sizes[name] = call.values[count] + more
        out = self.out(results, options, wrt)
        filled = Results(call, compiled.plan.outputs, out, options.beside() if out else ())
        if signature.needed and (number := self.hollow(call, options)) is not None:
            filled.fill(number, shared_only=False)
            scalars: Mapping[str, float] = {one.key: number for one in compiled.plan.outputs}
            return filled.finish(scalars)
        arguments = self._arguments(call, compiled, options, weight)
        each = self._each(call, compiled, results, wrt, arguments, weight)
        try:
            scalars = (each or compiled.run)(arguments, call.sizes, filled.buffers)
        except IndexOutOfRange as error:
            raise self.out_of_range(error, call, arguments) from None
        except (
            MemoryError,
            ValueError,
        ) as error:  # NumPy has another for what no machine could hold
            shortage = self._out_of_memory(call)
            if isinstance(error, ValueError) and shortage.extent < _MOST_ENTRIES:
                raise
            raise OutOfMemory(shortage) from None
        if call.empty and options.on_empty == "nan":
            filled.fill(math.nan, shared_only=True)
            scalars = dict.fromkeys(scalars, math.nan)
        elif options.on_empty != "nan" and any(map(math.isnan, scalars.values())):
            self._require_means(call, arguments)
        found = filled.finish(scalars)
        if each is None:
            self._learn(options, call, compiled, arguments, filled)
        if options.reduction == "none" and "per_example" in found and call.weights is not None:
            found["per_example"] = self._weighted(found["per_example"], call, out)
        return found

    def _each(
        self,
        call: Call,
        compiled: Compiled,
        results: tuple[str, ...],
        wrt: tuple[str, ...],
        arguments: Mapping[str, Any],
        weight: Array | None,
    ) -> OneByOne | None:
        """How the examples are computed one at a time, where they are few and large."""
        measure = self._measure
        if measure is None or not call.batched or not self.signature.is_scalar:
            return None

        def variant() -> Compiled:
            return self.variant(results, wrt, frozenset(), False, call.dtype, alone=True)

        return one_by_one(self._program, call, compiled, arguments, measure, variant, weight)

    @functools.cached_property
    def _measure(self) -> Measure | None:
        """How the target tells the operations of what it has loaded, if it does."""
        return getattr(target_of(self.target), "operations", None)

    def _require_means(self, call: Call, arguments: Mapping[str, Any]) -> None:
        """Raises InputError where an example is not a number since a mean was left without entries."""
        from objc.kernel.empty_means import empty_mean
        from objc.passes.empty_means import guarded_means

        program = self._program()
        if "per_example" not in program.outputs or not guarded_means(program):
            return
        compiled = self.variant(("per_example",), (), call.batched, False, call.dtype)
        found = Results(call, compiled.plan.outputs, {})
        given = {one.name: arguments[one.name] for one in compiled.plan.arguments}
        scalars = compiled.run(given, call.sizes, found.buffers)
        values = np.asarray({**scalars, **found.buffers}["per_example"])
        for number in np.flatnonzero(np.isnan(values)):
            inputs = {
                name: value[number] if name in call.batched else value
                for name, value in given.items()
                if name in program.input
            }
            found_mean = empty_mean(program, inputs)
            if found_mean is not None:
                example = () if call.batch is None else call.example(int(number))
                raise InputError(EmptyMean(found_mean.span, self.signature.name, example))

    def _arguments(
        self, call: Call, compiled: Compiled, options: Options, weight: Array | None
    ) -> dict[str, Any]:
        plan = compiled.plan
        arguments: dict[str, Any] = {}
        for one in plan.arguments:
            if one.what == "input":
                arguments[one.name] = call.held(self.signature.input[one.of])
            elif one.what == "scale":
                arguments[one.name] = call.scale
            elif one.what == "weight":
                assert weight is not None
                arguments[one.name] = converted(weight, call.dtype)
        if options.vector is not None:
            self._add_vectors(call, compiled, options.vector, arguments)
        call.check(arguments, options, plan.unchecked)
        return arguments

    def _add_vectors(
        self, call: Call, compiled: Compiled, vector: Any, arguments: dict[str, Any]
    ) -> None:
        signature = self.signature
        places = [one for one in compiled.plan.arguments if one.what == "vector"]
        names = [one.of for one in places]
        parts = parts_by_input(signature, "vector", vector, names)
        for one in places:
            of = signature.input[one.of]
            expected = np.shape(call.values[one.of])
            if one.of not in parts:
                raise InputError(VectorShape(None, signature.name, of.keyword, None, expected))
            array = numeric(signature, "vector", parts[one.of], None)
            if array.shape != expected:
                raise InputError(
                    VectorShape(None, signature.name, of.keyword, array.shape, expected)
                )
            arguments[one.name] = self._vector(call, of, array)

    @staticmethod
    def _vector(call: Call, of: InputSignature, array: Array) -> Any:
        if of.name in call.batched and call.batch is not None:
            tail = array.shape[len(call.batch) :]
            array = array.reshape((math.prod(call.batch), *tail))
            if call.kept is not None:
                array = array[call.kept]
        array = converted(array, call.dtype)
        return array.item() if array.ndim == 0 else array

    def hollow(self, call: Call, options: Options) -> float | None:
        """What to fill results with where the formula takes a mean over an axis without entries."""
        for dimension in self.signature.needed:
            if call.sizes.get(dimension) == 0:
                if options.on_empty == "error" and call.count > 0:
                    holders = [one for one in self.signature.inputs if dimension in one.dimensions]
                    span = self.signature.span(holders[0].place)
                    name = holders[0].keyword
                    raise InputError(EmptyAxis(span, self.signature.name, dimension, name))
                return math.nan if options.on_empty == "nan" else 0.0
        return None

    @staticmethod
    def _weighted(values: Array, call: Call, out: Mapping[str, Any]) -> Array:
        assert call.weights is not None
        weight = call.weights.weight
        if weight is None:
            return values
        whole: Array = weight
        if call.kept is not None:
            whole = np.zeros(values.size)
            whole[call.kept] = weight
        factor = whole.reshape(values.shape).astype(values.dtype)
        if "per_example" in out:
            values *= factor
            return values
        return cast(Array, values * factor)

    # ------------------------------------------------------------------ what goes with it

    def wrt(self, asked: Any) -> tuple[tuple[str, ...], bool]:
        """The inputs of derivatives, and whether the result stands bare."""
        every = self._every
        if asked is None:
            if not every:
                raise self._no_derivative(None)
            return every, len(every) == 1
        names = (asked,) if isinstance(asked, str) else asked
        if not isinstance(names, Sequence) or not all(isinstance(one, str) for one in names):
            raise self._bad_wrt(asked)
        chosen = []
        for name in names:
            found = next(
                (one for one in self.signature.inputs if name in (one.name, one.keyword)), None
            )
            if found is None or not found.is_differentiable:
                raise self._no_derivative(str(name))
            chosen.append(found.name)
        if not chosen:
            raise self._bad_wrt(asked, "empty")
        return tuple(chosen), isinstance(asked, str)

    def _bad_wrt(self, asked: Any, found: str | None = None) -> InputError:
        keywords = tuple(self.signature.input[name].keyword for name in self._every)
        found = found or shown(asked)
        return InputError(BadOption(None, self.signature.name, "wrt", found, keywords))

    def _no_derivative(self, name: str | None) -> InputError:
        signature = self.signature
        one = signature.input.get(name or "")
        roles = {"data": "data", "hyperparameter": "a hyperparameter"}
        role = None if one is None else roles.get(one.role, one.role)
        span = None if one is None else signature.span(one.place)
        choices = tuple(signature.input[other].keyword for other in self._every)
        return InputError(NotDifferentiable(span, signature.name, name, role, choices))

    def out(
        self, results: tuple[str, ...], options: Options, wrt: tuple[str, ...]
    ) -> dict[str, Any]:
        """The caller's buffers by result."""
        if options.out is None:
            return {}
        if not wrt:
            return {results[0]: options.out}
        kinds = [one for one in results if one not in _WITHOUT_WRT]
        given = [options.out]
        if len(kinds) > 1:
            if not isinstance(options.out, tuple | list) or len(options.out) != len(kinds):
                both = " and ".join(kinds)
                raise InputError(BadOut(None, self.signature.name, both, "is not one for each"))
            given = list(options.out)
        return {
            f"{kind}:{name}": buffer
            for kind, own in zip(kinds, given, strict=True)
            for name, buffer in parts_by_input(self.signature, "out", own, wrt).items()
        }

    def _is_position(self, one: InputSignature, error: IndexOutOfRange, call: Call) -> bool:
        """Whether an input may be what a gather failed on: an index of a dimension of this size, or
        another whole number that is read as a position."""
        if one.extent is not None:
            size = call.sizes.get(one.extent, one.extent_size)
            return size is None or size == error.extent
        return one.is_integer and one.name in self._program().gathered

    def out_of_range(
        self, error: IndexOutOfRange, call: Call, arguments: Mapping[str, Any]
    ) -> InputError:
        """Name the label that a gather failed on, or the gather where it was no label."""
        signature = self.signature
        for one in signature.inputs:
            if not self._is_position(one, error, call) or one.name not in arguments:
                continue
            array = np.asarray(arguments[one.name])
            hits = array == error.value
            if one.name in call.batched and error.example is not None:
                elsewhere = np.arange(len(array)) != error.example
                hits[elsewhere] = False
            if hits.any():
                flat = int(np.argmax(hits))
                position = tuple(int(at) for at in np.unravel_index(flat, hits.shape))
                place = call.locate(one, position)
                return out_of_range(signature, one, error.value, error.extent, place)
        example = None
        if error.example is not None and call.batch is not None:
            example = call.example(error.example)
        choice = self._empty_choice(error)
        if choice is not None and choice.reduction is not None:
            return InputError(
                EmptyChoice(
                    choice.span, signature.name, choice.reduction, error.tensor, example or ()
                )
            )
        # The batch is an axis of its own, which the user's text doesn't have.
        axis = error.axis - self._is_batched(error.tensor, call)
        span, dimension = self._place_of(error.tensor, axis, error.value)
        return InputError(
            PositionOutOfRange(
                span,
                signature.name,
                error.tensor,
                axis,
                dimension,
                error.value,
                error.extent,
                example,
            )
        )

    def _out_of_memory(self, call: Call) -> TooLargeForMemory:
        """What to tell where memory does not suffice: the longest of all dimensions, of which those that a
        hyperparameter counts are known to the program alone."""
        sizes, counts = dict(call.sizes), {}
        for one in self._program().dimensions:
            if one.count is not None:
                sizes[one.name] = int(call.values[one.count]) + one.more
                counts[one.name] = self.signature.input[one.count].place
        longest = max(sizes, key=sizes.__getitem__, default="batch")
        span = self.signature.span(counts.get(longest))
        return TooLargeForMemory(span, self.signature.name, longest, sizes.get(longest, 0))

    def _is_batched(self, name: str, call: Call) -> bool:
        """Whether there is one of an input by example, or of a let: it hangs on such an input."""
        if name in call.batched:
            return True
        program = self._program()
        if name not in program.let:
            return False
        names = {name, *program.behind([program.let[name]])}
        return any(read.tensor in call.batched for one in names for read in program.let[one].reads)

    def _empty_choice(self, error: IndexOutOfRange) -> Let | None:
        """The argmax or argmin at which a tensor is read, where its guard has left it nothing to choose."""
        from objc.ir.program import readers
        from objc.ir.symbols import Read

        program = self._program()
        if error.value != -1:
            return None
        for _, read in readers(program):
            for position in read.positions if read.tensor == error.tensor else ():
                if isinstance(position.base, Read) and not position.offset:
                    let = program.let.get(position.base.tensor)
                    if let is not None and let.reduction in ("argmax", "argmin"):
                        return let
        return None

    def _place_of(self, tensor: str, axis: int, value: int) -> tuple[Span | None, str]:
        """What in the text reads a tensor at computed places along an axis, or else what declares it; and
        the name of the dimension there, empty where it has none. What reads at just this value comes
        first. What was inlined reads another tensor of that dimension in the text."""
        from objc.ir.index import Position
        from objc.ir.program import readers

        program, declared = self._program(), self.signature.input.get(tensor)
        place = None if declared is None else self.signature.span(declared.place)
        if tensor not in program.input and tensor not in program.let:
            return place, ""
        dimension = program.tensor(tensor).dimensions[axis]
        computed = [
            (read.tensor == tensor, position == Position(None, value), let.span)
            for let, read in readers(program)
            for own, position in zip(
                program.tensor(read.tensor).dimensions, read.positions, strict=True
            )
            if own == dimension and position.index is None
        ]
        exact = {span for is_it, is_there, span in computed if is_it and is_there}
        named = exact or {span for is_it, _, span in computed if is_it}
        found = named or {span for *_, span in computed}
        return (found.pop() if len(found) == 1 else None) or place, str(dimension)
