"""What a model is to do next, as fields of a result. Pure."""

from __future__ import annotations

from math import ceil

from chatworkspace._tools.budget import Content
from chatworkspace.model import Advice


def guided(advice: Advice, step: str, retry_after: float | None = None) -> Content:
    """Return what to do next: by name, in words, and after how many seconds."""
    told: Content = {"advice": advice.value} | ({"next_step": step} if step else {})
    return told if retry_after is None else told | {"retry_after": ceil(retry_after)}
