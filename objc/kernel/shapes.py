"""Why the shapes of a call don't fit: the diagnosis, after the fast path has found that they don't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from objc.errors import InputError
from objc.kernel.errors import BatchClash, NotBatched, SizeClash, TooFewAxes
from objc.kernel.signature import InputSignature, Signature

Shape = tuple[int, ...]


def too_few_axes(signature: Signature, one: InputSignature, shape: Shape) -> InputError:
    span = signature.span(one.place)
    return InputError(TooFewAxes(span, signature.name, one.keyword, one.shape, one.rank, shape))


def not_batched(signature: Signature, one: InputSignature, shape: Shape) -> InputError:
    span = signature.span(one.place)
    declared = f"the shape {one.shape}" if one.rank else "no axes"
    return InputError(NotBatched(span, signature.name, one.keyword, one.role, declared, shape))


def batch_clash(signature: Signature, shapes: Mapping[str, Shape]) -> InputError:
    """The first two inputs whose batch axes differ."""
    batched = [
        (one, shapes[one.name][: len(shapes[one.name]) - one.rank])
        for one in signature.inputs
        if one.name in shapes and len(shapes[one.name]) > one.rank
    ]
    first, first_axes = batched[0]
    second, second_axes = next(entry for entry in batched if entry[1] != first_axes)
    return InputError(
        BatchClash(
            signature.span(second.place), signature.name, first.keyword, first_axes,
            second.keyword, second_axes, signature.span(first.place),
            _stretched(shapes, first, first_axes, second, second_axes),
        )
    )  # fmt: skip


def _stretched(
    shapes: Mapping[str, Shape],
    first: InputSignature,
    first_axes: Shape,
    second: InputSignature,
    second_axes: Shape,
) -> tuple[str, Shape] | None:
    """The input whose batch axes are the other's but for sizes of 1, with the shape that would fit."""
    if [size for size in first_axes if size != 1] != [size for size in second_axes if size != 1]:
        return None
    one, axes, wanted = first, first_axes, second_axes
    if len(second_axes) > len(first_axes):
        one, axes, wanted = second, second_axes, first_axes
    return one.keyword, (*wanted, *shapes[one.name][len(axes) :])


def size_clash(signature: Signature, shapes: Mapping[str, Shape]) -> InputError:
    """The first dimension with two sizes, or the first axis that is not of its literal size."""
    seen: dict[str, tuple[InputSignature, int, int, Shape]] = {}
    for one in signature.inputs:
        shape = shapes.get(one.name)
        if shape is None:
            continue
        lead = len(shape) - one.rank
        for axis, (dimension, literal) in enumerate(zip(one.dimensions, one.sizes, strict=True)):
            here = (one, lead + axis, shape[lead + axis], shape)
            if literal is not None and literal != here[2]:
                return _clash(signature, dimension, [here], literal=True)
            first = seen.setdefault(dimension, here)
            if literal is None and first[2] != here[2]:
                return _clash(signature, dimension, [first, here], literal=False)
    raise AssertionError("the shapes fit")


def _clash(
    signature: Signature,
    dimension: str,
    found: Sequence[tuple[InputSignature, int, int, Shape]],
    literal: bool,
) -> InputError:
    sizes = tuple((one.keyword, axis, size, shape) for one, axis, size, shape in found)
    spans = tuple(signature.span(one.place) for one, *_ in found)
    return InputError(SizeClash(spans[-1], signature.name, dimension, sizes, spans, literal))
