"""The history of a chat, and the strays in it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from chatworkspace.ports import TAKEN_OVER, NotFoundError
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._seconds import BRIEF
from chatworkspace_contracts._store.stage import (
    ANOTHER,
    CHAT,
    NAME,
    OTHER_TEMPLATE,
    PRESET,
    TEMPLATE,
    WORKSPACE,
    Fresh,
    a_plan,
    detach,
    topic,
)

HISTORY = topic("history")


@HISTORY.rule("from-the-beginning", "The history has one intent per generation, oldest first: what was planned, what each replaced, what it became.")
def the_history_is_told_from_its_beginning(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE)
    claim = it.claim(plan=a_plan("lab-abcdefghij", number=1, template_id=OTHER_TEMPLATE, preset_id=PRESET))
    it.store.bind(claim, ANOTHER)
    detach(it, it.claim())
    intents = it.store.history(CHAT)
    told = [(one.generation, one.template_id, one.preset_id, one.replaces, one.workspace_id) for one in intents]
    expected = [
        (1, TEMPLATE, None, None, WORKSPACE),
        (2, OTHER_TEMPLATE, PRESET, WORKSPACE, ANOTHER),
        (3, None, None, ANOTHER, None),
    ]
    equal("generation, template, preset, what it replaces and what it became", told, expected)
    equal("the names", [one.name for one in intents][:2], [NAME, "lab-abcdefghij"])


@HISTORY.rule("plan-that-stood-last", "A plan in place of another is what the history tells of the generation.")
def the_history_tells_the_plan_that_stood_last(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan()))
    it.claim(plan=a_plan(template_id=OTHER_TEMPLATE, preset_id=PRESET))
    equal("template and preset", (it.latest().template_id, it.latest().preset_id), (OTHER_TEMPLATE, PRESET))


@HISTORY.rule("new-chat", "A new chat has no history.")
def a_new_chat_has_no_history(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    equal("the history", list(it.store.history(CHAT)), [])


@HISTORY.rule("unknown", "The history of an unknown chat is NotFoundError, not an empty one.")
def the_history_of_an_unknown_chat(fresh: Fresh) -> None:
    with raises(NotFoundError):
        fresh().store.history("nobody")


@HISTORY.rule("stray", "A stray goes into the history, beside other notes; no claim is needed, none is taken, and the binding stays.")
def a_stray_goes_into_the_history(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    claim = it.claim()
    it.store.record_stray(CHAT, ANOTHER, "made another, and was overtaken")
    it.store.release(claim, note="refused")
    equal("the notes", it.notes(), ["made another, and was overtaken", "refused"])
    equal("binding and epoch", (it.look().chat.workspace_id, it.look().epoch), (WORKSPACE, claim.epoch))


@HISTORY.rule("stray-of-unknown", "A stray of an unknown chat is NotFoundError.")
def a_stray_of_an_unknown_chat(fresh: Fresh) -> None:
    with raises(NotFoundError):
        fresh().store.record_stray("nobody", WORKSPACE, "a stray")


@HISTORY.rule(
    "taken-over",
    "A claim that takes over from one that was over, and was not given back, notes in the latest intent who took over from whom, and when.",
)
def what_was_taken_over_is_noted(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    for token, plan in (("web-3:4711:secret", a_plan()), ("web-4:12:other", None)):
        it.store.claim(it.look(), token=token, ttl=BRIEF, plan=plan)
        it.clock.sleep(2 * BRIEF)
    it.store.bind(it.claim(), WORKSPACE)
    planned_at, bound_at = present("when it was planned", it.latest().planned_at), present("when it was bound", it.latest().bound_at)
    told = [_TAKE_OVER.fullmatch(note) for note in it.notes()]
    equal("who took over from whom", [found and found.groups()[:2] for found in told], [("web-4:12", "web-3:4711"), ("somebody", "web-4:12")])
    whens = [_instant(present("a take-over", found)[3]) for found in told]
    holds("in their order, to the second", planned_at - _SECOND < whens[0] <= whens[1] <= bound_at, (planned_at, *whens, bound_at))
    it.claim(plan=a_plan(), keep=True, ttl=BRIEF)
    it.clock.sleep(2 * BRIEF)
    it.claim(plan=a_plan("lab-abcdefghij", number=1))
    equal("how many notes each intent has", [len(one.notes) for one in it.store.history(CHAT)], [2, 1])


_TAKE_OVER = re.compile(re.escape(TAKEN_OVER) + r"(\S+) from (\S+) at (\S+ \S+) UTC")
_SECOND = timedelta(seconds=1)


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
