"""Why a database could not be used, in a person's words, and what to do: one table, for the store's errors and for whoever examines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs


class Cause(Enum):
    """What is wrong on the way to a database, or with it."""

    REFUSED = "refused"
    NAME_UNKNOWN = "name unknown"
    NAME_UNCLEAR = "name unclear"
    NO_SOCKET = "no socket"
    NO_WAY = "no way"
    SILENT = "silent"
    LOST = "lost"
    PASSWORD = "password"  # noqa: S105 # the name of a cause
    NOT_LET_IN = "not let in"
    NO_USER = "no such user"
    NO_DATABASE = "no such database"
    NO_TLS = "no TLS"
    CERTIFICATE = "certificate"
    TLS_FAILED = "TLS failed"
    NOT_UP = "not up"
    CROWDED = "too many connections"
    POOL_EMPTY = "pool empty"
    POOL_CLOSED = "pool closed"
    READ_ONLY = "read-only"
    DISK_FULL = "disk full"
    NO_MEMORY = "no memory"
    INCOMPLETE = "incomplete"
    LOCKED = "locked"
    CHANGING = "changing"
    OTHER = "other"


@attrs.frozen
class Row:
    """words: what is wrong. remedy: what to do about it, in sentences. lasting: the same statement fails so again until somebody acts."""

    words: str
    remedy: str
    lasting: bool = False


_WAY_IN = "See what pg_hba.conf of the server says of this user, this database and this machine."
TABLE: Mapping[Cause, Row] = {
    Cause.REFUSED: Row("the connection was refused", "See that the database is up, listens there, and that host and port are right."),
    Cause.NAME_UNKNOWN: Row(
        "the name of the host is not known",
        "See that it is spelled right in the connection string, and that this machine asks a name server that knows it.",
        lasting=True,
    ),
    Cause.NAME_UNCLEAR: Row("the name of the host could not be looked up now", "See that this machine reaches its name server."),
    Cause.NO_SOCKET: Row(
        "there is no such socket", "See that the database is up and has its socket there, or name its host in the connection string."
    ),
    Cause.NO_WAY: Row("no way leads there from this machine", "See that it may reach that host: a VPN may be off, a firewall closed."),
    Cause.SILENT: Row(
        "not answered in time", "See that the database is up and not overloaded, that nothing keeps its rows locked, and nothing on the way swallows."
    ),
    Cause.LOST: Row("the connection was lost", "See the database's log, and what stands between it and this machine: a pooler, a proxy, a firewall."),
    Cause.PASSWORD: Row(
        "the password is missing, or is not the user's", "Give the right one in the connection string, or in PGPASSWORD.", lasting=True
    ),
    Cause.NOT_LET_IN: Row("the database does not let this user in from here", _WAY_IN, lasting=True),
    Cause.NO_USER: Row(
        "there is no such user, or it may not log in", "See that the user is spelled right, or have it made: CREATE ROLE … LOGIN.", lasting=True
    ),
    Cause.NO_DATABASE: Row("there is no such database", "See that its name is spelled right, or have it made: CREATE DATABASE.", lasting=True),
    Cause.NO_TLS: Row(
        "the database has no TLS", "Have it switched on, or say sslmode=disable in the connection string, on a network that is trusted.", lasting=True
    ),
    Cause.CERTIFICATE: Row(
        "the database's certificate is not trusted", "Name its authority's file (sslrootcert) and the host that the certificate is for.", lasting=True
    ),
    Cause.TLS_FAILED: Row("no TLS connection came about", "See that a PostgreSQL listens at that port, and what sslmode says."),
    Cause.NOT_UP: Row("the database comes up, or goes down", "Wait, or see its log."),
    Cause.CROWDED: Row("the database takes no more connections", "Use a pool or a pooler, or raise max_connections."),
    Cause.POOL_EMPTY: Row("the pool has no connection to lend", 'Make it larger, or see in the log "psycopg.pool" what the database told it.'),
    Cause.POOL_CLOSED: Row("the pool is not open", "Open it before the store is used, in each process, and close it last."),
    Cause.READ_ONLY: Row(
        "the database is read-only: a standby, or made so", "Let the connection string lead to the primary: target_session_attrs=read-write."
    ),
    Cause.DISK_FULL: Row("the database's disk is full", "Have room made there."),
    Cause.NO_MEMORY: Row("the database is out of memory", "Have its load or its settings looked at."),
    Cause.INCOMPLETE: Row(
        "the schema is not complete for this user", "PostgresStore.check() and `chatworkspace db check` say what is missing.", lasting=True
    ),
    Cause.LOCKED: Row(
        "somebody keeps the rows or the tables locked",
        "See who, in pg_stat_activity, and what limits the user has (lock_timeout, statement_timeout).",
    ),
    Cause.CHANGING: Row("others kept changing the same rows", "Ask again; if it lasts, see what else writes to these tables."),
    Cause.OTHER: Row("the database could not do what it was asked for", "See its log."),
}

_SAID = (
    ("temporary failure in name resolution", Cause.NAME_UNCLEAR),
    ("failed to resolve host", Cause.NAME_UNKNOWN),
    ("could not translate host name", Cause.NAME_UNKNOWN),
    ("name or service not known", Cause.NAME_UNKNOWN),  # these two are Python's own words, which an older psycopg passes on as they are
    ("no address associated with hostname", Cause.NAME_UNKNOWN),
    ("connection refused", Cause.REFUSED),
    ("connectionrefusederror", Cause.REFUSED),
    ("on socket", Cause.NO_SOCKET),
    ("network is unreachable", Cause.NO_WAY),
    ("no route to host", Cause.NO_WAY),
    ("timeout expired", Cause.SILENT),
    ("password authentication failed", Cause.PASSWORD),
    ("no password supplied", Cause.PASSWORD),
    ("no pg_hba.conf entry", Cause.NOT_LET_IN),
    ("pg_hba.conf rejects", Cause.NOT_LET_IN),
    ("authentication failed", Cause.NOT_LET_IN),
    ("not permitted to log in", Cause.NO_USER),
    ("too many clients", Cause.CROWDED),
    ("connection slots are reserved", Cause.CROWDED),
    ("starting up", Cause.NOT_UP),
    ("shutting down", Cause.NOT_UP),
    ("not yet accepting connections", Cause.NOT_UP),
    ("does not support ssl", Cause.NO_TLS),
    ("certificate", Cause.CERTIFICATE),
    ("ssl", Cause.TLS_FAILED),
    ("couldn't get a connection", Cause.POOL_EMPTY),
    ("is not open yet", Cause.POOL_CLOSED),
    ("already closed", Cause.POOL_CLOSED),
)
"""What libpq, a server at the door, and a pool say, in small letters: they have no code for it. In another language all of it is LOST."""
_CODES = (
    ("25006", Cause.READ_ONLY),
    ("28P01", Cause.PASSWORD),
    ("28", Cause.NOT_LET_IN),
    ("3D", Cause.NO_DATABASE),
    ("3F000", Cause.INCOMPLETE),
    ("40", Cause.CHANGING),
    ("42501", Cause.INCOMPLETE),
    ("42703", Cause.INCOMPLETE),
    ("42P01", Cause.INCOMPLETE),
    ("53100", Cause.DISK_FULL),
    ("53200", Cause.NO_MEMORY),
    ("53300", Cause.CROWDED),
    ("55P03", Cause.LOCKED),
    ("57014", Cause.LOCKED),
    ("57P", Cause.NOT_UP),
    ("08", Cause.LOST),
    ("25P04", Cause.LOST),
)
"""SQLSTATE, or what it begins with."""


def cause_of(message: str, code: str) -> Cause:
    """Return what a failure comes of. code: its SQLSTATE; empty: it was no statement that failed, but the connection."""
    if code:
        return next((cause for prefix, cause in _CODES if code.startswith(prefix)), Cause.OTHER)
    said = message.lower()
    if "does not exist" in said and "certificate" not in said:
        return Cause.NO_DATABASE if "database " in said else Cause.NO_USER
    return next((cause for text, cause in _SAID if text in said), Cause.LOST)


def told(cause: Cause, place: str, detail: str) -> str:
    """Return what is wrong with the database at a place, and what to do."""
    row = TABLE[cause]
    return f"{place}: {row.words} ({detail}). {row.remedy}"


def told_apart(message: str) -> tuple[str, str]:
    """Return what is wrong and what to do about it, of a message that ends with a remedy of the table; else all of it, and nothing."""
    for row in TABLE.values():
        if message.endswith(f". {row.remedy}"):
            return message.removesuffix(f". {row.remedy}"), row.remedy
    return message, ""
