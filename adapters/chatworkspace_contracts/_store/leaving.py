"""attach(), close_chat() and release(): changes of the binding on somebody's word, and none."""

from __future__ import annotations

from uuid import UUID

from chatworkspace.ports import NOTES, WorkspaceTakenError
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._store.stage import (
    ANOTHER,
    CHAT,
    GIVEN,
    NAME,
    WORKSPACE,
    Fresh,
    Write,
    a_plan,
    attach,
    close,
    detach,
    topic,
)

LEAVING = topic("attach")
ODD = "no\0room, says \ud800 and \udfff here"


@LEAVING.rule("binds", "attach() binds what was not made here in place of what was bound, one generation later; the name stays the chat's.")
def attach_binds_what_was_not_made_here(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    chat = it.store.attach(it.claim(), ANOTHER, number=1)
    look = it.look()
    equal("the chat", chat, look.chat)
    equal("binding, generation and name", (chat.workspace_id, chat.generation, look.name), (ANOTHER, 2, NAME))


@LEAVING.rule("replaces-a-plan", "attach() takes the place of a plan, which stands no more.")
def attach_replaces_a_plan(fresh: Fresh) -> None:
    it = fresh()
    chat = it.store.attach(it.claim(plan=a_plan()), ANOTHER, number=0)
    equal("generation, binding and plan", (chat.generation, chat.workspace_id, it.look().plan), (2, ANOTHER, None))


@LEAVING.rule("nothing", "attach() of None unbinds, one generation later.")
def attach_of_nothing_unbinds(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    chat = it.store.attach(it.claim(), None, number=1)
    equal("binding, generation and closed", (chat.workspace_id, chat.generation, chat.closed), (None, 2, False))


@LEAVING.rule("number", "attach() and close_chat() take the number as given: the caller knows whether a live workspace of the name is left behind.")
def attach_and_close_take_the_number_as_given(fresh: Fresh) -> None:
    for write in (attach, detach, close):
        it = fresh()
        it.bound()
        write(it, it.claim())
        equal("the number", it.look().number, GIVEN)


@LEAVING.rule(
    "told-in-the-history", "The history tells of attach() and close_chat(): an intent without a template, what was bound, what is now, the note."
)
def attach_and_close_are_told_in_the_history(fresh: Fresh) -> None:
    cases: tuple[tuple[Write, UUID | None, str], ...] = ((attach, ANOTHER, "attached"), (detach, None, "detached"), (close, None, "closed"))
    for write, workspace_id, note in cases:
        it = fresh()
        it.bound()
        write(it, it.claim())
        told = it.latest()
        seen = (told.generation, told.template_id, told.replaces, told.workspace_id, told.notes)
        equal("generation, template, what it replaces, what is bound, notes", seen, (2, None, WORKSPACE, workspace_id, (note,)))


@LEAVING.rule("two-chats", "A workspace can be attached to two chats: it is done on somebody's word, and makes nobody its maker.")
def a_workspace_can_be_attached_to_two_chats(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE, "first")
    equal("what the second has", it.store.attach(it.claim("second"), WORKSPACE, number=0).workspace_id, WORKSPACE)
    equal("what the first has", it.look("first").chat.workspace_id, WORKSPACE)


@LEAVING.rule("discarded", "A discarded workspace cannot be attached: WorkspaceTakenError. The claim stays, and the chat is as it was.")
def a_discarded_workspace_cannot_be_attached(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    it.store.discard(ANOTHER)
    claim = it.claim()
    with raises(WorkspaceTakenError):
        it.store.attach(claim, ANOTHER, number=1)
    look = it.look()
    now = (look.chat.workspace_id, look.chat.generation, look.number, look.claimed_for > 0)
    equal("binding, generation, number, a claim", now, (WORKSPACE, 1, 0, True))
    equal("how long the history is", len(it.store.history(CHAT)), 1)


# ------------------------------------------------------------------ closing

CLOSING = topic("close")


@CLOSING.rule("unbinds", "A closed chat is unbound and closed, one generation later.")
def a_closed_chat_is_unbound_and_closed(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    chat = it.store.close_chat(it.claim(), number=1)
    equal("closed, binding and generation", (chat.closed, chat.workspace_id, chat.generation), (True, None, 2))
    equal("the chat", it.look().chat, chat)


@CLOSING.rule("not-removed", "A closed chat is not removed: epoch, generation and name outlive it, and opening it again does not begin anew.")
def a_closed_chat_is_not_removed(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    it.store.close_chat(it.claim(), number=1)
    before = it.look()
    equal("the chat that is opened again", it.open(), before.chat)
    equal("the look afterwards", it.look(), before)
    equal("name and epoch", (before.name, before.epoch), (NAME, it.claim().epoch - 1))


@CLOSING.rule("can-be-claimed", "A closed chat can be claimed, and what is noted goes to the intent of its closing, which tells what it had.")
def a_closed_chat_can_be_claimed(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    it.store.close_chat(it.claim(), number=0, note="closed")
    it.store.release(it.claim(), note="deleted")
    told = it.latest()
    equal("what it had, what it has, notes", (told.replaces, told.workspace_id, told.notes), (WORKSPACE, None, ("closed", "deleted")))


# ------------------------------------------------------------------ release

RELEASING = topic("release")


@RELEASING.rule("keeps", "release() keeps plan and binding: a refusal speaks for one request, not for those before it.")
def release_keeps_plan_and_binding(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan()), note="refused: 400")
    present("a plan", it.look().plan)
    it.bound(ANOTHER, "bound")
    it.store.release(it.claim("bound"))
    equal("what is bound", it.look("bound").chat.workspace_id, ANOTHER)


@RELEASING.rule("drops-the-plan", "release() drops the plan when told; the name in use and the generation stay.")
def release_drops_the_plan_when_told(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan(number=1)), drop_plan=True)
    look = it.look()
    equal("plan, name, number and generation", (look.plan, look.name, look.number, look.chat.generation), (None, NAME, 1, 1))


@RELEASING.rule("notes", "Every note goes into the history: in their order, none in place of another.")
def every_note_goes_into_the_history(fresh: Fresh) -> None:
    it = fresh()
    for note in ("refused: 400", "refused: 403"):
        it.store.release(it.claim(plan=a_plan()), note=note)
    it.bound()
    equal("the notes", it.latest().notes, ("refused: 400", "refused: 403"))


@RELEASING.rule("repeated-notes", "A note that the latest generation has is counted, and is the latest again: repeats fill no store.")
def repeated_notes_are_counted(fresh: Fresh) -> None:
    it = fresh()
    for note in ("refused: 400", "refused: 403", "refused: 400", "refused: 400"):
        it.store.release(it.claim(plan=a_plan()), note=note)
    equal("the notes, and how often each was made", (it.latest().notes, it.latest().times), (("refused: 403", "refused: 400"), (1, 3)))
    it.store.release(it.claim(plan=a_plan()), note="refused: 403")
    equal("the notes, and how often each was made", (it.latest().notes, it.latest().times), (("refused: 400", "refused: 403"), (3, 2)))


@RELEASING.rule("last-notes", "A chat keeps its last 20 notes, of whatever generation.")
def a_chat_keeps_its_last_notes(fresh: Fresh) -> None:
    it = fresh()
    for number in range(3):
        it.store.release(it.claim(plan=a_plan()), note=f"refused: {number}")
    it.store.attach(it.claim(), None, number=1, note="detached")
    plan = a_plan(number=1)
    for number in range(3, NOTES):
        it.store.release(it.claim(plan=plan), note=f"refused: {number}")
    it.store.record_stray(CHAT, WORKSPACE, "a stray")
    kept = ["refused: 2", "detached", *(f"refused: {number}" for number in range(3, NOTES)), "a stray"]
    equal("the notes", it.notes(), kept)


@RELEASING.rule("odd-notes", "A platform's words that no database takes (NUL, half a character) go into the history all the same, made fit for it.")
def odd_notes_are_made_fit(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan()), note=ODD)
    it.store.attach(it.claim(), ANOTHER, number=0, note=ODD)
    it.store.close_chat(it.claim(), number=0, note=ODD)
    it.store.record_stray(CHAT, WORKSPACE, f"{ODD}, and {ODD}")
    for note in it.notes():
        equal("its beginning and its end", (note[:2], note[-3:]), (ODD[:2], ODD[-3:]))
        holds("no NUL and no half character", not {"\0", "\ud800"} & set(note), note)
    equal("how many notes there are", len(it.notes()), 4)
