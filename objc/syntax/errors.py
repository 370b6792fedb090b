"""The diagnostics of syntax, E0001 to E0020 and E0026; those of files are in `file_errors`, those
of reductions in `reduction_errors`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic, Label, did_you_mean
from objc.source import Span
from objc.syntax import foreign
from objc.syntax.file_errors import EmptyFile as EmptyFile
from objc.syntax.file_errors import NotUtf8 as NotUtf8
from objc.syntax.file_errors import TooLarge as TooLarge
from objc.syntax.file_errors import Unreadable as Unreadable
from objc.syntax.reduction_errors import BinderNotName as BinderNotName
from objc.syntax.reduction_errors import ReductionArguments as ReductionArguments
from objc.syntax.reduction_errors import ReductionWithoutBrackets as ReductionWithoutBrackets


def listed(words: Sequence[str]) -> str:
    """`a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"


_INDEXED = re.compile(r"(\w+)(\[(?:[^\[\]]|\[[^\[\]]*\])*\])$")
"""A name with its index, in which there may be one more."""


@dataclass(frozen=True)
class Unexpected(Diagnostic):
    """A word or sign stands where the language has another.

    What could have stood there is listed exactly: the text up to the mark is well formed.

        loss f(x: real = x^2       # the `)` of the signature is missing

    Write one of what is listed, or mend what stands before.
    """

    code = "E0001"
    found: str
    expected: tuple[str, ...]
    advice: str | None = None

    def title(self) -> str:
        return f"unexpected {self.found}"

    def label(self) -> str:
        return f"expected {listed(self.expected)}"

    def help(self) -> str | None:
        return self.advice


@dataclass(frozen=True)
class StrayCharacter(Diagnostic):
    """A character that is no part of the language.

    A text holds names (any letters, also Greek), numbers, brackets, the operators
    `+ - * / ^ == != < <= > >= and or not`, comments after `#` and docstrings in `\"\"\"`.

        loss f(x: real) = x @ x    # write dot(x, x)

    Remove it, or write what the help says.
    """

    code = "E0002"
    character: str

    def title(self) -> str:
        if len(self.character) > 100:
            return f"a name of {len(self.character)} characters is too long"
        if len(self.character) > 1:
            return f"`{self.character}` is no name"
        code = f"U+{ord(self.character):04X}"
        shown = f"`{self.character}` ({code})" if self.character.isprintable() else code
        return f"the character {shown} means nothing here"

    def help(self) -> str | None:
        if len(self.character) > 100:
            return "define a shorter one under `where`"
        if len(self.character) > 1:
            return "names are letters, digits and `_`; a power is written `x^2`"
        return foreign.CHARACTERS.get(self.character)


@dataclass(frozen=True)
class UnclosedBracket(Diagnostic):
    """A bracket is opened and not closed, or closed by one of another kind, or was never opened.

    Round brackets group and call; square brackets hold indices, binders and conditions.

        loss f(x: real[N]) = sum[i(x[i])      # write sum[i](x[i])

    The mark is where the bracket was missed; the other label is where it was opened.
    """

    code = "E0003"
    found: str
    opening: Span | None

    def title(self) -> str:
        if self.opening is None:
            return f"`{self.found}` closes no bracket"
        if self.found:
            return f"`{self.found}` cannot close `{self.opening.text}`"
        return f"`{self.opening.text}` is never closed"

    def label(self) -> str:
        if self.opening is None:
            return "nothing is open here"
        wanted = {"(": ")", "[": "]"}[self.opening.text]
        return f"expected `{wanted}`" + ("" if self.found else " before the end of the declaration")

    def labels(self) -> Sequence[Label]:
        return () if self.opening is None else [Label(self.opening, "opened here")]


@dataclass(frozen=True)
class UnterminatedDocstring(Diagnostic):
    """A docstring is opened by three quotation marks and not closed.

        \"\"\"Huber (1964).
        loss huber(prediction: real | target: real) = …

    Close it by three more.
    """

    code = "E0004"

    def title(self) -> str:
        return "the docstring is never closed"

    def label(self) -> str:
        return "opened here"

    def help(self) -> str:
        return 'close it with `"""`'


@dataclass(frozen=True)
class ReservedWord(Diagnostic):
    """A word of the language stands where a name is wanted.

    `if then else and or not where claims minimize maximize minimizes maximizes` are never names,
    and a reduction (`sum`, `mean`, `max`, …) can't be the name of a function, as its calls would
    be read as reductions. A reduction's word may name an input, though.

        loss max(x: real) = x      # write another name: largest

    Choose another name.
    """

    code = "E0005"
    word: str

    def title(self) -> str:
        return f"`{self.word}` is a word of the language, and a name is expected here"

    def help(self) -> str:
        return f"choose another name, such as `{self.word}_`"


@dataclass(frozen=True)
class ForeignOperator(Diagnostic):
    """An operator of another language or a mathematical sign.

        loss f(x: real) = x ** 2   # write x^2

    The help says what it is called here.
    """

    code = "E0006"
    operator: str

    def title(self) -> str:
        return f"`{self.operator}` is no operator of this language"

    def help(self) -> str | None:
        return foreign.OPERATORS.get(self.operator)


@dataclass(frozen=True)
class AssignmentInCondition(Diagnostic):
    """`=` defines; a condition compares with `==`.

        metric same(a: count | b: count) = [a = b]     # write [a == b]

    Write `==`.
    """

    code = "E0007"

    def title(self) -> str:
        return "`=` in a condition"

    def label(self) -> str:
        return "this defines"

    def help(self) -> str:
        return "write `==` to compare"


@dataclass(frozen=True)
class IncompleteConditional(Diagnostic):
    """A conditional lacks its `then` or its `else`.

    It is a value, and so must have one in both cases.

        loss f(x: real) = if x > 0 then x      # write … else 0

    Write what is missing.
    """

    code = "E0008"
    missing: str
    opening: Span

    def title(self) -> str:
        return f"this `if` has no `{self.missing}`"

    def label(self) -> str:
        return f"expected `{self.missing}`"

    def labels(self) -> Sequence[Label]:
        return [Label(self.opening, "of this `if`")]

    def help(self) -> str:
        return "write `if condition then value else value`"


@dataclass(frozen=True)
class ForeignSyntax(Diagnostic):
    """A word of another language, or a misspelled one, where a declaration begins.

    A file holds `use`, `loss`, `metric`, `function`, `model`, `objective`, `surrogate`, `game` and
    `stages`, each written as `loss NAME(inputs | data; hyperparameters) = formula`.

        def square(x): x^2         # write loss square(x: real) = x^2
    """

    code = "E0010"
    word: str

    def title(self) -> str:
        return f"`{self.word}` begins no declaration"

    def help(self) -> str:
        if self.word in foreign.WORDS:
            return foreign.WORDS[self.word]
        near = did_you_mean(self.word.lower(), foreign.DECLARATION_WORDS)
        if near is None and self.word.lower() in foreign.DECLARATION_WORDS:
            near = f"did you mean `{self.word.lower()}`?"
        return near or f"a declaration begins with {listed(foreign.DECLARATION_WORDS)}"


@dataclass(frozen=True)
class TooDeep(Diagnostic):
    """An expression is nested more deeply, or a chain `a + b + c + …` is longer, than people write.

    Calls, signs, powers and `if`s within each other make the levels.

    Name parts of it under `where`, or reduce over an index.
    """

    code = "E0011"
    limit: int
    is_chain: bool = False

    def title(self) -> str:
        if self.is_chain:
            return f"a chain of more than {self.limit} operators"
        return f"the expression is more than {self.limit} levels deep"

    def help(self) -> str:
        return "name parts of it under `where`, or write a long sum as a reduction"


@dataclass(frozen=True)
class NumberTooLarge(Diagnostic):
    """A number with an absurd count of digits. Numbers are exact here, so each digit is kept.

        loss f(x: real) = x + 1e999999999

    Write `inf` for infinity.
    """

    code = "E0012"
    limit: int

    def title(self) -> str:
        return f"the number has more than {self.limit} digits"

    def help(self) -> str:
        return "infinity is written `inf`"


@dataclass(frozen=True)
class MisplacedDocstring(Diagnostic):
    """A docstring stands directly before what it describes, or first in the file.

        loss square(x: real) =
            \"\"\"The square.\"\"\"
            x^2

    Move it before the declaration, or make it a comment with `#`.
    """

    code = "E0013"

    def title(self) -> str:
        return "a docstring that describes no declaration"

    def help(self) -> str:
        return "move it directly before its declaration, or write a comment with `#`"


@dataclass(frozen=True)
class MissingEquals(Diagnostic):
    """A declaration's or definition's head is followed by `=` and a formula.

        loss square(x: real) x^2       # write loss square(x: real) = x^2

    Where a definition was not meant, an operator is missing before the name.
    """

    code = "E0014"
    subject: str
    found: str
    example: str | None = None

    def title(self) -> str:
        return f"expected `=` after {self.subject}"

    def label(self) -> str:
        return "expected `=`"

    def help(self) -> str | None:
        if self.example is not None:
            return f"write `{self.example}`"
        return "`==` compares; write `=` to define" if self.found == "==" else None


@dataclass(frozen=True)
class MissingOperator(Diagnostic):
    """Two values stand side by side. A product is written with `*`.

        loss f(x: real) = 2 x          # write 2 * x
        loss f(x: real) = exp x        # write exp(x)

        loss f(z: real[K] | y: index(K)) = softmax[y](z)   # write softmax(z)[y]

    As names may have many letters, `xy` is one name. What a function takes stands in round brackets, and
    what is read of its result behind them.
    """

    code = "E0015"
    left: Span

    @property
    def _is_call(self) -> bool:
        return self.left.text in foreign.FUNCTIONS

    def title(self) -> str:
        if self._is_call:
            return f"what `{self.left.text}` takes stands in round brackets"
        return f"an operator is missing before `{self.span.text if self.span else ''}`"

    def labels(self) -> Sequence[Label]:
        return [Label(self.left, "a function" if self._is_call else "a value ends here")]

    def help(self) -> str:
        if self._is_call:
            taken = self.span.text if self.span else ""
            goes_on = self.span is not None and self.span.source.text[self.span.stop :][:1] in "[("
            return f"write `{self.left.text}({taken}{'…' if goes_on else ''})`"
        if self.left.text == "]" and self.span is not None and self.span.text == "(":
            called = _INDEXED.search(self.left.source.text[: self.left.stop])
            if called is not None:
                return (
                    "a product is written with `*`; an entry of what a function makes is read behind what it"
                    f" takes: `{called[1]}(…){called[2]}`"
                )
        return "a product is written with `*`"


@dataclass(frozen=True)
class ChainedComparison(Diagnostic):
    """Comparisons don't chain.

        metric inside(x: real) = [0 < x < 1]   # write [0 < x and x < 1]

    Write one comparison for each pair, joined by `and`.
    """

    code = "E0016"
    operator: str

    def title(self) -> str:
        return "comparisons do not chain"

    def label(self) -> str:
        return "a second comparison"

    def help(self) -> str:
        return "write `a < b and b < c`"


@dataclass(frozen=True)
class PositionalAfterKeyword(Diagnostic):
    """Arguments by position come before the bar's data and those by name, and none after `;`.

    huber(delta=2, a, b)       # write huber(a, b; delta=2)
    """

    code = "E0019"

    def title(self) -> str:
        return "an argument by position after one by name"

    def help(self) -> str:
        return "write `f(inputs | data; name=value)`"


@dataclass(frozen=True)
class BadUnit(Diagnostic):
    """A unit is names joined by `*` and `/`, each with a whole exponent of at most two digits.

    speed: real<m/s^0.5>       # units have whole exponents
    """

    code = "E0020"

    def title(self) -> str:
        return "a unit has whole exponents of at most two digits"

    def help(self) -> str:
        return "write units as `<m>`, `<m/s^2>` or `<1/s>`"


@dataclass(frozen=True)
class ConditionalWithoutBrackets(Diagnostic):
    """A conditional or a negation that is part of a larger formula stands in round brackets.

        loss f(x: real) = 2 * if x > 0 then x else 0   # write 2 * (if x > 0 then x else 0)

    Else it would be unclear how far its last part reaches.
    """

    code = "E0026"
    word: str

    def title(self) -> str:
        return f"`{self.word}` within a formula stands in round brackets"

    def help(self) -> str:
        if self.word == "not":
            return "write `(not condition)`"
        return "write `(if condition then value else value)`"
