"""What was asked of the protocols, and what came of it: each run has its callers, its faults, what must hold, and what is known to break.

`PYTHONPATH=.:adapters python -m tests.protocol.runs` makes those that take seconds; `--deep` makes all, which takes an hour or so and 8 GB. With
names behind it, it makes these alone. Where something breaks, the shortest story is printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import attrs

from tests.protocol import holds, naming, rows
from tests.protocol.built import BUILT, OPEN, RESTORED, UNBOUND, Run, alone, built
from tests.protocol.deletions import deletions
from tests.protocol.holds import ALWAYS, AT_EVERY_INSTANT, Check, accounted_for

# ---------------------------------------------------------------- how the first protocol got its names

_who = naming.caller
ONE, OTHER = _who(), _who(template=2)
TWICE, OTHER_TWICE = _who(calls=2), _who(template=2, calls=2)
FIRST = naming.Rules()
STICKY = naming.Rules(names="sticky", refused="same")
THREE = naming.Rules(names="derived", suffix=True, adopt="proof", on_failed="keep", on_unreach="keep", settle=False, claims=False)
"""The three rules that are enough, and nothing else."""
REPAIRED = naming.Rules(
    names="derived",
    record_second=True,
    refused="same",
    adopt="proof",
    on_failed="keep",
    on_unreach="keep",
    fence="token",
    stale="again",
    reserve=True,
    amend=True,
)
SUFFIXED = attrs.evolve(REPAIRED, suffix=True)


def _first(
    name: str,
    what: str,
    rules: naming.Rules,
    callers: Sequence[naming.Caller],
    faults: dict[str, int],
    *checks: Check,
    breaks: Check | None = None,
    chats: int = 1,
    deep: bool = False,
) -> Run:
    start = naming.world(callers, faults, chats=chats)
    known = "" if breaks is None else breaks.__name__
    return Run(name=name, what=what, start=start, rules=rules, checks=checks, moves=naming.moves, breaks=known, deep=deep)


def _holes() -> Iterator[Run]:
    """Yield what breaks in the first design: names random, the second one not written down, a refused plan final, found taken by its template."""
    one, led, goes = holds.one_live, holds.recorded, holds.goes_on
    yield _first(
        "D1", "crash, pause, lost answers", FIRST, [ONE, ONE, OTHER_TWICE], {"crash": 2, "expire": 2, "timeout": 2}, one, led, goes, deep=True
    )
    yield _first("D2", "a pause and a refusal", FIRST, [TWICE, ONE], {"expire": 1, "timeout": 1, "refuse": 1}, one, breaks=one)
    yield _first("D3", "a lost answer, then a refusal", FIRST, [_who(calls=3)], {"timeout": 1, "refuse": 1}, one, breaks=one)
    yield _first("D4", "a deletion, and a paused holder wakes", FIRST, [ONE, TWICE], {"expire": 1, "delete": 1}, one, breaks=one)
    yield _first("D5", "renamed before it is bound", FIRST, [TWICE], {"timeout": 1, "rename": 1}, one, breaks=one)
    yield _first("D5b", "... and nothing leads to it", FIRST, [TWICE], {"timeout": 1, "rename": 1}, led, breaks=led)
    yield _first("D6", "a failed build is replaced", FIRST, [TWICE], {"fail": 1}, one, breaks=one)
    yield _first("D7", "what cannot be reached is replaced", FIRST, [TWICE], {"unreach": 1}, one, breaks=one)
    alien = holds.no_stranger
    yield _first("D8", "a wish, and the user makes one by hand", FIRST, [_who(wish="wish")], {"stranger": 1}, alien, breaks=alien)
    taken = {"crash": 1, "timeout": 1, "stranger": 1, "expire": 1}
    yield _first("D9", "the wished name is a stranger's; a second name", FIRST, [_who(template=2, wish="wish", calls=2)], taken, led, breaks=led)
    two = [_who(template=2, wish="wish"), OTHER]
    yield _first("D9b", "... two live", FIRST, two, {"crash": 1, "stranger": 1, "expire": 1}, one, breaks=one)
    shared = [_who(wish="wish"), _who(wish="wish", chat=1)]
    yield _first("D10", "two chats wish the same name", FIRST, shared, {}, holds.none_shared, breaks=holds.none_shared, chats=2)
    yield _first("D11", "the store loses its last commit", FIRST, [ONE, ONE], {"failover": 1}, one, breaks=one)
    yield _first("D11b", "... and the record of one", FIRST, [ONE, ONE], {"failover": 1, "crash": 1, "expire": 1}, led, breaks=led)
    yield _first("D12", "two templates, one plan", FIRST, [ONE, OTHER], {"expire": 1, "timeout": 1}, one, breaks=one)
    blunt = naming.Rules(settle=False, count_up=False)
    faults = {"expire": 1, "timeout": 1}
    yield _first("D13", "detach as one blunt write: no second one by that alone", blunt, [ONE, _who("detach"), ONE], faults, one)
    yield _first("D14", "attach as one blunt write", blunt, [ONE, _who("attach")], faults, holds.strays_told, breaks=holds.strays_told)


def _repairs() -> Iterator[Run]:
    """Yield what each repair closes alone."""
    one, led = holds.one_live, holds.recorded
    yield _first("S2", "D2 with one name for each chat", STICKY, [TWICE, ONE], {"expire": 1, "timeout": 1, "refuse": 1}, one, led)
    yield _first("S3", "D3 with one name for each chat", STICKY, [_who(calls=3)], {"timeout": 1, "refuse": 1}, one, led)
    yield _first("S4", "D4 with one name for each chat", STICKY, [ONE, TWICE], {"expire": 1, "delete": 1}, one, led)
    taken = {"crash": 1, "timeout": 1, "stranger": 1, "expire": 1}
    wishes = [_who(template=2, wish="wish", calls=2)]
    yield _first("S9", "D9 with the second name written down", naming.Rules(record_second=True), wishes, taken, led)
    shared = [_who(wish="wish"), _who(wish="wish", chat=1)]
    reserved = naming.Rules(reserve=True, adopt="proof")
    yield _first("S10", "D10 with names reserved in the store", reserved, shared, {}, holds.none_shared, one, led, chats=2)
    lost = {"failover": 1, "expire": 1}
    yield _first("S11", "D11 with a token, names still random", naming.Rules(fence="token"), [ONE, ONE], lost, one, breaks=one)
    derived = naming.Rules(names="derived", refused="same", adopt="proof")
    yield _first("S11b", "D11 with names computed from the chat", derived, [ONE, ONE], lost, one, led)
    amended = naming.Rules(amend=True)
    yield _first("S12", "D12 with the wish written down: not enough", amended, [ONE, OTHER], {"expire": 1, "timeout": 1}, one, breaks=one)


def _repaired() -> Iterator[Run]:
    """Yield what holds with all repairs, and with the three that are enough; and the limits."""
    one, led, goes, alien = holds.one_live, holds.recorded, holds.goes_on, holds.no_stranger
    all_of_it = (one, led, goes)
    four = {"crash": 1, "expire": 2, "timeout": 1, "refuse": 1}
    yield _first("P1", "three callers, two templates", REPAIRED, [ONE, OTHER_TWICE, ONE], four, *all_of_it, deep=True)
    more = {"crash": 1, "expire": 3, "timeout": 2, "refuse": 1}
    yield _first("P2", "two callers, more faults", REPAIRED, [TWICE, OTHER_TWICE], more, *all_of_it, deep=True)
    gone = {"crash": 1, "expire": 2, "timeout": 1, "delete": 2}
    yield _first("P4", "and two deletions", REPAIRED, [TWICE, OTHER_TWICE], gone, *all_of_it, deep=True)
    failed = {"expire": 1, "timeout": 1, "fail": 1, "unreach": 1, "delete": 1}
    yield _first("P6", "failed, unreachable, deleted", REPAIRED, [TWICE, TWICE], failed, *all_of_it, deep=True)
    lost = {"failover": 1, "crash": 1, "expire": 1, "timeout": 1, "delete": 1}
    yield _first("P11", "the store loses its last commit", REPAIRED, [TWICE, OTHER_TWICE], lost, *all_of_it, deep=True)
    shared = [_who(wish="wish"), _who(wish="wish", chat=1)]
    three = {"crash": 1, "expire": 1, "timeout": 1}
    yield _first("P10", "two chats wish the same name", REPAIRED, shared, three, holds.none_shared, one, led, chats=2, deep=True)
    wishes = [_who(wish="wish")]
    yield _first("P8", "a wish as it is, no answer, a stranger (limit)", REPAIRED, wishes, {"stranger": 1, "timeout": 1}, alien, breaks=alien)
    yield _first("P8b", "... and every answer arrives", REPAIRED, wishes * 2, {"stranger": 1}, alien, one)
    ended = [_who(wish="wish", calls=2), _who(wish="wish")]
    strange = {"stranger": 1, "timeout": 1, "crash": 1, "expire": 1}
    yield _first("P8s", "a wish with the chat's own ending", SUFFIXED, ended, strange, alien, *all_of_it, deep=True)
    yield from _repaired_otherwise()


def _repaired_otherwise() -> Iterator[Run]:
    """Yield the same without claims, with two wishes, with three rules alone, and with others than creations."""
    one, led, goes, alien = holds.one_live, holds.recorded, holds.goes_on, holds.no_stranger
    all_of_it = (one, led, goes)
    three = {"crash": 1, "expire": 1, "timeout": 1}
    strange = {"stranger": 1, "timeout": 1, "crash": 1, "expire": 1}
    open_to_all = attrs.evolve(REPAIRED, stale="error", claims=False)
    yield _first("P0", "claims keep nobody out", open_to_all, [TWICE, OTHER_TWICE, ONE], {"crash": 1, "timeout": 1, "refuse": 1}, one, led, deep=True)
    yield _first("P0d", "... and a deletion", open_to_all, [TWICE, OTHER_TWICE], {"crash": 1, "timeout": 1, "delete": 1}, one, led, deep=True)
    many = [_who(wish="wish", calls=2), _who(template=2, wish="wisk"), ONE]
    yield _first("P9", "three callers, two wishes, a stranger", SUFFIXED, many, strange | {"refuse": 1}, alien, *all_of_it, deep=True)
    both = [_who(wish="wish"), _who(wish="wisk")]
    yield _first("P9f", "two wishes, and a plan is lost (limit)", SUFFIXED, both, {"failover": 1, "expire": 1}, one, breaks=one)
    wide = [_who(wish="wish", calls=2), _who(template=2, wish="wisk", calls=2)]
    hard = {"crash": 1, "timeout": 2, "refuse": 1, "delete": 1, "stranger": 1}
    yield _first("R1", "the three rules alone, no claims", THREE, wide, hard, one, led, alien, deep=True)
    yield _first(
        "R2", "the three rules alone, a fail-over", THREE, [TWICE, OTHER_TWICE], {"crash": 1, "timeout": 1, "failover": 1}, one, led, deep=True
    )
    yield _first("P12", "alone, the plan lost", REPAIRED, [ONE], {"failover": 1, "crash": 1, "timeout": 1}, *all_of_it)
    yield _first("P13", "create, detach, create", REPAIRED, [TWICE, _who("detach"), OTHER], three, one, led, deep=True)
    yield _first("P14", "create, attach, detach", REPAIRED, [TWICE, _who("attach"), _who("detach")], three, one, led, deep=True)
    off = {"expire": 1, "timeout": 1, "delete": 1}
    yield _first("P15", "a detach, then a deletion (limit)", REPAIRED, [TWICE, _who("detach")], off, one, led, breaks=one)
    named = {"rename": 1, "timeout": 1, "expire": 1}
    yield _first("P5", "the user renames (limit)", REPAIRED, [TWICE, ONE], named, one, led, breaks=one)


# ---------------------------------------------------------------- the one that is built


def _unbinding() -> Iterator[Run]:
    """Yield what breaks where a plan gives up what it is to replace: as it is, after a dry run, and bound again after a refusal."""
    one, kept, asked = holds.one, holds.kept, holds.asked_for
    yield alone("T1", "one refusal, and the workspace is lost", UNBOUND, ["replace"], {"refuse": 1}, kept)
    yield alone("T2", "a plain create goes on with it", UNBOUND, ["replace", "create"], {"crash": 1, "expire": 1}, asked)
    yield alone("T4", "a fail-over loses the plan (limit)", UNBOUND, ["replace"], {"failover": 1}, one)
    dry = rows.Rules(how="unbind", check=True)
    yield alone("C1", "the dry run is fine, the request is not", dry, ["replace"], {"refuse": 1}, kept)
    yield alone("C2", "dies between dry run and request", dry, ["replace"], {"crash": 1}, kept)
    always = rows.Rules(how="restore", drop="always")
    yield alone("A1", "bound again after any refusal", always, [("replace", 2)], {"refuse": 1, "timeout": 1}, one)
    safe = [one, holds.told_the_same, holds.led_back, holds.leads_on]
    faults = {"refuse": 1, "timeout": 1, "expire": 1, "crash": 1}
    yield built("A3", "bound again if no plan stood: safe", RESTORED, [("replace", 2), "create"], faults, safe, deep=True)
    yield alone("A4", "... but it dies before the request", RESTORED, ["replace"], {"crash": 1}, kept)
    yield alone("A5", "... but the request is lost", RESTORED, ["replace"], {"timeout": 1}, kept)
    yield alone("A6", "... but a plain create goes on with it", RESTORED, ["replace", "create"], {"expire": 1, "refuse": 1}, asked)
    later = rows.Rules(how="restore", plain="withdraw")
    yield alone("A7", "a later create binds it again", later, ["replace", "create"], {"timeout": 1}, one)


def _rule_by_rule() -> Iterator[Run]:
    """Yield what breaks where one rule of a plan beside the binding is left out."""
    one, lone = holds.one, holds.one_unless_replaced
    yield alone("B1", "dropped after any refusal", rows.Rules(drop="always"), [("replace", 2)], {"refuse": 1, "timeout": 1}, one)
    yield alone("B2", "dropped by who was overtaken", rows.Rules(fence=False), ["replace", "replace"], {"refuse": 1, "expire": 1}, one)
    yield alone("B3", "withdrawn by a plain create", rows.Rules(plain="withdraw"), ["replace", "create"], {"timeout": 1}, one)
    yield alone("B4", "a plain create goes on with it", rows.Rules(plain="goon"), ["replace", "create"], {"timeout": 1}, holds.asked_for)
    counted = rows.Rules(generation="plan")
    three = {"refuse": 1, "timeout": 1, "expire": 1}
    yield alone("B5", "the plan counts the generation", counted, ["replace", "create"], three, holds.told_the_same)
    up = rows.Rules(number="up")
    yield alone("B6", "the number stays up", up, ["replace", "create"], {"refuse": 1, "delete": 1}, lone, late=True)
    twice = [("replace", 2), ("create", 2)]
    yield built("B6h", "... and goes back", BUILT, twice, {"refuse": 2, "delete": 1}, [lone], late=True, deep=True)
    yield alone("B6l", "... and a pause (limit)", BUILT, ["replace", "create"], {"expire": 1, "delete": 1}, lone, late=True)
    yield alone("B7", "the sweep drops it", rows.Rules(sweep="drop"), ["replace", "sweep"], {"timeout": 1}, one)
    yield built("B7h", "... and leaves it", BUILT, ["replace", "sweep", "create"], three)
    yield alone("B8", "a fail-over loses the plan (limit)", BUILT, ["replace"], {"failover": 1}, one)


def _replacements() -> Iterator[Run]:
    """Yield what holds with all rules, where a live workspace is to be replaced."""
    pair = [("replace", 2), ("create", 2)]
    four = {"refuse": 1, "expire": 1, "crash": 1, "timeout": 1}
    yield built("B9", "replace and create", BUILT, ["replace", "create"], {"refuse": 1, "expire": 1, "timeout": 1})
    yield built("B10", "all faults but a fail-over", BUILT, pair, four | {"delete": 1}, deep=True)
    wishes = [("replace", 2, "a"), ("replace", 1, "b"), "create"]
    yield built("B11", "three callers, two wishes", BUILT, wishes, {"refuse": 2, "expire": 2, "timeout": 1}, deep=True)
    yield built("B12", "an old request is on its way", BUILT, pair, {"refuse": 2, "expire": 2, "crash": 1, "timeout": 1}, late=True, deep=True)
    checks = [it for it in AT_EVERY_INSTANT if it is not holds.asked_for]
    yield built("B13", "what is replaced is the user's own", BUILT, [("replace", 2), "create"], four, checks, chat="foreign", late=True, deep=True)
    crowd = ["replace", "start", "sweep", "create"]
    yield built("B14", "start and sweep meanwhile", BUILT, crowd, {"refuse": 1, "expire": 2, "timeout": 1}, deep=True)
    lost = {"refuse": 1, "expire": 1, "timeout": 1, "failover": 1}
    checks = [it for it in AT_EVERY_INSTANT if it not in {holds.one, holds.told_the_same}]
    yield built("B15", "a fail-over, any commit", BUILT, [("replace", 2), "create"], lost | {"delete": 1}, checks, deep=True)
    yield built("B16", "a fail-over, any commit but a plan's", rows.Rules(sure=True), pair, lost, deep=True)
    yield built("B17", "a plain create does not look for it", rows.Rules(settle=False), pair, four, deep=True)
    yield built("B18", "no claims", OPEN, ["replace", ("replace", 1, "a"), "create"], {"refuse": 2, "timeout": 1}, deep=True)
    yield built("B19", "no claims, a deletion", OPEN, pair, {"refuse": 1, "crash": 1, "timeout": 1, "delete": 1}, deep=True)


def _creations() -> Iterator[Run]:
    """Yield what holds where nothing is replaced, and a creation is refused: its plan is dropped if no plan stood when it was claimed."""
    lost, known = accounted_for, (*ALWAYS, accounted_for)
    two = ["create", "create"]
    never, always = rows.Rules(refused="never"), rows.Rules(refused="always")
    yield alone("N1", "never dropped", never, ["create"], {"refuse": 1}, holds.no_plan, chat="new")
    yield alone("N2", "dropped after any refusal", always, two, {"refuse": 1, "timeout": 1}, lost, chat="new")
    yield alone("N3", "dropped by who was overtaken", rows.Rules(fence=False), two, {"refuse": 1, "expire": 1}, lost, chat="new")
    yield built("N4", "no fault but refusals", BUILT, two, {"refuse": 2}, (*known, holds.no_plan), chat="new")
    four = {"refuse": 1, "expire": 1, "timeout": 1, "crash": 1}
    yield built("N5", "two callers", BUILT, two, {"refuse": 1, "expire": 1, "timeout": 1}, known, chat="new")
    thrice = [("create", 2), ("create", 2, "a")]
    yield built("N5d", "two callers, two calls each, two wishes", BUILT, thrice, four | {"refuse": 2, "expire": 2}, known, chat="new", deep=True)
    yield built("N6", "three callers", BUILT, [*two, "create"], {"refuse": 2, "expire": 2, "timeout": 1}, known, chat="new", deep=True)
    yield built("N7", "what it had is gone", BUILT, [("create", 2), "create"], {"refuse": 1, "timeout": 1}, known, chat="gone")
    yield built("N7d", "what it had is gone, all faults", BUILT, thrice, four | {"refuse": 2, "delete": 1}, ALWAYS, chat="gone", deep=True)
    yield built("N8", "what it had was detached", BUILT, [("create", 2), "create"], {"refuse": 1, "timeout": 1}, known, chat="detached")
    yield built("N9", "an old request is on its way", BUILT, thrice, {"refuse": 1, "expire": 1}, ALWAYS, chat="new", late=True)
    yield built("N9d", "an old request, all faults", BUILT, thrice, four | {"refuse": 2}, ALWAYS, chat="new", late=True, deep=True)
    yield built("N9g", "an old request, and what it had is gone", BUILT, thrice, four, ALWAYS, chat="gone", late=True, deep=True)
    waits = rows.Rules(patient=True)
    yield built("N10", "a sweep", BUILT, [*two, "sweep"], {"refuse": 1, "timeout": 1}, ALWAYS, chat="new")
    yield built("N10p", "a sweep that comes late", waits, [*two, "sweep"], {"refuse": 1, "timeout": 1}, known, chat="new")
    yield built("N10d", "a sweep that comes late, all faults", waits, [("create", 2), "create", "sweep"], four, known, chat="new", deep=True)
    few = {"refuse": 1, "expire": 1, "timeout": 1}
    yield built("N11", "attach", BUILT, ["create", "attach"], few, ALWAYS, chat="new")
    yield built("N12", "detach", BUILT, ["create", "detach"], few, ALWAYS, chat="new")
    away = [("create", 2), "create", "attach", "detach"]
    yield built("N13", "attach and detach, all faults", BUILT, away, four, ALWAYS, chat="new", deep=True)
    mixed = [("create", 2), "replace!", "detach"]
    yield built("N14", "and a replacement of what was made", BUILT, mixed, {"refuse": 2, "expire": 1, "timeout": 1}, ALWAYS, chat="new", deep=True)
    yield built("N15", "and a start, and a sweep", BUILT, ["create", "start", "replace!", "sweep"], few, ALWAYS, chat="new", deep=True)
    checks = [it for it in ALWAYS if it is not holds.told_the_same]
    yield built("N16", "a fail-over", BUILT, [("create", 2), "create"], few | {"failover": 1}, checks, chat="new", deep=True)
    yield built("N17", "no claims", OPEN, [("create", 2), ("create", 1, "a"), "create"], {"refuse": 2, "timeout": 1}, ALWAYS, chat="new", deep=True)


def _limits() -> Iterator[Run]:
    """Yield what no choice of names can close: a request that arrives once its name was given up, and what bore it was deleted."""
    one, faults = holds.one, {"timeout": 1, "delete": 1}
    story = ["create", "create", "replace!"]
    yield alone("L1", "made by another, replaced, deleted (limit)", BUILT, story, faults, one, chat="new")
    yield alone("L2", "replaced, deleted, an old request (limit)", BUILT, ["replace"], {"delete": 1}, one, late=True)
    # closed only by refusing to replace what may be asked for once more; and as nobody can say when a request is lost for good, for ever
    refusing = rows.Rules(doubt="refuse")
    yield built("L3", "nothing is replaced while in doubt", refusing, story, faults, [one], chat="new")
    yield built("L4", "... and an old request", refusing, ["replace"], {"delete": 1}, [one], late=True)


def _pairs() -> Iterator[Run]:
    """Yield every pair of faults, beside a refusal and a pause, for each set of callers."""
    sets: tuple[Sequence[Any], ...] = (
        [("replace", 2), ("create", 2)],
        [("replace", 2, "a"), ("replace", 1, "b")],
        [("replace!", 2), "create", "start"],
        ["replace", "detach", ("create", 2)],
        ["replace", "attach", "create", "sweep"],
    )
    for number, callers in enumerate(sets, 1):
        for one, other in combinations(("crash", "timeout", "expire", "delete", "refuse"), 2):
            faults = {"refuse": 1, "expire": 1}
            for fault in (one, other):
                faults[fault] = faults.get(fault, 0) + 1
            yield built(f"X{number} {one} {other}", " ".join(map(str, callers)), BUILT, callers, faults, deep=True)


PARTS = (_holes, _repairs, _repaired, _unbinding, _rule_by_rule, _replacements, _creations, _limits, deletions, _pairs)
RUNS = tuple(run for part in PARTS for run in part())


# ---------------------------------------------------------------- the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Make runs, and tell what came of each; the exit code is 1 if any is not as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.runs", description="Walks every story of the protocols.")
    parser.add_argument("--deep", action="store_true", help="those that take long as well")
    parser.add_argument("names", nargs="*", help="these alone")
    options = parser.parse_args(arguments)
    wanted = [run for run in RUNS if (run.name in options.names if options.names else options.deep or not run.deep)]
    wrong = [run.name for run in wanted if not _told(run)]
    _say(f"{len(wanted) - len(wrong)} of {len(wanted)} as known" + (f"; not {', '.join(wrong)}" if wrong else ""))
    return 1 if wrong else 0


def _told(run: Run) -> bool:
    began = time.monotonic()
    found = run()
    good = run.is_as_known(found)
    verdict = f"breaks {found.broken}" if found.broken else "holds"
    _say(f"{'' if good else 'NOT AS KNOWN '}{run.name}: {run.what}: {verdict} ({found.states} states, {time.monotonic() - began:.1f} s)")
    for number, step in enumerate(found.story, 1):
        _say(f"    {number:2} {step}")
    return good


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
