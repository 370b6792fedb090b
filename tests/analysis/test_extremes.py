"""Constants that are reached, and scales that cancel: `lipschitz`, `smooth`, `robust`, `quasiconvex`."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_HEAD = "q: real | y: real; s: positive = 1"
_R = "((q - y) / s)"
_TUKEY = f"if abs(q - y) < s then (1 - (1 - {_R}^2)^3) * s^2 / 6 else s^2 / 6"


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        (_TUKEY, "differentiable 2 in q", "proved"),
        (_TUKEY, "differentiable 3 in q", "refuted"),
        (_TUKEY.replace("^3", "^2"), "differentiable 2 in q", "refuted"),
        ("abs(q - y)^3 / s", "differentiable 2 in q", "proved"),
        (f"log(1 + {_R}^2)", "smooth 2 / s^2 in q", "proved"),
        (f"log(1 + {_R}^2)", "smooth 2 / s in q", "refuted"),
        (f"log(1 + {_R}^2)", "smooth 199/100 / s^2 in q", "refuted"),
        (f"log(1 + {_R}^2)", "lipschitz 1 / s in q", "proved"),
        (f"log(1 + {_R}^2)", "lipschitz 999/1000 / s in q", "refuted"),
        (f"log(1 + {_R}^2)", "robust in q", "proved"),
        (f"log(1 + {_R}^2)", "quasiconvex in q", "proved"),
        (f"1 - exp(-{_R}^2 / 2)", "lipschitz exp(-1/2) / s in q", "proved"),
        (f"1 - exp(-{_R}^2 / 2)", "lipschitz exp(-51/100) / s in q", "refuted"),
        (f"1 - exp(-{_R}^2 / 2)", "smooth 1 / s^2 in q", "proved"),
        (f"1 - exp(-{_R}^2 / 2)", "quasiconvex in q", "proved"),
        (f"exp(-{_R}^2 / 2)", "quasiconvex in q", "refuted"),
        (f"exp({_R}^2)", "robust in q", "refuted"),
        (f"{_R}^2", "robust in q", "refuted"),
        (f"{_R}^4", "smooth 100 in q", "refuted"),
        (f"sqrt(1 + {_R}^2)", "smooth 1 / s^2 in q", "proved"),
        (f"sqrt(1 + {_R}^2)", "smooth 1 in q", "refuted"),
        (f"1 / {_R}", "robust in q", "unknown"),
        (f"{_R}^2 * (1 + {_R}^2 - {_R})", "quasiconvex in q", "unknown"),
        (f"{_R}^2 * (1 + {_R}^2 - 2 * {_R})", "quasiconvex in q", "refuted"),
        ("if q > y then q - y else sin(q - y)", "quasiconvex in q", "refuted"),
        ("if q > y then q - y else min(0, q - y + 1)", "quasiconvex in q", "proved"),
        ("if q > y then sin(q - y) else y - q", "quasiconvex in q", "refuted"),
        ("if q > y then q - y else 2 * (y - q)", "quasiconvex in q", "proved"),
    ],
)
def test_constants(body: str, claim: str, expected: str) -> None:
    assert verdict(_HEAD, body, claim) == expected
