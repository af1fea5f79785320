"""The table of advice, turned wrong in one place at a time, and the worlds in which that matters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from unittest import mock

import attrs

from chatworkspace import Advice, Reason
from chatworkspace._application import telling
from chatworkspace._domain import advice
from chatworkspace._domain.advice import Asked, Case, Waited
from tests.obedience.many import problems_of

COLUMNS = ("lasting", "still", "repeated", "stop", "look", "by_person", "beyond", "first")
"""Of a row, in the order in which they count."""
SAME = frozenset({Advice.CALL_AGAIN, Advice.CALL_LATER})
"""To come back at once or in a moment: for a world that is one advice."""


@attrs.frozen
class Place:
    """One advice in the table."""

    reason: Reason
    column: str

    def __str__(self) -> str:
        return f"{self.reason.value}.{self.column}"


def place_of(case: Case) -> Place:
    """Return which advice it is that a case is given."""
    row = advice.TABLE[case.reason]
    asked = {
        "lasting": case.lasting,
        "still": case.waited is Waited.STILL,
        "repeated": case.repeated,
        "stop": case.asked in (Asked.STOP, Asked.DELETE),
        "by_person": case.by_person,
        "look": case.asked is Asked.LOOK,
        "beyond": case.waited is not Waited.WITHIN,
        "first": True,
    }
    return Place(case.reason, next(it for it in COLUMNS if asked[it] and getattr(row, it) is not None))


def places() -> list[Place]:
    """Return all."""
    return [Place(reason, it) for reason, row in advice.TABLE.items() for it in COLUMNS if getattr(row, it) is not None]


def wrong_for(place: Place) -> list[Advice]:
    """Return every advice that it could be, and is not."""
    right: Advice = getattr(advice.TABLE[place.reason], place.column)
    return [it for it in Advice if it is not right and not {it, right} <= SAME]


@contextmanager
def turned(place: Place, into: Advice) -> Generator[None, None, None]:
    """Let the table be wrong there."""
    row = attrs.evolve(advice.TABLE[place.reason], **{place.column: into})
    telling._guidance.cache_clear()  # what is advised whoever asks is looked up once
    try:
        with mock.patch.object(advice, "TABLE", {**advice.TABLE, place.reason: row}):
            yield
    finally:
        telling._guidance.cache_clear()


def reached(seeds: Iterable[int], most: int) -> Mapping[Place, list[int]]:
    """Return the worlds, so many at most, in which each advice is asked for, whether or not it is told to anybody."""
    found: dict[Place, list[int]] = {}
    here: set[Place] = set()
    advise = advice.advise

    def asked(case: Case) -> Advice:
        here.add(place_of(case))
        return advise(case)

    with mock.patch.object(advice, "advise", asked):
        for seed in seeds:
            here.clear()
            telling._guidance.cache_clear()
            problems_of(seed)
            for place in here:
                worlds = found.setdefault(place, [])
                if len(worlds) < most:
                    worlds.append(seed)
    return found


def noticed_in(place: Place, into: Advice, seeds: Iterable[int]) -> int | None:
    """Return the first of these worlds in which the player notices it."""
    with turned(place, into):
        return next((seed for seed in seeds if problems_of(seed)), None)


def one_wrong_for(place: Place) -> Advice:
    """Return one: to go on with the work where there is something to do, and to ask somebody where there is nothing."""
    return Advice.ASK_USER if getattr(advice.TABLE[place.reason], place.column) is Advice.NOTHING else Advice.NOTHING


def main(arguments: Sequence[str]) -> int:
    """Turn each advice wrong, and tell where that is not noticed, and in which worlds it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.obedience.wrong", description="A table of advice that is wrong in one place.")
    parser.add_argument("--worlds", type=int, default=2000)
    parser.add_argument("--tries", type=int, default=12, help="worlds in which one is tried at most")
    parser.add_argument("--every", action="store_true", help="in every way, not in one")
    options = parser.parse_args(arguments)
    worlds = reached(range(options.worlds), options.tries)
    for place in places():
        found = {into: noticed_in(place, into, worlds.get(place, [])) for into in (wrong_for(place) if options.every else [one_wrong_for(place)])}
        missed = [into.value for into, seed in found.items() if seed is None]
        seeds = sorted({it for it in found.values() if it is not None})
        sys.stdout.write(f"{place}: asked for in {len(worlds.get(place, []))} worlds, not noticed: {missed}, noticed in {seeds}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
