"""The protocol's own client, and servers for it: each a process of the command over its standard streams."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from tests.adapters.cli.worlds import TOKEN
from tests.hanging import PATIENCE
from tests.packaging.runs import ROOT

if TYPE_CHECKING:
    from mcp import Client, StdioServerParameters

Mode = Literal["auto", "legacy"]
"""How they greet: as of 2026, or as before."""
LOG = "log.txt"
"""Of a server, beside its store."""


@attrs.frozen(kw_only=True)
class Told:
    """What a tool said."""

    content: dict[str, Any]
    text: str
    is_error: bool


class Talk:
    """A session with a server."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.progress: list[tuple[float, str | None]] = []
        """Seconds and words, of all calls."""

    async def call(self, name: str, /, **arguments: Any) -> Told:
        """Call a tool."""
        result = await self.client.call_tool(name, arguments, read_timeout_seconds=PATIENCE, progress_callback=self._note)
        (block,) = result.content
        assert block.type == "text"
        return Told(content=result.structured_content, text=block.text, is_error=result.is_error)

    async def _note(self, progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        self.progress.append((progress, message))


class Servers:
    """Starts servers over one platform and one store."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.log = folder / LOG
        """What those have said that talk() has started."""
        self.environment = {
            "CODER_URL": url,
            "CODER_SESSION_TOKEN": TOKEN,
            "CHATWORKSPACE_STORE": f"sqlite://{folder}/chats.db",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters"))),
            "PYTHONUTF8": "1",
        }

    def started(self, *arguments: str, command: str = sys.executable, environment: Mapping[str, str] | None = None) -> StdioServerParameters:
        """Return how a program is started that serves. environment: in place of what names platform and store."""
        from mcp import StdioServerParameters  # noqa: PLC0415 # not there on every interpreter

        return StdioServerParameters(command=command, args=[*arguments], env=dict(environment or self.environment), cwd=self.folder)

    @asynccontextmanager
    async def talk(self, *words: str, mode: Mode = "auto", **environment: str) -> AsyncGenerator[Talk]:
        """Start one, and greet it."""
        words = ("-m", "chatworkspace_cli", "mcp", *words)
        async with greeted(self.started(*words, environment=self.environment | environment), mode=mode) as talk:
            yield talk


@asynccontextmanager
async def greeted(parameters: StdioServerParameters, *, mode: Mode = "auto") -> AsyncGenerator[Talk]:
    """Start a server, and greet it."""
    from mcp import Client, stdio_client  # noqa: PLC0415 # as above

    with Path(parameters.cwd or "", LOG).open("a", encoding="utf-8") as log:  # noqa: ASYNC230 # nobody waits for a file
        async with Client(stdio_client(parameters, errlog=log), mode=mode) as client:
            yield Talk(client)


def run(act: Callable[[], Coroutine[None, None, None]]) -> None:
    """Have a conversation."""
    asyncio.run(act())
