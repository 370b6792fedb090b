"""What a call gives: inputs by position or by name, and options."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from objc.errors import InputError
from objc.kernel.errors import GivenTwice, MissingInput, TooManyInputs, UnknownKeyword
from objc.kernel.option_errors import BadOption
from objc.kernel.signature import InputSignature, Signature
from objc.target import identifier

if TYPE_CHECKING:
    from objc.kernel.recipes import Made

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "missing"})()
"""What stands in for an input that was not given."""

REDUCTIONS = ("mean", "sum", "none")
ON_EMPTY = ("error", "zero", "nan")


@dataclass(slots=True)
class Options:
    """The options of a call, as `objc.kernel.kernel.Kernel` documents them."""

    weight: Any = None
    mask: Any = None
    reduction: Literal["mean", "sum", "none"] = "mean"
    on_empty: Literal["error", "zero", "nan"] = "error"
    out: Any = None
    wrt: Any = None
    vector: Any = None
    check_finite: bool = False
    check: bool = False
    given: tuple[str, ...] = ()
    made: Made | None = None

    def beside(self) -> list[tuple[str, Any]]:
        """What the call was given beside its inputs and is read, with what it is."""
        vector = self.vector
        parts = list(vector.values()) if isinstance(vector, Mapping) else vector
        vectors = parts if isinstance(parts, tuple | list) else [parts]
        given = [("weight", self.weight), ("mask", self.mask)]
        return [(f"`{name}`", one) for name, one in [*given, *(("vector", v) for v in vectors)]]


OPTIONS = (
    "weight", "mask", "reduction", "on_empty", "out", "wrt", "vector", "check_finite", "check",
)  # fmt: skip


class Binder:
    """Sorts the arguments of a call into slots, one an input, in the order of the declaration."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        order = {one.name: n for n, one in enumerate(signature.inputs)}
        self._positions = [order[one.name] for one in signature.positional]
        self._game = [order.get(name) for name in signature.game]
        self._ignored = {identifier(name) for name in signature.game if name not in order}
        self._slots: dict[str, int] = {}
        for n, one in enumerate(signature.inputs):
            self._slots[one.name] = n
            self._slots.setdefault(one.keyword, n)
        self.options = {
            f"{name}_" if name in self._slots else name: name
            for name in OPTIONS
            if name not in self._slots or f"{name}_" not in self._slots
        }
        self._required = [n for n, one in enumerate(signature.inputs) if one.default is None]
        self._checks = os.environ.get("OBJC_CHECK", "0") not in ("", "0")
        self._unset = [MISSING] * len(signature.inputs)

    def bind(
        self, arguments: Sequence[Any], keywords: Mapping[str, Any]
    ) -> tuple[list[Any], Options]:
        """The slots, MISSING where an input with a default was left out, and the options."""
        slots = self._unset.copy()
        positions: Sequence[int | None] = self._positions
        if len(arguments) > len(positions):
            if len(arguments) != len(self._game):
                raise self._too_many(len(arguments))
            positions = self._game  # a player takes what its game is given
        for position, value in zip(positions, arguments, strict=False):
            if position is not None:
                slots[position] = value
        options = Options()
        if self._checks:
            options.check = True
        for keyword, value in keywords.items():
            slot = self._slots.get(keyword)
            if slot is not None:
                if slots[slot] is not MISSING:
                    option = f"{keyword}_" if f"{keyword}_" in self.options else None
                    raise InputError(GivenTwice(None, self._signature.name, keyword, option))
                slots[slot] = value
            elif keyword in self.options:
                option = self.options[keyword]
                setattr(options, option, value)
                options.given += (option,)
            elif keyword not in self._ignored:
                raise self._unknown(keyword)
        for position in self._required:
            if slots[position] is MISSING:
                raise self._missing(slots)
        if options.given:
            self._check("reduction", options.reduction, REDUCTIONS)
            self._check("on_empty", options.on_empty, ON_EMPTY)
            self._check_flag("check", options.check)
            self._check_flag("check_finite", options.check_finite)
        return slots, options

    def place(
        self, name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]
    ) -> int | str | None:
        """The position or the keyword that an input was given at; None where it was left out."""
        slot = self._slots[name]
        positions: Sequence[int | None] = self._positions
        if len(arguments) > len(positions):
            positions = self._game
        for n, position in enumerate(positions[: len(arguments)]):
            if position == slot:
                return n
        return next((one for one in keywords if self._slots.get(one) == slot), None)

    def option(self, name: str) -> str:
        """The keyword of an option."""
        return next(keyword for keyword, plain in self.options.items() if plain == name)

    def bind_mapping(
        self, inputs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[list[Any], Options]:
        """As `bind`, with inputs and options apart."""
        for name in inputs:
            if name not in self._slots and name not in self._ignored:
                raise self._unknown(name)
        keywords = {plain: keyword for keyword, plain in self.options.items()}
        given = {keywords.get(name, name): value for name, value in options.items()}
        return self.bind((), {**inputs, **given})

    def _too_many(self, given: int) -> InputError:
        signature = self._signature
        positional = tuple(one.keyword for one in signature.positional)
        rest = tuple(one.keyword for one in signature.hyperparameters)
        return InputError(TooManyInputs(None, signature.name, given, positional, rest))

    def _unknown(self, keyword: str) -> InputError:
        names = tuple(one.keyword for one in self._signature.inputs)
        options = tuple(self.options)
        return InputError(UnknownKeyword(None, self._signature.name, keyword, names, options))

    def _missing(self, slots: Sequence[Any]) -> InputError:
        signature = self._signature
        inputs = zip(signature.inputs, slots, strict=True)
        missing = [one for one, value in inputs if value is MISSING and one.default is None]
        span = signature.span(missing[0].place)
        names = tuple(one.keyword for one in missing)
        return InputError(MissingInput(span, signature.name, names, call_form(signature)))

    def _check(self, name: str, value: Any, choices: tuple[str, ...]) -> None:
        if not isinstance(value, str) or value not in choices:
            found = BadOption(None, self._signature.name, name, shown(value), choices)
            raise InputError(found)

    def _check_flag(self, name: str, value: Any) -> None:
        if not isinstance(value, int):
            choices = ("True", "False")
            raise InputError(BadOption(None, self._signature.name, name, shown(value), choices))


def shown(value: Any) -> str:
    """A value in a message: short, whatever it is."""
    if isinstance(value, str | int | float | tuple | None) and len(repr(value)) <= 60:
        return repr(value)
    return f"a {type(value).__name__}"


def call_form(signature: Signature) -> str:
    """`huber(prediction, target, delta=1)`."""
    given = [one.keyword for one in signature.positional]
    given += [f"{one.keyword}={default_text(one)}" for one in signature.hyperparameters]
    return f"{signature.name}({', '.join(given)})"


def default_text(one: InputSignature) -> str:
    if one.default is None:
        return "…"
    return f"{one.default:g}" if isinstance(one.default, float) else "…"
