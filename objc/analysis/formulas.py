"""Programs as the analyses read them: formulas whole, elementwise lets put in their readers' places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

import sympy

from objc.analysis.exponentials import with_logsumexps
from objc.atoms import erfc, log1p, log_cosh, log_ndtr, maximum, minimum, sigmoid, softplus
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, substitute_positions

_GREATEST = 600
"""Operations beyond which a formula is left in parts."""
_MOST_OPERATIONS = 300
_GREATEST_DEGREE = 32
_GREATEST_RATE = 64
_MOST_BITS = 512
_RECIPROCALS: dict[Any, Callable[[Any], Any]] = {
    sympy.sec: lambda x: 1 / sympy.cos(x),
    sympy.csc: lambda x: 1 / sympy.sin(x),
    sympy.cot: lambda x: sympy.cos(x) / sympy.sin(x),
    sympy.sech: lambda x: 1 / sympy.cosh(x),
    sympy.csch: lambda x: 1 / sympy.sinh(x),
    sympy.coth: lambda x: sympy.cosh(x) / sympy.sinh(x),
}


def whole(program: Program) -> Program:
    """The program with elementwise lets inlined where the formula stays of readable size.

    Lets that are gathered from (`x[order[i]]`) stay, since a position must be a read; those of a
    recurrence stay, since they have no formula that is whole.
    """
    recurrent = members(program)
    bodies: dict[str, Let] = {}
    lets = []
    for let in program.lets:
        body, guard = named(inlined(let.body, bodies)), inlined(let.guard, bodies)
        if _size(body) + _size(guard) <= _GREATEST:
            let = replace(let, body=body, guard=guard)
        if let.reduction is None and let.name not in program.gathered | recurrent:
            bodies[let.name] = let
        lets.append(let)
    named_lets = with_logsumexps(lets, Names.of(program), recurrent)
    return program.with_lets(reached(program, named_lets))


def in_atoms(expression: Any) -> Any:
    """An expression with what SymPy's simplification writes of its own (`Max`, `sec`, `coth`) in functions of
    the table, as far as they are there."""
    folds = {sympy.Max: maximum, sympy.Min: minimum}
    for func, fold in folds.items():
        expression = expression.replace(func, lambda *args, fold=fold: reduce(fold, args))
    for func, inverse in _RECIPROCALS.items():
        expression = expression.replace(func, lambda one, inverse=inverse: inverse(one))
    return expression


def reached(program: Program, lets: list[Let]) -> list[Let]:
    """The lets that the outputs still read."""
    wanted = set(program.outputs.values())
    left = {let.name: let for let in lets}
    waiting = list(wanted)
    while waiting:
        let = left.pop(waiting.pop(), None)
        found = {read.tensor for read in let.reads} if let is not None else set()
        waiting += found - wanted
        wanted |= found
    return [let for let in lets if let.name in wanted]


def inlined(expression: Any, bodies: Mapping[str, Let]) -> Any:
    mapping = {
        read: body_at(bodies[read.tensor], read)
        for read in expression.atoms(Read)
        if read.tensor in bodies
    }
    return expression.xreplace(mapping) if mapping else expression


def named(node: Any) -> Any:
    """A formula with log cosh, softplus, the logistic function and the normal tail by their names, as the
    table of atoms has rows for them, and with σ(−x) for 1 − σ(x)."""
    if not node.args or not node.has(sympy.exp, sympy.cosh, sigmoid, erfc, sympy.erf):
        return node
    arguments = [named(one) for one in node.args]
    node = node if list(node.args) == arguments else node.func(*arguments)
    match node:
        case sympy.log() if isinstance(node.args[0], sympy.cosh):
            inner = node.args[0].args[0]
            return log_cosh(-inner if inner.could_extract_minus_sign() else inner)
        case sympy.log() if (tail := _normal_tail(node.args[0])) is not None:
            return sympy.log(tail[0]) + log_ndtr(-sympy.sqrt(2) * tail[1])
        case sympy.log() if (exponent := _one_plus_exponential(node.args[0])) is not None:
            return softplus(exponent)
        case sympy.Add() if isinstance(complement := 1 - node, sigmoid):
            return sigmoid(-complement.args[0])
        case log1p() if isinstance(node.args[0], sympy.exp):
            return softplus(node.args[0].args[0])
        case sympy.Pow() if (exponent := _one_plus_exponential(node.base)) is not None:
            return sigmoid(-exponent) ** -node.exp
    return node


def _normal_tail(expression: Any) -> tuple[Any, Any] | None:
    """c and u where the expression is c/2 · erfc(u) with a number c > 0; 1 + erf(u) is erfc(−u)."""
    factor, rest = sympy.factor_terms(expression).as_coeff_Mul()
    constant, inner = rest.as_coeff_Add()
    if constant == 1 and isinstance(inner, sympy.erf):
        rest = erfc(-inner.args[0])
    return (2 * factor, rest.args[0]) if isinstance(rest, erfc) and factor > 0 else None


def _one_plus_exponential(expression: Any) -> Any:
    """u where the expression is 1 + exp(u)."""
    constant, rest = expression.as_coeff_Add()
    return rest.args[0] if constant == 1 and isinstance(rest, sympy.exp) else None


def _size(expression: Any) -> int:
    return sum(1 for _ in _nodes(expression))


def _nodes(expression: Any) -> Iterator[Any]:
    stack, count = [expression], 0
    while stack and count <= _GREATEST:
        count += 1
        node = stack.pop()
        yield node
        stack.extend(node.args)


def body_at(let: Let, read: Read) -> Expression:
    """A let's body at the positions of a read of it."""
    mapping = dict(zip(let.free, read.positions, strict=True))
    return substitute_positions(let.body, mapping)


def placed(let: Let, read: Read, over: Mapping[Index, Position]) -> Expression:
    """A reduction's body at the positions of a read, and at one point of what it runs over."""
    mapping = {**dict(zip(let.free, read.positions, strict=True)), **over}
    return substitute_positions(let.body, mapping)


def influences(program: Program) -> dict[str, frozenset[str]]:
    """From each let to the inputs that it depends on, gathers and guards included."""
    return spread(program, lambda let: [read.tensor for read in let.reads])


def spread(program: Program, sources: Callable[[Let], Iterable[str]]) -> dict[str, frozenset[str]]:
    """From each let to the inputs that reach it through the tensors that `sources` names of a let.

    Lets of a recurrence read each other: it is gone on until nothing more is found.
    """
    inputs = {one.name: frozenset({one.name}) for one in program.inputs}
    known: dict[str, frozenset[str]] = {let.name: frozenset() for let in program.lets}
    from_each = {let.name: tuple(sources(let)) for let in program.lets}
    is_changed = True
    while is_changed:
        is_changed = False
        for name, tensors in from_each.items():
            found = frozenset[str]().union(*(inputs.get(one) or known[one] for one in tensors))
            is_changed |= found != known[name]
            known[name] = found
    return known


def is_short(expression: Expression) -> bool:
    """Whether a formula may be transformed as a whole: multiplied out, factored, simplified. A high power,
    a number of very many digits, or an exponential that is a high power of another (SymPy takes
    exp(100·x) for a polynomial in exp(x)) becomes too much to hold."""
    if expression.count_ops() > _MOST_OPERATIONS:
        return False
    if _degree(expression) > _GREATEST_DEGREE:
        return False
    if any(_rate(one.args[0]) > _GREATEST_RATE for one in expression.atoms(sympy.exp)):
        return False
    numbers = expression.atoms(sympy.Rational)
    return all(max(one.p.bit_length(), one.q.bit_length()) <= _MOST_BITS for one in numbers)


def _degree(expression: Any) -> Any:
    """About the degree of the polynomial that an expression would be, multiplied out."""
    found = [_degree(one) for one in expression.args] or [1]
    if isinstance(expression, sympy.Mul):
        return sum(found)
    if isinstance(expression, sympy.Pow) and expression.exp.is_Rational:
        return abs(expression.exp) * found[0]
    return max(found)


def _rate(exponent: Any) -> Any:
    """A bound on the whole numbers that would stand in an exponent, multiplied out."""
    if exponent.is_Rational:
        return max(abs(exponent.p), exponent.q)
    found = [_rate(one) for one in exponent.args]
    if isinstance(exponent, sympy.Add):
        return sum(found)
    if isinstance(exponent, sympy.Mul):
        return sympy.prod(found)
    if isinstance(exponent, sympy.Pow) and exponent.exp.is_Rational:
        power = abs(exponent.exp)
        return found[0] ** power if power <= _GREATEST_DEGREE else sympy.oo
    return max(found, default=1)
