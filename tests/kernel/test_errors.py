"""Every diagnostic of a call, word for word: `errors/NAME.txt` beside this file."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc import cache
from objc.errors import Diagnostic, ObjcError
from objc.kernel import errors, option_errors, value_errors

HERE = Path(__file__).parent / "errors"
X = np.linspace(-1, 1, 8)
Z = np.zeros((2, 3, 4))
LABEL = np.zeros((2, 3), int)
NAN = np.where(np.arange(8) > 5, np.nan, X)


def read_only() -> Any:
    array = np.empty(8)
    array.setflags(write=False)
    return array


def bad_label(value: int) -> Any:
    label = LABEL.copy()
    label[1, 2] = value
    return label


OVERLAPPING = np.zeros(12)

CASES: dict[str, Callable[[Any], Any]] = {
    "missing_input": lambda m: m.huber(X),
    "missing_inputs": lambda m: m.contrast(b=X),
    "missing_hyperparameter": lambda m: m.scaled(X, [1, 1]),
    "missing_vector": lambda m: m.huber.hessian_vector_product(X, X),
    "unknown_keyword": lambda m: m.huber(X, X, detla=2),
    "unknown_option": lambda m: m.huber(X, X, weights=X),
    "too_many_inputs": lambda m: m.huber(X, X, 2.0),
    "too_many_for_a_function": lambda m: m.softmax_of(X, X),
    "given_twice": lambda m: m.huber(X, X, prediction=X),
    "text_data": lambda m: m.huber(["1"] * 8, X),
    "object_data": lambda m: m.huber([None] * 8, X),
    "no_data": lambda m: m.huber(None, X),
    "complex_data": lambda m: m.huber(X + 1j, X),
    "date_data": lambda m: m.huber(np.zeros(8, "datetime64[s]"), X),
    "ragged_data": lambda m: m.cross_entropy([[1, 2], [3]], [0, 0]),
    "masked_data": lambda m: m.huber(np.ma.array(X, mask=X > 0), X),
    "text_hyperparameter": lambda m: m.huber(X, X, delta="1"),
    "too_few_axes": lambda m: m.cross_entropy(1.0, 0),
    "size_clash": lambda m: m.weighted_classes(Z, LABEL, np.ones(5)),
    "literal_size_clash": lambda m: m.scaled(X, np.ones(3), factor=np.ones(8)),
    "batch_clash": lambda m: m.cross_entropy(Z, LABEL[:, :2]),
    "batch_stretched": lambda m: m.huber(X[:, None], X),
    "batch_stretched_row": lambda m: m.cross_entropy(Z[:, 0], LABEL[:, :1]),
    "batched_hyperparameter": lambda m: m.huber(X, X, delta=np.ones(8)),
    "batched_tensor_hyperparameter": lambda m: m.scaled(X, [1, 1], factor=np.ones((2, 8))),
    "batched_parameter": lambda m: m.calibrated(X, X, slope=np.ones(8)),
    "labels_not_whole": lambda m: m.cross_entropy(Z, LABEL + 0.5),
    "labels_not_a_number": lambda m: m.cross_entropy(Z, np.where(LABEL == 0, np.nan, 1)),
    "integers_rounded": lambda m: m.huber(X.astype("f4"), np.arange(8) + 2**24),
    "integers_rounded_to_float64": lambda m: m.huber(X, 2**53 + np.arange(8)),
    "counts_not_whole": lambda m: m.poisson(X, X),
    "label_too_large": lambda m: m.cross_entropy(Z, bad_label(4)),
    "label_negative": lambda m: m.cross_entropy.gradient(Z, bad_label(-1)),
    "label_out_of_range_behind_a_mask": lambda m: m.cross_entropy(
        Z, bad_label(9), mask=[[0, 1, 1], [1, 0, 1]]
    ),
    "label_of_one_example": lambda m: m.cross_entropy(Z[0, 0], 7),
    "label_compared_only": lambda m: m.same_class(Z, bad_label(4)),
    "empty_batch": lambda m: m.huber(X[:0], X[:0]),
    "mask_of_zeros": lambda m: m.huber(X, X, mask=X > 5),
    "weights_of_zero": lambda m: m.huber(X, X, weight=0 * X),
    "empty_axis": lambda m: m.average(np.zeros((8, 0)), X),
    "weight_of_wrong_length": lambda m: m.huber(X, X, weight=np.ones(4)),
    "weight_of_a_number": lambda m: m.huber(X, X, weight=2.0),
    "mask_of_wrong_shape": lambda m: m.cross_entropy(Z, LABEL, mask=[True, False]),
    "weight_without_batch": lambda m: m.huber(1.0, 2.0, weight=1.0),
    "weight_negative": lambda m: m.huber(X, X, weight=X),
    "weight_not_finite": lambda m: m.huber(X, X, weight=NAN + 1),
    "weight_text": lambda m: m.huber(X, X, weight=["a"] * 8),
    "mask_of_fractions": lambda m: m.huber(X, X, mask=np.abs(X)),
    "hyperparameter_negative": lambda m: m.huber(X, X, delta=-1),
    "hyperparameter_not_a_number": lambda m: m.huber(X, X, delta=np.nan),
    "hyperparameter_infinite": lambda m: m.huber(X, X, delta=np.inf),
    "hyperparameter_outside_interval": lambda m: m.clipped(X, X, low=2, high=1),
    "hyperparameter_entry": lambda m: m.scaled(X[:3], [1, 1], factor=[1, 0, 1]),
    "count_above_another_input": lambda m: m.binomial(0.5, [1, 2, 7], [4, 5, 6], check=True),
    "count_above_a_shared_input": lambda m: m.binomial(0.5, [1, 7, 8], 6, check=True),
    "shared_count_above_an_input": lambda m: m.binomial(0.5, 5, [6, 4], check=True),
    "count_above_a_dimension": lambda m: m.ordinal(0.5, [1.0, 2.0], [0, 3], check=True),
    "entry_below_that_of_another_input": lambda m: m.outside(
        [0.0, 1.0], [[0.0, 1.0], [0.0, 4.0]], [2.0, 3.0], check=True
    ),
    "entries_out_of_order": lambda m: m.ordinal(
        [0.5, 0.6], [[1.0, 2.0, 3.0], [1.0, 3.0, 3.0]], [0, 1], check=True
    ),
    "data_outside_domain": lambda m: m.bernoulli(X, X > 0, check=True),
    "data_not_binary": lambda m: m.bernoulli(np.abs(X) / 2, X, check=True),
    "data_not_signs": lambda m: m.hinge(X, [1, 1, 0, 1, 1, 1, 1, -1], check=True),
    "data_not_a_simplex": lambda m: m.divergence([0.5, 0.5], [[0.5, 0.5], [0.5, 0.4]], check=True),
    "count_negative": lambda m: m.poisson(X, -np.arange(8), check=True),
    "not_a_number": lambda m: m.huber(X, NAN, check_finite=True),
    "not_a_number_behind_a_mask": lambda m: m.huber(X, NAN, check_finite=True, mask=X > 0),
    "infinite": lambda m: m.cross_entropy(Z - np.inf, LABEL, check=True),
    "unknown_reduction": lambda m: m.huber(X, X, reduction="men"),
    "mean_of_nothing": lambda m: m.kept.value_and_grad(np.ones((3, 2)), [[1, 1], [0, 1], [0, 0]]),
    "unknown_on_empty": lambda m: m.huber(X, X, on_empty=None),
    "option_of_another_method": lambda m: m.huber.gradient(X, X, vector=X),
    "wrt_of_a_value": lambda m: m.huber(X, X, wrt="prediction"),
    "out_of_a_value": lambda m: m.huber(X, X, out=X),
    "weight_of_a_function": lambda m: m.softmax_of(Z, weight=X),
    "reduction_of_per_example": lambda m: m.huber.per_example(X, X, reduction="sum"),
    "reduction_of_terms": lambda m: m.ridge.terms(X, 0, X, 0, reduction="none"),
    "wrt_data": lambda m: m.huber.gradient(X, X, wrt="target"),
    "wrt_hyperparameter": lambda m: m.huber.gradient(X, X, wrt=["prediction", "delta"]),
    "wrt_unknown": lambda m: m.contrast.gradient(X, X, 1, wrt="aa"),
    "wrt_nothing": lambda m: m.huber.gradient(X, X, wrt=()),
    "out_shape": lambda m: m.huber.gradient(X, X, out=np.empty(4)),
    "out_type": lambda m: m.huber.gradient(X, X, out=np.empty(8, np.float32)),
    "out_read_only": lambda m: m.huber.gradient(X, X, out=read_only()),
    "out_no_array": lambda m: m.huber.gradient(X, X, out=[0.0] * 8),
    "out_overlap": lambda m: m.huber.gradient(OVERLAPPING[:8], X, out=OVERLAPPING[4:]),
    "out_overlap_of_two": lambda m: m.contrast.gradient(
        X, X, 1, out=(OVERLAPPING[:8], OVERLAPPING[4:])
    ),
    "out_unknown_input": lambda m: m.contrast.gradient(X, X, 1, out={"c": X}),
    "out_one_of_two": lambda m: m.contrast.gradient(X, X, 1, out=np.empty(8)),
    "out_scalar": lambda m: m.huber.gradient(1.0, 2.0, out=np.empty(1)),
    "metric_gradient": lambda m: m.zero_one.gradient(X, X),
    "function_gradient": lambda m: m.softmax_of.value_and_grad(X),
    "function_per_example": lambda m: m.softmax_of.per_example(X),
    "vector_shape": lambda m: m.huber.hessian_vector_product(X, X, vector=X[:3]),
    "vector_incomplete": lambda m: m.contrast.hessian_vector_product(X, X, 1, vector={"a": X}),
    "vector_one_of_two": lambda m: m.contrast.hessian_vector_product(X, X, 1, vector=X),
    "unknown_target": lambda m: objc.compile("loss f(x: real | ) = x", target="cup"),
    "unknown_name": lambda m: objc.compile("loss huber(x: real | ) = x", name="hubre"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_message(name: str, plain: Any, golden: Callable[[Path, str], None]) -> None:
    with pytest.raises(ObjcError) as caught:
        CASES[name](plain)
    golden(HERE / f"{name}.txt", str(caught.value))
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value) and str(again) == str(caught.value)


AGREE = [
    "label_too_large", "label_negative", "label_out_of_range_behind_a_mask", "label_of_one_example",
    "label_compared_only",
]  # fmt: skip


@pytest.mark.parametrize("name", AGREE)
def test_targets_report_labels_alike(name: str, module: Any) -> None:
    with pytest.raises(objc.InputError) as caught:
        CASES[name](module)
    assert str(caught.value) == (HERE / f"{name}.txt").read_text().rstrip("\n")


def test_a_computed_position(module: Any, golden: Callable[[Path, str], None]) -> None:
    """The text says the place that is told: where it reads, though `z` stands there for `x`."""
    text = "loss step(x: real[T] | y: real) = sum[t](x[t] * y) + z[2]\n    where z[t] = x[t+1]"
    kernel = objc.compile(text, target=module.huber.target).step
    with pytest.raises(objc.InputError) as caught:
        kernel(np.zeros((2, 3)), np.zeros(2))
    golden(HERE / "computed_position.txt", str(caught.value))


def test_a_choice_of_nothing(module: Any, golden: Callable[[Path, str], None]) -> None:
    text = (
        "loss hardest(s: real[N], v: real[N] | m: binary[N]) = v[best]^2 + s[0]\n"
        "    where best = argmax[j | m[j] == 1](s[j])"
    )
    kernel = objc.compile(text, target=module.huber.target).hardest
    given = (np.ones((2, 3)), np.ones((2, 3)), [[1, 0, 1], [0, 0, 0]])
    for method in (kernel, kernel.value_and_grad, kernel.per_example):
        with pytest.raises(objc.InputError) as caught:
            method(*given)
        golden(HERE / "choice_of_nothing.txt", str(caught.value))


def test_a_computed_position_of_a_recurrence(module: Any) -> None:
    """What is defined by example has a batch axis that the text has not; what reads at the place that is
    told is shown, not the other readers."""
    text = (
        "loss swept(e: real[T, K] | y: real) = y * sum[k](b[0, k])\n"
        "    where b[T-1, k] = e[T-1, k]\n          b[t, k] = e[t, k] + b[t+1, k]"
    )
    kernel = objc.compile(text, target=module.huber.target).swept
    for shape, target in (((2, 0, 3), np.zeros(2)), ((0, 3), 1.0)):
        with pytest.raises(objc.InputError) as caught:
            kernel(np.zeros(shape), target)
        told = str(caught.value)
        assert "`b` is read at 0 along axis 0 (T), which has 0 entries" in told, told
        assert "^ T is 0 in this call" in told and "<text>:1:43" in told, told


def test_more_steps_than_memory_holds(module: Any, golden: Callable[[Path, str], None]) -> None:
    """NumPy refuses the two numbers in two ways."""
    text = (
        "loss halved(x: real; n: count) = a[n]\n    where a[0] = x\n          a[k] = a[k-1] / 2 + x"
    )
    kernel = objc.compile(text, target=module.huber.target).halved
    told = []
    for steps in (10**15, 10**18):
        with pytest.raises(MemoryError) as caught:
            kernel(1.0, n=steps)
        assert isinstance(caught.value, objc.ObjcError)
        told.append(str(caught.value))
    golden(HERE / "too_many_steps.txt", "\n\n".join(told))


def test_a_refused_cache(golden: Callable[[Path, str], None]) -> None:
    found = cache.CacheRefused(None, "/home/ada/.cache/objc", "others may write to it")
    golden(HERE / "cache_refused.txt", found.render())


def test_every_golden_has_a_case() -> None:
    named = {path.stem for path in HERE.glob("*.txt")}
    assert named == {
        *CASES, "computed_position", "choice_of_nothing", "cache_refused", "too_many_steps",
    }  # fmt: skip


def diagnostics() -> Iterator[type[Diagnostic]]:
    for module in (errors, option_errors, value_errors, cache):
        for _, one in inspect.getmembers(module, inspect.isclass):
            if issubclass(one, Diagnostic) and one.code and one.__module__ == module.__name__:
                yield one


@pytest.mark.parametrize("one", list(diagnostics()), ids=lambda one: one.code)
def test_every_diagnostic_is_explained_and_pinned(one: type[Diagnostic]) -> None:
    explanation = inspect.getdoc(one) or ""
    assert "Example:" in explanation and "Mend:" in explanation
    pinned = "\n".join(path.read_text() for path in HERE.glob("*.txt"))
    assert f"[{one.code}]" in pinned


def test_data_errors_are_value_errors(plain: Any) -> None:
    with pytest.raises(ValueError, match="E0408"):
        plain.huber(X[:3], X)
