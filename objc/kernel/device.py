"""Calls with arrays that are on a device: nothing is copied, and nothing waits.

The arrays are read by their shapes and types alone, through stand-ins of NumPy's without memory, so that
what fits a declaration is said in one place. Results are made by the framework of the arrays that were
given; a scalar is waited for when it is read (`float(value)`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from objc.errors import InputError
from objc.kernel.arguments import MISSING, Options
from objc.kernel.call import Call
from objc.kernel.device_errors import DeviceLayout, MixedMemory, NotOnDevice
from objc.kernel.device_recipes import bytes_of, overlap, recipe_of
from objc.kernel.domains import out_of_range
from objc.kernel.option_errors import BadOut
from objc.kernel.outputs import parts_by_input
from objc.kernel.signature import InputSignature, Signature
from objc.kernel.value_errors import EmptyBatch, WeightValue
from objc.kernel.variants import Compiled, Output
from objc.target import DType, IndexOutOfRange

if TYPE_CHECKING:
    from objc.kernel.evaluator import Evaluator


class OnDevice(Protocol):
    """An array on a device, as its target describes it."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def kind(self) -> str: ...
    @property
    def pointer(self) -> int: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def contiguous(self) -> bool: ...
    @property
    def framework(self) -> Any: ...


def run(
    evaluator: Evaluator,
    adopt: Callable[[Any], OnDevice | None],
    results: tuple[str, ...],
    slots: Sequence[Any],
    options: Options,
    wrt: tuple[str, ...],
) -> dict[str, Any]:
    """As `Evaluator.run`, for slots of which some are on a device."""
    signature = evaluator.signature
    _refuse(signature, options)
    found = [None if value is MISSING else adopt(value) for value in slots]
    for of, held_there in zip(signature.inputs, found, strict=True):
        if held_there is not None and of.role == "hyperparameter" and not of.rank:
            _number_there(signature, of)
    call = evaluator.read(
        [value if one is None else _stand_in(one) for one, value in zip(found, slots, strict=True)]
    )
    given = dict(zip((one.name for one in signature.inputs), found, strict=True))
    short = next((one.kind for one in found if one is not None and one.kind in _SHORT), None)
    if short is not None:
        call.dtype = cast(DType, short)
    if signature.is_scalar:
        weighted = options.weight, options.mask
        options.weight = options.mask = None
        call.weigh(options)
        options.weight, options.mask = weighted
    elif call.batch is not None:
        call.count = call.sizes["batch"] = math.prod(call.batch)
    if signature.needed and evaluator.hollow(call, options) == 0.0:
        reason = "it is about an axis without entries"
        raise InputError(NotOnDevice(None, signature.name, "on_empty", reason))
    if options.mask is not None:
        options.weight = _masked(call, options, adopt)
    compiled = evaluator.variant(results, wrt, call.batched, options.weight is not None, call.dtype)
    for name, count, more in compiled.plan.counted:
        call.sizes[name] = call.values[count] + more
    arguments = _arguments(call, compiled, given, options, adopt)
    frameworks = [one.framework for one in found if one is not None]
    framework = next((one for one in frameworks if one.names), frameworks[0])
    if options.reduction == "none" and options.weight is not None and not framework.weighs:
        reason = "PyTorch's and CuPy's arrays are multiplied; weigh the values yourself"
        raise InputError(NotOnDevice(None, signature.name, "weight", reason))
    out = _out(evaluator, results, options, wrt, adopt)
    whole, held = _buffers(call, compiled.plan.outputs, framework, adopt, out)
    _apart(call, arguments, {key: held[key] for key in out})
    scalars: Any = compiled.run(arguments, call.sizes, held)

    def raised(error: IndexOutOfRange) -> Exception:
        if error.axis == _WEIGHT:
            return _no_weight(call, options, error)
        label = signature.input.get(error.tensor)
        if label is not None and error.axis < 0:
            place = () if error.example is None else call.example(error.example)
            return out_of_range(signature, label, error.value, error.extent, place)
        return evaluator.out_of_range(error, call, {})

    def nothing() -> Exception:
        return InputError(EmptyBatch(None, signature.name, "every weight is 0"))

    is_told = options.on_empty == "error"
    for one in compiled.plan.outputs:
        if not one.dimensions:
            whole[one.key] = scalars.later(one.key, raised, nothing if is_told else None)
    if options.reduction == "none" and options.weight is not None and "per_example" in whole:
        framework.weighed(whole["per_example"], options.weight)
    recipe = recipe_of(
        options.made,
        compiled,
        evaluator.binder,
        arguments,
        call.sizes,
        held,
        out,
        raised,
        framework,
    )
    if recipe is not None:
        evaluator.keep(options.made.kind, recipe)  # type: ignore[union-attr]
    return whole


_WEIGHT = -2
"""The axis that a target tells of where a weight is none."""


def _no_weight(call: Call, options: Options, error: IndexOutOfRange) -> Exception:
    """What is wrong with a weight, or with the entry of a mask that was made one."""
    assert error.example is not None
    position = call.example(error.example)
    name = "weight" if options.mask is None or error.value > -math.inf else "mask"
    value = f"{error.value:g}" if name == "weight" else f"{float(options.mask[position]):g}"
    return InputError(WeightValue(None, call.signature.name, name, value, position))


def _refuse(signature: Signature, options: Options) -> None:
    reasons = {
        "check": "it would wait for the device",
        "check_finite": "it would wait for the device",
    }
    for option in options.given:
        if option in reasons and getattr(options, option) not in (None, False):
            raise InputError(NotOnDevice(None, signature.name, option, reasons[option]))


FROM_WEIGHTS, FROM_WEIGHTS_OR_ZERO = 0.0, -1.0
"""Scales that say to the target that it is one over the sum of the weights, which only it can know; by the
second it is 0 where that sum is."""


def _scale(call: Call, options: Options) -> float:
    """What a mean or a sum is scaled with."""
    if options.reduction == "mean" and options.weight is not None:
        return FROM_WEIGHTS_OR_ZERO if options.on_empty == "zero" else FROM_WEIGHTS
    return math.nan if call.empty and options.on_empty == "nan" else call.scale


_SHORT = ("bfloat16", "float16")
"""Types that arrays may be stored in, where nothing is computed in them."""

_STAND_INS = {"bfloat16": "float16"}


def _stand_in(one: OnDevice) -> Any:
    """An array of the same shape and type that has no memory of its own."""
    try:
        kind = np.dtype(_STAND_INS.get(one.kind, one.kind))
    except TypeError:
        kind = np.dtype(np.complex128)  # refused as what holds no real numbers
    return np.broadcast_to(np.zeros((), kind), one.shape)


def _arguments(
    call: Call,
    compiled: Compiled,
    given: Mapping[str, OnDevice | None],
    options: Options,
    adopt: Callable[[Any], OnDevice | None],
) -> dict[str, Any]:
    signature = call.signature
    arguments: dict[str, Any] = {}
    vectors = [one.of for one in compiled.plan.arguments if one.what == "vector"]
    parts = parts_by_input(signature, "vector", options.vector, vectors) if vectors else {}
    for one in compiled.plan.arguments:
        match one.what:
            case "input":
                of = signature.input[one.of]
                arguments[one.name] = _held(call, of, given[one.of])
            case "scale":
                arguments[one.name] = _scale(call, options)
            case "weight":
                arguments[one.name] = _array(call, "weight", options.weight, adopt, call.batch)
            case _:
                shape = np.shape(call.values[one.of])
                arguments[one.name] = _array(call, "vector", parts.get(one.of), adopt, shape)
    return arguments


def _held(call: Call, of: InputSignature, found: OnDevice | None) -> Any:
    """An input as the kernel takes it: an array on the device, or a number."""
    value = call.values[of.name]
    if found is None:
        if np.ndim(value) == 0:
            return int(value) if of.is_integer else float(value)
        _mixed(call, of.keyword, f"a {type(value).__name__} on the host", "an array there too")
    assert found is not None
    if of.is_integer and not found.shape and of.name not in call.batched:
        _number_there(call.signature, of)
    kind = "int64" if of.is_integer else call.dtype
    _require_readable(call, of.keyword, found, kind, of.kind in _SMALL)
    return found


def _array(
    call: Call,
    name: str,
    value: Any,
    adopt: Callable[[Any], OnDevice | None],
    shape: tuple[int, ...] | None,
) -> OnDevice | float:
    """An option that is an array on the device; of a number, that may be one of Python's."""
    found = adopt(value)
    if found is None:
        if shape == () and isinstance(value, float | int):
            return float(value)
        _mixed(call, name, f"a {type(value).__name__}", "an array there too")
    assert found is not None
    _require_readable(call, name, found, call.dtype, is_small=True)  # weights that compare nothing
    if found.shape != shape:
        raise InputError(
            DeviceLayout(None, call.signature.name, name, f"{found.shape}", f"the shape {shape}")
        )
    return found


def _masked(call: Call, options: Options, adopt: Callable[[Any], OnDevice | None]) -> Any:
    """The weights that a mask leaves, on the device."""
    name = call.signature.name
    found = adopt(options.mask)
    if found is None:
        _mixed(call, "mask", f"a {type(options.mask).__name__}", "an array there too")
    assert found is not None
    if found.shape != (call.batch or ()):
        shape = f"the shape {call.batch or ()}"
        raise InputError(DeviceLayout(None, name, "mask", f"{found.shape}", shape))
    if options.weight is not None:
        _array(call, "weight", options.weight, adopt, call.batch)
    made = found.framework.masked(options.mask, options.weight, call.dtype)
    if made is None:
        reason = "PyTorch's and CuPy's arrays have masks; give a `weight` of zeros and ones"
        raise InputError(NotOnDevice(None, name, "mask", reason))
    return made


def _number_there(signature: Signature, of: InputSignature) -> None:
    """Refuses what is looked at before the launch: a hyperparameter, or a number that counts."""
    said = "a number on the device", "a number of Python's: it is looked at before the launch"
    raise InputError(MixedMemory(None, signature.name, of.keyword, *said))


def _mixed(call: Call, name: str, found: str, expected: str) -> None:
    raise InputError(MixedMemory(None, call.signature.name, name, found, expected))


_SHORT_WHOLE = ("bool", "uint8", "int8", "int16")
_WHOLE = (*_SHORT_WHOLE, "int32", "int64")
_READ = {
    "int64": _WHOLE,
    "float32": (*_SHORT_WHOLE, "float32"),
    "float64": (*_SHORT_WHOLE, "int32", "float32", "float64"),
    "bfloat16": (*_SHORT_WHOLE, "float32", "float16", "bfloat16"),
    "float16": (*_SHORT_WHOLE, "float32", "float16", "bfloat16"),
}
"""The types that an input may have, by that which the kernel computes with or stores: what is read becomes
that, and none loses a digit that the computation has."""

_SMALL = ("binary", "sign", "probability", "simplex")
"""Domains whose whole numbers every type holds."""


def _require_readable(
    call: Call, name: str, found: OnDevice, kind: str, is_small: bool = False
) -> None:
    """As `_require_layout`, of an array that is only read. Whole numbers that are small are read as they
    are, of any width."""
    taken = (*_READ[kind], *_WHOLE) if is_small else _READ[kind]
    _require_layout(call, name, found, found.kind if found.kind in taken else kind)


def _require_layout(call: Call, name: str, found: OnDevice, kind: str) -> None:
    if found.kind != kind:
        said = (f"of type {found.kind}", kind)
    elif not found.contiguous:
        said = ("a view whose entries do not stand in C order", "contiguous arrays")
    else:
        return
    raise InputError(DeviceLayout(None, call.signature.name, name, *said))


def _apart(call: Call, arguments: Mapping[str, Any], out: Mapping[str, OnDevice]) -> None:
    """Refuses a buffer that shares memory with an input, which would be overwritten while it is read."""
    inputs = {name: one for name, one in arguments.items() if not isinstance(one, float | int)}
    arrays = [*inputs.values(), *out.values()]
    found = overlap([one.pointer for one in arrays], [*map(bytes_of, arrays)], len(inputs))
    if found is not None:
        names = [*inputs, *(f"out of {key.rpartition(':')[2]}" for key in out)]
        name = [*out][found[0] - len(inputs)].rpartition(":")[2]
        reason = f"shares memory with {names[found[1]]}"
        raise InputError(BadOut(None, call.signature.name, name, reason))


def _out(
    evaluator: Evaluator,
    results: tuple[str, ...],
    options: Options,
    wrt: tuple[str, ...],
    adopt: Callable[[Any], OnDevice | None],
) -> dict[str, Any]:
    """The caller's buffers by result."""
    found = evaluator.out(results, options, wrt)
    for key, one in found.items():
        if adopt(one) is None:
            name = key.rpartition(":")[2]
            reason = f"is a {type(one).__name__}, not an array on the device"
            raise InputError(BadOut(None, evaluator.signature.name, name, reason))
    return found


def _buffers(
    call: Call,
    outputs: Sequence[Output],
    framework: Any,
    adopt: Callable[[Any], OnDevice | None],
    out: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of the results: as the caller gets them, and as the kernel fills them."""
    whole: dict[str, Any] = {}
    held: dict[str, Any] = {}
    for one in outputs:
        if not one.dimensions:
            continue
        shape = tuple(
            size if isinstance(size, int) else call.sizes[size] for size in one.dimensions
        )
        if one.dimensions[0] == "batch":
            shape = (*(call.batch or ()), *shape[1:])
        kind = "int64" if one.integer else call.dtype
        array = out.get(one.key)
        if array is None:
            array = framework.empty(shape, kind)
        found = adopt(array)
        assert found is not None
        name = one.key.rpartition(":")[2]
        _require_layout(call, name, found, kind)
        if found.shape != shape:
            reason = f"has the shape {found.shape}, and the result {shape}"
            raise InputError(BadOut(None, call.signature.name, name, reason))
        whole[one.key], held[one.key] = array, found
    return whole, held
