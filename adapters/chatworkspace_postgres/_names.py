"""The schema's name."""

from __future__ import annotations

import re

from psycopg import sql

from chatworkspace import InvalidArgumentError

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def checked_schema(schema: object) -> str:
    """Return the name of a schema, which is the channel's too. InvalidArgumentError."""
    if not isinstance(schema, str) or not _NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise InvalidArgumentError("schema", "1 to 63 lower-case letters, digits and underscores, the first no digit, not beginning with pg_")
    return schema


def quoted(name: str) -> str:
    """Return a name as it stands in SQL."""
    return sql.Identifier(name).as_string()
