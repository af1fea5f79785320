"""Looks at everything that the commands need, says what it found, and what to do about each problem. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from chatworkspace import ChatWorkspaceError, InvalidArgumentError, Template, Workspace
from chatworkspace.ports import Look, PortError, Store
from chatworkspace_cli._online import held, names, table, texts
from chatworkspace_cli._online.copies import made_elsewhere
from chatworkspace_cli._online.rules import reading
from chatworkspace_cli._online.session import Session
from chatworkspace_cli._online.stores import VARIABLE, unopened

if TYPE_CHECKING:
    from uuid import UUID

    from chatworkspace_coder import CoderClient, Holder, RateLimit, User
    from chatworkspace_local._commands import LocalUser

T = TypeVar("T")

CANNOT = "cannot be used: "
"""What the description of a template of this machine begins with that is odd."""
CLOCKS_APART = 30.0
"""Seconds that clocks may differ: tokens and certificates have instants in them."""
LITTLE = 0.1
"""Part of the rate limit below which there is little left."""
STANDING = 900.0
"""Seconds after which a plan is one for the sweep."""
SHOWN = 5
"""Workspaces that are named."""
COPIED = (
    "Another store with the same secret makes workspaces here: this one is a clone or an old copy, or was cloned. Give the clone a platform, or a "
    "user of the platform, of its own, and let no `sweep` of it delete anything. After a restore alone, the next creation of each chat finds its own."
)
FIRST_WS = (2, 22)
"""The first version with watches over a WebSocket, as far as is known."""
WATCHES = {
    "websocket": "by WebSocket",
    "events": "by server-sent events",
    "polling": "by polling alone",
}


@attrs.frozen(kw_only=True)
class Problem:
    """Something that is wrong, and what to do about it."""

    about: str
    what: str
    advice: str


@attrs.define(kw_only=True)
class Report:
    """What was found."""

    parts: dict[str, dict[str, Any]] = attrs.field(factory=dict[str, dict[str, Any]])
    """For programs."""
    said: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    """For people: what it is about, and a sentence."""
    problems: list[Problem] = attrs.field(factory=list[Problem])

    def find(self, about: str, sentence: str, **facts: Any) -> None:
        """Note what was found."""
        self.said.append((about, sentence))
        self.parts[about] = facts

    def blame(self, about: str, what: str, advice: str) -> None:
        """Note what is wrong."""
        self.problems.append(Problem(about=about, what=what, advice=advice))

    def told(self) -> dict[str, Any]:
        """Return the report for programs."""
        problems = [{"about": it.about, "problem": it.what, "advice": it.advice} for it in self.problems]
        return {"ok": not self.problems, **self.parts, "problems": problems}

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        yield from (f"{about:<9} {sentence}" for about, sentence in self.said)
        for it in self.problems:
            yield f"PROBLEM   {it.about}: {it.what}"
            yield f"          {it.advice}"
        if not self.problems:
            yield "nothing is wrong"


def examine(session: Session) -> Report:
    """Look at the server, the token, and the store. What fails is a problem, and the rest is looked at all the same."""
    report = Report()
    if session.settings.root is not None:
        user = _this_machine(report, session)
    else:
        holder = _server_side(report, session)
        user = None if holder is None else holder.user
    _store(report, session, user)
    return report


# ---------------------------------------------------------------- this machine


def _this_machine(report: Report, session: Session) -> User | LocalUser | None:
    """Look at the platform of this machine: its folder, its templates, and the rules that reading tells."""
    client = _tried(report, "platform", "Name a folder of yours: --platform local:PATH.", lambda: session.client)
    if client is None:
        return None
    user = client.user()
    templates = client.list_templates(user.id, user.organization_ids[0], deadline=session.deadline())
    said = f"folders and processes below {session.settings.root}, no sandbox; {_many(len(templates), 'template')}"
    report.find("platform", said, root=str(session.settings.root), templates=len(templates))
    for it in templates:
        if it.description.startswith(CANNOT):
            report.blame("platform", f"the template {it.name} {it.description}", "Mend its folder.")
    _rules(report, session, user.id, templates[0])
    return user


# ---------------------------------------------------------------- the server


def _server_side(report: Report, session: Session) -> Holder | None:
    try:
        server = _client(session).about.server(session.deadline())
    except InvalidArgumentError as error:
        report.blame("token" if error.argument == "token" else "server", texts.message_of(error), "Set it, and ask again.")
        return None
    except ChatWorkspaceError as error:
        report.blame("server", texts.message_of(error), texts.next_step_of(error))
        return None
    said = f"{server.url} is Coder {server.version}" if server.version else server.problem
    report.find("server", said, url=server.url, found=server.found.value, version=server.version)
    if server.problem:
        report.blame("server", server.problem, server.remedy)
        return None
    _clock(report, server.clock_difference)
    holder = _tried(report, "token", "Make another token (`coder tokens create`), and set CODER_SESSION_TOKEN.", lambda: _holder(session))
    if holder is not None:
        _rate(report, holder.rate_limit)
        _rights(report, session, holder)
    _watching(report, session, server.version, holder)
    return holder


def _client(session: Session) -> CoderClient:
    """Return the client of a server."""
    from chatworkspace_coder import CoderClient  # noqa: PLC0415 # as in the session

    client = session.client
    assert isinstance(client, CoderClient), "another platform is looked at elsewhere"
    return client


def _holder(session: Session) -> Holder:
    return _client(session).about.holder(session.deadline())


def _clock(report: Report, difference: float | None) -> None:
    if difference is None:
        report.find("clock", "the server does not tell its time", difference=None)
        return
    side = "ahead of" if difference > 0 else "behind"
    told = "agrees with the server's" if abs(difference) < 2 else f"of the server is {abs(difference):.0f} s {side} this machine's"
    report.find("clock", told, difference=round(difference, 1))
    if abs(difference) > CLOCKS_APART:
        what = f"the clocks are {abs(difference):.0f} s apart"
        report.blame("clock", what, "Have both machines keep time (NTP): tokens, certificates and claims go by it.")


def _rate(report: Report, limit: RateLimit | None) -> None:
    if limit is None:
        report.find("rate", "no limit is told", limit=None, remaining=None)
        return
    report.find("rate", f"{limit.remaining} of {limit.limit} requests a minute are left for each path", limit=limit.limit, remaining=limit.remaining)
    if limit.remaining < limit.limit * LITTLE:
        report.blame("rate", "few requests are left in this minute", "See who else uses this token; an administrator may raise the server's limit.")


# ---------------------------------------------------------------- the token


def _rights(report: Report, session: Session, holder: Holder) -> None:
    user = holder.user
    facts: dict[str, Any] = {"user": user.username, "user_id": str(user.id)}
    about = _client(session).about
    listed = _tried(report, "token", "The token needs to read organizations.", lambda: about.organizations(session.deadline()))
    named = {it.id: it.name for it in listed or []}
    facts["organizations"] = [{"id": str(it), "name": named.get(it, "")} for it in user.organization_ids]
    chosen = _tried(report, "token", "Give --organization.", lambda: names.organization_id(session, user.organization_ids))
    said = f"of {user.username}"
    templates: Sequence[Template] = ()
    if chosen is not None:
        facts["organization"] = str(chosen)
        templates, seen = _in_organization(report, session, user.id, chosen, facts)
        said += f", organization {named.get(chosen, chosen)}{seen}"
    report.find("token", said, **facts)
    if templates:
        _rules(report, session, user.id, templates[0])


def _in_organization(report: Report, session: Session, user_id: UUID, organization_id: UUID, facts: dict[str, Any]) -> tuple[Sequence[Template], str]:
    client = _client(session)
    about = client.about
    templates = _tried(
        report,
        "token",
        "The token needs to read templates: give it that scope, or its user that role.",
        lambda: client.list_templates(user_id, organization_id, deadline=session.deadline()),
    )
    may = _tried(report, "token", "Ask again.", lambda: about.may_create(organization_id, session.deadline()))
    facts["templates"] = None if templates is None else len(templates)
    facts["may_create"] = may
    if templates is not None and not templates:
        report.blame("token", "no template can be seen", "Have an administrator make one, or let this user use one.")
    if may is False:
        report.blame("token", "no workspace may be made", "Give the user a role in the organization that may, or the token that scope.")
    told = {True: "may make workspaces", False: "may not make workspaces", None: "whether it may make workspaces is not told"}[may]
    return templates or (), ("" if templates is None else f", sees {_many(len(templates), 'template')}") + f", {told}"


# ---------------------------------------------------------------- the rules


def _rules(report: Report, session: Session, user_id: UUID, template: Template) -> None:
    """Run the rules that only read."""
    rows = reading(session.client, user_id, template)
    told = {"held": sum(row.holds is True for row in rows), "rules": [row.told() for row in rows]}
    report.find("rules", f"{table.summary(rows)}, of those that reading tells; `chatworkspace check` runs the others", **told)
    for row in rows:
        if row.holds is False:
            report.blame("rules", f"{row.rule}: {row.said}", "The library relies on it: see what stands between it and the server, and its version.")


# ---------------------------------------------------------------- watching


def _watching(report: Report, session: Session, version: str, holder: Holder | None) -> None:
    """Try it on a workspace, if there is one; else say what servers of this version can."""
    workspace = None if holder is None else next(_workspaces(session, holder.user), None)
    if workspace is None:
        by = "websocket" if _minor(version) >= FIRST_WS else "events"
        report.find("watching", f"{WATCHES[by]}, judged by the version: there is no workspace to try it on", by=by, tried=None)
        return
    tried = _tried(report, "watching", "See what the proxy does with long requests.", lambda: _watched_by(session, workspace))
    if tried is None:
        return
    report.find("watching", f"{WATCHES[tried]}, tried on {workspace.full_name}", by=tried, tried=workspace.full_name)
    if tried == "polling":
        advice = "Let the proxy pass WebSockets and server-sent events: without them every change is told late, and costs requests."
        report.blame("watching", "no stream comes through", advice)


def _workspaces(session: Session, user: User | LocalUser) -> Iterator[Workspace]:
    for organization_id in user.organization_ids:
        with suppress(ChatWorkspaceError, PortError):  # what the token may not read is told elsewhere
            yield from session.client.list_workspaces(user.id, organization_id, deadline=session.deadline())


def _watched_by(session: Session, workspace: Workspace) -> str:
    return _client(session).about.watched_by(workspace, session.deadline())


def _minor(version: str) -> tuple[int, int]:
    major, _, rest = version.removeprefix("v").partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


# ---------------------------------------------------------------- the store


def _store(report: Report, session: Session, user: User | LocalUser | None) -> None:
    advice = f"Set {VARIABLE}, or give --store: sqlite:///PATH of a file on a disk of this host, in a folder that may be written."
    if _is_left_alone(report, session):
        return
    opened = _tried(report, "store", advice, lambda: session.opened)
    if opened is None:
        return
    facts = _tried(report, "store", advice, lambda: (opened.schema_version(), *_counted(opened.store)))
    if facts is None:
        return
    version, chats, plans, stand = facts
    # writable: opening it has taken its lock, or looked at every right
    sentence = f"{opened.place} ({opened.kind}, schema {version}), writable; {_many(chats, 'chat')}, {_many(plans, 'standing plan')}"
    report.find("store", sentence, kind=opened.kind, place=opened.place, schema_version=version, writable=True, chats=chats, standing_plans=plans)
    if stand:
        report.blame("store", _standing(stand), "`chatworkspace sweep` settles them.")
    if user is not None:
        _copied(report, session, opened.store, user)


def _is_left_alone(report: Report, session: Session) -> bool:
    """Tell of a file that opening would make or upgrade: who only looks leaves it as it is."""
    try:
        found = unopened(session.settings.store, session.settings.environment)
    except InvalidArgumentError:
        return False
    if found is None:
        return False
    path, version = found
    facts = {"kind": "sqlite", "place": str(path), "schema_version": version, "writable": None, "chats": 0 if not version else None}
    said = f"{path} (sqlite, schema {version}): the first command that needs it brings it to this version" if version else f"{path}: not made yet"
    report.find("store", said, **facts, standing_plans=facts["chats"])
    return True


def _copied(report: Report, session: Session, store: Store, user: User | LocalUser) -> None:
    made = _tried(report, "store", "Ask again.", lambda: made_elsewhere(store, user.id, tuple(_workspaces(session, user))))
    if made:
        names = sorted(it.name for it in made)
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        what = f"{_many(len(made), 'workspace')} bear marks that this store has not given: {', '.join(names[:SHOWN])}{more}"
        report.blame("store", what, COPIED)


def _standing(looks: Sequence[Look]) -> str:
    """Return that there are plans which stand too long, and of the oldest whose it is, and who is at it."""
    stand = list[tuple[float, Look]]()
    for it in looks:
        with suppress(ChatWorkspaceError):  # an odd row, which the sweep tells
            stand += [] if it.plan is None else [(it.plan.planned_for, it)]
    said = f"{_many(len(looks), 'plan')} of more than {STANDING / 60:.0f} minutes"
    if not stand:
        return said
    seconds, oldest = max(stand, key=lambda it: it[0])
    who = f"held by {held.by(oldest)} for {held.age(oldest.held_for)}" if oldest.claimed_for else "held by nobody"
    return f"{said}; the oldest is that of chat {oldest.chat.id}, begun {held.age(seconds)} ago, {who}"


def _counted(store: Store) -> tuple[int, int, Sequence[Look]]:
    """Return how many chats there are, how many plans stand, and those that are old."""
    chats, after = 0, ""
    while page := store.chats(after=after):
        chats, after = chats + len(page), page[-1].chat.id
    return chats, len(store.planned(0)), store.planned(STANDING)


def _tried(report: Report, about: str, advice: str, ask: Callable[[], T]) -> T | None:
    """Ask; what fails is a problem, and None."""
    try:
        return ask()
    except ChatWorkspaceError as error:
        report.blame(about, texts.message_of(error), texts.remedy_of(error) or advice)
    except PortError as error:
        report.blame(about, str(error) or type(error).__name__, advice)
    return None


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
