"""What minimizing a loss or an objective gives, in sentences and as the shape of its gradient."""

from __future__ import annotations

from objc.analysis.story.profile import Profile, profile
from objc.analysis.story.telling import story

__all__ = ["Profile", "profile", "story"]
