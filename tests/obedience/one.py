"""One game, call by call: `PYTHONPATH=.:adapters python -m tests.obedience.one SEED`."""

from __future__ import annotations

import sys

from tests.obedience.right import what_is_wrong
from tests.obedience.rules import problems
from tests.obedience.worlds import Game

MOST = 60
"""Calls that are told."""


def main(seed: int) -> None:
    """Tell one."""
    game = Game(seed)
    played = game.play()
    lines = [f"seed {seed}, wait {played.wait}, odd: {game.oddity or game.endless or game.whim or 'nothing'}"]
    for told in played.told[:MOST]:
        wrong = what_is_wrong(told, watched=played.watched)
        lines.append(
            f"{told.began:9.2f} {told.at:9.2f} {told.tool} {told.advice and told.advice.value} {dict(told.content)} {told.truth.how} {wrong}"
        )
    ends = [it.value if it is not None else "nothing" for it in played.ends]
    lines.append(f"{len(played.told)} calls, ends {ends}, live {played.live}, changed at {played.changed_at}")
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, *problems(played))))


if __name__ == "__main__":
    main(int(sys.argv[1]))
