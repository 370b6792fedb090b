"""`Kernel`: a compiled declaration, to be called."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from objc.errors import InputError, ObjcError
from objc.kernel import describe
from objc.kernel.arguments import Options
from objc.kernel.errors import MissingInput
from objc.kernel.evaluator import Evaluator
from objc.kernel.option_errors import BadOption, MetricDerivative, NotAnOption, NotAScalar
from objc.kernel.origin import Origin
from objc.kernel.outputs import by_input
from objc.kernel.recipes import Made, kind_of
from objc.kernel.signature import InputSignature, Signature, signature_of
from objc.kernel.variants import Request, derived_program

if TYPE_CHECKING:
    from objc.compiler import Facts
    from objc.ir.program import Program

_CHECKS = frozenset({"check", "check_finite"})
_WEIGHTS = frozenset({"weight", "mask"})
_MEAN = _CHECKS | _WEIGHTS | {"reduction", "on_empty"}
_DERIVATIVE = _MEAN | {"out", "wrt"}


class Kernel:
    """A declaration, compiled for what calls ask of it.

    Inputs are given by position (before the bar, after it, learned parameters) or by name,
    hyperparameters by name. Axes in front of those declared are batch axes; an input given as
    declared is shared by all examples. Options of every call:

    * `weight`, `mask`: one entry an example, shaped as the batch axes. A weighted mean divides by the
      sum of the weights; an example of weight 0 is not looked at at all.
    * `reduction`: `"mean"`, `"sum"`, or `"none"` for one value an example, with the gradient of their
      sum.
    * `on_empty`: `"error"`, or `"zero"` or `"nan"` for the mean over no examples, or over an axis
      without entries.
    * `out`: arrays that receive the gradients (a mapping or a tuple for several), or the array
      result. They must have its shape and type, and share no memory with an input.
    * `wrt`: the inputs to differentiate with respect to, by default all that can be.
    * `check_finite=True` looks for NaN and infinities, `check=True` also for entries outside their
      declared domain. `OBJC_CHECK=1` in the environment, at the time a kernel is made, turns the
      latter on. Hyperparameters are always checked, and labels whenever they are used.

    Where an input has the name of an option, the option is called with an underscore: `mask_=`.

    float32 and float64 are computed as they come; arrays of both are computed in float64, float16 in
    float32 (its gradient is then float32). Python numbers, lists and integers take the type of the
    arrays beside them. Sums over the batch are in float64.

    Kernels are safe to call from several threads and can be pickled.

    Raises:
        InputError: whatever is wrong with the data or the options of a call (also a ValueError).
        ObjcError: what was asked for does not exist, such as the gradient of a metric.
    """

    def __init__(
        self, signature: Signature, program: Origin | Program, target: str = "cpu"
    ) -> None:
        self._signature = signature
        self._origin = program if isinstance(program, Origin) else None
        self._given = None if isinstance(program, Origin) else program
        self._facts: Facts | None = None
        key = None if self._origin is None else (lambda: self._require_origin().key)
        self._evaluator = Evaluator(signature, lambda: self.program, target, key)
        self.__name__ = signature.name
        self.__doc__ = describe.documentation(signature)

    @classmethod
    def of_program(cls, program: Program, target: str = "cpu") -> Kernel:
        """The kernel of a program that was not read from a text."""
        return cls(signature_of(program), program, target)

    # ------------------------------------------------------------------ calling

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """The mean over the batch as a float; the array of a function or a model."""
        known, kind = self._known("", arguments, keywords)
        if known is not None:
            return known
        slots, options = self._evaluator.binder.bind(arguments, keywords)
        if not self._signature.is_scalar:
            what, allowed = "result", _CHECKS | {"out"}
        elif options.reduction == "none":
            what, allowed = "per_example", _MEAN | {"out"}
        else:
            what, allowed = "value", _MEAN
        self._allow("", options, allowed)
        options.made = Made(kind, arguments, keywords, itemgetter(what))
        return self._evaluator.run((what,), slots, options)[what]

    def value_and_grad(self, *arguments: Any, **keywords: Any) -> tuple[Any, Any]:
        """The value and its gradient from one run.

        The gradient is an array for one input, else a named tuple by input. That of a shared input is
        summed over the batch.
        """
        known, kind = self._known("value_and_grad", arguments, keywords)
        if known is not None:
            return cast("tuple[Any, Any]", known)
        slots, options = self._derivative("value_and_grad", arguments, keywords)
        what = "per_example" if options.reduction == "none" else "value"
        wrt, bare = self._evaluator.wrt(options.wrt)

        def finish(found: dict[str, Any]) -> tuple[Any, Any]:
            parts = [found[f"gradient:{name}"] for name in wrt]
            return found[what], self._by_input(parts, wrt, bare)

        options.made = Made(kind, arguments, keywords, finish)
        return finish(self._evaluator.run((what, "gradient"), slots, options, wrt))

    def gradient(self, *arguments: Any, **keywords: Any) -> Any:
        """The gradient of the value: see `value_and_grad`."""
        return self._derivatives("gradient", ("gradient",), arguments, keywords)

    def hessian_diagonal(self, *arguments: Any, **keywords: Any) -> Any:
        """The second derivatives of the value by each entry, shaped as the gradient."""
        return self._derivatives("hessian_diagonal", ("hessian_diagonal",), arguments, keywords)

    def gradient_and_hessian_diagonal(self, *arguments: Any, **keywords: Any) -> tuple[Any, Any]:
        """Both from one run, as a step of gradient boosting asks for them. `out` is a pair: what receives
        the gradient, and what receives the Hessian's diagonal."""
        both = ("gradient", "hessian_diagonal")
        found = self._derivatives("gradient_and_hessian_diagonal", both, arguments, keywords)
        return cast("tuple[Any, Any]", found)

    def hessian_vector_product(self, *arguments: Any, **keywords: Any) -> Any:
        """The Hessian of the value times `vector`, which is shaped as the gradient."""
        known, kind = self._known("hessian_vector_product", arguments, keywords)
        if known is not None:
            return known
        allowed = _DERIVATIVE | {"vector"}
        slots, options = self._derivative("hessian_vector_product", arguments, keywords, allowed)
        if options.vector is None:
            call = f"{self.name}.hessian_vector_product(…, vector=v)"
            raise InputError(MissingInput(None, self.name, ("vector",), call))
        made = kind, arguments, keywords
        return self._differentiate(("hessian_vector_product",), slots, options, made)

    def per_example(self, *arguments: Any, **keywords: Any) -> Any:
        """One value an example, in the shape of the batch axes, times its weight if it has one.

        Terms of an objective that are over the parameters belong to no example and are left out.
        """
        known, kind = self._known("per_example", arguments, keywords)
        if known is not None:
            return known
        slots, options = self._evaluator.binder.bind(arguments, keywords)
        self._require_scalar("per_example")
        self._allow("per_example", options, _CHECKS | _WEIGHTS | {"out"})
        options.reduction = "none"
        options.made = Made(kind, arguments, keywords, itemgetter("per_example"))
        return self._evaluator.run(("per_example",), slots, options)["per_example"]

    def terms(self, *arguments: Any, **keywords: Any) -> dict[str, float]:
        """The mean of every named term, before its weight; a loss has one, called `value`."""
        slots, options = self._evaluator.binder.bind(arguments, keywords)
        self._require_scalar("terms")
        self._allow("terms", options, _MEAN)
        if options.reduction == "none":
            raise InputError(NotAnOption(None, self.name, "reduction", "terms", "terms are means"))
        return self._terms(self._evaluator.run(("terms",), slots, options))

    def term_gradients(self, *arguments: Any, **keywords: Any) -> dict[str, Any]:
        """The gradient of every named term's mean, before its weight, from one run.

        Each stands as `gradient` gives it: an array for one input, else a named tuple by input. A term
        that does not depend on an input has zeros for it. Of the options it takes those of `terms`, and
        `wrt`.
        """
        slots, options = self._derivative(
            "term_gradients", arguments, keywords, _DERIVATIVE - {"out"}
        )
        if options.reduction == "none":
            reason = "terms are means"
            raise InputError(NotAnOption(None, self.name, "reduction", "term_gradients", reason))
        wrt, bare = self._evaluator.wrt(options.wrt)
        found = self._evaluator.run(("term_gradient",), slots, options, wrt)
        return {
            term: self._by_input([found[f"term_gradient:{term}:{name}"] for name in wrt], wrt, bare)
            for term in self._signature.terms
        }

    def evaluate(
        self, inputs: Mapping[str, Any], *, wrt: Sequence[str] = (), **options: Any
    ) -> tuple[float, dict[str, float], dict[str, Any]]:
        """The value, the mean of every term, and the gradient by input, from one run.

        For training loops: inputs and hyperparameters are given as one mapping, the gradients come as
        a dictionary, and with no `wrt` none is computed. Options have their plain names here, whatever
        the inputs are called.
        """
        slots, chosen = self._evaluator.binder.bind_mapping(inputs, options)
        self._require_scalar("evaluate")
        names: tuple[str, ...] = ()
        if wrt:
            self._require_differentiable()
            names, _ = self._evaluator.wrt(tuple(wrt))
        self._allow("evaluate", chosen, _MEAN - {"reduction"} | {"out"})
        results = ("value", "terms", "gradient") if names else ("value", "terms")
        found = self._evaluator.run(results, slots, chosen, names)
        gradients = {name: found[f"gradient:{name}"] for name in names}
        return found["value"], self._terms(found), gradients

    def several(
        self, results: str | Sequence[str], *arguments: Any, **keywords: Any
    ) -> dict[str, Any]:
        """Several results (or one) from one run, by name: of `value`, `terms`, `gradient`, `term_gradients`,
        `hessian_diagonal` and `hessian_vector_product`, each as the method of that name gives it.

        Raises:
            InputError: another name, or an option that one of the results has no use for.
        """
        names = results if isinstance(results, list | tuple) else (results,)
        for one in names or ("",):
            if not isinstance(one, str) or one not in _TOGETHER:
                choices = tuple(_TOGETHER)
                raise InputError(BadOption(None, self.name, "results", repr(one), choices))
        wanted = tuple(dict.fromkeys(names))
        product = "hessian_vector_product" in wanted
        allowed = (_DERIVATIVE - {"out"}) | ({"vector"} if product else set())
        slots, options = self._derivative("several", arguments, keywords, frozenset(allowed))
        if options.reduction == "none":
            reason = "its results are those of the whole batch"
            raise InputError(NotAnOption(None, self.name, "reduction", "several", reason))
        if product and options.vector is None:
            call = f"{self.name}.several({list(wanted)}, …, vector=v)"
            raise InputError(MissingInput(None, self.name, ("vector",), call))
        wrt, bare = self._evaluator.wrt(options.wrt)
        keys = tuple(_TOGETHER[one] for one in wanted)
        found = self._evaluator.run(keys, slots, options, wrt)
        return {one: self._one_of(one, found, wrt, bare) for one in wanted}

    def _one_of(self, result: str, found: dict[str, Any], wrt: Sequence[str], bare: bool) -> Any:
        """A result as the method of its name gives it, out of all that a run has found."""

        def derivative(kind: str) -> Any:
            return self._by_input([found[f"{kind}:{name}"] for name in wrt], wrt, bare)

        match result:
            case "value":
                return found["value"]
            case "terms":
                return self._terms(found)
            case "term_gradients":
                return {one: derivative(f"term_gradient:{one}") for one in self._signature.terms}
        return derivative(result)

    def _terms(self, found: Mapping[str, Any]) -> dict[str, float]:
        return {name: found[f"term:{name}"] for name in self._signature.terms}

    def _derivative(
        self,
        method: str,
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        allowed: frozenset[str] = _DERIVATIVE,
    ) -> tuple[list[Any], Options]:
        self._require_differentiable(method)
        slots, options = self._evaluator.binder.bind(arguments, keywords)
        self._allow(method, options, allowed)
        return slots, options

    def _known(
        self, method: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """What a call gives that is like one made before, else None; and its kind."""
        evaluator = self._evaluator
        quick = evaluator.quick.get(method)
        if quick is not None and (found := quick(arguments, keywords)) is not None:
            return found, None
        kind = kind_of(method, arguments, keywords, evaluator.told)
        return evaluator.again(kind, arguments, keywords), kind

    def _derivatives(
        self, method: str, results: tuple[str, ...], arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> Any:  # fmt: skip
        """Derivatives from one run, each an array or by input: one, or a tuple of several."""
        known, kind = self._known(method, arguments, keywords)
        if known is not None:
            return known
        slots, options = self._derivative(method, arguments, keywords)
        return self._differentiate(results, slots, options, (kind, arguments, keywords))

    def _differentiate(
        self, results: tuple[str, ...], slots: Sequence[Any], options: Options,
        made: tuple[Any, Any, Any] | None = None,
    ) -> Any:  # fmt: skip
        wrt, bare = self._evaluator.wrt(options.wrt)

        def finish(found: dict[str, Any]) -> Any:
            parts = tuple(
                self._by_input([found[f"{one}:{name}"] for name in wrt], wrt, bare)
                for one in results
            )
            return parts[0] if len(parts) == 1 else parts

        if made is not None:
            options.made = Made(*made, finish)
        return finish(self._evaluator.run(results, slots, options, wrt))

    def _by_input(self, parts: Sequence[Any], wrt: Sequence[str], bare: bool) -> Any:
        if bare:
            return parts[0]
        keywords = tuple(self._signature.input[name].keyword for name in wrt)
        return by_input(keywords)(*parts)

    def _allow(self, method: str, options: Options, allowed: frozenset[str]) -> None:
        for option in options.given:
            if option not in allowed:
                reason = _REASONS.get(option, "it has no use for it")
                if not self._signature.is_scalar:
                    reason = f"a {self._signature.kind} gives an array for each example"
                raise InputError(NotAnOption(None, self.name, option, method, reason))

    def _require_scalar(self, method: str) -> None:
        if not self._signature.is_scalar:
            span = self._signature.span(self._signature.place)
            raise ObjcError(NotAScalar(span, self.name, self._signature.kind, method))

    def _require_differentiable(self, method: str = "gradient") -> None:
        signature = self._signature
        if signature.kind == "metric":
            span = signature.span(signature.place)
            raise ObjcError(MetricDerivative(span, self.name, signature.surrogates))
        self._require_scalar(method)

    # ------------------------------------------------------------------ what it is

    @property
    def name(self) -> str:
        return self._signature.name

    @property
    def signature(self) -> Signature:
        """Inputs, terms and direction as plain data: what the training loop goes by."""
        return self._signature

    @property
    def kind(self) -> str:
        """loss, metric, function, model or objective."""
        return self._signature.kind

    @property
    def inputs(self) -> tuple[InputSignature, ...]:
        """What stands before and after the bar."""
        roles = ("differentiable", "data")
        return tuple(one for one in self._signature.inputs if one.role in roles)

    @property
    def parameters(self) -> tuple[InputSignature, ...]:
        """The learned parameters."""
        return tuple(one for one in self._signature.inputs if one.role == "learned")

    @property
    def hyperparameters(self) -> tuple[InputSignature, ...]:
        return self._signature.hyperparameters

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The named dimensions, in order of appearance."""
        pairs = (
            pair
            for one in self._signature.inputs
            for pair in zip(one.dimensions, one.sizes)  # noqa: B905
        )
        return tuple(dict.fromkeys(name for name, size in pairs if size is None))

    @property
    def direction(self) -> str:
        """Whether the value is to be minimized or maximized."""
        return self._signature.direction

    @property
    def docstring(self) -> str | None:
        """What the text says of it."""
        return self._signature.docstring

    @property
    def surrogates(self) -> tuple[str, ...]:
        """Of a metric: the losses declared to stand in for it."""
        return self._signature.surrogates

    @property
    def target(self) -> str:
        return self._evaluator.target

    @property
    def program(self) -> Program:
        """The program for one example, as lowered from the text."""
        if self._given is not None:
            return self._given
        return self._require_origin().program(self.name)

    @property
    def facts(self) -> Facts:
        """What is known of the declaration: iterable, printable, and to be asked about any property that
        a claim may state, as `kernel.facts.convex("score").verdict`. What `objc check` finds, in about
        a second when first asked for."""
        from objc.compiler import all_facts

        if self._facts is None:
            self._facts = all_facts(self.program)
        return self._facts

    @property
    def gradient_program(self) -> Program:
        """The program over a batch with value and gradient, as targets get it."""
        return derived_program(self.program, self._usual())

    @property
    def source(self) -> str:
        """The target's text for value and gradient over a batch, in float64."""
        request = self._usual()
        return self._evaluator.variant(
            request.results, request.wrt, request.batched, request.weighted, request.dtype
        ).emitted.text

    def _usual(self) -> Request:
        """Value and gradient of a usual call. Of an objective, what stands before the bar are the
        parameters, shared by the batch."""
        signature = self._signature
        roles = ("data",) if signature.kind == "objective" else ("differentiable", "data")
        batched = frozenset(one.name for one in signature.inputs if one.role in roles)
        if not signature.is_scalar:
            return Request(("result",), (), batched, False, "float64")
        wrt = () if signature.kind == "metric" else signature.differentiable
        results = ("value", "gradient") if wrt else ("value",)
        return Request(results, wrt, batched, False, "float64")

    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        from objc.ir.latex import latex

        return latex(self.program)

    @property
    def __signature__(self) -> inspect.Signature:
        return describe.python_signature(self._signature, self._evaluator.binder.options)

    def __repr__(self) -> str:
        return describe.representation(self._signature, self.target)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_html_(self) -> str:
        return describe.html(self._signature, self.latex())

    # ------------------------------------------------------------------ copies

    def __reduce__(self) -> Any:
        if self._origin is None:
            return _of_program, (self._given, self.target)
        origin = self._origin
        place = (origin.source.name, origin.source.text, origin.whole)
        return _restored, (*place, self.name, self.target)

    def __copy__(self) -> Kernel:
        return self

    def __deepcopy__(self, memo: Any) -> Kernel:
        return self

    def _require_origin(self) -> Origin:
        assert self._origin is not None
        return self._origin


_TOGETHER = {
    "value": "value",
    "terms": "terms",
    "gradient": "gradient",
    "term_gradients": "term_gradient",
    "hessian_diagonal": "hessian_diagonal",
    "hessian_vector_product": "hessian_vector_product",
}
"""What `several` gives, as the compiler calls it."""

_REASONS = {
    "vector": "it belongs to `hessian_vector_product`",
    "wrt": "it belongs to derivatives",
    "out": "its result is a number",
    "reduction": "it has one value for each example",
    "on_empty": "it takes no mean",
}


def _of_program(program: Program, target: str) -> Kernel:
    return Kernel.of_program(program, target)


def _restored(source: str, text: str, whole: bool, name: str, target: str) -> Kernel:
    """A kernel out of a pickle: kernels of one text share what is compiled."""
    from objc.kernel.module import module_of_text

    return module_of_text(source, text, whole, target)[name]
