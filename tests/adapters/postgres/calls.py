"""Every method of a store, with arguments that do something."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from chatworkspace.ports import Claim, Plan, Store, SystemClock

OWNER, ORGANIZATION, TEMPLATE, PRESET = (UUID(int=number) for number in range(1, 5))
WORKSPACE, ANOTHER = UUID(int=101), UUID(int=102)
CHAT = "chat"
PLAN = Plan(name="dev-abcdefghij", number=0, template_id=TEMPLATE, preset_id=PRESET, fingerprint="print")
LONG = 30.0
"""Seconds that no test waits for."""
CLOCK = SystemClock()


def claimed(store: Store, chat_id: str = CHAT, *, ttl: float = LONG, plan: Plan | None = PLAN) -> Claim:
    """Open a chat if need be, and claim it."""
    store.open_chat(chat_id, OWNER, ORGANIZATION)
    return store.claim(store.look(chat_id), token=CLOCK.token(), ttl=ttl, plan=plan)


def bound(store: Store, chat_id: str = CHAT, workspace_id: UUID = WORKSPACE) -> Claim:
    """Open a chat if need be, and bind it to what it has made."""
    claim = claimed(store, chat_id)
    store.bind(claim, workspace_id)
    return claim


Prepare = Callable[[Store], Callable[[], object]]
"""Brings a store to where a method can be called, and returns the call."""


def _claim(store: Store, plan: Plan | None) -> Callable[[], object]:
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    look, token = store.look(CHAT), CLOCK.token()
    return lambda: store.claim(look, token=token, ttl=LONG, plan=plan).epoch


def _write(write: Callable[[Store, Claim], object]) -> Prepare:
    def prepare(store: Store) -> Callable[[], object]:
        claim = claimed(store)
        return lambda: write(store, claim)

    return prepare


def _after(prepare: Callable[[Store], object], call: Callable[[Store], object]) -> Prepare:
    def prepared(store: Store) -> Callable[[], object]:
        prepare(store)
        return lambda: call(store)

    return prepared


WRITES: dict[str, Prepare] = {
    "secret": _after(lambda _: None, lambda store: store.secret()),
    "open_chat": _after(lambda _: None, lambda store: store.open_chat(CHAT, OWNER, ORGANIZATION)),
    "claim": lambda store: _claim(store, None),
    "claim with plan": lambda store: _claim(store, PLAN),
    "bind": _write(lambda store, claim: store.bind(claim, WORKSPACE)),
    "attach": _write(lambda store, claim: store.attach(claim, WORKSPACE, number=1, note="attached")),
    "detach": _write(lambda store, claim: store.attach(claim, None, number=1, note="detached")),
    "close_chat": _write(lambda store, claim: store.close_chat(claim, number=1, note="closed")),
    "release": _write(lambda store, claim: store.release(claim, note="refused", drop_plan=True)),
    "record_stray": _after(claimed, lambda store: store.record_stray(CHAT, ANOTHER, "a stray")),
    "discard": _after(lambda _: None, lambda store: store.discard(ANOTHER)),
}


def _closed(store: Store) -> None:
    store.close_chat(claimed(store), number=1)


def _finished(store: Store) -> None:
    _closed(store)
    store.finish([CHAT], 0)


WRITES["finish"] = _after(_closed, lambda store: store.finish([CHAT], 0))
WRITES["purge"] = _after(_finished, lambda store: store.purge(0))
READS: dict[str, Prepare] = {
    "owned": _after(bound, lambda store: store.owned()),
    "look": _after(bound, lambda store: store.look(CHAT)),
    "history": _after(bound, lambda store: store.history(CHAT)),
    "planned": _after(claimed, lambda store: store.planned(0)),
    "chats": _after(bound, lambda store: store.chats()),
}
CALLS = {**WRITES, **READS}
