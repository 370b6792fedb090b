"""objc: a compiler for training objectives."""

from __future__ import annotations

__version__ = "0.1.0"
