"""A process that races for chats, told what to do by lines: `look CHAT`, then `claim`."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

from chatworkspace.ports import ChangedError, ClaimedError, Look, SystemClock
from tests.adapters.sqlite.files import LONG, ORGANIZATION, OWNER, PLAN, opened


def main(path: str, number: str) -> None:
    """Answer each line with one."""
    look: Look | None = None
    with opened(Path(path)) as store:
        for line in sys.stdin:
            word, _, chat_id = line.strip().partition(" ")
            if word == "look":
                store.open_chat(chat_id, OWNER, ORGANIZATION)
                look, said = store.look(chat_id), "looked"
            else:
                assert look is not None
                try:
                    claim = store.claim(look, token=SystemClock().token(), ttl=LONG, plan=PLAN)
                    said = str(store.bind(claim, UUID(int=int(number) * 1_000_000 + int(look.chat.id))).workspace_id)
                except (ChangedError, ClaimedError):
                    said = "lost"
            print(said, flush=True)  # noqa: T201 # how it talks


if __name__ == "__main__":
    main(*sys.argv[1:])
