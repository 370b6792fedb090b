"""Stage 7: from a program to loops, by index structure alone.

`schedule` expects a program of primitive reductions (after `expand`). Nothing here knows a loss.
"""

from __future__ import annotations

from objc.schedule.blocks import Products
from objc.schedule.loops import Loops
from objc.schedule.steps import schedule

__all__ = ["Loops", "Products", "schedule"]
