"""How accurate a compiled kernel is, against arithmetic at rising precision."""

from __future__ import annotations

from objc.accuracy.measure import measure
from objc.accuracy.report import Report, Row

__all__ = ["Report", "Row", "measure"]
