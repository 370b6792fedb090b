"""The program of a case."""

from __future__ import annotations

from objc.bench.cases import Case
from objc.errors import ObjcError
from objc.ir.program import Program


def program_of(case: Case) -> Program:
    """The declaration of a case: of its file, or of the library.

    Raises:
        ObjcError: the text is wrong, or does not declare it.
    """
    import objc
    from objc.bench.errors import NothingToMeasure
    from objc.kernel import Kernel

    module = objc.compile(case.path) if case.path is not None else objc.library
    kernel = getattr(module, case.declaration, None)
    if not isinstance(kernel, Kernel) or "per_example" not in kernel.program.outputs:
        raise ObjcError(NothingToMeasure(None, case.declaration))
    if not kernel.program.differentiable or kernel.kind == "metric":
        raise ObjcError(NothingToMeasure(None, case.declaration))
    return kernel.program
