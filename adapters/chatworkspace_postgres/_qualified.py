"""SQL as it is written becomes SQL that means the same under every search path. Pure.

Who may create in a schema of the application's search_path can overload a function or an operator exactly, and a statement that names it bare runs
what they wrote, with the application's rights. So each function, operator and type is sent with its schema, pg_catalog. Written out that is hard to
read; this adds it. What is written says which `=` only assigns: `:=`. Two operators without parentheses between them are not to be mixed: those with
a schema all bind alike.
"""

from __future__ import annotations

import re

SYNTAX = frozenset({"coalesce", "greatest", "extract"})
"""Look like functions, and are grammar: no path is searched for them."""
NAMES = frozenset({"text", "uuid", "name"})
"""Types that are looked up by their names. integer, bigint, boolean, double precision and interval are grammar."""
_LINE_BREAK = re.compile(r"\s*\n\s*")
_TOKEN = re.compile(
    r"""
    (?P<kept>'(?:[^']|'')*' | "[^"]*" | %\(\w+\)s | \{schema\})
    | (?P<assigned>:=)
    | ::(?P<type>\w+)
    | (?P<called>(?<![.\w])[a-z]\w*(?=\())
    | (?P<star>(?<=SELECT[ ])\* | (?<=RETURNING[ ])\* | (?<=\.)\*)
    | (?P<operator>[-+*/<>=|]+)[ ]?
    """,
    re.VERBOSE,
)


def qualified(text: str) -> str:
    """Return a statement with the schema of all that it uses, in one line: it leaves in one piece only while it is short (see _wire)."""
    return _TOKEN.sub(_with_schema, _LINE_BREAK.sub(" ", text))


def _with_schema(found: re.Match[str]) -> str:
    whole, kind = found[0], found.lastgroup
    if kind == "assigned":
        return "="
    if kind == "operator":
        return f"OPERATOR(pg_catalog.{found['operator']})"
    if kind == "type" and found["type"] in NAMES:
        return f"::pg_catalog.{found['type']}"
    if kind == "called" and whole not in SYNTAX:
        return f"pg_catalog.{whole}"
    return whole
