"""Runs those rules of the ports that can be run against a real server: several at a time, on workspaces that are deleted again."""

from __future__ import annotations

from argparse import Namespace
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from chatworkspace import InvalidArgumentError, Reason, Template, TemplateError
from chatworkspace.ports import NotFoundError, SystemClock
from chatworkspace_cli._codes import Code
from chatworkspace_cli._online import names, table
from chatworkspace_cli._online.rules import looked_at
from chatworkspace_cli._online.session import Session
from chatworkspace_cli._online.table import Row

if TYPE_CHECKING:
    from chatworkspace_contracts import Ability, Deployment, Rule

LANES = 4
"""Rules that are run at a time: a server builds about as many workspaces at once."""
TICK = 0.2
"""Seconds between two looks at what may be deleted."""
GRACE = 3.0
"""Seconds that rules are given to leave off."""
Tell = Callable[[str], object]
LEFT_OUT = "need what only tests can make, or what was not given, and are left out"


@attrs.frozen(kw_only=True)
class Checked:
    """What became of the rules."""

    code: Code
    told: dict[str, Any]
    """For programs."""
    lines: tuple[str, ...]
    """For people."""


def checked(session: Session, options: Namespace, parameters: Mapping[str, str], tell: Tell) -> Checked:
    """Run them, and return the table. InvalidArgumentError, UnavailableError."""
    if parameters and options.parameters_template is None:
        raise InvalidArgumentError("parameters", "none without --parameters-template")
    user = session.client.user()
    organization_id = names.organization_id(session, user.organization_ids)
    deployment = _deployment(session, options, parameters, user.id, organization_id)
    rules = _chosen(deployment, options.rule)
    hide = table.without((session.settings.environment.get("CODER_SESSION_TOKEN", ""), *parameters.values()))
    session.left = lambda: deployment.left
    session.stop_by(deployment.end)
    others: list[str] = []
    with deployment:
        if options.clean:
            deployment.take_over()
        others += [it.name for it in deployment.traces() if it.name not in deployment.left]
        rows = Lanes(deployment, rules, hide, tell).run()
        tell("deleting what was made")
    return _result(rows, deployment, others, interrupted=session.interrupted, hide=hide, chosen=bool(options.rule))


def _result(
    rows: Sequence[Row], deployment: Deployment, others: Sequence[str], *, interrupted: bool, hide: Callable[[str], str], chosen: bool
) -> Checked:
    left = {name: hide(problem) for name, problem in deployment.left.items()}
    held, broken = (sum(row.holds is it for row in rows) for it in (True, False))
    code = Code.DONE if held and not broken and not left else Code.NOT_READY
    said = table.summary(rows)
    if not chosen:
        said += f"; {deployment.left_out} others {LEFT_OUT}"
    told: dict[str, Any] = {
        "rules": [row.told() for row in rows],
        "held": held,
        "broken": broken,
        "not_ended": len(rows) - held - broken,
        "left_out": deployment.left_out,
        "left_behind": sorted(left),
        "of_other_checks": sorted(others),
    }
    lines = (*table.lines(rows), *_remarks(left, others), said)
    return Checked(code=Code.INTERRUPTED if interrupted else code, told=told, lines=lines)


def _remarks(left: Mapping[str, str], others: Sequence[str]) -> list[str]:
    """Say what is there that a check has made."""
    said = [f"perhaps left behind: {name}{': ' if problem else ''}{problem}" for name, problem in sorted(left.items())]
    if others:
        said.append(f"of another check, which may be under way: {', '.join(sorted(others))}; --clean deletes it")
    return said


# ---------------------------------------------------------------- what is checked


def _deployment(session: Session, options: Namespace, parameters: Mapping[str, str], user_id: UUID, organization_id: UUID) -> Deployment:
    from chatworkspace_contracts import Ability, Deployment  # noqa: PLC0415 # only this command needs the rules

    def named(argument: str) -> Template | None:
        told: str | None = getattr(options, argument)
        return None if told is None else _template(session, argument, told, user_id, organization_id)

    def required(template: Template) -> list[bool]:
        return [it.required for it in session.client.list_parameters(user_id, template, deadline=session.deadline())]

    template, asking = named("template"), named("parameters_template")
    assert template is not None, "the parser asks for it"
    if template.external_agent or any(required(template)):
        raise InvalidArgumentError("template", "one that builds without parameters, and whose agent comes by itself")
    lacks: set[Ability] = set()
    if asking is not None:
        asked = required(asking)
        if not asked:
            raise InvalidArgumentError("parameters_template", "a template with parameters")
        lacks = set() if any(asked) else {Ability.REQUIRED}
    return Deployment(
        creator=session.client,
        dialer=session.client,
        owner_id=user_id,
        template=template,
        until=SystemClock().monotonic() + options.minutes * 60,
        lacks=lacks,
        asking=asking,
        answers=parameters,
        external=named("external_template"),
        commands=True if options.commands or session.settings.root is not None else None,
    )


def _template(session: Session, argument: str, told: str, user_id: UUID, organization_id: UUID) -> Template:
    """Return a template of the organization, of which name or id is told. InvalidArgumentError, UnavailableError."""
    known = names.id_of(told)
    try:
        if known is None:
            return session.client.template(told, organization_id=organization_id)
        return session.client.get_template(user_id, known, deadline=session.deadline())
    except (TemplateError, NotFoundError) as error:
        expected = f"name or id of a template of the organization; there is no {told!r}"
        raise InvalidArgumentError(argument, expected, reason=Reason.TEMPLATE_NOT_FOUND) from error


def _chosen(deployment: Deployment, told: Sequence[str]) -> list[Rule[Any]]:
    """Return the rules to run: all that can be, or those that are told. InvalidArgumentError."""
    by_id = {rule.id: rule for rule in deployment.rules}
    unknown = [it for it in told if it not in by_id]
    if unknown:
        raise InvalidArgumentError("rule", f"rules that can be run here; {', '.join(map(repr, unknown))} cannot")
    return [by_id[it] for it in dict.fromkeys(told)] if told else list(by_id.values())


# ---------------------------------------------------------------- running


class Lanes:
    """Rules, run by some threads; what may go is deleted meanwhile by the one that calls run()."""

    def __init__(self, deployment: Deployment, rules: Sequence[Rule[Any]], hide: Callable[[str], str], tell: Tell) -> None:
        self._deployment = deployment
        self._rules = rules
        self._hide = hide
        self._tell = tell
        self._waiting = deque(rules)
        self._rows: dict[str, Row] = {}
        self._clock = SystemClock()

    def run(self) -> list[Row]:
        """Run all, and return a row for each, in order."""
        threads = [Thread(target=self._lane, name=f"chatworkspace-check-{number}", daemon=True) for number in range(LANES)]
        for thread in threads:
            thread.start()
        over = float("inf")
        while any(thread.is_alive() for thread in threads) and self._clock.monotonic() < over:
            self._deployment.tidy()
            if self._deployment.is_over:
                over = min(over, self._clock.monotonic() + GRACE)
            self._clock.sleep(TICK)
        rows = self._rows.copy()
        return [rows.get(rule.id) or Row(rule=rule.id, states=rule.states, holds=None) for rule in self._rules]

    def _lane(self) -> None:
        while self._waiting and not self._deployment.is_over:
            try:
                rule = self._waiting.popleft()
            except IndexError:  # another was quicker
                return
            row = self._rows[rule.id] = self._row(rule)
            self._tell(f"{row.word:<9} {row.rule}  ({len(self._rows)} of {len(self._rules)})")

    def _row(self, rule: Rule[Any]) -> Row:
        row = looked_at(rule, lambda: self._deployment.run(rule), self._hide)
        # what it was waiting for was ended: that says nothing
        return attrs.evolve(row, holds=None, expected="", seen="") if row.holds is False and self._deployment.is_over else row
