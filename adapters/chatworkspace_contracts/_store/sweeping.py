"""What the sweep needs: workspaces that will be deleted, plans that stand, all chats."""

from __future__ import annotations

from uuid import UUID

from chatworkspace.ports import NotFoundError, WorkspaceTakenError
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._seconds import BRIEF, LONG
from chatworkspace_contracts._store.stage import ANOTHER, CHAT, WORKSPACE, Fresh, Stage, a_plan, close, detach, release, topic

DISCARDING = topic("discard")


@DISCARDING.rule("bound", "A workspace that a chat is bound to, made or attached, cannot be discarded, and can be attached as before.")
def a_bound_workspace_cannot_be_discarded(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE, "maker")
    it.store.attach(it.claim("guest"), ANOTHER, number=0)
    for workspace_id in (WORKSPACE, ANOTHER):
        with raises(WorkspaceTakenError):
            it.store.discard(workspace_id)
        it.store.attach(it.claim("third"), workspace_id, number=0)


@DISCARDING.rule("bound-to-one-of-two", "A workspace of two chats of which one has let go cannot be discarded.")
def a_workspace_bound_to_one_of_two_cannot_be_discarded(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE, "maker")
    it.store.attach(it.claim("guest"), WORKSPACE, number=0)
    it.store.attach(it.claim("maker"), None, number=1)
    with raises(WorkspaceTakenError):
        it.store.discard(WORKSPACE)


@DISCARDING.rule("let-go", "What a chat has let go of, by a plan, detaching or closing, can be discarded; then nobody can attach it.")
def what_a_chat_has_let_go_of_can_be_discarded(fresh: Fresh) -> None:
    for let_go in (detach, close, release):
        it = fresh()
        it.bound()
        let_go(it, it.claim(plan=a_plan() if let_go is release else None))
        it.store.discard(WORKSPACE)
        with raises(WorkspaceTakenError):
            it.store.attach(it.claim("guest"), WORKSPACE, number=0)


@DISCARDING.rule("again", "Discarding again is no error: the answer was lost, or the deletion failed and is tried again.")
def discarding_again_is_no_error(fresh: Fresh) -> None:
    it = fresh()
    it.store.discard(WORKSPACE)
    it.store.discard(WORKSPACE)
    with raises(WorkspaceTakenError):
        it.store.attach(it.claim(), WORKSPACE, number=0)


# ------------------------------------------------------------------ lists

SWEEPING = topic("sweep")


@SWEEPING.rule("planned", "planned() lists the chats whose plan has stood for at least so many seconds by the store's clock, and no others.")
def plans_are_listed_once_they_are_old_enough(fresh: Fresh) -> None:
    it = fresh()
    it.open("unplanned")
    it.bound(WORKSPACE, "bound")
    it.store.release(it.claim("old", plan=a_plan()))
    it.clock.sleep(10 * BRIEF)
    it.claim("young", plan=a_plan())
    equal("those with a plan", {look.chat.id for look in it.store.planned(0)}, {"old", "young"})
    equal("those with a plan of long ago", list(it.store.planned(LONG)), [])
    old = it.store.planned(10 * BRIEF)
    equal("those with an old plan", [look.chat.id for look in old], ["old"])
    age = present("a plan", old[0].plan).planned_for
    holds(f"an age of {10 * BRIEF:g} s at least", age >= 10 * BRIEF, age)


@SWEEPING.rule("order", "chats() is in order of code points: not by any language's order, nor by that of UTF-16.")
def chats_are_in_order_of_their_code_points(fresh: Fresh) -> None:
    it, ids = fresh(), ["\U0001f600", "\ufb01", "é", "a b", "ab", "a-b", "B", "A", "10", "9"]
    for chat_id in ids:
        it.open(chat_id)
    equal("the chats", [look.chat.id for look in it.store.chats()], sorted(ids))


@SWEEPING.rule("pages", "chats() comes in pages, each behind the last id of the one before: no chat is missed or told twice.")
def chats_come_in_pages(fresh: Fresh) -> None:
    it, ids = fresh(), ["\U0001f600", "\ufb01", "é", "b", "a", "B", "A"]
    for chat_id in ids:
        it.open(chat_id)
    told, after = list[str](), ""
    while (page := it.store.chats(after=after, limit=2)) and len(told) <= len(ids):
        holds("two chats a page at most", len(page) <= 2, len(page))
        after = page[-1].chat.id
        told += [look.chat.id for look in page]
    equal("the chats of all pages", told, sorted(ids))


@SWEEPING.rule("behind-any-id", "A page of chats() begins behind any id, a chat's or not.")
def a_page_begins_behind_any_id(fresh: Fresh) -> None:
    it = fresh()
    for chat_id in ("a", "c"):
        it.open(chat_id)
    equal("the chats behind b", [look.chat.id for look in it.store.chats(after="b")], ["c"])


@SWEEPING.rule("as-looked-at", "chats() tells each chat as look() does.")
def chats_are_told_as_looked_at(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    equal("the chats", list(it.store.chats()), [it.look()])


@SWEEPING.rule("owned", "owned() comes in order of owner, organization and id, each with its place, in pages that begin behind any of them.")
def chats_come_by_their_owners(fresh: Fresh) -> None:
    it, expected = fresh(), list[str]()
    for owner, home in ((WORKSPACE, ANOTHER), (ANOTHER, WORKSPACE), (WORKSPACE, WORKSPACE)):
        for chat_id in ('b/"\\,', "\U0001f600", "\ufb01", "a"):
            it.store.open_chat(f"{chat_id}{owner.int % 10}{home.int % 10}", owner, home)
            expected.append(f"{owner}/{home}/{chat_id}{owner.int % 10}{home.int % 10}")
    told, after = list[str](), ""
    while (page := it.store.owned(after=after, limit=5)) and len(told) <= len(expected):
        holds("five chats a page at most", len(page) <= 5, len(page))
        holds("the chat of each place", all(place.endswith(look.chat.id) for place, look in page), page)
        after = page[-1][0]
        told += [place for place, _ in page]
    equal("the places", told, sorted(expected))


@SWEEPING.rule("finish", "What finish() was told of is not among owned() any more, once it has been closed for so long; what is open or held stays.")
def what_is_finished_is_told_no_more(fresh: Fresh) -> None:
    it = fresh()
    for chat_id in ("open", 'closed, or "so"', "held", "other"):
        it.open(chat_id)
        if chat_id != "open":
            close(it, it.claim(chat_id))
    it.claim("held")
    ids = ["open", 'closed, or "so"', "held", "nobody"]
    it.store.finish(ids, LONG)
    equal("how many are told when they are young", len(it.store.owned()), 4)
    it.store.finish(ids, 0)
    equal("those that are told", sorted(look.chat.id for _, look in it.store.owned()), ["held", "open", "other"])
    equal("all", len(it.store.chats()), 4)


@SWEEPING.rule("finish-stray", "A stray that is recorded brings a finished chat back.")
def a_stray_brings_a_finished_chat_back(fresh: Fresh) -> None:
    it = fresh()
    close(it, it.claim())
    it.store.finish([CHAT], 0)
    equal("those that are told", len(it.store.owned()), 0)
    it.store.record_stray(CHAT, WORKSPACE, "a stray")
    equal("those that are told", [look.chat.id for _, look in it.store.owned()], [CHAT])


# ------------------------------------------------------------------ what is past

PURGING = topic("purge")


def _finished(it: Stage, chat_id: str = CHAT) -> None:
    it.bound(UUID(int=sum(map(ord, chat_id))), chat_id)
    close(it, it.claim(chat_id))
    it.store.finish([chat_id], 0)


@PURGING.rule("gone", "purge() removes a finished chat with its history, and its id is a new chat's: nothing of the old one stands in its way.")
def a_finished_chat_is_removed(fresh: Fresh) -> None:
    it = fresh()
    _finished(it)
    equal("how many are removed", it.store.purge(0), 1)
    for read in (it.store.look, it.store.history):
        with raises(NotFoundError):
            read(CHAT)
    equal("how many are removed again", it.store.purge(0), 0)
    it.bound(UUID(int=sum(map(ord, CHAT))))
    equal("generation and history", (it.look().chat.generation, len(it.store.history(CHAT))), (1, 1))


@PURGING.rule("what-stays", "purge() leaves alone what is open, what no sweep has finished, what is held, and what was closed lately.")
def what_is_not_past_stays(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE, "open")
    close(it, it.claim("unfinished"))
    _finished(it, "held")
    claim = it.claim("held")
    equal("how many are removed", it.store.purge(0), 0)
    it.store.release(claim)
    equal("how many are removed that were closed long ago", it.store.purge(LONG), 0)
    equal("how many are removed", it.store.purge(0), 1)
    equal("those that are left", [look.chat.id for look in it.store.chats()], ["open", "unfinished"])


@PURGING.rule("batches", "purge() removes as many as it is told to, at most, and those first that were closed first.")
def chats_are_removed_in_batches(fresh: Fresh) -> None:
    it = fresh()
    for chat_id in ("c", "a", "b"):
        _finished(it, chat_id)
        it.clock.sleep(BRIEF)
    equal("how many are removed", it.store.purge(0, limit=2), 2)
    equal("those that are left", [look.chat.id for look in it.store.chats()], ["b"])
    equal("how many are removed", it.store.purge(0, limit=2), 1)


@PURGING.rule("attached-elsewhere", "What a removed chat has made, and another chat has attached, stays that one's.")
def what_another_has_attached_stays_its(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE)
    it.store.attach(it.claim("guest"), WORKSPACE, number=0)
    close(it, it.claim())
    it.store.finish([CHAT], 0)
    equal("how many are removed", it.store.purge(0), 1)
    equal("what the guest has", it.look("guest").chat.workspace_id, WORKSPACE)
    with raises(WorkspaceTakenError):
        it.store.discard(WORKSPACE)
