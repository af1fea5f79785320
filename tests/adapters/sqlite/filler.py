"""A process on a disk that is nearly full: its files may have so many bytes. It says which chats it was told are open, then why no more."""

from __future__ import annotations

import resource
import sys
from itertools import count
from pathlib import Path

from chatworkspace import ChatWorkspaceError
from tests.adapters.sqlite.files import ORGANIZATION, OWNER, opened


def main(path: str, limit: str) -> None:
    """Open chats until there is no room."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    with opened(Path(path)) as store:
        try:
            for number in count():
                store.open_chat(f"chat-{number}", OWNER, ORGANIZATION)
                print(f"chat-{number}", flush=True)  # noqa: T201 # how it talks
        except ChatWorkspaceError as error:
            print(type(error).__name__, error.reason.value, error.retryable, len(store.chats(limit=10_000)), flush=True)  # noqa: T201 # how it talks


if __name__ == "__main__":
    main(*sys.argv[1:])
