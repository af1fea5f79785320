"""The protocol as it is built: claim with plan in one step, create, bind; with what is refused, and what is to replace a live workspace.

One chat. A look takes no claim; a claim is taken only if the row is still as it was looked at; every later write carries its epoch and token. Each
field of `Rules` is one decision, and the defaults are what is built; `runs` shows what breaks where one is taken in another way.

Callers: create (plain), replace (of W0 and nothing else), replace! (of whatever is there), start (stands for any claim without a plan), detach,
attach (of a workspace of the user's own), sweep; and those of `deleting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.protocol.deleting import DELETES, Deletion
from tests.protocol.model import Move, Request, State, Workspace, by_id, by_name, committed, is_live, is_over, left, sent, spend
from tests.protocol.rows import Look, Rules


def moves(rules: Rules, state: State) -> Iterator[Move]:
    """Yield what the callers may do next."""
    for index in range(len(state.callers)):
        yield from _Turn(rules, state, index).moves()


def _bears(name: str, number: int) -> bool:
    return name.startswith(f"n{number}")


class _Turn(Deletion):
    """One caller at one moment: all that it may do next."""

    def moves(self) -> Iterator[Move]:
        """Yield them."""
        at = self.me.at
        if is_over(self.me):
            return
        if at in STEPS:
            yield from STEPS[at](self)
        elif self._mine:
            if at != "drop" or self._may_drop:
                yield WRITES[at](self)
        else:
            yield self._overtaken(f"{at} is refused (overtaken)")
        if at != "look":
            yield from self.dies(self._blank("dead", 0))

    # ------------------------------------------------------------ looking

    def look(self) -> Iterator[Move]:
        chat, me = self.chat, self.me
        if me.op == "adopt" or chat.closed:
            yield from self.look_aside()
            return
        if chat.planned and not self._free:
            return  # waits for its turn
        seen = Look(chat.epoch, chat.generation, chat.bound, chat.planned, chat.name)
        stands = f", a plan stands: {chat.name}" if chat.planned else ""
        label = f"looks: generation {chat.generation}, bound to {chat.bound}, number {chat.number}{stands}"
        if me.op in DELETES and not (chat.planned and self.rules.looks_first):
            yield self._go(label, at="claim", seen=seen, **self._deletes_what_is_bound())
        elif chat.planned and (self.rules.settle or chat.bound is None or me.op != "create"):
            yield self._go(label, at="find", seen=seen)
        elif chat.bound is not None and me.op == "start":
            yield self._go(label, at="claim", seen=seen, name="started")
        elif chat.bound is not None and me.op != "sweep":
            yield self._go(label, at="read", seen=seen)
        elif me.op in {"create", "replace", "replace!"}:
            yield self._ends(self.state, "not again", label) if me.opened else self._go(label, at="plan", kind="make", seen=seen)
        elif me.op == "attach":
            yield self._go(label, at="claim", seen=seen, name="unlink")
        else:
            yield self._ends(self.state, "nothing to do", label)

    def find(self) -> Iterator[Move]:
        """Settle a plan that stands: look for what bears its name."""
        found, leaves = by_name(self.state, self._seen.name), self.me.op in {"detach", "attach"}
        label = f"looks for {self._seen.name}: {None if found is None else found.id}"
        if found is not None:
            at_once = leaves and self._seen.bound is None
            yield self._go(label, at="claim", name="unlink" if at_once else "bind", found=found.id)
        elif leaves:
            yield self._go(label, at="claim", name="unlink")
        elif self.me.op in DELETES:
            yield self._go(label, at="claim", **self._deletes_what_is_bound())
        elif self.me.op == "sweep":
            yield from self._sweep(label)
        elif self.me.op == "start":
            yield self._ends(self.state, "no workspace", label) if self._seen.bound is None else self._go(label, at="claim", name="started")
        else:
            yield self._go_on(label)

    def _sweep(self, label: str) -> Iterator[Move]:
        if self._seen.bound is not None and self.rules.sweep == "leave":
            yield self._ends(self.state, "left standing", label)
        elif self._may_drop:
            yield self._go(label, at="claim", name="drop")

    @property
    def _may_drop(self) -> bool:
        others = (it for index, it in enumerate(self.state.callers) if index != self.index)
        return not self.rules.patient or not (self.state.requests or any(it.at != "look" and not is_over(it) for it in others))

    def _go_on(self, label: str) -> Move:
        """Go on as a create that has found nothing of the plan's name."""
        plain, bound = self.me.op == "create", self._seen.bound
        if plain and self.rules.plain == "withdraw" and (bound is not None or self.chat.old is not None):
            return self._go(label, at="claim", name="withdraw")
        if bound is None:
            return self._go(label, at="plan", kind="make")
        if plain and self.rules.plain == "goon":
            return self._go(label, at="plan", kind="replace")
        return self._go(label, at="read")

    def read(self) -> Iterator[Move]:
        bound, me = self._seen.bound, self.me
        label = f"reads {bound}"
        if me.op in {"detach", "attach"}:
            yield self._go(label, at="claim", name="unlink")
        elif not is_live(self.state, bound):
            ends = me.opened and not self._seen.planned
            yield self._ends(self.state, "gone", label) if ends else self._go(f"{label}: gone", at="plan", kind="make")
        elif me.op != "create" and not me.opened and (me.op == "replace!" or bound == "W0"):
            yield from self._wants_another(label)
        elif (self.chat.generation, self.chat.bound) != self._seen[1:3]:
            yield self._again(self.state, f"{label}, and the row once more: overtaken")
        else:
            yield self._told(self.state, f"{label}: fine")

    def _wants_another(self, label: str) -> Iterator[Move]:
        if self.rules.doubt == "refuse" and self.chat.doubt:
            yield self._ends(self.state, "not now", f"{label}: an old request may still arrive")
            return
        if self.rules.check and left(self.state, "refuse"):
            yield self._ends(spend(self.state, "refuse"), "refused", f"{label}, asks what the platform would say, which refuses")
        yield self._go(f"{label}: lives, is to be replaced", at="plan", kind="replace")

    # ------------------------------------------------------------ making

    def plan(self) -> Iterator[Move]:
        """Claim with plan."""
        if not self._as_looked:
            yield self._again(self.state, "claim with plan: the row has changed")
        elif self._free:
            yield self._planned()

    def _planned(self) -> Move:
        chat, me, rules = self.chat, self.me, self.rules
        bound, replaces = by_id(self.state, chat.bound), me.kind == "replace"
        up = replaces and bound is not None and _bears(bound.name, chat.number)
        number = chat.number + up
        name = chat.name if _bears(chat.name, number) else f"n{number}{me.wish}"
        beside, back = rules.how == "beside" and replaces, (chat.bound, chat.number, chat.name)
        counts = chat.bound is not None or (not chat.planned and chat.recorded)
        if beside:
            counts = rules.generation == "plan" and not chat.planned
        token = (self.index, chat.epoch + 1, me.calls)
        after = self.row(
            self.state,
            epoch=chat.epoch + 1,
            token=token,
            valid=True,
            planned=True,
            number=number,
            name=name,
            generation=chat.generation + counts,
            bound=chat.bound if beside else None,
            left=self._left_with(chat.bound, mark="~") if replaces and not beside else chat.left,
            old=back if rules.how == "restore" and replaces else chat.old,
            doubt=chat.doubt or chat.planned,
        )
        after = after._replace(before=None) if rules.sure else committed(self.state, after)
        me = me._replace(at="send", token=token, fresh=not chat.planned, back=back, opened=True, found=None, name=name)
        what = f" beside {chat.bound}" if beside else f", unbinds {chat.bound}" if chat.bound else ""
        return self.to(after, me, f"claims epoch {chat.epoch + 1} with plan {name}{what}")

    def send(self) -> Iterator[Move]:
        name = self.me.name  # fixed with the plan: an overtaken holder sends what it has planned
        state, number = sent(self.state, Request(0, name, 1, 0, self.index))
        yield self.to(state, self.me._replace(at="answer", request=number), f"sends POST {name}")
        if left(self.state, "refuse"):
            yield self.to(spend(self.state, "refuse"), self.me._replace(at="late"), "comes too late to send anything")

    def late(self) -> Iterator[Move]:
        """Nothing was sent: give the claim back, and look again. A plan that made no generation is dropped; another one the call goes on with."""
        replaces = self.me.kind == "replace" and self.rules.how == "beside"
        drops = replaces and (self.rules.drop == "always" or (self.rules.drop == "fresh" and self.me.fresh))
        if not self._mine:
            yield self._again(self.state, "gives the claim back, which was overtaken", opened=not replaces)
        elif drops:
            yield self._again(self._given_back(**self._dropped()), "drops the plan", opened=False)
        else:
            yield self._again(self._given_back(), "gives the claim back", opened=not replaces)

    def answer(self) -> Iterator[Move]:
        yield from self.answered(self.me, found_as="found", taken="find again")

    def find_again(self) -> Iterator[Move]:
        found = by_name(self.state, self.me.name)
        if found is not None:
            yield self._go(f"looks for {self.me.name}: {found.id}", at="bind", found=found.id)
        else:
            state = self._given_back(doubt=True) if self._mine and self.chat.valid else self.state
            yield self._ends(state, "unknown", f"looks for {self.me.name}: absent, gives the claim back")

    def refused(self) -> Iterator[Move]:
        """Go on from a refusal, which is certain: this very request has made nothing."""
        drops = self._drops()
        if not self._mine and (self.rules.fence or not drops):
            yield self._ends(self.state, "refused", "gives the claim back, which was overtaken: ignored")
        elif drops:
            yield self._ends(self._given_back(**self._dropped()), "refused", "drops the plan")
        else:
            yield self._ends(self._given_back(), "refused", "the plan stands, gives the claim back")

    def _drops(self) -> bool:
        rules, replaces = self.rules, self.me.kind == "replace"
        if replaces and rules.how == "unbind":
            return False
        undone = self.chat.old is not None and rules.drop == "always"
        rule = rules.drop if replaces or undone else rules.refused
        return rule == "always" or (rule == "fresh" and self.me.fresh)

    def _dropped(self) -> dict[str, Any]:
        """Return what the row becomes: a replacement's number and name go back to what they were, for what is bound still bears them."""
        changes: dict[str, Any] = {"planned": False, "old": None}
        back = self.chat.old if self.rules.how == "restore" else self.me.back
        if back is None or (self.me.kind == "make" and self.rules.how != "restore"):
            return changes
        if self.rules.number == "back":
            changes |= {"number": back[1], "name": back[2]}
        if self.rules.how == "restore":
            changes |= {"bound": back[0], "left": tuple(it for it in self.chat.left if it != f"{back[0]}~")}
        return changes

    def bind(self) -> Iterator[Move]:
        if not self._mine:
            yield self._overtaken(f"bind {self.me.found} is refused (overtaken)")
            return
        chat, me = self.chat, self.me
        switches = chat.bound not in {None, me.found}
        behind = {*chat.left, chat.bound} if switches else {it.rstrip("~") for it in chat.left}
        state = self._given_back(
            bound=me.found,
            planned=False,
            old=None,
            generation=chat.generation + (switches and self.rules.generation == "bind"),
            left=tuple(sorted(filter(None, behind))),
        )
        label = f"binds {me.found}{f' in place of {chat.bound}' if switches else ''}"
        if me.op == "sweep":
            yield self._ends(state, "settled", label)
        elif me.op in {"start", "detach", "attach", *DELETES}:
            yield self._again(state, label)
        elif me.op == "replace!" and not me.opened:
            yield self._again(state, label, opened=switches)  # one call leaves one behind
        else:
            yield self._told(state, label)

    # ------------------------------------------------------------ under a claim without a plan

    def claim(self) -> Iterator[Move]:
        if not self._as_looked:
            yield self._again(self.state, "claim: the row has changed")
        elif self._free:
            epoch = self.chat.epoch + 1
            token = (self.index, epoch, self.me.calls)
            state = committed(self.state, self.row(self.state, epoch=epoch, token=token, valid=True))
            yield self.to(state, self.me._replace(at=self.me.name, token=token, name=""), f"claims epoch {epoch}")

    def started(self) -> Move:
        return self._ends(self._given_back(), "started", f"starts {self.chat.bound}, gives the claim back")

    def drop(self) -> Move:
        return self._ends(self._given_back(planned=False), "dropped", "drops the plan; name and number stay")

    def withdraw(self) -> Move:
        changes: dict[str, Any] = {"planned": False, "old": None}
        old = self.chat.old
        if self.rules.how == "restore" and old is not None:
            changes |= {"bound": old[0], "number": old[1], "name": old[2], "left": tuple(it for it in self.chat.left if it != f"{old[0]}~")}
        return self._again(self._given_back(**changes), "withdraws the replacement")

    def unlink(self) -> Move:
        ids = [it for it in (self.chat.bound, self.me.found) if it]
        up = any(is_live(self.state, it) and _bears(_name(self.state, it), self.chat.number) for it in ids)
        new = "U0" if self.me.op == "attach" else None
        state = self._given_back(
            bound=new,
            planned=False,
            old=None,
            generation=self.chat.generation + 1,
            number=self.chat.number + up,
            left=tuple(sorted({it.rstrip("~") for it in self._left_with(*ids)})),
        )
        if new is not None and by_id(state, new) is None:
            state = state._replace(workspaces=(*state.workspaces, Workspace(new, "theirs", None)))
        return self._ends(state, self.me.op, f"leaves {ids} behind, bound to {new}")


def _name(state: State, workspace_id: str) -> str:
    found = by_id(state, workspace_id)
    return "" if found is None else found.name


STEPS: dict[str, Callable[[_Turn], Iterator[Move]]] = {
    "look": _Turn.look,
    "find": _Turn.find,
    "read": _Turn.read,
    "plan": _Turn.plan,
    "send": _Turn.send,
    "late": _Turn.late,
    "answer": _Turn.answer,
    "find again": _Turn.find_again,
    "refused": _Turn.refused,
    "bind": _Turn.bind,
    "claim": _Turn.claim,
    "discard": _Turn.discard,
    "destroy": _Turn.destroy,
    "link": _Turn.link,
}
WRITES: dict[str, Callable[[_Turn], Move]] = {
    "started": _Turn.started,
    "drop": _Turn.drop,
    "withdraw": _Turn.withdraw,
    "unlink": _Turn.unlink,
    "close": _Turn.close,
}
"""Under a claim without a plan; refused to whoever was overtaken."""
