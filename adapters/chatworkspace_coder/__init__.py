"""Coder over HTTP: `CoderClient` creates, reads, watches and reaches workspaces of a Coder server, 2.20 or newer.

It is the platform of a `chatworkspace.ChatWorkspaces`, and its way to agents: pass it as `creator` and as `dialer`.

    from chatworkspace_coder import CoderClient

    with CoderClient("https://coder.example.com", token="a session token") as coder:
        me = coder.user()

`CoderClient.about` says what a server is; `tls_context` makes TLS with a certificate of one's own; `told_apart` parts an error's message into what is
wrong and what to do about it; the other names are values.
Safe to use from any thread; durations are seconds (float), ids are UUIDs, and text of them where they come in.
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_coder._about import About
from chatworkspace_coder._answers.servers import Found, Server
from chatworkspace_coder._answers.users import Holder, Organization, RateLimit, User
from chatworkspace_coder._client import CoderClient
from chatworkspace_coder._http.causes import told_apart
from chatworkspace_coder._http.ways import tls_context

__all__ = ["About", "CoderClient", "Found", "Holder", "Organization", "RateLimit", "Server", "User", "__version__", "tls_context", "told_apart"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
