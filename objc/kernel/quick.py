"""Calls of the kind of the last: what they look at is looked at by the target, all at once.

A recipe tells by the kinds of the arguments that a call is one that it knows, which takes microseconds.
A target may do that itself, as it takes the arrays, in less than one (`objc.targets.cpu.binding`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from objc.kernel import memory
from objc.kernel.recipes import Place, Recipe, converted, is_within

Quick: TypeAlias = Callable[[tuple[Any, ...], Mapping[str, Any]], Any]
"""Makes a call; None where it is of another kind, or is to be looked at in full."""


class Given(NamedTuple):
    """An argument of a call: the input that it is, or the result that it receives, None for others."""

    value: Any
    input: str | None = None
    result: str | None = None


def quick_of(
    recipe: Recipe, bind: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Quick | None:
    """How calls are made that are like this one, of the recipe's kind; None where nothing is spared.
    `bind` is the target's: it takes what was loaded, the sizes, the numbers and the arguments."""
    given = _given(recipe, arguments, keywords)
    if recipe.weighing is not None:
        return None
    others = []
    for n, one in enumerate(given):
        if (kind := recipe.converted.get(one.input or "")) is not None:
            others.append((n, one.value.dtype, kind))
            given[n] = one._replace(value=converted(one.value, kind))
    count = len(given) - len(recipe.made)
    bound = bind(recipe.compiled.run, recipe.sizes, recipe.fixed, given)
    if bound is None:
        return None
    names = tuple(keywords)
    parted = tuple(name for name, value in keywords.items() if type(value) is tuple)
    made = tuple((memory.maker(shape, kind), shape, kind) for _, shape, kind in recipe.made)
    finish = _finish(recipe, bound.names, given)
    inputs = {one.input: n for n, one in enumerate(given)}
    name_of = {place: name for name, place in recipe.arrays}
    ranges = tuple((inputs[name_of[place]], extent) for place, extent in recipe.ranges)

    def quick(arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        if keywords:
            if tuple(keywords) != names:
                return None
            arguments += tuple(keywords.values())
            for name in parted:
                if type(keywords[name]) is not tuple:
                    return None
                arguments += keywords[name]
        elif names:
            return None
        if others:
            if len(arguments) != count:
                return None
            taken = list(arguments)
            for n, before, kind in others:
                array = taken[n]
                if type(array) is not np.ndarray or array.dtype != before:
                    return None
                taken[n] = converted(array, kind)
                if taken[n] is None:
                    return None
            arguments = tuple(taken)
        for make, shape, kind in made:
            arguments += (make(shape, kind),)
        numbers = bound(arguments)
        if numbers is None:
            return None
        for at, extent in ranges:
            if not is_within(arguments[at], extent):
                return None
        for number in numbers:
            if number != number:
                return None  # not a number: the full call sees why
        return finish(numbers, arguments)

    return quick


def _given(recipe: Recipe, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Given]:
    """All that a call is given, in order: what a tuple holds stands behind it, new arrays last."""
    inputs = {place: name for name, place in recipe.arrays}
    results = {place: key for key, place in recipe.given}
    places = [(Place(n), value) for n, value in enumerate(arguments)]
    places += [(Place(name), value) for name, value in keywords.items()]
    for name, value in keywords.items():
        if type(value) is tuple:
            places += [(Place(name, n), part) for n, part in enumerate(value)]
    given = [Given(value, inputs.get(place), results.get(place)) for place, value in places]
    return given + [Given(np.empty(shape, kind), None, key) for key, shape, kind in recipe.made]


def _finish(
    recipe: Recipe, names: Sequence[str], given: Sequence[Given]
) -> Callable[[list[float], tuple[Any, ...]], Any]:
    """From numbers (of these names) and arguments to what the caller gets."""
    kinds = dict(recipe.scalars)
    numbers = [(n, key, kinds[key]) for n, key in enumerate(names)]
    arrays = [(n, one.result) for n, one in enumerate(given) if one.result is not None]
    found: dict[str, Any] = {key: n for n, key, kind in numbers if kind is None}
    found |= {key: -1 - n for n, key in arrays}
    plain = len(found) == len(numbers) + len(arrays)
    marked = recipe.finish(found) if plain else None
    if type(marked) is int:
        return (lambda n, a: n[marked]) if marked >= 0 else (lambda n, a: a[-1 - marked])
    if type(marked) is tuple and [type(one) for one in marked] == [int, int]:
        value, array = marked[0], -1 - marked[1]
        if value >= 0 <= array:
            return lambda n, a: (n[value], a[array])
        if value < 0 <= array:
            return lambda n, a: (a[-1 - value], a[array])

    def finish(values: list[float], arguments: tuple[Any, ...]) -> Any:
        all_of_it: dict[str, Any] = {
            key: values[n] if kind is None else kind(values[n]) for n, key, kind in numbers
        }
        for n, key in arrays:
            all_of_it[key] = arguments[n]
        return recipe.finish(all_of_it)

    return finish
