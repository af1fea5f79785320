"""One game, call by call: `PYTHONPATH=.:adapters python -m tests.obedience.one SEED`."""

from __future__ import annotations

import sys
from typing import Any

from tests.obedience.rules import problems
from tests.obedience.worlds import Game


def main(seed: int) -> None:
    """Tell one."""
    game = Game(seed)
    played = game.play()
    say: Any = sys.stdout.write
    for told in played.told[:60]:
        say(f"{told.at:10.3f} {told.tool:16} {told.advice.value:18} {dict(told.content)}\n")
    say(
        f"{len(played.told)} calls, wait {played.wait}, ends {[it.value for it in played.ends]}, live {played.live}, changed at {played.changed_at}\n"
    )
    for problem in problems(played):
        say(f"{problem}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
