"""What other languages and mathematics write, and what is written here instead."""

from __future__ import annotations

CHARACTERS = {
    "'": 'names have no primes, and there is no text but docstrings in `"""`',
    '"': 'a docstring stands in `"""`, before its declaration',
    "!": "write `not`, or `!=`; the factorial of n is `exp(lgamma(n + 1))`",
    "%": "there is no remainder; a percentage is written as a fraction, `0.05`",
    "&": "write `and`",
    "@": "write a product of tensors with its indices: `sum[k](a[i, k] * b[k, j])`, or `dot(a, b)`",
    "$": "names are written as they are",
    "\\": "write Greek letters as they are, `α`, or by name, `alpha`",
    "²": "write `^2`",
    "³": "write `^3`",
    "∞": "write `inf`",
    "∂": "the compiler differentiates; within a formula write `gradient(f, x)`",
}
"""Characters that mean nothing here, and what to write."""

OPERATORS = {
    "**": "a power is written `^`",
    ":=": "a definition is written `=`",
    "&&": "write `and`",
    "||": "write `or`; a norm is `norm(x)`, an absolute value `abs(x)`",
    "->": "what a declaration computes follows `=`; the type of a result is not written",
    "=>": "write `>=`, or `=` for a definition",
    "//": "write `/`; a comment begins with `#`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "−": "write the minus sign of the keyboard, `-`",
    "×": "write `*`",
    "·": "write `*`, or `dot(a, b)`",
    "÷": "write `/`",
    "√": "write `sqrt(x)`",
    "∑": "write `sum[i](…)`",
    "∏": "write `prod[i](…)`",
    "{": "write round brackets",
    "}": "write round brackets",
}
"""Operators of other languages, and mathematical signs."""

DECLARATION_WORDS = (
    "use", "loss", "metric", "function", "model", "objective", "surrogate", "game", "stages",
)  # fmt: skip

_FORMULA = "write `loss NAME(inputs | data; hyperparameters) = formula`"

WORDS = {
    "def": _FORMULA + ", or `function NAME(…) = formula`",
    "fn": _FORMULA + ", or `function NAME(…) = formula`",
    "lambda": "name it: write a definition `f(x) = …` under `where`",
    "let": "definitions follow the formula: `where r = …`",
    "return": "what a declaration computes follows its `=`",
    "import": "write `use regression (huber)`",
    "include": "write `use regression (huber)`",
    "fun": _FORMULA + ", or `function NAME(…) = formula`",
    "func": _FORMULA + ", or `function NAME(…) = formula`",
    "define": _FORMULA + ", or `function NAME(…) = formula`",
    "const": "definitions follow the formula: `where r = …`",
    "var": "definitions follow the formula: `where r = …`",
    "val": "definitions follow the formula: `where r = …`",
    "from": "write `use regression (huber)`",
    "class": _FORMULA,
    "struct": _FORMULA,
    "for": "an index ranges over its dimension by itself: `sum[i](x[i])`",
    "while": "iteration is a recurrence along an index: `a[n] = f(a[n-1])`",
}
"""Words of other languages that begin a statement there."""

FUNCTIONS = frozenset({
    "exp", "log", "log1p", "expm1", "sqrt", "abs", "sign", "floor", "ceil", "sin", "cos", "tan", "asin",
    "acos", "atan", "sinh", "cosh", "tanh", "erf", "lgamma", "digamma", "sigmoid", "softplus", "relu",
    "softmax", "log_softmax", "norm", "cosine", "dot", "onehot", "one_hot",
})  # fmt: skip
"""Functions that are written without brackets elsewhere, as in `exp x`."""
