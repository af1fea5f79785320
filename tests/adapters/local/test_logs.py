"""The file of a build's log: what is kept of much, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatworkspace_local._worker.jobs import LOG_LIMIT
from chatworkspace_local._worker.log import MOST_AT_END, OVER, Log

GOES_ON = OVER.decode().strip()
LINES = LOG_LIMIT // 8
"""So many of eight bytes are all that fits."""


def written(path: Path, *said: bytes, end: str = "over") -> list[str]:
    """Return the lines of a log in which so much was said, and which was closed."""
    log = Log(str(path))
    for it in said:
        log.add(it)
    log.close(end)
    return path.read_bytes().decode().split("\n")


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_what_fits_is_kept_as_it_is(tmp_path: Path, piece: int) -> None:
    """In whatever pieces it comes; a last line without an end has one."""
    text = b"one\ntwo\nthree"
    said = [text[at : at + piece] for at in range(0, len(text), piece)]
    assert written(tmp_path / "log", *said) == ["one", "two", "three", "over", ""]
    assert written(tmp_path / "none", end="") == [""]


def test_exactly_what_fits(tmp_path: Path) -> None:
    """Nothing is left out, and nothing says so."""
    assert written(tmp_path / "log", b"1234567\n" * LINES)[-3:] == ["1234567", "over", ""]


def test_of_too_much_whole_lines_are_kept_and_the_end(tmp_path: Path) -> None:
    """That it goes on is told at once; how much is left out, and the end, when it is over."""
    log = Log(str(tmp_path / "log"))
    log.add(b"123456\n" * LINES + b"123456\n" * LINES + b"the cause\n")
    assert (tmp_path / "log").read_bytes().endswith(b"\n123456\n" + OVER)
    log.add(b"and more")
    log.close("over")
    kept, _, end = (tmp_path / "log").read_text().partition(OVER.decode())
    count, *lines = end.split("\n")
    assert set(kept.splitlines()) == {"123456"}
    assert lines[-4:] == ["the cause", "and more", "over", ""]
    shown = len("\n".join(lines)) - len("\nover\n")
    assert count == f"(its end, after {14 * LINES + len('the cause|and more') - len(kept) - shown} bytes that are left out)"


def test_a_little_too_much_is_all_there(tmp_path: Path) -> None:
    """No line is parted, and none is missing."""
    lines = written(tmp_path / "log", b"1234567\n" * (LINES - 1), b"123456789\n" * 2, end="")
    assert lines[-6:] == ["1234567", GOES_ON, "(its end, after 0 bytes that are left out)", "123456789", "123456789", ""]
    assert len(lines) == LINES - 1 + 2 + 2 + 1


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["no newline", "a newline"])
def test_an_end_without_lines_is_kept(tmp_path: Path, end: bytes) -> None:
    """As a bar of progress has, which goes back to where its line begins."""
    lines = written(tmp_path / "log", b"x\r" * LOG_LIMIT, b"the cause" + end)
    assert lines[-3].endswith("x\rthe cause")
    assert len(lines[-3]) in (MOST_AT_END, MOST_AT_END - 1)


def test_what_is_said_after_the_end(tmp_path: Path) -> None:
    """By what the script has left in the background: as far as there is room, and then it is told that more is left out."""
    log = Log(str(tmp_path / "log"))
    log.close("over")
    for _ in range(3):
        log.add(b"1234567\n" * (LINES // 2))
    text = (tmp_path / "log").read_text()
    assert text.endswith(GOES_ON + "\n")
    assert len(text) < LOG_LIMIT + 100
