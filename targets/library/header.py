"""The C header of a library: every function with its formula, its shapes and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import llvmlite.binding as llvm
from objc.targets.library.compiling import NATIVE
from objc.targets.library.interface import Interface, Parameter, symbol_of
from objc.targets.library.status import MEANINGS

from objc.ir.index import BATCH
from objc.ir.program import Program
from objc.ir.text import formula
from objc.target import DType

if TYPE_CHECKING:
    from objc.targets.library.files import Member

_C = {"float32": "float", "float64": "double", "int64": "int64_t"}
_WIDTH = 100

_WHAT = {
    "value": "The sum over the batch times scale, and what belongs to no example.",
    "value_and_grad": "The value, and its gradient by every differentiable input.",
    "per_example": "One value an example.",
    "result": "The result, for each example.",
    "hessian_diagonal": "The second derivatives of the value by each entry.",
}

_COMMON = """\
#ifndef OBJC_COMMON
#define OBJC_COMMON

/* What every function returns. */
enum objc_status {{
{statuses}
}};

/* Filled where a function returns something else than OBJC_OK. */
typedef struct objc_error {{
    const char *name;  /* the tensor, result, hyperparameter or dimension; a constant of the library */
    int64_t axis;      /* the axis that was left, -1 for other errors */
    int64_t position;  /* the position that was asked for */
    int64_t extent;    /* the entries that the axis has */
    int64_t example;   /* where in the batch, or -1 */
    const char *index; /* the parameter that holds the position; NULL where it is computed */
}} objc_error;

#endif
"""

_CONVENTIONS = """\
Arrays are contiguous, the last axis fastest, the batch first; a shape stands beside each parameter.
A result shares no memory with an input or another result. A result that is a single number may be
NULL, and so may error. Nothing is written beyond the results; where a function returns something
else than OBJC_OK, they hold nothing of use.

Indices in the data are checked as they are read: one that leaves its axis ends the call with
OBJC_INDEX_OUT_OF_RANGE and never a read outside of an array. Single hyperparameters are checked for
their domain; other data is not, and yields NaN or infinity as the formula does.

scale multiplies the sum over the batch: 1.0 / batch for the mean, 1.0 / (sum of the weights) for the
weighted mean, 1.0 for the sum. Sums over the batch are in double precision. A weight of 0 multiplies
as any other: where such an example may hold NaN or an index out of range, pass the others only.

Threads. Every function is safe to call from several threads at once: a library has no state. A
function called by its own name works in the calling thread alone. To share one call among threads:

    workspace = malloc(F_workspace(sizes));
    F_begin(sizes, inputs, results, workspace, &error);        one thread
    for step in 0 .. F_STEPS - 1:
        F_run(workspace, step, first, last, scratch);          any threads, for ranges of the
                                                               chunks 0 .. F_chunks(step, sizes) - 1
        wait until every chunk of the step is done
    status = F_end(workspace, &error);                         one thread

A step of one chunk is not worth sharing, and one of a few chunks only where threads are awake: a chunk
takes from a few microseconds (elementwise formulas, wide vectors) to half a millisecond. How long a
step takes is best measured once, and shared where that is several times what a thread costs to wake.

Each chunk is run once. A thread's scratch holds F_scratch(sizes) bytes, or is NULL: it is then taken
from malloc and given back. The results are the same to the last bit however the chunks are divided,
and the same as those of F. A negative size of workspace, scratch or chunks is a status, negated.
F_run returns OBJC_INDEX_OUT_OF_RANGE where nothing further needs to be run; F_end tells the rest.
"""


def _processor(name: str) -> str:
    """A processor in a sentence; that of this machine by LLVM's name of it."""
    if name != NATIVE:
        return f"the processor {name}"
    return f"the processor of the machine that compiled it, {llvm.get_host_cpu_name()}"


def header(
    functions: Sequence[Member], dtype: DType, name: str, processor: str, origin: str
) -> str:
    """The text of the header."""
    guard = f"OBJC_LIBRARY_{symbol_of(name, set()).upper()}_H"
    names = ", ".join(dict.fromkeys(one.declaration.name for one in functions))
    about = (
        f"{origin}\n\nTraining objectives compiled ahead of time: {names}.\n\nNumbers are"
        f" {_C[dtype]}. Compiled for {_processor(processor)}: another that lacks its instructions"
        f" can't run it.\n\n{_CONVENTIONS}"
    )
    parts = [comment(about), f"#ifndef {guard}\n#define {guard}\n", "#include <stdint.h>\n"]
    parts.append(_COMMON.format(statuses=_statuses()))
    parts.append('#ifdef __cplusplus\nextern "C" {\n#endif\n')
    declared = None
    for one in functions:
        if one.declaration is not declared:
            declared = one.declaration
            parts.append(comment(_introduction(declared)) + "\n")
        parts.append(_function(one))
    parts.append("#ifdef __cplusplus\n}\n#endif\n")
    parts.append("#endif\n")
    return "\n".join(parts)


def _statuses() -> str:
    rows = [
        f"    OBJC_{status.name} = {int(status)}{',' * (number < len(MEANINGS) - 1)} "
        f"/* {meaning} */"
        for number, (status, meaning) in enumerate(MEANINGS.items())
    ]
    return "\n".join(rows)


def _function(one: Member) -> str:
    symbol, interface = one.interface.symbol, one.interface
    given = [_declared(parameter) for parameter in interface.parameters]
    sizes = [_declared(parameter) for parameter in interface.of("size")]
    error, workspace = "objc_error *error", "void *workspace"
    lines = [
        comment(_about(one)),
        f"#define {symbol}_STEPS {one.steps}",
        _prototype("int", symbol, [*given, error]),
        _prototype("int64_t", f"{symbol}_workspace", sizes),
        _prototype("int64_t", f"{symbol}_scratch", sizes),
        _prototype("int64_t", f"{symbol}_chunks", ["int64_t step", *sizes]),
        _prototype("int", f"{symbol}_begin", [*given, workspace, error]),
        _prototype(
            "int",
            f"{symbol}_run",
            [workspace, "int64_t step", "int64_t first", "int64_t last", "void *scratch"],
        ),
        _prototype("int", f"{symbol}_end", [workspace, error]),
    ]
    return "\n".join(lines) + "\n"


def _introduction(declaration: Program) -> str:
    rule = f"---- {declaration.name} {'-' * (_WIDTH - 12 - len(declaration.name))}"
    return f"{rule}\n\n{declaration.docstring or ''}"


def _about(one: Member) -> str:
    declaration, program = one.declaration, one.program
    what = one.what.removeprefix("weighted_")
    text = _WHAT[what] + (" Each example has a weight." if what != one.what else "")
    parts = [text, formula(declaration)]
    if what in ("value_and_grad", "hessian_diagonal"):
        parts.append(formula(program))
    rows = [f"  {_declared(p):<28} {_meaning(p, program)}" for p in one.interface.parameters]
    parts.append("Parameters:\n" + "\n".join(rows))
    returned = ", ".join(f"OBJC_{status}" for status in _returns(one.interface, program))
    parts.append(f"Returns OBJC_OK, or {returned}.")
    return "\n\n".join(parts)


def _returns(interface: Interface, program: Program) -> list[str]:
    found = []
    if any(one.domain.is_integer for one in program.inputs) or _has_positions(program):
        found.append("INDEX_OUT_OF_RANGE")
    found.append("INVALID_SIZE")
    if interface.of("array", "result"):
        found.append("MISSING_ARRAY")
    if any(one.bounds is not None for one in interface.parameters):
        found.append("OUTSIDE_DOMAIN")
    return [*found, "OUT_OF_MEMORY"]


def _has_positions(program: Program) -> bool:
    """Whether some tensor is read elsewhere than at an index as it stands."""
    return any(
        position.index is None
        for let in program.lets
        for read in let.reads
        for position in read.positions
    )


def _meaning(one: Parameter, program: Program) -> str:
    """What a parameter is, in a few words."""
    shape = f"[{', '.join(map(str, one.shape))}]" if one.shape else ""
    match one.kind:
        case "size":
            return "examples" if one.key == BATCH.name else f"entries of the dimension {one.key}"
        case "result" | "scalar":
            kind, _, name = one.key.partition(":")
            words = {"gradient": f"the derivatives by {name}"}.get(
                kind, f"the {kind} {name}".strip()
            )
            return f"out: {words}{f', {shape}' if shape else ''}".replace("per_example", "values")
    given = program.input[one.key]
    if given.role == "internal":
        return f"a weight for each example, {shape}" if shape else "see above"
    default = f", usually {given.default}" if given.default is not None else ""
    return f"{given.domain}{f', {shape}' if shape else ''}{default}"


def _declared(one: Parameter) -> str:
    element = _C[one.element]
    match one.kind:
        case "size" | "integer":
            return f"int64_t {one.name}"
        case "number":
            return f"double {one.name}"
        case "array":
            return f"const {element} *{one.name}"
        case _:
            return f"{element} *{one.name}"


def _prototype(result: str, name: str, parameters: Sequence[str]) -> str:
    line = f"{result} {name}({', '.join(parameters) or 'void'});"
    if len(line) <= _WIDTH:
        return line
    lines = [""]
    for number, one in enumerate(parameters):
        piece = one + (", " if number < len(parameters) - 1 else ");")
        if len(lines[-1]) + len(piece.rstrip()) > _WIDTH - 4:
            lines.append("")
        lines[-1] += piece
    return f"{result} {name}(\n" + "\n".join(f"    {one.rstrip()}" for one in lines)


def comment(text: str) -> str:
    """A text as a comment of C that nothing in the text can end."""
    lines = _safe(text).strip().split("\n")
    first, *rest = (line.rstrip() for line in lines)
    body = [f"/* {first}", *(f" * {line}".rstrip() for line in rest)]
    return "\n".join(body) + " */" if not rest else "\n".join([*body, " */"])


def _safe(text: str) -> str:
    """No end of a comment, no trigraph, and nothing that reads differently from how it looks."""
    text = text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
    return "".join(
        one if one == "\n" or one.isprintable() else one.encode("unicode_escape").decode()
        for one in text
    ).replace("\\\n", "\\ \n")
