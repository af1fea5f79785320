"""The tools of a chat as a server of the Model Context Protocol: for clients that start it and talk to it over its standard streams.

The command `chatworkspace mcp` is one. In a program of your own:

    server = ChatServer("thread-42")
    with ChatWorkspaces(store=store, creator=coder, dialer=coder, on_progress=server.tell) as workspaces:
        server.serve_stdio(workspaces)

Needs the package `mcp`, the protocol's own for Python: pip install 'chatworkspace[mcp]'. It is imported when the server begins.
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_mcp._server import ChatServer

__all__ = ["ChatServer", "__version__"]


def __dir__() -> list[str]:
    return __all__
