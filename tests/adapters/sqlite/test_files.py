"""What SQLiteStore makes of the file that it is given."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError
from chatworkspace.ports import Plan, SystemClock
from chatworkspace_sqlite import SQLiteStore, _mounts, _schema
from tests.adapters.sqlite.files import ORGANIZATION, OWNER, bound, claimed, opened
from tests.adapters.talking import started

WORKSPACE, ANOTHER = UUID(int=101), UUID(int=102)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


def refused(path: object, **arguments: object) -> str:
    """Return what the constructor says about an argument."""
    with pytest.raises(InvalidArgumentError) as error:
        SQLiteStore(path, **arguments)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # what users may give
    return str(error.value)


# ---------------------------------------------------------------- it lasts


def test_everything_is_there_when_opened_again(path: Path) -> None:
    """Chats, claims, plans, the history, what was discarded, and the secret."""
    with opened(path) as store:
        bound(store, "bound", WORKSPACE)
        store.release(claimed(store, "bound"), note="refused: 400")
        store.discard(ANOTHER)
        claim = claimed(store, "held")
        secret, history, before = store.secret(), store.history("bound"), store.look("bound")
    with opened(path) as store:
        after = store.look("bound")
        assert (store.secret(), store.history("bound"), after.chat, after.epoch) == (secret, history, before.chat, before.epoch)
        assert 0 < store.look("held").claimed_for <= 30
        with pytest.raises(Exception, match="discarded"):
            store.bind(claim, ANOTHER)
        assert store.bind(claim, UUID(int=103)).workspace_id == UUID(int=103)


@pytest.mark.skipif(sys.platform == "win32", reason="this system has other rights")
def test_it_is_its_users_alone(path: Path) -> None:
    """It holds a secret: whatever others' files are allowed here, nobody else reads this one, nor what lies beside it."""
    mask = os.umask(0)
    try:
        with opened(path) as store:
            bound(store, "chat", WORKSPACE)
            rights = {it.name: stat.S_IMODE(it.stat().st_mode) for it in path.parent.iterdir()}
    finally:
        os.umask(mask)
    assert rights == dict.fromkeys(("chats.db", "chats.db-wal", "chats.db-shm"), 0o600)


@pytest.mark.skipif(sys.platform == "win32", reason="this system has other rights")
@pytest.mark.parametrize("used", [False, True], ids=["at rest", "in use"])
def test_what_others_may_read_is_taken_from_them(path: Path, *, used: bool) -> None:
    """A file that an older version made, or a hand, with what lies beside it: once it was opened by its user, it is theirs alone."""
    with opened(path) as store:
        bound(store, "chat", WORKSPACE)
        names = [path, *(path.with_name(f"chats.db-{it}") for it in ("wal", "shm"))] if used else [path]
        if not used:
            store.close()
        for it in names:
            it.chmod(0o664)
        with opened(path) as again:
            again.look("chat")
            assert {it.name: stat.S_IMODE(it.stat().st_mode) for it in path.parent.iterdir()} == dict.fromkeys(
                ("chats.db", "chats.db-wal", "chats.db-shm"), 0o600
            )


@pytest.mark.skipif(sys.platform == "win32", reason="this system has other rights")
def test_the_rights_that_a_file_came_with(path: Path) -> None:
    """Of an empty one, made for a group beforehand: it holds a secret now, and is its user's alone. By a link, too."""
    path.touch()
    path.chmod(0o660)
    link = path.with_name("link.db")
    link.symlink_to(path)
    with opened(link) as store:
        store.secret()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="this system has other rights")
def test_the_rights_of_what_is_not_ours_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's file, and another's database: nobody takes from them what they have given."""
    with opened(path) as store:
        bound(store, "chat", WORKSPACE)
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE chat (id)")
    for it in (path, other):
        it.chmod(0o664)
    assert "something else" in refused(other)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with opened(path) as store:
        assert store.look("chat").chat.workspace_id == WORKSPACE
    assert [stat.S_IMODE(it.stat().st_mode) for it in (path, other)] == [0o664, 0o664]


def test_a_plain_copy_of_a_file_in_use_has_tables_and_secret(path: Path, tmp_path: Path) -> None:
    """Of the file alone, without its log: what marks workspaces is never only in the log."""
    with opened(path) as other, opened(path) as store:
        assert list(other.chats()) == []  # keeps a connection open, so that nothing is written back by closing one
        secret = store.secret()
        copied = tmp_path / "copy.db"
        copied.write_bytes(path.read_bytes())
        with opened(copied) as copy:
            assert copy.secret() == secret


def in_a_copy(path: Path) -> bytes | None:
    """Return the secret that a plain copy of the file alone has."""
    copied = path.with_name("copy.db")
    copied.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(copied)) as connection:
        found = connection.execute("SELECT value FROM secret").fetchone()
    for it in path.parent.glob("copy.db*"):
        it.unlink()
    return None if found is None else bytes(found[0])


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no users")
@pytest.mark.parametrize("there", [False, True], ids=["opened afterwards", "open before"])
def test_a_death_before_the_secret_is_in_the_file(path: Path, *, there: bool) -> None:
    """Is made up for: by whoever opens the file next, or asks for the secret."""
    code = f"""
import os
from chatworkspace_sqlite import SQLiteStore, _store
_store.checkpoint = lambda _: os._exit(0)
SQLiteStore({str(path)!r}).secret()
"""
    with ExitStack() as held:
        before = held.enter_context(opened(path)) if there else None
        if before is not None:
            assert list(before.chats()) == []
        started("sqlite.as_user", os.geteuid(), code).communicate()
        assert in_a_copy(path) is None
        other = before or held.enter_context(opened(path))
        if before is None:
            assert in_a_copy(path) is not None
        secret = other.secret()
        assert in_a_copy(path) == secret


def test_a_reader_that_keeps_the_secret_out_of_the_file(path: Path) -> None:
    """Once it has read, the next call for the secret makes up for it."""
    with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        store.open_chat("chat", OWNER, ORGANIZATION)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM chat").fetchall()
        secret = store.secret()
        assert (in_a_copy(path), store.secret()) == (None, secret)
        reader.execute("COMMIT")
        assert store.secret() == secret
        assert in_a_copy(path) == secret


def test_it_is_one_file_once_closed(path: Path) -> None:
    """The log is written into it when the last connection closes, so that it can be copied."""
    with opened(path) as store:
        bound(store, "chat", WORKSPACE)
    assert [it.name for it in path.parent.iterdir()] == ["chats.db"]


def test_two_stores_on_one_file(path: Path) -> None:
    """One process may open it twice: each sees what the other has done."""
    with opened(path) as one, opened(path) as other:
        bound(one, "chat", WORKSPACE)
        assert other.look("chat") == one.look("chat")
        assert other.secret() == one.secret()


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that changes its directory keeps its file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    store = SQLiteStore("chats.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with closing(store):
        bound(store, "chat", WORKSPACE)
    assert [it.name for it in sorted(tmp_path.iterdir())] == ["chats.db", "elsewhere"]
    assert not any((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("name", ["with space.db", "file:x?mode=memory", "a%20b#c.db", "ünï.db"])
def test_any_file_name_is_a_file_name(tmp_path: Path, name: str) -> None:
    """SQLite reads some as addresses; here each is the name of a file."""
    with opened(tmp_path / name) as store:
        store.open_chat("chat", OWNER, ORGANIZATION)
    assert [it.name for it in tmp_path.iterdir()] == [name]


# ---------------------------------------------------------------- what is none of ours


@pytest.mark.parametrize("path", [None, 7, b"chats.db", "", "a\0b", Path, SQLiteStore])
def test_what_is_no_path(path: object) -> None:
    """InvalidArgumentError naming the argument."""
    assert refused(path).startswith("path: expected the path of a file")


def test_memory_is_no_file() -> None:
    """It would not last."""
    assert "in memory does not last" in refused(":memory:")


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), True, "5", None])
def test_a_timeout_is_a_number_of_seconds(path: Path, timeout: object) -> None:
    """Finite, and above 0. No file is made."""
    assert refused(path, timeout=timeout).startswith("timeout: ")
    assert not path.exists()


@pytest.mark.parametrize("clock", [3, SystemClock])
def test_a_clock_is_a_clock(path: Path, clock: object) -> None:
    """One that is made, with all that it has to know. No file is made."""
    assert refused(path, clock=clock).startswith("clock: expected a Clock")
    assert not path.exists()


def test_a_directory(tmp_path: Path) -> None:
    """It is named."""
    assert f"{tmp_path} is a directory" in refused(tmp_path)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """It is named, and not made."""
    assert f"{tmp_path / 'no'} is none" in refused(tmp_path / "no" / "chats.db")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"# Minutes\n" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    """It is named, with SQLite's own words, and stays as it was."""
    path.write_bytes(content)
    assert f"expected a database of chatworkspace; {path}: " in refused(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("statement", ["CREATE TABLE chat (id)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"])
def test_a_database_of_something_else(path: Path, statement: str) -> None:
    """It is named, and stays as it was, journal mode and all."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    content = path.read_bytes()
    assert f"{path} is a database of something else" in refused(path)
    assert path.read_bytes() == content


NOTED = [*(f"refused: {number}" for number in range(22)), *["refused: 400"] * 1300, "a stray"]
OLDER = f"""
INSERT INTO secret (id, value) VALUES (1, x'{"ab" * 32}');
INSERT INTO chat VALUES ('chat', '{OWNER}', '{ORGANIZATION}', 1, '{WORKSPACE}', 0, 'dev', 0, NULL, NULL, '', 7, 1, 'h:1', 7, 0, 1);
INSERT INTO chat VALUES ('planned', '{OWNER}', '{ORGANIZATION}', 1, NULL, 0, 'lab', 0, '{ANOTHER}', NULL, 'f', 8, 1, 'h:2', 8, 0, 1);
INSERT INTO chat VALUES ('closed', '{OWNER}', '{ORGANIZATION}', 2, NULL, 1, '', 0, NULL, NULL, '', 0, 1, 'h:3', 9, 0, 1);
INSERT INTO workspace (id, maker) VALUES ('{WORKSPACE}', 'chat');
INSERT INTO intent VALUES ('chat', 1, 'dev', '{ANOTHER}', NULL, NULL, '{WORKSPACE}', 7, 8);
INSERT INTO intent VALUES ('planned', 1, 'lab', '{ANOTHER}', NULL, NULL, NULL, 8, NULL);
INSERT INTO intent VALUES ('closed', 2, '', NULL, NULL, NULL, NULL, NULL, 9000000);
INSERT INTO note (chat_id, generation, text) VALUES ('planned', 1, 'refused: 400');
"""  # noqa: S608 # our own values
"""What a library of long ago has left in a file."""


@pytest.mark.parametrize("version", range(1, len(_schema.SCRIPTS)))
def test_an_older_version(path: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """It keeps all that it has, the last twenty notes of a chat and how often each was made, and can then do what it could not."""
    with monkeypatch.context() as older:
        older.setattr(_schema, "SCRIPTS", _schema.SCRIPTS[:version])
        with opened(path) as store:
            assert store.schema_version() == version
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLDER)
        connection.executemany("INSERT INTO note (chat_id, generation, text) VALUES ('chat', 1, ?)", [(text,) for text in NOTED])
        connection.commit()
    with opened(path) as store:
        assert (store.schema_version(), store.secret()) == (len(_schema.SCRIPTS), b"\xab" * 32)
        look, planned, closed = (store.look(chat_id) for chat_id in ("chat", "planned", "closed"))
        assert (look.chat.workspace_id, look.name, planned.plan and planned.plan.fingerprint, closed.chat.closed) == (WORKSPACE, "dev", "f", True)
        (intent,) = store.history("chat")
        assert (intent.notes, intent.times) == ((*NOTED[4:22], "refused: 400", "a stray"), (*[1] * 18, 1300, 1))
        assert store.history("planned")[0].notes == ("refused: 400",)
        plan = Plan(name="lab", number=1, template_id=ANOTHER)
        claim = store.claim(look, token=str(ANOTHER), ttl=30, plan=plan, keep=True)
        assert (claim.chat, store.bind(claim, ANOTHER).generation) == (look.chat, 2)
        store.release(claimed(store, "planned"), note="refused: 400")
        assert store.history("planned")[0].times == (2,)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, closed_at FROM chat WHERE closed").fetchall() == [("closed", 9000000)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_newer_version(path: Path) -> None:
    """Both versions are named; the file stays as it was."""
    with opened(path) as store:
        bound(store, "chat", WORKSPACE)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    said = refused(path)
    assert f"version {len(_schema.SCRIPTS)} or older; {path} has version 99" in said
    assert path.read_bytes() == content


def test_an_older_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both versions are named."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 7, 17))
    assert "SQLite 3.8.2 or newer" in refused(path)


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no other file locks")
def test_where_no_log_can_be_kept(path: Path) -> None:
    """As in most network folders: SQLite keeps another journal instead of the write-ahead log, and the store says so."""
    with (
        closing(sqlite3.connect(f"file:{path}?vfs=unix-dotfile", uri=True, isolation_level=None)) as connection,
        pytest.raises(InvalidArgumentError, match="network folder"),
    ):
        _schema.prepare(connection, str(path))


MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 22 0:40 / {share} rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
32 31 8:2 / {share}/disk rw - xfs /dev/sdb1 rw
33 22 0:41 / {share}/hidden rw - cifs //server/share rw
34 33 8:3 / {share}/hidden rw - ext4 /dev/sdc1 rw
line of something newer
"""


@pytest.mark.parametrize(("folder", "kind"), [("", "nfs4"), ("deeper", "nfs4"), ("disk", ""), ("hidden", ""), ("../beside", "")])
def test_a_network_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, kind: str) -> None:
    """It is refused by its type, and no file is made; a local disk that is mounted below it, or over it, is none."""
    share = tmp_path / "the share"
    for name in ("deeper", "disk", "hidden"):
        (share / name).mkdir(parents=True)
    (tmp_path / "beside").mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTINFO.format(share=str(share).replace(" ", "\\040")), encoding="utf-8")
    monkeypatch.setattr(_mounts, "MOUNTS", str(mounts))
    path = share / folder / "chats.db"
    if kind:
        assert f"is in a network folder ({kind})" in refused(path)
        assert not path.exists()
    else:
        with opened(path) as store:
            store.open_chat("chat", OWNER, ORGANIZATION)


def test_where_the_system_tells_no_mounts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is none of a network then, as far as anybody knows."""
    monkeypatch.setattr(_mounts, "MOUNTS", str(path.parent / "none"))
    with opened(path) as store:
        store.open_chat("chat", OWNER, ORGANIZATION)


def test_scripts_are_packed_and_numbered() -> None:
    """Each is applied once, in the order of its number."""
    folder = Path(_schema.__file__).parent
    assert sorted(it.name for it in folder.glob("*.sql")) == list(_schema.SCRIPTS)
    assert [int(name.partition("_")[0]) for name in _schema.SCRIPTS] == list(range(1, len(_schema.SCRIPTS) + 1))
