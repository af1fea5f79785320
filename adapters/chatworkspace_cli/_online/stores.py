"""Which store the commands use: from a URL to a store. Who adds a store adds its scheme to SCHEMES."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs

from chatworkspace import InvalidArgumentError, Reason, UnavailableError
from chatworkspace.ports import Store

VARIABLE = "CHATWORKSPACE_STORE"
DSN = "CHATWORKSPACE_DSN"
"""Of who makes the tables, for `db`."""
FOLDER = "the store's folder could not be made"
EXPECTED = "sqlite:///PATH/OF/chats.db or postgresql://USER@HOST/DATABASE"


@attrs.frozen(kw_only=True)
class Opened:
    """A store, and what may be shown of it."""

    store: Store
    kind: str
    place: str
    """Where it is, without user or password."""
    schema_version: Callable[[], int]
    """Asks the store."""


def default_url(environment: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return the URL of the file in the user's state folder."""
    return "sqlite://" + ("/" if platform == "win32" else "") + _state_folder(environment, platform).joinpath("chats.db").as_posix()


def _state_folder(environment: Mapping[str, str], platform: str) -> Path:
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "chatworkspace"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "chatworkspace"
    told = Path(environment.get("XDG_STATE_HOME", ""))
    # a relative one is to be ignored, says the specification
    return (told if told.is_absolute() else Path.home() / ".local" / "state") / "chatworkspace"


@contextmanager
def opened(url: str | None, environment: Mapping[str, str]) -> Generator[Opened, None, None]:
    """Open the store of this URL; None: of the environment, or the default one, whose folder is made. InvalidArgumentError, UnavailableError."""
    told = environment.get(VARIABLE, "") if url is None else url
    if not told:
        told = default_url(environment)
        _make_folder(_path_of(told).parent)
    scheme = told.partition("://")[0].lower() if "://" in told else ""
    if scheme not in SCHEMES:
        raise InvalidArgumentError("store", EXPECTED + (f"; the scheme {scheme!r} is not known" if scheme.isalnum() else ""))
    with SCHEMES[scheme](told) as store:
        yield store


def unopened(url: str | None, environment: Mapping[str, str]) -> tuple[Path, int] | None:
    """Return the file of a store that opening would change, and its version, which is 0 where there is no file yet; None: it would change nothing.

    A folder that is not there is made for the default file alone, so that any other is left to who opens it. InvalidArgumentError.
    """
    told = environment.get(VARIABLE, "") if url is None else url
    path = _path_of(told or default_url(environment)) if not told or told.partition("://")[0].lower() == "sqlite" else None
    if path is None or (told and not path.parent.is_dir()) or path.is_dir():
        return None
    from chatworkspace_sqlite._schema import SCRIPTS, checked_path, version_in  # noqa: PLC0415 # as below

    if path.parent.is_dir():
        checked_path(path)
    version = version_in(path)
    return (path, version) if version is not None and version < len(SCRIPTS) else None


def told_apart(message: str) -> tuple[str, str]:
    """Return what is wrong with a store and what to do about it, as its adapter has put them together; "" where it says nothing of that."""
    if message.startswith(f"{FOLDER}: "):
        return message, f"Make the folder, or name another file: --store or {VARIABLE}."
    if message.startswith(("postgresql:", "PostgreSQL:")):
        from chatworkspace_postgres._causes import told_apart as of_database  # noqa: PLC0415 # as below

        problem, remedy = of_database(message)
        return problem, remedy or "`chatworkspace db check` tells whether anything is missing still."
    from chatworkspace_sqlite._causes import told_apart as of_file  # noqa: PLC0415 # as below

    return of_file(message)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(f"{FOLDER}: {folder}: {error.strerror}", reason=Reason.STORE_UNAVAILABLE, retryable=False) from error


# ---------------------------------------------------------------- SQLite


@contextmanager
def _sqlite(url: str) -> Generator[Opened, None, None]:
    from chatworkspace_sqlite import SQLiteStore  # noqa: PLC0415 # only who keeps chats in a file needs it

    path = _path_of(url)
    with closing(SQLiteStore(path)) as store:
        yield Opened(store=store, kind="sqlite", place=str(path), schema_version=store.schema_version)


def _path_of(url: str) -> Path:
    """Return the path in a URL: absolute, or in the user's home if it begins with ~. InvalidArgumentError."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    path = "/" + unquote(parts.path).lstrip("/")
    if parts.netloc or parts.query or parts.fragment or path == "/":
        raise InvalidArgumentError("store", "sqlite:///PATH, with three slashes: sqlite:///var/lib/chats.db, sqlite:///~/chats.db")
    if path.startswith("/~"):
        return Path(path[1:]).expanduser()
    return Path(path[1:] if os.name == "nt" else path)


# ---------------------------------------------------------------- PostgreSQL


@contextmanager
def _postgresql(url: str) -> Generator[Opened, None, None]:
    """Open a store in PostgreSQL. Its tables are made by `chatworkspace db upgrade`."""
    with _needing_client():
        from chatworkspace_postgres._dsn import store_at  # noqa: PLC0415 # only who keeps chats there needs it

        try:
            store = store_at(url)
        except InvalidArgumentError as error:
            raise InvalidArgumentError("store", str(error).partition(": expected ")[2]) from error
    with closing(store):
        yield Opened(store=store, kind="postgresql", place=_shown(url), schema_version=store.schema_version)


def upgrade_database(dsn: str, schema: str) -> Sequence[str]:
    """Make or upgrade the tables; return the files that were applied. InvalidArgumentError, UnavailableError."""
    with _needing_client():
        from chatworkspace_postgres._dsn import upgrade_at  # noqa: PLC0415 # as above

        return upgrade_at(dsn, schema)


def version_of_database(dsn: str, schema: str) -> int:
    """Return the version of the tables. InvalidArgumentError; UnavailableError, with all that is missing."""
    with _needing_client():
        from chatworkspace_postgres._dsn import version_at  # noqa: PLC0415 # as above

        return version_at(dsn, schema)


def sql_for_database(dsn: str, schema: str) -> str:
    """Return what upgrade_database() would run. InvalidArgumentError, UnavailableError."""
    with _needing_client():
        from chatworkspace_postgres._dsn import script_at  # noqa: PLC0415 # as above

        return script_at(dsn, schema)


def dsn_of(told: str | None, store: str | None, environment: Mapping[str, str]) -> str:
    """Return the DSN: as told, or that of the store. InvalidArgumentError."""
    of_store = environment.get(VARIABLE, "") if store is None else store
    dsn = told or environment.get(DSN, "") or (of_store if of_store.partition("://")[0] in ("postgresql", "postgres") else "")
    if not dsn:
        raise InvalidArgumentError("dsn", f"postgresql://USER@HOST/DATABASE, or {DSN} or {VARIABLE} set to one")
    return dsn


def url_of(told: str | None, store: str | None, environment: Mapping[str, str]) -> str:
    """Return the DSN as told, or the URL of the store. A store that is named counts for more than a DSN of the environment. InvalidArgumentError."""
    return told or store or environment.get(DSN, "") or environment.get(VARIABLE, "") or default_url(environment)


def backup(url: str, schema: str, to: str) -> None:
    """Copy a store into a new file. InvalidArgumentError, UnavailableError."""
    if url.partition("://")[0].lower() == "sqlite":
        from chatworkspace_sqlite._backup import backup as backup_file  # noqa: PLC0415 # as above

        backup_file(_path_of(url), to)
        return
    with _needing_client():
        from chatworkspace_postgres._backup import backup as backup_schema  # noqa: PLC0415 # as above

        backup_schema(url, to, schema=schema)


@contextmanager
def _needing_client() -> Generator[None, None, None]:
    """Say what to install where psycopg finds no libpq. InvalidArgumentError."""
    try:
        yield
    except ImportError as error:
        raise InvalidArgumentError("store", "an installation with PostgreSQL's client: pip install 'chatworkspace[postgres]'") from error


def _shown(url: str) -> str:
    """Return host and database: the rest may hold a password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "postgresql://"
    return f"postgresql://{parts.hostname or ''}{port}{parts.path}"


SCHEMES: Mapping[str, Callable[[str], AbstractContextManager[Opened]]] = {"sqlite": _sqlite, "postgresql": _postgresql, "postgres": _postgresql}
