"""What is written down of a workspace: one file, replaced whole. What is read is taken at no word: it may be damaged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

import attrs

from chatworkspace import Transition
from chatworkspace_local._worker.files import OddFileError, read_json
from chatworkspace_local._worker.processes import Identity

T = TypeVar("T")
FORM = 1
"""Of the file. Another one is not read."""


@attrs.frozen(kw_only=True)
class BuildRecord:
    """One build, as it was asked for.

    asker: the process that has asked for it.
    worker: the process that does it; None: none was begun yet.
    failed: why it was not begun, or empty.
    """

    id: UUID
    number: int
    transition: Transition
    version_id: UUID
    asked_at: float
    asker: Identity
    worker: Identity | None = None
    failed: str = ""
    automatic: bool = False
    over_at: float | None = None
    """Of a build that nobody had to do: a stop of what had ended by itself."""
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)


@attrs.frozen(kw_only=True)
class Record:
    """A workspace, as it was written down.

    stops_at: seconds since 1970, when its time to live is over; None: never.
    ttl: how long that is from a start, or from a use, in seconds.
    """

    id: UUID
    name: str
    owner_id: UUID
    template: str
    template_id: UUID
    version_id: UUID
    created_at: float
    builds: tuple[BuildRecord, ...]
    ttl: float | None = None
    stops_at: float | None = None

    @property
    def latest(self) -> BuildRecord:
        """The last build that was asked for."""
        return self.builds[-1]


MOST_BUILDS = 100
"""Builds that are kept in a record: the latest."""


def with_build(record: Record, *builds: BuildRecord) -> Record:
    """Return it with more builds."""
    return attrs.evolve(record, builds=(*record.builds, *builds)[-MOST_BUILDS:])


def with_latest(record: Record, **changes: Any) -> Record:
    """Return it with another latest build."""
    return attrs.evolve(record, builds=(*record.builds[:-1], attrs.evolve(record.latest, **changes)))


# ------------------------------------------------------------------ as JSON


def as_json(record: Record) -> dict[str, Any]:
    """Return it as it is written."""
    return {"form": FORM, **attrs.asdict(record, value_serializer=_plain)}


def _plain(_it: object, _field: object, value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Transition):
        return value.value
    return list(value) if isinstance(value, Identity) else value


def read_record(path: str) -> Record:
    """Read one. OddFileError: it is damaged, in words. FileNotFoundError, OSError."""
    return record_of(read_json(path))


def record_of(value: object) -> Record:
    """Return the record that JSON tells. OddFileError."""
    try:
        return _record(value)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise OddFileError(f"is damaged: {type(error).__name__} {error}"[:300]) from None


def _record(value: Any) -> Record:
    if value["form"] != FORM:
        raise ValueError(f"form {value['form']!r:.20} is not known")
    return Record(
        id=UUID(value["id"]),
        name=_text(value["name"]),
        owner_id=UUID(value["owner_id"]),
        template=_text(value["template"]),
        template_id=UUID(value["template_id"]),
        version_id=UUID(value["version_id"]),
        created_at=_time(value["created_at"]),
        builds=_builds(value["builds"]),
        ttl=_or_none(_time, value["ttl"]),
        stops_at=_or_none(_time, value["stops_at"]),
    )


def _builds(value: Any) -> tuple[BuildRecord, ...]:
    builds = tuple(_build(it) for it in value)
    if not builds:
        raise ValueError("no builds")
    return builds


def _build(value: Any) -> BuildRecord:
    return BuildRecord(
        id=UUID(value["id"]),
        number=_whole(value["number"]),
        transition=Transition(value["transition"]),
        version_id=UUID(value["version_id"]),
        asked_at=_time(value["asked_at"]),
        asker=_identity(value["asker"]),
        worker=_or_none(_identity, value["worker"]),
        failed=_text(value["failed"]),
        automatic=bool(value["automatic"]),
        over_at=_or_none(_time, value["over_at"]),
        parameters={_text(name): _text(answer) for name, answer in cast("dict[Any, Any]", value["parameters"]).items()},
    )


def _identity(value: Any) -> Identity:
    pid, start, boot, space = value
    return Identity(_whole(pid), _whole(start), _text(boot), _text(space))


def _or_none(read: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError("not a whole number above 0")
    return value


MOST_TIME = 1e11
"""Seconds since 1970 that a date can still be made of."""


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not 0 <= value <= MOST_TIME:
        raise TypeError("not a time")
    return float(value)


# ------------------------------------------------------------------ what a worker says


@attrs.frozen(kw_only=True)
class Result:
    """What has become of a build, as its worker says."""

    error: str = ""
    built_at: float | None = None
    ended_at: float | None = None
    setup_began_at: float | None = None
    setup_ended_at: float | None = None
    setup_exit_code: int = 0


def read_result(path: str) -> Result:
    """Read one; nothing is said where there is none. What is damaged is an error, in words."""
    try:
        value: Any = read_json(path)
        times = {name: _or_none(_time, value.get(name)) for name in ("built_at", "ended_at", "setup_began_at", "setup_ended_at")}
        return Result(error=_text(value.get("error", "")), setup_exit_code=int(value.get("setup_exit_code", 0)), **times)
    except FileNotFoundError:
        return Result()
    except (OddFileError, OSError, ValueError, TypeError, AttributeError, OverflowError) as error:
        return Result(error=f"what the build's process has written {error if isinstance(error, OddFileError) else 'is damaged'}")
