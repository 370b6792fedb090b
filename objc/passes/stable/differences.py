"""Names for differences: what is subtracted is subtracted once.

`prediction - target`, `logits[label] - logsumexp(…)`: a linear combination of reads that stands
inside of something else, or one of entries that has a length, becomes a let before differentiation. The
rewrites then see one symbol, which they never multiply out, and the gradient of a gather and of the logsumexp
beside it are one adjoint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import expm1, softplus
from objc.ir.declared import declared_sign
from objc.ir.index import at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import recurrence_of
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, reads, substitute_positions
from objc.passes.stable.entries import log_entry, normalizers_of


def name_differences(program: Program, known: Program) -> Program:
    """Make lets of the differences in every body. `known` is the program as the user wrote it: a
    difference that has a name there keeps it."""
    names = Names.of(program)
    wanted = {let.body: let.name for let in known.lets if is_difference(let.body)}
    lets: list[Let] = []
    seen: dict[tuple[Expression, frozenset[Any]], Let] = {}
    recurrences = recurrence_of(program)
    normalizers = normalizers_of(program)
    compared = compared_normalizers(program)
    for let in program.lets:
        own = {one.name for one in recurrences[let.name].lets} if let.name in recurrences else set()
        is_length = let.reduction == "norm" and all(
            read.tensor in program.input for read in reads(let.body)
        )
        for node in _differences(let.body, normalizers, compared, top=is_length):
            if any(read.tensor in own for read in reads(node)):
                continue  # it would be one more member, with one more adjoint at every step
            positive = _positive(node, wanted, normalizers)
            if positive not in wanted and node in _exponents(let.body):
                positive = _positive(_primitive(positive)[1], wanted, normalizers)
            if (positive, frozenset(indices_of(positive))) in seen:
                continue
            free = tuple(index for index in let.indices if index in indices_of(positive))
            if set(free) != indices_of(positive):
                continue
            name = names.fresh(wanted.get(positive, "difference"))
            named = Let(
                name, free, positive, domain=declared_sign(positive, program), span=let.span
            )
            seen[positive, frozenset(free)] = named
            lets.append(named)
        lets.append(replace(let, body=_with_names(let.body, seen.values(), top=not is_length)))
    return program.with_lets(lets)


def is_difference(expression: Expression) -> bool:
    """Whether an expression is a linear combination, with numbers, of at least two reads."""
    if not isinstance(expression, sympy.Add):
        return False
    reads = 0
    for addend in expression.args:
        rest = addend.as_coeff_Mul()[1]
        if isinstance(rest, Read):
            reads += 1
        elif not addend.is_number:
            return False
    return reads >= 2


def is_weighted_exponent(expression: Expression) -> bool:
    """Whether an expression is a linear combination, with numbers, of reads and of logarithms of reads, of
    both: what the exponential of a score has with the weight beside it."""
    if not isinstance(expression, sympy.Add):
        return False
    terms = [one.as_coeff_Mul()[1] for one in expression.args if not one.is_number]
    weights = [one for one in terms if isinstance(one, sympy.log) and isinstance(one.args[0], Read)]
    reads = [one for one in terms if isinstance(one, Read)]
    return bool(weights and reads) and len(weights) + len(reads) == len(terms)


def _differences(
    body: Expression, normalizers: Mapping[str, Let], compared: Collection[str], *, top: bool
) -> list[Expression]:
    """The differences inside of a body, the body itself at the `top` only, in a fixed order."""
    found = {
        node
        for node in found_in(body, sympy.Add)
        if is_difference(node) or _is_log_probability(node, normalizers)
    } | set(_log_ratios(body, normalizers, compared))
    if not top:
        found -= {body}
    return sorted(found, key=spelled)


def _is_log_probability(node: Any, normalizers: Mapping[str, Let]) -> bool:
    """Whether a sum is a certain logit over a temperature less the logsumexp of all of them."""
    if len(node.args) != 2:
        return False
    for one, other in (node.args, node.args[::-1]):
        sign, read = one.as_coeff_Mul()
        let = normalizers.get(getattr(read, "tensor", ""))
        if let is None or sign not in (1, -1) or len(let.over) != 1:
            continue
        places: dict[Any, Any] = dict(zip(let.free, read.positions, strict=True))
        for entry in reads(other):
            for place in entry.positions:
                at_place = substitute_positions(let.body, {**places, let.over[0]: place})
                if at_place == -sign * other:
                    return True
    return False


def is_log_ratio(node: Any, normalizers: Mapping[str, Let]) -> bool:
    """Whether an expression is the difference of two log-probabilities, of which the logits have entries in
    common, as those of one model and of it under guidance, or at another temperature."""
    return _is_of_log_probabilities(node, normalizers, (-1, 1))


def is_log_share(node: Any, normalizers: Mapping[str, Let], compared: Collection[str]) -> bool:
    """Whether an expression is the log-probability of each in turn, under a softmax that is so compared."""
    return bool(compared) and _is_of_log_probabilities(
        node, {name: normalizers[name] for name in compared}, (-1,)
    )


def compared_normalizers(program: Program) -> set[str]:
    """The normalizers of log-probabilities that are so compared."""
    normalizers = normalizers_of(program)
    if len(normalizers) < 2:
        return set()
    ratios = (node for let in program.lets for node in _log_ratios(let.body, normalizers, ()))
    return {read.tensor for node in ratios for read in found_in(node, Read)} & set(normalizers)


def log_ratios(program: Program) -> set[str]:
    """The lets of such differences, and of the log-probabilities that they are of."""
    compared = compared_normalizers(program)
    normalizers = {name: program.let[name] for name in compared}
    return {
        let.name
        for let in (program.lets if compared else ())
        if let.reduction is None
        and (is_log_ratio(let.body, normalizers) or is_log_share(let.body, normalizers, compared))
    }


def _log_ratios(body: Any, normalizers: Mapping[str, Let], compared: Collection[str]) -> list[Any]:
    """The log-ratios in a body that are no differences of reads alone, but for those to a mixture, and the
    log-probabilities that they are of."""
    found = [
        node
        for node in (found_in(body, sympy.Add) if len(normalizers) > 1 else ())
        if not is_difference(node)
        and (is_log_ratio(node, normalizers) or is_log_share(node, normalizers, compared))
    ]
    inside = {one.args[0] for one in found_in(body, softplus)} if found else set()
    return [node for node in found if node not in inside and -node not in inside]


def _is_of_log_probabilities(
    node: Any, normalizers: Mapping[str, Let], signs: tuple[int, ...]
) -> bool:
    """Whether a sum is of logits at an index less their normalizers, with these signs."""
    ends: dict[Any, Read] = {}
    for sign, read in (one.as_coeff_Mul() for one in sympy.Add.make_args(node)):
        if getattr(read, "tensor", "") in normalizers:
            if sign not in signs or sign in ends:
                return False
            ends[sign] = read
    if len(ends) != len(signs):
        return False
    for index in sorted(indices_of(node), key=str):
        left, entries = node, []
        for sign, read in ends.items():
            let = normalizers[read.tensor]
            if [one.dimension for one in let.over] != [index.dimension]:
                break
            entry = log_entry(let, read, at(index))
            left += sign * entry
            entries.append({one for one in reads(entry) if index in indices_of(one)})
        else:
            if set.intersection(*entries) and sympy.expand(left) == 0:
                return True
    return False


def _positive(
    node: Expression, wanted: Mapping[Expression, str], normalizers: Collection[str]
) -> Expression:
    """The difference or its negative: as the user wrote it, else a score less its normalizer, as in its
    derivative, or with the fewer signs."""
    negative = sympy.Add(*(-one for one in node.args))
    for form in (node, negative):
        if form in wanted:
            return form
    constant = node.as_coeff_Add()[0]
    if constant != 0:
        return node if constant > 0 else negative
    reads = (one.as_coeff_Mul() for one in node.args)
    taken = [number for number, read in reads if getattr(read, "tensor", "") in normalizers]
    if len(taken) == 1:
        return node if taken[0] < 0 else negative
    return min(node, negative, key=_wording)


def _exponents(body: Expression) -> set[Expression]:
    """What stands in exponents: exp(c·(a − b)) is beside c·(a − b), where it is to cancel."""
    return {one.args[0] for one in found_in(body, sympy.exp, expm1)}


def _primitive(node: Expression) -> tuple[Any, Expression]:
    """(c, d) of a multiple c·(a − b), which has one name whatever number it is multiplied by; what is no
    such multiple is left as it is."""
    if sympy.Add(*(one.as_coeff_Mul()[0] for one in node.args)) != 0 or len(node.args) != 2:
        return sympy.Integer(1), node
    number, rest = node.primitive()
    return number, rest


def _wording(node: Expression) -> tuple[int, str]:
    signed = [one for one in node.args if one.could_extract_minus_sign()]
    return len(signed), min((str(one) for one in node.args if one not in signed), default="")


def _with_names(node: Any, lets: Iterable[Let], top: bool) -> Any:
    by_body: dict[Any, Any] = {}
    for let in lets:
        read = let.read(*let.free)
        by_body[let.body] = read
        by_body[sympy.Add(*(-one for one in let.body.args))] = -read
    return _replaced(node, by_body, top)


def _replaced(node: Any, by_body: dict[Any, Any], top: bool) -> Any:
    if not top and node in by_body:
        return by_body[node]
    if not top and is_difference(node):
        number, rest = _primitive(node)  # what is named is the difference, without the number
        if rest in by_body:
            return number * by_body[rest]
    if not node.args or not found_in(node, sympy.Add):
        return node
    node = node.func(*(_replaced(one, by_body, False) for one in node.args))
    if isinstance(node, sympy.Add) and not is_difference(node):
        node = _without_flattened(node, by_body)
    return node


def _without_flattened(node: Any, by_body: dict[Any, Any]) -> Any:
    """A sum that holds all addends of a difference, which SymPy has flattened into it."""
    addends = list(node.args)
    for body, read in by_body.items():
        parts = list(body.args)
        if len(parts) < len(addends) and all(part in addends for part in parts):
            for part in parts:
                addends.remove(part)
            addends.append(read)
    return sympy.Add(*addends)


def written_out(expression: Any, program: Program) -> Any:
    """With differences of entries, which have names, as what they are."""
    mapping = {}
    normalizers = normalizers_of(program)
    for read in found_in(expression, Read):
        let = program.let.get(read.tensor)
        if let is None or let.reduction is not None:
            continue
        if (
            is_difference(let.body)
            or is_log_ratio(let.body, normalizers)
            or is_log_share(let.body, normalizers, normalizers)
        ):
            places = dict(zip(let.free, read.positions, strict=True))
            mapping[read] = substitute_positions(let.body, places)
    return expression.xreplace(mapping) if mapping else expression
