"""What a user does wrong in training: each case raises its diagnostic, in an empty working directory."""

from __future__ import annotations

from . import data, files, models, runs
from .case import CASES

__all__ = ["CASES", "data", "files", "models", "runs"]
