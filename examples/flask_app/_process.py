"""What one server process owns. A worker may be forked after the app was imported (gunicorn --preload), so all of it is made on first use."""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack, closing
from functools import cached_property
from threading import Lock
from urllib.parse import urlsplit
from uuid import UUID

from chatworkspace import ChatWorkspaces
from chatworkspace.ports import Store
from chatworkspace_coder import CoderClient, User

THREADS = int(os.environ.get("CHATWORKSPACE_THREADS", "4"))
"""Of the server, for requests, in each process."""
WAITING = max(THREADS // 2, 1)
"""Of them, that may wait for a workspace: the others answer at once, whatever is being built."""
_making = Lock()
_processes: dict[int, Process] = {}


class Process:
    """The library and its connections, for all threads of a process; and what it has asked the platform once."""

    def __init__(self) -> None:
        with ExitStack() as opened:
            self.coder = opened.enter_context(CoderClient(os.environ["CODER_URL"], token=os.environ["CODER_SESSION_TOKEN"]))
            store = _store(os.environ["CHATWORKSPACE_STORE"], opened)
            self.workspaces = opened.enter_context(ChatWorkspaces(store=store, creator=self.coder, dialer=self.coder, max_waiting=WAITING))
            self._templates: dict[str, UUID] = {}
            self.close = opened.pop_all().close

    @cached_property
    def user(self) -> User:
        """Whom the chats belong to; a host with users of its own looks up each by name."""
        return self.coder.user()

    def template_id(self, name: str) -> UUID:
        """Return the id of a template; asked for once."""
        if name not in self._templates:
            self._templates[name] = self.coder.template(name, organization_id=self.user.organization_ids[0]).id
        return self._templates[name]


def this_process() -> Process:
    """Return what this process owns. The first to ask makes it; if that fails, the next one tries again."""
    found = _processes.get(os.getpid())
    if found is not None:
        return found
    with _making:
        found = _processes.get(os.getpid())
        if found is None:
            found = _processes[os.getpid()] = Process()
            atexit.register(found.close)
        return found


def end_waits() -> None:
    """Have all that wait in this process answered at once, and refuse what comes later. May be called by a signal handler."""
    found = _processes.get(os.getpid())
    if found is not None:
        found.workspaces.close()


def _store(url: str, opened: ExitStack) -> Store:
    """Open the store that is configured; the driver of another is not imported."""
    match urlsplit(url).scheme:
        case "sqlite":
            from chatworkspace_sqlite import SQLiteStore  # noqa: PLC0415 # as said

            return opened.enter_context(closing(SQLiteStore(urlsplit(url).path)))
        case "postgresql":
            from psycopg import Connection  # noqa: PLC0415 # as said
            from psycopg_pool import ConnectionPool  # noqa: PLC0415 # as said

            from chatworkspace_postgres import PostgresStore  # noqa: PLC0415 # as said

            pool = opened.enter_context(ConnectionPool(url, min_size=1, max_size=THREADS))
            return opened.enter_context(closing(PostgresStore(pool.connection, listen=lambda: Connection.connect(url))))
        case scheme:
            raise ValueError(f"CHATWORKSPACE_STORE: expected sqlite:///PATH or postgresql://…, not {scheme}:")
