"""The sweep: settle plans that have stood too long, list what bears a mark of ours and is nobody's, and delete what is named, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby, takewhile
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from chatworkspace._application.ahead import Ahead, Executor
from chatworkspace._application.asking import Asking
from chatworkspace._application.claims import Claims
from chatworkspace._application.listing import PAGE
from chatworkspace._application.logs import fields, logger
from chatworkspace._application.turn import Held, Track
from chatworkspace._application.waiting import Bound
from chatworkspace._domain import names
from chatworkspace.errors import ChatWorkspaceError, ClosedError, UnavailableError
from chatworkspace.model import LeftBehind, Workspace
from chatworkspace.outcomes import Sweep
from chatworkspace.ports import Clock, Look, NotAnsweredError, PortError, Store, WorkspaceCreator, WorkspaceTakenError
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from chatworkspace._application.values import Values

Owner = tuple[UUID, UUID]
"""And the organization."""
_Listed = Ahead[Owner, Sequence[Workspace]]
STANDING = 900.0
"""Seconds after which a plan is settled."""


@attrs.define(kw_only=True, eq=False, repr=False)
class _Findings:
    settled: list[str] = attrs.field(factory=list[str])
    bound: list[tuple[Bound, LeftBehind | None]] = attrs.field(factory=list[tuple[Bound, "LeftBehind | None"]])
    """What settled plans had become, and what each has replaced."""
    strays: list[tuple[Workspace, str]] = attrs.field(factory=list[tuple[Workspace, str]])
    """With the chat whose mark each bears."""
    deleted: list[UUID] = attrs.field(factory=list[UUID])
    errors: dict[str, str] = attrs.field(factory=dict[str, str])
    after: str | None = None
    """Where it stopped; None: at the end."""
    silent: str = ""
    """What did not answer in time: nothing else is asked of it, or each of many would be waited for."""


class Sweeper:
    """Sweeps one store. One bad row does not stop it, whatever is bad about it."""

    def __init__(
        self,
        *,
        asking: Asking,
        claims: Claims,
        store: Store,
        creator: WorkspaceCreator,
        clock: Clock,
        timeouts: Timeouts,
        values: Values,
    ) -> None:
        self._values = values
        self._asking = asking
        self._claims = claims
        self._store = store
        self._creator = creator
        self._clock = clock
        self._timeouts = timeouts

    def sweep(
        self, delete: Collection[UUID], tell: Callable[[Bound, LeftBehind | None], None], after: str, limit: int, executor: Executor | None
    ) -> Sweep:
        """Settle, list, and delete what is named. Behind a place plans are not settled: that was done when the first were looked at.

        tell: is told what was bound, and what that has replaced. executor: lists the next owners' workspaces.
        UnavailableError only if the store cannot be asked at all.
        """
        findings = _Findings()
        for look in () if after else self._asking.recorded(self._store.planned, STANDING):
            self._one(findings, look.chat.id, partial(self._settle, findings, look))
        self._list_strays(findings, after, limit, executor)
        for workspace_id in delete:
            self._one(findings, str(workspace_id), partial(self._delete, findings, workspace_id))
        for bound, left in findings.bound:
            self._one(findings, bound.chat.id, partial(tell, bound, left), asks=False)
        return Sweep(
            settled=tuple(findings.settled),
            strays=tuple(self._values.out_of_workspace(of, stray) for stray, of in findings.strays if stray.id not in findings.deleted),
            deleted=tuple(findings.deleted),
            errors=findings.errors,
            after=findings.after,
        )

    def _one(self, findings: _Findings, key: str, act: Callable[[], None], *, asks: bool = True) -> bool:
        """Do what concerns one row; False: it could not be done, and is told. asks: the store or the platform is asked for it."""
        self._asking.check()
        if asks and findings.silent:
            findings.errors[key] = f"not tried: {findings.silent}"
            return False
        began = self._clock.monotonic()
        try:
            act()
        except ClosedError:
            raise
        except Exception as error:
            self._values.out_of_error(key, error)
            findings.errors[key] = str(error) or type(error).__name__
            if isinstance(error, (UnavailableError, NotAnsweredError)) and self._clock.monotonic() - began >= self._timeouts.planning / 2:
                findings.silent = findings.silent or findings.errors[key]
            if not isinstance(error, (ChatWorkspaceError, PortError)):
                logger.exception("a row could not be swept", extra=fields(key))
            return False
        return True

    def _settle(self, findings: _Findings, look: Look) -> None:
        if look.plan is None or look.claimed_for > 0:
            return  # somebody is at it
        found, read_at = self._asking.find(look.chat, look.plan.name)
        if found is not None:
            track = Track()
            turn = self._claims.settle(look, found, read_at, track)
            if not isinstance(turn, Bound):
                return
            findings.bound.append((turn, track.left))
        elif look.chat.workspace_id is not None:
            return  # a replacement in doubt: its request may still arrive, and what is bound is used meanwhile
        else:
            held = self._claims.claim(look)
            if not isinstance(held, Held):
                return
            self._claims.drop(held, note="plan dropped by the sweep")
        findings.settled.append(look.chat.id)

    # ------------------------------------------------------------ strays

    def _list_strays(self, findings: _Findings, after: str, limit: int, executor: Executor | None) -> None:
        """Go through the chats, one owner after the other: the platform is asked once for each, and little more than that is kept."""
        self._asking.secret()  # of which all marks are made
        listed = Ahead[Owner, Sequence[Workspace]](self._workspaces_of if executor is None else self._workspaces_elsewhere, executor)
        try:
            for owner, rows in groupby(self._rows(findings, after, limit, listed), key=lambda row: _owner(row[0])):
                self._sweep_owner(findings, owner, (look for _, look in rows), listed)
        finally:
            listed.give_up()

    def _rows(self, findings: _Findings, after: str, limit: int, listed: _Listed) -> Iterator[tuple[str, Look]]:
        """Yield the chats behind a place, have what their owners have listed ahead, and note where that stops.

        Where the store fails, it stops there; UnavailableError: at the first.
        """
        pages, last = self._pages(after, limit), _owner(after)
        while True:
            try:
                page = next(pages, None)
            except UnavailableError as error:
                if findings.after is None:
                    raise
                findings.errors["store"] = str(error)
                return
            if page is None:
                findings.after = None
                return
            owners = dict.fromkeys(owner for place, _ in page[:limit] if (owner := _owner(place)) is not None)
            listed.expect(owner for owner in owners if owner != last)
            last = next(reversed(owners), last)
            for place, look in page[:limit]:
                findings.after = place
                yield place, look
            if (limit := limit - len(page)) <= 0:
                return

    def _pages(self, after: str, limit: int = PAGE) -> Iterator[Sequence[tuple[str, Look]]]:
        while True:
            self._asking.check()
            page = self._asking.recorded(self._store.owned, after=after, limit=min(PAGE, limit))
            if page:
                yield page
            if not page or page[-1][0] <= after:
                return  # a store that does not go on would be asked without end
            after = page[-1][0]

    def _sweep_owner(self, findings: _Findings, owner: Owner | None, looks: Iterable[Look], ahead: _Listed) -> None:
        marked: dict[str, list[Workspace]] = {}
        listed = owner is not None and self._one(findings, str(owner[0]), partial(self._list_owners, findings, owner, marked, ahead))
        candidates: list[tuple[Workspace, str]] = []
        over: list[str] = []
        for look in looks:
            note = partial(self._note_chat, look, marked, candidates, over) if listed else partial(getattr, look, "epoch")
            self._one(findings, look.chat.id, note, asks=False)
            if len(over) >= PAGE:
                self._finish(findings, over)
        self._finish(findings, over)
        if candidates and owner is not None:
            # looked at after they were listed: what was bound meanwhile is nobody's stray
            bound, planned, odd = self._accounted_for(findings, owner)
            findings.strays += [it for it in candidates if it[0].id not in bound and it[0].name.lower() not in planned and it[1] not in odd]

    def _finish(self, findings: _Findings, over: list[str]) -> None:
        """Have those left out from now on of which nothing is left. Whoever asked for something would have been answered long ago."""
        if not over:
            return
        chat_ids = tuple(over)

        def finish() -> None:
            self._asking.recorded(self._store.finish, chat_ids, STANDING)

        self._one(findings, chat_ids[0], finish)
        over.clear()

    def _note_chat(self, look: Look, marked: Mapping[str, list[Workspace]], candidates: list[tuple[Workspace, str]], over: list[str]) -> None:
        numbers = range(look.number + names.LOST_NUMBERS + 1) if marked else range(0)
        found = [it for number in numbers for it in marked.get(self._asking.mark(look.chat.id, number), ())]
        candidates += [(it, look.chat.id) for it in found if it.id != look.chat.workspace_id]
        if look.chat.closed and not found and look.plan is None:
            over.append(look.chat.id)

    def _list_owners(self, findings: _Findings, owner: Owner, marked: dict[str, list[Workspace]], ahead: _Listed) -> None:
        def note(workspace: Workspace) -> None:
            marked.setdefault(names.mark_in(workspace.name), []).append(workspace)

        for workspace in ahead.take(owner):
            self._one(findings, str(getattr(workspace, "id", owner[0])), partial(note, workspace), asks=False)

    def _workspaces_of(self, owner: Owner) -> Sequence[Workspace]:
        def list_workspaces(until: float) -> Sequence[Workspace]:
            return self._creator.list_workspaces(*owner, deadline=until)

        return self._asking.platform(list_workspaces, once=True)

    def _workspaces_elsewhere(self, owner: Owner) -> Sequence[Workspace]:
        """List them in another thread, which is in a call of its own, so that close() ends that, too."""
        with self._asking.apart("sweep"):
            return self._workspaces_of(owner)

    def _accounted_for(self, findings: _Findings, owner: Owner) -> tuple[set[UUID], set[str], set[str]]:
        """Return what is bound, the names that are planned, and the chats of which neither can be told: all of an owner's."""
        bound: set[UUID] = set()
        planned: set[str] = set()
        odd: set[str] = set()

        def note(look: Look) -> None:
            if look.chat.workspace_id is not None:
                bound.add(look.chat.workspace_id)
            if look.plan is not None:
                planned.add(look.plan.name.lower())

        rows = chain.from_iterable(self._pages(f"{owner[0]}/{owner[1]}/"))
        for _, look in takewhile(lambda row: _owner(row[0]) == owner, rows):
            if not self._one(findings, look.chat.id, partial(note, look), asks=False):
                odd.add(look.chat.id)
        return bound, planned, odd

    # ------------------------------------------------------------ deleting

    def _delete(self, findings: _Findings, workspace_id: UUID) -> None:
        stray = next((it for it in findings.strays if it[0].id == workspace_id), None)
        if stray is None:
            raise UnavailableError("not a stray: nothing was deleted", retryable=False)
        workspace, chat_id = stray
        look = self._asking.look_even_closed(chat_id)
        held = self._claims.claim(look)
        if not isinstance(held, Held):
            raise UnavailableError("the chat is in use: nothing was deleted")
        try:
            self._discard(workspace, look)
            heard = self._asking.call.heard
            delete = partial(self._creator.delete_workspace, workspace, deadline=self._claims.limit(held, self._clock.monotonic()))
            if heard is None:
                delete()
            else:
                heard.ask("delete_workspace", delete)
        except BaseException:
            self._claims.release(held)
            raise
        self._claims.release(held, note=f"stray {workspace.id} deleted by the sweep")
        findings.deleted.append(workspace_id)

    def _discard(self, workspace: Workspace, look: Look) -> None:
        if look.chat.workspace_id == workspace.id or (look.plan is not None and look.plan.name.lower() == workspace.name.lower()):
            raise UnavailableError("it is the chat's: nothing was deleted", retryable=False)
        try:
            self._asking.stored(self._store.discard, workspace.id)
        except WorkspaceTakenError as error:
            raise UnavailableError("a chat is bound to it: nothing was deleted", retryable=False) from error

    # ------------------------------------------------------------ what is past

    def purge(self, older_than: float) -> int:
        """Remove what is past, a batch at a time, and return how many chats that were. UnavailableError: those of the batches before are gone."""
        removed = 0
        while batch := self._asking.recorded(self._store.purge, older_than, limit=PAGE):
            removed += batch
            self._asking.check()
        return removed


def _owner(place: str) -> Owner | None:
    """Return whose chats stand there; None: the row is odd, and nobody knows."""
    try:
        owner, home, _ = place.split("/", 2)
        return UUID(owner), UUID(home)
    except ValueError:
        return None
