"""What lowering finds wrong: names, shapes, indices, domains (E01xx), objectives and claims (E02xx)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic, Label, did_you_mean
from objc.source import Span


def _count(number: int, what: str, plural: str | None = None) -> str:
    words = ("no", "one", "two", "three", "four", "five")
    said = words[number] if number < len(words) else str(number)
    return f"{said} {what if number == 1 else plural or what + 's'}"


def _shape(written: str) -> str:
    return "a scalar" if written == "[]" else written


# ---------------------------------------------------------------------- names


@dataclass(frozen=True)
class UnknownName(Diagnostic):
    """A name that nothing in scope has.

    In scope are the declaration's inputs and hyperparameters, its dimensions, the definitions under
    `where`, the indices of the reductions around, and the constants pi, e and inf.

        loss square(prediction: real | target: real) = (predicton - target)^2

    Mend the spelling, or define the name under `where`.
    """

    code = "E0101"
    name: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"there is no `{self.name}` here"

    def label(self) -> str:
        return "not in scope"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class WrongRank(Diagnostic):
    """A tensor is read with more or fewer indices than it has dimensions.

        loss total(x: real[N, C]) = sum[i](x[i])

    `x` has the dimensions N and C, so one entry is `x[i, c]`. Fewer indices are a row, which a vector
    function may take: `dot(x[i], x[j])`.
    """

    code = "E0102"
    name: str
    rank: int
    given: int
    shape: str
    declared: Span | None

    def title(self) -> str:
        return (
            f"`{self.name}` has {_count_digits(self.rank)} and is read with {self.given}"
            if self.rank
            else f"`{self.name}` is a scalar and is read with {_count(self.given, 'index', 'indices')}"
        )

    def label(self) -> str:
        return _count(self.given, "index", "indices")

    def labels(self) -> Sequence[Label]:
        if self.declared is None:
            return ()
        said = f"declared here with {self.shape}" if self.rank else "declared here without a shape"
        return (Label(self.declared, said),)

    def help(self) -> str | None:
        if not self.rank:
            return f"write `{self.name}` alone"
        names = [one.strip().lower() for one in self.shape.strip("[]").split(",")]
        names = [one if one.isidentifier() else "i" for one in names]
        names = [
            one if names.index(one) == at else f"{one}{at + 1}" for at, one in enumerate(names)
        ]
        said = ", ".join(names)
        return f"read it as `{self.name}[{said}]` under `sum[{said}]`"


def _count_digits(number: int) -> str:
    return f"{number} dimension{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class DimensionClash(Diagnostic):
    """Two tensors that stand together have different dimensions.

        loss distance(a: real[N], b: real[M]) = sum((a - b)^2)

    Give both the same dimension, or use indices: `sum[i, j]((a[i] - b[j])^2)`.
    """

    code = "E0103"
    first: str
    second: str
    where: str

    def title(self) -> str:
        return f"{self.where}: {_shape(self.first)} against {_shape(self.second)}"

    def label(self) -> str:
        return f"{_shape(self.first)} and {_shape(self.second)}"

    def help(self) -> str | None:
        return "declare both with the same dimension, or write the indices"


@dataclass(frozen=True)
class IndexInTwoDimensions(Diagnostic):
    """An index ranges over the dimension that it is used in, and this one is used in two.

        loss both(a: real[N], b: real[M]) = sum[i](a[i] * b[i])

    Use one index for each dimension, or declare the tensors with the same one.
    """

    code = "E0104"
    name: str
    first: str
    second: str
    evidence: Span | None

    def title(self) -> str:
        return f"the index `{self.name}` is used in two dimensions, {self.first} and {self.second}"

    def label(self) -> str:
        return f"ranges over {self.second} here"

    def labels(self) -> Sequence[Label]:
        if self.evidence is None:
            return ()
        return (Label(self.evidence, f"ranges over {self.first} here"),)

    def help(self) -> str | None:
        return "use an index for each dimension, or declare both tensors with the same dimension"


@dataclass(frozen=True)
class UndeterminedIndex(Diagnostic):
    """An index has no use that tells what it ranges over.

        loss constant(x: real[N]) = sum[i](1)

    An index ranges over the dimension that it is used in. Read a tensor with it: `sum[i](x[i])`. The
    size of a dimension is its name: `N`.
    """

    code = "E0105"
    name: str

    def title(self) -> str:
        return f"nothing tells what the index `{self.name}` ranges over"

    def label(self) -> str:
        return "not used as an index of any tensor"

    def help(self) -> str | None:
        return f"read a tensor with it, as in `x[{self.name}]`"


@dataclass(frozen=True)
class IndexShadows(Diagnostic):
    """An index has the name of something that is in scope already.

        loss twice(x: real[N]) = sum[i](x[i] * sum[i](x[i]))

    Two things of one name in one formula mislead its readers. Name the index otherwise.
    """

    code = "E0106"
    name: str
    what: str
    other: Span | None

    def title(self) -> str:
        return f"the index `{self.name}` hides {self.what} of the same name"

    def label(self) -> str:
        return "bound again here"

    def labels(self) -> Sequence[Label]:
        return () if self.other is None else (Label(self.other, "stands here"),)

    def help(self) -> str | None:
        return "give the index another name"


@dataclass(frozen=True)
class IndexInArithmetic(Diagnostic):
    """A data index is a label without a size: it can be compared, and used to read, and no more.

        loss wrong(score: real | label: index(K)) = score * label

    Read with it (`logits[label]`), compare it (`[label == k]`), or declare the input as a `count`
    if it is a number.
    """

    code = "E0107"
    name: str
    dimension: str

    def title(self) -> str:
        return f"`{self.name}` is an index into {self.dimension}, and stands in arithmetic"

    def label(self) -> str:
        return "an index, not a number"

    def help(self) -> str | None:
        return (
            f"read a tensor with it (`x[{self.name}]`), compare it (`[{self.name} == k]`), or declare"
            " it as `count`"
        )


@dataclass(frozen=True)
class WrongNumberOfArguments(Diagnostic):
    """A call gives more or fewer arguments than the function takes.

        loss double(prediction: real | target: real) = 2 * squared_error(prediction)

    A loss takes its differentiable inputs before the bar and its data after it:
    `squared_error(prediction | target)`. Hyperparameters are given by keyword.
    """

    code = "E0108"
    name: str
    expected: str
    given: int

    def title(self) -> str:
        return f"`{self.name}` takes {self.expected}, and is given {self.given}"

    def label(self) -> str:
        return f"{_count(self.given, 'argument')} given"

    def help(self) -> str | None:
        return None


@dataclass(frozen=True)
class UnknownFunction(Diagnostic):
    """A call of something that is neither declared, nor imported, nor elementary.

        loss cost(x: real) = sofplus(x)

    Mend the spelling, define it under `where` (`f(c) = …`), or import it with `use`.
    """

    code = "E0109"
    name: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"there is no function `{self.name}`"

    def label(self) -> str:
        return "not declared, not imported, not elementary"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class UnknownHyperparameter(Diagnostic):
    """A keyword that the called declaration has no hyperparameter for.

    loss robust(prediction: real | target: real) = huber(prediction | target; detla = 2)
    """

    code = "E0110"
    name: str
    function: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.function}` has no hyperparameter `{self.name}`"

    def label(self) -> str:
        has = ", ".join(self.candidates)
        return f"its hyperparameters are {has}" if has else "it has none"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class MissingHyperparameter(Diagnostic):
    """A call leaves out a hyperparameter that has no default.

        function scaled(x: real; scale: positive) = x / scale
        loss cost(x: real) = scaled(x)^2

    Give it by keyword: `scaled(x; scale = 2)`.
    """

    code = "E0111"
    name: str
    function: str

    def title(self) -> str:
        return f"`{self.function}` needs the hyperparameter `{self.name}`, which has no default"

    def label(self) -> str:
        return f"`{self.name}` is not given"

    def help(self) -> str | None:
        return f"give it by keyword: `{self.name} = …`"


@dataclass(frozen=True)
class DuplicateName(Diagnostic):
    """Two things of one declaration, or two declarations of one file, have the same name.

    loss twice(x: real | x: real) = x
    """

    code = "E0112"
    name: str
    what: str
    first: Span | None

    def title(self) -> str:
        return f"the name `{self.name}` is taken: {self.what}"

    def label(self) -> str:
        return "named again here"

    def labels(self) -> Sequence[Label]:
        return () if self.first is None else (Label(self.first, "first here"),)

    def help(self) -> str | None:
        return "give one of them another name"


# -------------------------------------------------------------------- shapes


@dataclass(frozen=True)
class UnknownDomain(Diagnostic):
    """A type that there is not.

        loss cost(x: float) = x

    The domains are real, positive, nonnegative, interval(a, b), probability, simplex, sign, binary,
    index(K) and count.
    """

    code = "E0113"
    name: str

    def title(self) -> str:
        return f"there is no domain `{self.name}`"

    def label(self) -> str:
        return "not a domain"

    def help(self) -> str | None:
        known = ("real", "positive", "nonnegative", "interval", "probability", "simplex", "sign",
                 "binary", "index", "count")  # fmt: skip
        other = {"float": "real", "int": "count", "integer": "count", "bool": "binary"}
        if self.name in other:
            return f"did you mean `{other[self.name]}`?"
        return did_you_mean(self.name, known) or f"the domains are {', '.join(known)}"


@dataclass(frozen=True)
class BadShape(Diagnostic):
    """A shape is made of dimensions, which are capital names, and of whole numbers from 1.

        loss total(x: real[n]) = sum(x)

    Write `x: real[N]`: the capital tells dimensions from everything else.
    """

    code = "E0114"
    written: str
    reason: str

    def title(self) -> str:
        return f"`{self.written}` can't stand in a shape: {self.reason}"

    def label(self) -> str:
        return "not a dimension"

    def help(self) -> str | None:
        return "a dimension is a capital name, `N`, or a whole number, `3`"


@dataclass(frozen=True)
class BadDefault(Diagnostic):
    """A default that lies outside of the domain that is declared for it.

    loss robust(r: real; delta: positive = 0) = abs(r) / delta
    """

    code = "E0115"
    name: str
    value: str
    domain: str

    def title(self) -> str:
        return f"the default of `{self.name}` is {self.value}, which is not in `{self.domain}`"

    def label(self) -> str:
        return f"not in `{self.domain}`"


@dataclass(frozen=True)
class TensorForScalar(Diagnostic):
    """A tensor stands where one number is needed.

        loss cost(prediction: real[N] | target: real[N]) = (prediction - target)^2

    A loss is one number for one example. Reduce it: `mean((prediction - target)^2)`.
    """

    code = "E0116"
    shape: str
    where: str

    def title(self) -> str:
        return f"{self.where} must be one number, and this is a tensor {self.shape}"

    def label(self) -> str:
        return f"a tensor {self.shape}"

    def help(self) -> str | None:
        return "reduce it with `sum(…)` or `mean(…)`, or read one entry with an index"


@dataclass(frozen=True)
class ConditionForNumber(Diagnostic):
    """A condition stands where a number is needed.

        loss wrong(x: real) = x * (x > 0)

    Iverson's bracket makes a number of it: `x * [x > 0]`.
    """

    code = "E0117"

    def title(self) -> str:
        return "a condition stands where a number is needed"

    def label(self) -> str:
        return "true or false, not a number"

    def help(self) -> str | None:
        if self.span is None:
            return None
        text = self.span.text
        inside = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        return f"put it into brackets: `[{inside}]`"


@dataclass(frozen=True)
class NumberForCondition(Diagnostic):
    """A number stands where a condition is needed.

        loss wrong(x: real | keep: binary) = if keep then x^2 else 0

    Say what it is compared with: `if keep == 1 then x^2 else 0`.
    """

    code = "E0118"

    def title(self) -> str:
        return "a number stands where a condition is needed"

    def label(self) -> str:
        return "a number, not true or false"

    def help(self) -> str | None:
        if self.span is None:
            return None
        return f"compare it with something: `{self.span.text} == 1`, `{self.span.text} > 0`"


@dataclass(frozen=True)
class NotAnIndex(Diagnostic):
    """A tensor is read at something that is not a whole number.

        loss wrong(x: real[N], place: real) = x[place]

    Positions are indices of reductions, `index(K)` and `count` inputs, whole numbers, and these with
    a whole number added.
    """

    code = "E0119"

    def title(self) -> str:
        return "a tensor can't be read at a number that may not be whole"

    def label(self) -> str:
        return "not an index"

    def help(self) -> str | None:
        return "declare it as `index(K)` or `count`"


@dataclass(frozen=True)
class IndexOfAnotherDimension(Diagnostic):
    """An index into one dimension reads an axis of another.

    loss wrong(logits: real[K] | label: index(C)) = -logits[label]
    """

    code = "E0120"
    name: str
    own: str
    axis: str

    def title(self) -> str:
        return (
            f"`{self.name}` is an index into {self.own}, and reads an axis of dimension {self.axis}"
        )

    def label(self) -> str:
        return f"an index({self.own})"

    def help(self) -> str | None:
        return f"declare it as `index({self.axis})`"


@dataclass(frozen=True)
class UnboundDimension(Diagnostic):
    """A dimension that no shape has, so that no call could tell how large it is.

        loss wrong(label: index(K)) = log(K)

    Some input must have it in its shape: `logits: real[K]`.
    """

    code = "E0121"
    name: str

    def title(self) -> str:
        return f"no input has the dimension {self.name} in its shape, so its size can't be known"

    def label(self) -> str:
        return "size unknown"


@dataclass(frozen=True)
class HugeConstant(Diagnostic):
    """A constant that no floating number holds.

        loss wrong(x: real) = x * 9^9^9

    Constants are computed exactly, and must end between 1e-308 and 1e308 in size.
    """

    code = "E0122"

    def title(self) -> str:
        return "this constant is too large or too small for any floating number"

    def label(self) -> str:
        return "beyond what kernels can hold"

    def help(self) -> str | None:
        return "the largest number of float64 is about 1.8e308; `inf` is infinity"


@dataclass(frozen=True)
class NotReal(Diagnostic):
    """Constants that have met to something which is not a real number.

    loss wrong(x: real) = x * sqrt(-1)
    loss undefined(x: real) = x / 0
    """

    code = "E0123"

    def title(self) -> str:
        return "this is not a real number, whatever the inputs are"

    def label(self) -> str:
        return "a division by zero, or a root or logarithm of a negative number"


@dataclass(frozen=True)
class TooLarge(Diagnostic):
    """A declaration that is larger, deeper, or after inlining its functions longer than the limit.

    Functions are inlined where they are called. Functions that call each other twice each double the
    text with every level.
    """

    code = "E0124"
    name: str
    reason: str

    def title(self) -> str:
        return f"`{self.name}` is too large to compile: {self.reason}"

    def label(self) -> str:
        return "the limit is reached here"

    def help(self) -> str | None:
        return "give names to parts of it under `where`: a definition is computed once"


# --------------------------------------------------------------------- files


@dataclass(frozen=True)
class UnknownFile(Diagnostic):
    """`use` names a file that is neither beside this one nor in the library.

    use regresion (huber)
    """

    code = "E0125"
    path: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"there is no file `{self.path}.objc` beside this one, nor in the library"

    def label(self) -> str:
        return "not found"

    def help(self) -> str | None:
        near = did_you_mean(self.path, self.candidates)
        return near or f"the library has {', '.join(self.candidates)}"


@dataclass(frozen=True)
class UnknownImport(Diagnostic):
    """`use FILE (NAME)` with a name that the file doesn't declare.

    use regression (hubber)
    """

    code = "E0126"
    name: str
    path: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.path}` declares no `{self.name}`"

    def label(self) -> str:
        return "not declared there"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class UseCycle(Diagnostic):
    """Files that use each other in a circle.

        use b   # in a.objc
        use a   # in b.objc

    Move what both need into a third file.
    """

    code = "E0127"
    chain: tuple[str, ...]

    def title(self) -> str:
        return f"files use each other in a circle: {' → '.join(self.chain)}"

    def label(self) -> str:
        return "closes the circle"

    def help(self) -> str | None:
        return "move what both need into a third file"


# ---------------------------------------------------------------- definitions


@dataclass(frozen=True)
class ReductionOverNothing(Diagnostic):
    """A reduction that has nothing to go over: no index, and a scalar inside; or a guard that never
    holds.

        loss wrong(x: real) = mean(x^2)

    The mean over the examples is the caller's: a loss is stated for one example.
    """

    code = "E0128"
    operator: str
    reason: str

    def title(self) -> str:
        return f"`{self.operator}` goes over nothing: {self.reason}"

    def label(self) -> str:
        return "nothing to go over"

    def help(self) -> str | None:
        return "the mean over the examples is taken outside: a loss is stated for one example"


@dataclass(frozen=True)
class CircularDefinition(Diagnostic):
    """Definitions that are defined by themselves.

    loss wrong(x: real) = a
        where a = b + x
              b = a
    """

    code = "E0129"
    chain: tuple[str, ...]

    def title(self) -> str:
        if len(self.chain) == 1:
            return f"`{self.chain[0]}` is defined by itself"
        return f"definitions go in a circle: {' → '.join((*self.chain, self.chain[0]))}"

    def label(self) -> str:
        return "needs its own value"


@dataclass(frozen=True)
class RecursiveDeclarations(Diagnostic):
    """Declarations that call each other in a circle. Functions are inlined, so this has no end.

    function f(x: real) = g(x) + 1
    function g(x: real) = f(x) / 2
    """

    code = "E0130"
    chain: tuple[str, ...]

    def title(self) -> str:
        if len(self.chain) == 2:
            return f"`{self.chain[0]}` calls itself"
        return f"declarations call each other in a circle: {' → '.join(self.chain)}"

    def label(self) -> str:
        return "closes the circle"


@dataclass(frozen=True)
class BadDomainArguments(Diagnostic):
    """A domain with the wrong things in its parentheses.

        loss wrong(x: real | label: index) = x

    `interval(a, b)` takes its ends, `index(K)` its dimension, the others nothing.
    """

    code = "E0131"
    domain: str
    expected: str

    def title(self) -> str:
        return f"`{self.domain}` takes {self.expected}"

    def label(self) -> str:
        return f"needs {self.expected}"


@dataclass(frozen=True)
class NotOfHyperparameters(Diagnostic):
    """Defaults are made of numbers; the ends of intervals, the weights of terms and the arguments of
    claims of numbers and scalar hyperparameters.

        loss wrong(x: real; scale: positive = x) = x / scale
    """

    code = "E0132"
    where: str
    allowed: str

    def title(self) -> str:
        return f"{self.where} must be made of {self.allowed}"

    def label(self) -> str:
        return f"not made of {self.allowed}"


@dataclass(frozen=True)
class NotAFunction(Diagnostic):
    """A value is called, or a function stands without its arguments.

    loss wrong(x: real, y: real) = x(y)
    """

    code = "E0133"
    name: str
    is_function: bool

    def title(self) -> str:
        if self.is_function:
            return f"`{self.name}` is a function, and stands here without arguments"
        return f"`{self.name}` is not a function, and is called here"

    def label(self) -> str:
        return "needs its arguments" if self.is_function else "not a function"

    def help(self) -> str | None:
        return (
            f"call it: `{self.name}(…)`"
            if self.is_function
            else "a product is written with `*`, an entry is read with brackets"
        )


@dataclass(frozen=True)
class IncompleteDefinition(Diagnostic):
    """Equations at single places, and none for the rest.

        loss wrong(x: real[N]) = sum[i](a[i] * x[i])
            where a[0] = 1

    Write one for the rest: `a[i] = …`.
    """

    code = "E0134"
    name: str

    def title(self) -> str:
        return f"`{self.name}` is defined at single places only"

    def label(self) -> str:
        return "no equation for the rest"

    def help(self) -> str | None:
        return f"add one for all the other places: `{self.name}[i] = …`"


# ------------------------------------------------------ objectives and claims


@dataclass(frozen=True)
class MetricInLoss(Diagnostic):
    """A metric is evaluated, never differentiated: it can't be a part of a loss or of an objective.

        objective wrong(score: real | label: sign) = minimize zero_one(score | label)

    Train on a surrogate of it, such as a loss that is declared with `surrogate L for M`.
    """

    code = "E0201"
    name: str
    surrogates: tuple[str, ...]
    inside: str

    def title(self) -> str:
        return f"`{self.name}` is a metric, and the derivative of {self.inside} would go through it"

    def label(self) -> str:
        return "evaluated, never differentiated"

    def help(self) -> str | None:
        if not self.surrogates:
            return "train on a loss, and watch the metric beside it"
        said = ", ".join(f"`{one}`" for one in self.surrogates)
        return f"its surrogates are {said}: train on one of them, and watch the metric beside it"


@dataclass(frozen=True)
class BadClaim(Diagnostic):
    """A claim that says nothing which could be proved.

    loss wrong(x: real) = x^2
        claims convexx in x
    """

    code = "E0202"
    reason: str
    suggestion: str | None

    def title(self) -> str:
        return f"this claim can't be understood: {self.reason}"

    def label(self) -> str:
        return self.reason

    def help(self) -> str | None:
        return self.suggestion


@dataclass(frozen=True)
class NotCompiled(Diagnostic):
    """Something that the language has and this version parses, and can't compile yet.

        objective both(a: real | b: real) =
            minimize
                near: (a - b)^2
                small: a^2
            combine uncertainty

    Recurrences, `gradient(f, x)`, `argsort`, games, stages and the combinations other than `sum` are
    read and checked for their form, and no more.
    """

    code = "E0203"
    what: str

    def title(self) -> str:
        return f"{self.what} can't be compiled yet"

    def label(self) -> str:
        return "understood, and not compiled in this version"


@dataclass(frozen=True)
class BadTerm(Diagnostic):
    """A weight for a term that the objective has not.

    objective fit(p: real | y: real) =
        minimize data: (p - y)^2
        combine sum(dota = 2)
    """

    code = "E0204"
    name: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"the objective has no term `{self.name}`"

    def label(self) -> str:
        return f"its terms are {', '.join(self.candidates)}"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class BadSurrogate(Diagnostic):
    """`surrogate L for M` where L is not a loss, or M not a metric.

    surrogate hinge for logistic
    """

    code = "E0205"
    name: str
    expected: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.name}` is not a {self.expected} in scope"

    def label(self) -> str:
        return f"not a {self.expected}"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class MisplacedLearn(Diagnostic):
    """`learn` marks a trained parameter, which stands among the hyperparameters.

        loss wrong(learn w: real, x: real) = w * x

    Write it after the semicolon: `(x: real; learn w: real)`.
    """

    code = "E0206"
    name: str

    def title(self) -> str:
        return f"`learn {self.name}` must stand after the semicolon"

    def label(self) -> str:
        return "among the inputs"
