"""Arguments as arrays: what is taken, and in which type it is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError
from objc.kernel.errors import NotIntegers, NotNumeric
from objc.kernel.signature import InputSignature, Signature
from objc.kernel.value_errors import LabelOutOfRange, LostDigits
from objc.target import DType, inexact

Array = NDArray[Any]

Locate: TypeAlias = Callable[[tuple[int, ...]], tuple[int, ...]]
"""From a position in the array that is computed with (batch axes flattened, examples of weight 0
left out) to that in the array that was given."""

_KINDS = {"U": "text", "S": "text", "c": "complex", "M": "of dates", "m": "of durations"}

_SMALL_FLOATS = ("bfloat16", "float8")


def numeric(signature: Signature, name: str, value: Any, place: tuple[int, int] | None) -> Array:
    """Anything that NumPy can view as an array of real numbers.

    Raises:
        InputError: objects, texts, complex numbers, ragged lists, masked arrays, or an array that
            its own library does not hand out (on a device, or recording gradients).
    """
    if isinstance(value, np.ma.MaskedArray):
        advice = f"give `{name}.data`, and `mask=~{name}.mask` if each example is masked or not"
        raise _refused(signature, name, place, "a masked array", advice)
    try:
        array = np.asarray(value)
    except Exception as error:
        found = f"a {type(value).__name__} that NumPy can't view ({_first_line(error)})"
        if isinstance(value, list | tuple):
            found = "a ragged list"
        raise _refused(signature, name, place, found, _advice(value)) from error
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.name.startswith(_SMALL_FLOATS):
        return array.astype(np.float32)
    found = _KINDS.get(array.dtype.kind, f"of type {array.dtype}")
    if array.dtype.kind == "O":
        found = "None" if value is None else f"a {type(value).__name__} of objects"
    raise _refused(signature, name, place, found, _advice(value))


def _refused(
    signature: Signature, name: str, place: tuple[int, int] | None, found: str, advice: str | None
) -> InputError:
    return InputError(NotNumeric(signature.span(place), signature.name, name, found, advice))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _advice(value: Any) -> str | None:
    if hasattr(value, "detach"):
        return "give `tensor.detach().cpu()`; the PyTorch bridge does this and keeps the gradient"
    return None


def floating_level(array: Array) -> int:
    """2 for float64 and wider, 1 for float32 and float16, 0 for integers and booleans."""
    if array.dtype.kind != "f":
        return 0
    return 2 if array.dtype.itemsize > 4 else 1


def integers(signature: Signature, one: InputSignature, array: Array, locate: Locate) -> Array:
    """An array for an `index` or `count` input, as 64-bit integers.

    Raises:
        InputError: an entry is not whole, or does not fit.
    """
    if array.dtype.kind == "f":
        wide = np.asarray(array, np.float64)
        wrong = ~((wide == np.trunc(wide)) & (np.abs(wide) < 2.0**63))
    elif array.dtype == np.uint64:
        wrong = array > np.iinfo(np.int64).max
    else:
        return np.asarray(array, np.int64, order="C")
    if wrong.any():
        position = first_true(wrong)
        value = str(array[position])
        span = signature.span(one.place)
        if array.dtype.kind == "u" and one.kind == "index":
            extent = one.extent or "the extent"
            raise InputError(
                LabelOutOfRange(
                    span, signature.name, one.keyword, int(value), None, extent, locate(position)
                )
            )
        raise InputError(
            NotIntegers(span, signature.name, one.keyword, one.domain, value, locate(position))
        )
    return np.asarray(array, np.int64, order="C")


def floating(
    signature: Signature, one: InputSignature, array: Array, dtype: DType, locate: Locate
) -> Array:
    """An array for an input of real numbers, as a C-contiguous array of a floating type; the same one
    where it is that already.

    Raises:
        InputError: an entry of an array of integers is none of that type.
    """
    lost = first_lost(array, dtype)
    if lost is not None:
        raise InputError(
            LostDigits(
                signature.span(one.place), signature.name, one.keyword, lost.value, dtype,
                lost.rounded, locate(lost.position), lost.count,
            )
        )  # fmt: skip
    return converted(array, dtype)


@dataclass(frozen=True)
class Lost:
    """The first integer that a floating type does not hold, what it would be rounded to, and how many
    such there are."""

    position: tuple[int, ...]
    value: int
    rounded: int
    count: int


def first_lost(array: Array, dtype: str) -> Lost | None:
    """The first of the integers in an array that a floating type does not hold."""
    wrong = inexact(array, dtype)
    if wrong is None:
        return None
    position = first_true(wrong)
    value = array[position]
    return Lost(position, int(value), int(value.astype(dtype)), int(np.count_nonzero(wrong)))


def converted(array: Array, dtype: DType) -> Array:
    """A C-contiguous array of a floating type; the same one where it is that already."""
    if array.dtype == dtype:
        return np.asarray(array, dtype, order="C")
    with np.errstate(over="ignore"):
        return np.asarray(array, dtype, order="C")


def first_true(found: Array) -> tuple[int, ...]:
    """The position of the first true entry, () for a scalar."""
    flat = int(np.argmax(found))
    return tuple(int(one) for one in np.unravel_index(flat, found.shape))
