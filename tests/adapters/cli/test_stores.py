"""Which store the commands use."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace_cli._online.stores import _shown, default_url, dsn_of, opened
from tests.adapters.cli.worlds import scripts


@pytest.mark.parametrize(
    ("environment", "platform", "url"),
    [
        ({"XDG_STATE_HOME": "/state"}, "linux", "sqlite:///state/chatworkspace/chats.db"),
        ({"XDG_STATE_HOME": "not/absolute"}, "linux", "sqlite:///home/ana/.local/state/chatworkspace/chats.db"),
        ({}, "linux", "sqlite:///home/ana/.local/state/chatworkspace/chats.db"),
        ({}, "darwin", "sqlite:///home/ana/Library/Application Support/chatworkspace/chats.db"),
        ({"LOCALAPPDATA": "C:/Users/ana/AppData/Local"}, "win32", "sqlite:///C:/Users/ana/AppData/Local/chatworkspace/chats.db"),
    ],
)
def test_the_default_is_a_file_of_the_users(environment: dict[str, str], platform: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder that each system has for what programs keep."""
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ana"))
    assert default_url(environment, platform) == url


def test_its_folder_is_the_users_alone(tmp_path: Path) -> None:
    """It is made when it is first needed, and the file is there the next time."""
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for _ in range(2):
        with opened(None, environment) as it:
            it.store.open_chat("a", UUID(int=1), UUID(int=2))
            assert (it.kind, it.schema_version()) == ("sqlite", len(scripts("chatworkspace_sqlite")))
            assert it.place == str(tmp_path / "state" / "chatworkspace" / "chats.db")
            assert len(it.store.chats()) == 1
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "state" / "chatworkspace").stat().st_mode) == 0o700


@pytest.mark.parametrize("form", ["sqlite://{}", "sqlite:///{}", "SQLITE://{}"])
def test_a_url_is_read_as_urls_are(form: str, tmp_path: Path) -> None:
    """What stands behind sqlite:// is the path, whether it begins with one slash or, as elsewhere, with two; escapes are undone."""
    with opened(form.format(tmp_path.joinpath("a b.db").as_posix().replace(" ", "%20")), {}) as it:
        assert it.place == str(tmp_path / "a b.db")


def test_a_path_in_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is the home folder, though no shell has seen it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with opened("sqlite:///~/chats.db", {}) as it:
        assert it.place == str(tmp_path / "chats.db")


def test_the_option_goes_before_the_environment(tmp_path: Path) -> None:
    """And the environment before the default."""
    environment = {"CHATWORKSPACE_STORE": f"sqlite://{tmp_path}/of-environment.db", "XDG_STATE_HOME": str(tmp_path)}
    with opened(None, environment) as it:
        assert it.place.endswith("of-environment.db")
    with opened(f"sqlite://{tmp_path}/of-option.db", environment) as it:
        assert it.place.endswith("of-option.db")
    assert not (tmp_path / "chatworkspace").exists()


@pytest.mark.parametrize(
    "url", ["chats.db", "/var/lib/chats.db", "mysql://ana:secret@host/db", "sqlite://", "sqlite:///", "sqlite://host/x", "sqlite:///x?mode=ro", "://"]
)
def test_what_names_no_store(url: str) -> None:
    """The error says what was expected, and shows no password."""
    with pytest.raises(InvalidArgumentError, match=r"^store: expected sqlite:///") as error, opened(url, {}):
        pass
    assert "secret" not in str(error.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file is in its place: the store cannot be had, and asking again does not help."""
    (tmp_path / "state").write_text("")
    with pytest.raises(UnavailableError, match="state") as error, opened(None, {"XDG_STATE_HOME": str(tmp_path / "state")}):
        pass
    assert not error.value.retryable


def test_a_file_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A path that somebody gave is taken as it is: no folder is made for a typing error."""
    with pytest.raises(InvalidArgumentError, match="directory that is there"), opened(f"sqlite://{tmp_path}/no/chats.db", {}):
        pass


def test_a_store_in_postgresql_that_nobody_can_read_the_name_of() -> None:
    """Neither a nonsense DSN nor what could be the password in it is repeated."""
    with pytest.raises(InvalidArgumentError, match=r"^store: expected") as error, opened("postgresql://app:hush@[/app", {}):
        pass
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://app:hush@db:5433/app?sslmode=require", "postgresql://db:5433/app"),
        ("postgresql:///app", "postgresql:///app"),
        ("postgresql://app:hush@[/app", "postgresql://"),
    ],
)
def test_of_a_dsn_host_and_database_are_shown(url: str, place: str) -> None:
    """The rest may hold a password."""
    assert _shown(url) == place


@pytest.mark.parametrize(
    ("told", "store", "environment", "dsn"),
    [
        ("postgresql://a/b", "postgresql://c/d", {}, "postgresql://a/b"),
        (None, "postgresql://c/d", {"CHATWORKSPACE_STORE": "postgresql://e/f"}, "postgresql://c/d"),
        (None, None, {"CHATWORKSPACE_STORE": "postgres://e/f"}, "postgres://e/f"),
    ],
)
def test_which_database_is_meant(told: str | None, store: str | None, environment: dict[str, str], dsn: str) -> None:
    """That of the option, else that of the store."""
    assert dsn_of(told, store, environment) == dsn


def test_a_store_that_is_no_database() -> None:
    """Has no tables to be made."""
    with pytest.raises(InvalidArgumentError, match=r"^dsn: expected postgresql://"):
        dsn_of(None, "sqlite:///chats.db", {})
