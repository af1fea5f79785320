"""Where a database is, as it may be shown: host, port and name. Neither user nor password is in it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.pq.abc import PGconn

NOWHERE = "PostgreSQL"
"""Of which no more is known: no connection has come about, and the host's function does not say where it leads."""


def place_of(connection: PGconn | None) -> str:
    """Return where a connection leads, or was to lead; NOWHERE: that is not told."""
    if connection is None:
        return NOWHERE
    with suppress(psycopg.Error):
        return _url(connection.host.decode(), connection.port.decode(), connection.db.decode())
    return NOWHERE


def place_in(told: Mapping[str, Any]) -> str:
    """Return where a connection string leads, by its words."""
    return _url(str(told.get("host") or told.get("hostaddr") or ""), str(told.get("port") or ""), str(told.get("dbname") or ""))


def _url(host: str, port: str, database: str) -> str:
    """Return the URL. A path of a socket is quoted; an address of many colons stands in brackets."""
    named = f"[{host}]" if ":" in host and "," not in host else quote(host, safe=",:")
    return f"postgresql://{named}{f':{port}' if port and host else ''}/{quote(database)}"
