"""Files of data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from objc.training import load_data

from .. import kernels
from .case import case


def table(text: str, name: str = "data.csv", **options: Any) -> Any:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return load_data(name, kernels.ridge(), **options)


@case
def e0501_no_such_file(_: Any) -> object:
    return load_data("nowhere.csv", kernels.ridge())


@case
def e0501_ending(_: Any) -> object:
    return load_data("data.xlsx", kernels.ridge())


@case
def e0501_not_utf8(_: Any) -> object:
    Path("data.csv").write_bytes(b"x_0,y\n1,\xff\n")
    return load_data("data.csv", kernels.ridge())


@case
def e0501_not_an_archive(_: Any) -> object:
    return table("not an archive", "data.npz")


@case
def e0501_pickled(_: Any) -> object:
    np.savez("data.npz", x=np.array([object()]), y=np.zeros(1))
    return load_data("data.npz", kernels.ridge())


@case
def e0501_columns_of_a_matrix(_: Any) -> object:
    inputs = (kernels.FakeInput("m", ("A", "B")),)
    kernel = kernels.FakeKernel(kernels.FakeSignature("matrix", inputs), lambda *_: (0, {}, {}))
    Path("data.csv").write_text("m_0,m_1,m_2,m_3\n1,2,3,4\n")
    return load_data("data.csv", kernel)


@case
def e0502_missing_column(_: Any) -> object:
    return table("x_0,x_1,target\n1,2,3\n")


@case
def e0502_missing_vector(_: Any) -> object:
    return table("a,b,y\n1,2,3\n")


@case
def e0502_missing_in_list(_: Any) -> object:
    return table("a,b,y\n1,2,3\n", columns={"x": ["a", "c"]})


@case
def e0502_several_for_a_scalar(_: Any) -> object:
    return table("a,b,y_0,y_1\n1,2,3,4\n", columns={"x": ["a"], "y": "y_*"})


@case
def e0502_missing_array(_: Any) -> object:
    np.savez("data.npz", X=np.zeros((2, 3)), y=np.zeros(2))
    return load_data("data.npz", kernels.ridge())


@case
def e0503_text(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,3\n4,five,6\n")


@case
def e0503_empty(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,3\n4,,6\n")


@case
def e0503_nan(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,nan\n")


@case
def e0507_integer(_: Any) -> object:
    return table("x_0,x_1,y\n1e300,9007199254740992,3\n4,1700000000123456789,6\n")


@case
def e0504_ragged(_: Any) -> object:
    return table("x_0,x_1,y\n1,2,3\n\n4,5\n")


@case
def e0505_no_rows(_: Any) -> object:
    return table("x_0,x_1,y\n")


@case
def e0505_empty_file(_: Any) -> object:
    return table("")


@case
def e0506_no_header(_: Any) -> object:
    return table("1,2,3\n4,5,6\n")


@case
def e0506_twice(_: Any) -> object:
    return table("x_0,x_0,y\n4,5,6\n")


@case
def e0513_label_in_a_file(_: Any) -> object:
    Path("data.csv").write_text("x_0,label\n0.5,1\n0.5,1.5\n")
    return load_data("data.csv", kernels.softmax_regression())
