"""What the commands work with: server, store and library, each opened when a command first needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from chatworkspace import ChatWorkspaces, InvalidArgumentError, Progress, Reason, Timeouts, UnavailableError
from chatworkspace.ports import SystemClock
from chatworkspace_cli._online.network import Network
from chatworkspace_cli._online.stores import Opened, dsn_of, opened, url_of
from chatworkspace_cli._secrets import told

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from chatworkspace_coder import CoderClient
    from chatworkspace_local._commands import LocalClient

LIMIT = 15.0
"""Seconds for a request of the command's own."""
SHORTEST = 5.0
"""Seconds in which an agent that is there is reached, also for the first time."""


@attrs.frozen(kw_only=True)
class Settings:
    """What environment and options say."""

    environment: Mapping[str, str] = attrs.field(repr=False)
    """May hold secrets: never shown."""
    store: str | None = attrs.field(default=None, repr=False)
    organization: str | None = None
    otherwise: str | None = None
    """The organization of whoever has said none, and has several."""
    network: Network = attrs.field(factory=Network)
    root: Path | None = None
    """The folder of the platform of this machine, in place of a server."""


class Session:
    """The parts. Used by one thread; interrupt() and close() may come from another."""

    def __init__(self, settings: Settings, on_progress: Callable[[Progress], object] | None = None) -> None:
        self.settings = settings
        self._on_progress = on_progress
        self._stack = ExitStack()
        self._workspaces: ChatWorkspaces | None = None
        self._interrupted = False
        self._stop: Callable[[], object] | None = None
        self._dial = LIMIT
        self.hung_up = False
        self.left: Callable[[], Iterable[str]] = tuple
        """Gives the names of what a command that is left would leave behind."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    # ------------------------------------------------------------ parts

    @cached_property
    def client(self) -> CoderClient | LocalClient:
        """The client of the server that the environment names, or the platform of this machine. InvalidArgumentError."""
        if self.settings.root is not None:
            from chatworkspace_local._commands import LocalClient  # noqa: PLC0415 # others need none of it

            return LocalClient(self.settings.root)
        from chatworkspace_coder import CoderClient  # noqa: PLC0415 # --help needs no HTTP

        url = self._variable("CODER_URL", "url", "the URL of a Coder server, such as https://coder.example.com")
        token = self._variable("CODER_SESSION_TOKEN", "token", "a session token of that server in the environment; `coder tokens create` makes one")
        return self._stack.enter_context(CoderClient(url, token=token, **self.settings.network.options()))

    def _variable(self, name: str, argument: str, expected: str) -> str:
        told = self.settings.environment.get(name, "").strip()
        if not told:
            raise InvalidArgumentError(argument, f"{expected}; `--platform local:PATH` does without a server, by folders and processes here")
        return told

    @cached_property
    def opened(self) -> Opened:
        """The store. InvalidArgumentError, UnavailableError."""
        if self.settings.root is not None:
            _ = self.client  # its folder may have the store in it
        return self._stack.enter_context(opened(self.settings.store, self.settings.environment))

    def dsn(self, options: Namespace) -> str:
        """Return the database that is meant. InvalidArgumentError."""
        return dsn_of(told(options.dsn, options.dsn_file, "dsn"), self.settings.store, self.settings.environment)

    def url(self, options: Namespace) -> str:
        """Return the store that is meant, by its DSN or its URL. InvalidArgumentError."""
        return url_of(told(options.dsn, options.dsn_file, "dsn"), self.settings.store, self.settings.environment)

    @cached_property
    def workspaces(self) -> ChatWorkspaces:
        """The library over both. InvalidArgumentError, UnavailableError."""
        client = self.client
        made = ChatWorkspaces(
            store=self.opened.store,
            creator=client,
            dialer=client,
            timeouts=Timeouts(dial=self._dial),
            workspace_ttl=client.workspace_ttl,
            on_progress=self._on_progress,
        )
        self._workspaces = self._stack.enter_context(made)
        if self._interrupted:
            raise UnavailableError("interrupted before anything was asked for", reason=Reason.INTERRUPTED)
        return made

    @property
    def without_server(self) -> ChatWorkspaces:
        """The library over the store alone, for what asks nothing else. InvalidArgumentError, UnavailableError."""
        nothing: Any = _NeverAsked()
        return ChatWorkspaces(store=self.opened.store, creator=nothing, dialer=nothing)

    def dial_within(self, seconds: float) -> None:
        """Let an agent be reached within so many seconds: SHORTEST at least, and LIMIT at most. To be said before the library is used."""
        self._dial = min(max(seconds, SHORTEST), LIMIT)

    def tell_of_progress(self, on_progress: Callable[[Progress], object]) -> None:
        """Have the steps told elsewhere. To be said before the library is used."""
        self._on_progress = on_progress

    @staticmethod
    def deadline(most: float = LIMIT) -> float:
        """Return until when a request of the command's own may take. most: seconds."""
        return SystemClock().monotonic() + most

    # ------------------------------------------------------------ ending early

    def interrupt(self, chat_id: str) -> None:
        """End the waits; where there is none yet, and no chat, the requests under way: nothing was begun that has to be ended in order."""
        self._interrupted = True
        if self._stop is not None:
            self._stop()
        elif not chat_id:
            self.hang_up()
        if self._workspaces is not None and chat_id:
            self._workspaces.interrupt(chat_id)

    def stop_by(self, stop: Callable[[], object]) -> None:
        """Say what is done when the command is interrupted; at once, if it has been."""
        self._stop = stop
        if self._interrupted:
            stop()

    @property
    def interrupted(self) -> bool:
        """The command was interrupted."""
        return self._interrupted

    def hang_up(self) -> None:
        """End the requests under way: who made them finds that they were not answered, and gives the chat back."""
        self.hung_up = True
        client: CoderClient | LocalClient | None = self.__dict__.get("client")
        if client is not None:
            client.close()


# ---------------------------------------------------------------- before anything is opened


class _NeverAsked:
    """Stands where a port would."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the library has no reason to ask for {name}")


def check(chat_id: str, wait: float | None) -> None:
    """Have the library look at what commands about a chat are given, without a store or a server. InvalidArgumentError."""
    nothing: Any = _NeverAsked()
    ChatWorkspaces(store=nothing, creator=nothing, dialer=nothing).toolbox(chat_id, wait=wait)
