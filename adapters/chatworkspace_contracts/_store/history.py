"""The history of a chat, and the strays in it."""

from __future__ import annotations

from chatworkspace.ports import NotFoundError
from chatworkspace_contracts._checks import equal, raises
from chatworkspace_contracts._store.stage import (
    ANOTHER,
    BRIEF,
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
    "A claim that takes over from one that was over, and was not given back, notes that in the latest intent, with that holder.",
)
def what_was_taken_over_is_noted(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    note = "taken over from web-3:4711, whose claim was over"
    lapsed = [it.store.claim(it.look(), token="web-3:4711:secret", ttl=BRIEF, plan=a_plan())]  # noqa: S106 # no password
    it.clock.sleep(2 * BRIEF)
    lapsed.append(it.store.claim(it.look(), token="web-3:4711:other", ttl=BRIEF))  # noqa: S106 # as above
    it.clock.sleep(2 * BRIEF)
    equal("the notes", it.notes(), [note])
    it.store.bind(it.claim(), WORKSPACE)
    equal("the notes, and how often each was made", (it.latest().notes, it.latest().times), ((note,), (2,)))
    it.claim(plan=a_plan(), keep=True, ttl=BRIEF)
    it.clock.sleep(2 * BRIEF)
    it.claim(plan=a_plan("lab-abcdefghij", number=1))
    equal("how many notes each intent has", [len(one.notes) for one in it.store.history(CHAT)], [1, 1])
