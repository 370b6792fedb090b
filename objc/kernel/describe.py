"""What a kernel says of itself: its signature in Python, its formula, its documentation."""

from __future__ import annotations

import html as escaping
import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from objc.kernel.arguments import default_text
from objc.kernel.signature import InputSignature, Signature

_DEFAULTS = {
    "weight": None, "mask": None, "reduction": "mean", "on_empty": "error", "out": None,
    "wrt": None, "vector": None, "check_finite": False, "check": False,
}  # fmt: skip


def python_signature(signature: Signature, options: Iterable[str]) -> inspect.Signature:
    """The signature of a call, for `inspect.signature` and editors."""
    parameters = []
    kind: inspect._ParameterKind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    optional = False
    for one in signature.positional:
        optional = optional or one.default is not None
        if optional and one.default is None:  # Python has no required argument behind an optional
            kind = inspect.Parameter.KEYWORD_ONLY
        parameters.append(_parameter(one, kind))
    for one in signature.hyperparameters:
        parameters.append(_parameter(one, inspect.Parameter.KEYWORD_ONLY))
    for option in options:
        plain = option if option in _DEFAULTS else option[:-1]
        if plain in ("wrt", "vector") or (not signature.is_scalar and plain in _OF_SCALARS):
            continue
        default = _DEFAULTS[plain]
        parameters.append(
            inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default)
        )
    parameters.sort(key=lambda one: one.kind)
    return inspect.Signature(parameters)


_OF_SCALARS = ("weight", "mask", "reduction", "on_empty")


def _parameter(one: InputSignature, kind: inspect._ParameterKind) -> inspect.Parameter:
    default: Any = inspect.Parameter.empty
    if one.default is not None:
        default = one.default if isinstance(one.default, float) else ...
    return inspect.Parameter(one.keyword, kind, default=default)


def declared(signature: Signature) -> str:
    """`huber(prediction: real | target: real; delta: positive = 1)`, as the language has it."""

    def group(*roles: str) -> str:
        members = [one for one in signature.inputs if one.role in roles]
        return ", ".join(
            ("learn " if one.role == "learned" else "")
            + str(one)
            + ("" if one.default is None else f" = {default_text(one)}")
            for one in members
        )

    before, after, rest = group("differentiable"), group("data"), group("learned", "hyperparameter")
    inner = (
        f"{before} | {after}" if signature.is_scalar else ", ".join(filter(None, (before, after)))
    )
    return f"{signature.name}({inner.strip()}{'; ' if rest else ''}{rest})"


def formula(signature: Signature) -> str | None:
    """The declaration's formula as it was written, without its head and its claims."""
    if signature.text is None:
        return None
    body = re.split(r"\n\s*claims\b", signature.text)[0]
    return textwrap.dedent(body).strip()


def representation(signature: Signature, target: str) -> str:
    """The signature, then the text of the declaration."""
    head = f"<{signature.kind} {declared(signature)} on {target}>"
    written = formula(signature)
    return head if written is None else f"{head}\n{textwrap.indent(written, '    ')}"


def documentation(signature: Signature) -> str:
    """What `help(kernel)` shows."""
    parts = [signature.docstring, f"{signature.kind} {declared(signature)}"]
    if (written := formula(signature)) is not None:
        parts.append(textwrap.indent(written, "    "))
    if signature.direction == "maximize":
        parts.append("The value is to be maximized.")
    if signature.surrogates:
        parts.append(f"Surrogates to train on: {', '.join(signature.surrogates)}.")
    parts.append(
        "Call it for the mean over the batch; value_and_grad, gradient, per_example,"
        " hessian_diagonal, hessian_vector_product, terms and term_gradients give the rest. See"
        " objc.Kernel."
        if signature.is_scalar
        else "Call it for its array, one for each example. See objc.Kernel."
    )
    return "\n\n".join(part for part in parts if part)


def html(signature: Signature, latex: str) -> str:
    """The form that notebooks show: the signature and the typeset formula."""
    head = escaping.escape(f"{signature.kind} {declared(signature)}")
    note = escaping.escape(signature.docstring or "")
    return (
        f"<div><code>{head}</code><p>{note}</p>"
        f"<div>$$\n{escaping.escape(latex, quote=False)}\n$$</div></div>"
    )
