"""Function calls, counted: what a machine that does other things at the same time does not change."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "chatworkspace"
ADAPTERS = ROOT / "adapters"


@contextmanager
def calls_of(*folders: Path) -> Generator[Counter[str], None, None]:
    """Count the calls of functions whose code lies in these folders, by this thread and those that are started meanwhile, by `file:function`.

    A generator that goes on is called; so is a comprehension on the interpreters that make a function of it.
    """
    counts: Counter[str] = Counter()
    prefixes = tuple(f"{folder}{os.sep}" for folder in folders)

    def count(frame: FrameType, event: str, argument: Any) -> None:
        del argument
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(prefixes):
            counts[f"{Path(code.co_filename).relative_to(ROOT)}:{code.co_name}"] += 1

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        yield counts
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # pyright: ignore[reportArgumentType] # it takes None, as sys.setprofile() does
