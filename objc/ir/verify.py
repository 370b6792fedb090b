"""What holds of every program after every pass. A violation is a fault of the compiler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import sympy

from objc.atoms import BY_FUNCTION, Branch
from objc.errors import InternalError
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import CausalityError, recurrence_of
from objc.ir.reductions import REDUCTIONS
from objc.ir.symbols import Extent, IndexValue, Read, indices_of

_RELATIONS = (sympy.Eq, sympy.Ne, sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge)
_CONNECTIVES = (sympy.And, sympy.Or, sympy.Not)
_RESULTS = ("value", "per_example", "result")
_RESULT_PREFIXES = (
    "term", "gradient", "term_gradient", "hessian_diagonal", "hessian_vector_product",
)  # fmt: skip
_SHAPED_AS_INPUT = _RESULT_PREFIXES[1:]


def verify(program: Program, after: str | None = None) -> None:
    """Check every invariant of the representation; `after` names the pass that made the program.

    Names: unique; a dimension's name has one size, an index's name one dimension. Lets: each reads
    only inputs, lets before it and lets of its own recurrence, at as many positions as the tensor has
    axes, with the assumptions of the tensor; `over` and a guard stand only with a known reduction.
    Positions: indices are bound by the let, a plain index has the dimension of the axis, a gather
    reads integers. Bodies consist of exact numbers, reads, index values, extents, sums, products,
    powers, atoms and branches; conditions of relations and their connectives. Outputs exist, and
    gradients have the shape of their input.

    Raises:
        InternalError: one does not hold; the message names the pass, the let and the reason.
    """
    where = f" after {after}" if after else ""
    for problem in _problems(program, after):
        raise InternalError(f"`{program.name}` is not a valid program{where}: {problem}")


def _problems(program: Program, after: str | None) -> Iterator[str]:
    yield from _names(program)
    dimensions = set(program.dimensions)
    for one in program.inputs:
        yield from _input(one, dimensions)
    try:
        recurrences = recurrence_of(program)
    except CausalityError as error:
        yield str(error)
        return
    known: dict[str, Input | Let] = dict(program.input)
    for let in program.lets:
        if let.name in recurrences:
            known.update((one.name, one) for one in recurrences[let.name].lets)
        checker = _LetChecker(let, known, dimensions)
        yield from (f"in let `{let.name}`, {problem}" for problem in checker.problems())
        if after == "expand" and let.reduction and not REDUCTIONS[let.reduction].primitive:
            yield f"in let `{let.name}`, {let.reduction} has not been expanded"
        known[let.name] = let
    yield from _outputs(program)


def _names(program: Program) -> Iterator[str]:
    names = [one.name for one in program.inputs] + [one.name for one in program.lets]
    yield from (f"two tensors are named `{name}`" for name in _repeated(names))
    sizes: dict[str, Dimension] = {}
    for dimension in program.dimensions:
        if sizes.setdefault(dimension.name, dimension) != dimension:
            yield f"two dimensions are named `{dimension.name}`"
    indices: dict[str, Index] = {}
    for let in program.lets:
        for index in let.indices:
            if indices.setdefault(index.name, index) != index:
                yield f"the index `{index.name}` stands for two dimensions"


def _input(one: Input, dimensions: set[Dimension]) -> Iterator[str]:
    if one.is_differentiable and one.domain.is_integer:
        yield f"the input `{one.name}` is differentiable and holds integers"
    if one.domain.dimension is not None and one.domain.dimension.size is None:
        named = {dimension.name: dimension for dimension in dimensions}
        same = named.get(one.domain.dimension.name, one.domain.dimension)
        if same != one.domain.dimension:
            yield f"the domain of `{one.name}` has another dimension of the same name"


def _outputs(program: Program) -> Iterator[str]:
    for key, name in program.outputs.items():
        word, _, subject = key.partition(":")
        if word == "term_gradient":
            subject = key.rpartition(":")[2]
        if not (key in _RESULTS or (subject and word in _RESULT_PREFIXES)):
            yield f"the output key `{key}` is unknown"
        if name not in program.let:
            yield f"the output `{key}` is no let: `{name}`"
        elif word in _SHAPED_AS_INPUT:
            if subject not in program.input:
                yield f"the output `{key}` belongs to no input"
            elif program.let[name].dimensions != program.input[subject].dimensions:
                yield f"the output `{key}` has not the shape of `{subject}`"
        elif (key == "value" or word == "term") and program.let[name].free:
            yield f"the output `{key}` is no scalar"


def _repeated(names: Iterable[Any]) -> list[Any]:
    return [name for name, times in Counter(names).items() if times > 1]


class _LetChecker:
    def __init__(self, let: Let, known: dict[str, Input | Let], dimensions: set[Dimension]) -> None:
        self.let = let
        self.known = known
        self.dimensions = dimensions
        self.bound = set(let.indices)
        self.seen: set[Any] = set()

    def problems(self) -> Iterator[str]:
        let = self.let
        yield from (f"`{index.name}` is bound twice" for index in _repeated(let.indices))
        if let.reduction is None:
            if let.over:
                yield "indices are reduced over without a reduction"
            if let.guard != sympy.true:
                yield "there is a guard without a reduction"
        elif let.reduction not in REDUCTIONS:
            yield f"`{let.reduction}` is no reduction"
        elif not let.over:
            yield f"{let.reduction} reduces over nothing"
        elif REDUCTIONS[let.reduction].result == "index":
            if len(let.over) != 1:
                yield f"{let.reduction} reduces over more than one index"
            if not let.domain.is_integer:
                yield f"{let.reduction} has the domain {let.domain}, not one of integers"
        if let.reduction == "argsort":
            yield from self.ranks()
        yield from self.scalar(let.body)
        yield from self.condition(let.guard)

    def ranks(self) -> Iterator[str]:
        """That an argsort has a rank, which its body doesn't see, and no guard."""
        let = self.let
        if not let.free or let.free[-1].dimension != let.over[0].dimension:
            yield "argsort has no last free index over what is sorted"
        elif let.free[-1] in indices_of(let.body):
            yield "what is sorted depends on the rank"
        if let.guard != sympy.true:
            yield "argsort has a guard"

    # -------------------------------------------------------------- expressions

    def scalar(self, node: Any) -> Iterator[str]:
        if node in self.seen:
            return
        self.seen.add(node)
        if isinstance(node, Read):
            yield from self.read(node)
        elif isinstance(node, IndexValue):
            if node.index not in self.bound:
                yield f"the index `{node.index.name}` is not bound"
        elif isinstance(node, Extent):
            if node.dimension not in self.dimensions:
                yield f"the dimension {node.dimension} belongs to no input and no index"
        elif isinstance(node, Branch):
            yield from self.condition(node.args[0])
            yield from self.scalar(node.args[1])
            yield from self.scalar(node.args[2])
        elif isinstance(node, sympy.polygamma):
            if node.args[0] not in (0, 1, 2):
                yield f"polygamma has the order {node.args[0]}"
            yield from self.scalar(node.args[1])
        elif isinstance(node, sympy.Add | sympy.Mul | sympy.Pow) or node.func in BY_FUNCTION:
            for part in node.args:
                yield from self.scalar(part)
        elif not _is_number(node):
            yield f"`{node}` ({type(node).__name__}) may not stand in a body"

    def condition(self, node: Any) -> Iterator[str]:
        if node in (sympy.true, sympy.false) or node in self.seen:
            return
        self.seen.add(node)
        if isinstance(node, _RELATIONS):
            for part in node.args:
                yield from self.scalar(part)
        elif isinstance(node, _CONNECTIVES):
            for part in node.args:
                yield from self.condition(part)
        else:
            yield f"`{node}` ({type(node).__name__}) may not stand in a condition"

    # -------------------------------------------------------------- reads

    def read(self, read: Read) -> Iterator[str]:
        tensor = self.known.get(read.tensor)
        if tensor is None:
            yield f"`{read}` reads a tensor that is not defined before"
            return
        if len(read.positions) != len(tensor.dimensions):
            yield f"`{read}` has {len(read.positions)} positions for {len(tensor.dimensions)} axes"
            return
        if dict(read._assumptions_orig) != dict(tensor.domain.assumptions):
            yield f"`{read}` assumes other than the domain {tensor.domain} of `{tensor.name}`"
        for position, dimension in zip(read.positions, tensor.dimensions, strict=True):
            yield from self.position(read, position, dimension)

    def position(self, read: Read, position: Position, axis: Dimension) -> Iterator[str]:
        base = position.base
        if isinstance(base, Index):
            if base not in self.bound:
                yield f"`{read}` is read at `{base.name}`, which is not bound"
            elif position.offset == 0 and base.dimension != axis:
                yield f"`{read}` is read at `{base.name}` of {base.dimension} on an axis of {axis}"
        elif isinstance(base, Read):
            gathered = self.known.get(base.tensor)
            if gathered is not None and not gathered.domain.is_integer:
                yield f"`{read}` is read at `{base}`, which holds no integers"
            yield from self.scalar(base)
        elif isinstance(base, Dimension):
            if base not in self.dimensions:
                yield f"`{read}` is read at the end of {base}, which belongs to no input"
        elif base is not None:
            yield f"`{read}` is read at a {type(base).__name__}"


def _is_number(node: Any) -> bool:
    """Exact and real, infinities included."""
    if isinstance(node, sympy.Rational | sympy.NumberSymbol):
        return True
    return node in (sympy.oo, -sympy.oo)
