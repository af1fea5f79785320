"""Templates as a test describes them: what may be said of one, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict
from uuid import UUID, uuid5

import attrs

from chatworkspace import InvalidArgumentError, Template
from chatworkspace.ports import Evaluation, Parameter, Preset
from chatworkspace_fake._arguments import check_all, check_flag, check_instance, check_seconds, check_text, check_texts, check_whole
from chatworkspace_fake._platform.states import ORGANIZATION, Blueprint, Duration, Fails

_IDS = UUID("0a11ce00-0000-4000-8000-00000000000f")
"""A template's id is computed from its name, so that a recording may name it."""


class TemplateSettings(TypedDict, total=False):
    """What FakeCoder.add_template() and update_template() may be told of a template. Durations are seconds.

    build: until the first build ends (0); several: of a workspace's first start, its second, and so on; the last for all that follow.
    stop: how long that takes (0); several: of its first stop, its second, and so on. delete: how long that takes (0).
    connect: from the end of a start until its agents connect (0); NEVER: they stay connecting. scripts: then, until their scripts have ended (0).
    Each of these but `connect` may be a Fails.
    agent_timeout: after which agents that have not connected are timed out; script_timeout: after which scripts that still run are; drop: how long
    after the scripts the agents are lost (NEVER, all three).
    agents: their names (`main`); "main/sub" is a sub-agent of "main". external_agent: they run on a host of the user's, and connect when somebody
    starts them there (FakeWorkspace.connect).
    agents_allowed: chats may use it (True). deprecated, display_name, description, readme: as the platform tells them.
    parameters: what it asks. evaluation: what the parameters are for whoever asks, or a function that tells it of their answers, by name; None: it
    is not told. presets: one with desired_prebuilds has as many workspaces waiting to be claimed.
    cost: credits that a workspace takes while it runs (0). log: lines of a start's log. require_active: only the active version may be started.
    classic: its parameters are checked one at a time, the old way; None: as the platform's version does where there is no evaluation.
    """

    build: Duration | Sequence[Duration]
    stop: Duration | Sequence[Duration]
    delete: Duration
    connect: float
    scripts: Duration
    script_timeout: float
    drop: float
    agent_timeout: float
    agents: Sequence[str]
    external_agent: bool
    agents_allowed: bool
    deprecated: bool
    parameters: Sequence[Parameter]
    evaluation: Evaluation | Callable[[Mapping[str, str]], Evaluation] | None
    presets: Sequence[Preset]
    cost: int
    log: Sequence[str]
    readme: str
    display_name: str
    description: str
    require_active: bool
    classic: bool | None


def template_of(name: str, organization_id: UUID, version_id: UUID, settings: Mapping[str, object]) -> tuple[Template, Blueprint]:
    """Return a template, and what its version makes. InvalidArgumentError."""
    template_id = uuid5(_IDS, name if organization_id == ORGANIZATION else f"{organization_id}/{name}")
    told = Template(id=template_id, organization_id=organization_id, name=name, version_id=version_id)
    return changed(told, Blueprint(version_id=version_id), version_id, settings)


def changed(template: Template, blueprint: Blueprint, version_id: UUID, settings: Mapping[str, object]) -> tuple[Template, Blueprint]:
    """Return a template and what it makes, both with a new version. InvalidArgumentError."""
    if unknown := settings.keys() - _TOLD.keys() - _MADE.keys():
        raise InvalidArgumentError(min(unknown), "an argument of add_template()")
    return (
        attrs.evolve(template, version_id=version_id, **_checked(settings, _TOLD)),
        attrs.evolve(blueprint, version_id=version_id, **_checked(settings, _MADE)),
    )


Check = Callable[[str, object], Any]
"""Returns the value to keep. InvalidArgumentError."""


def _checked(settings: Mapping[str, object], checks: Mapping[str, Check]) -> dict[str, Any]:
    return {name: checks[name](name, value) for name, value in settings.items() if name in checks}


def _duration(argument: str, value: object) -> Duration:
    return value if isinstance(value, Fails) else check_seconds(argument, value, "a number of seconds of at least 0, or a Fails")


def _durations(argument: str, value: object) -> tuple[Duration, ...]:
    if isinstance(value, (int, float, Fails)):
        return (_duration(argument, value),)
    several = check_all(argument, value, object, "a number of seconds, a Fails, or a sequence of them")
    if not several:
        raise InvalidArgumentError(argument, "at least one duration")
    return tuple(_duration(argument, it) for it in several)


def _agents(argument: str, value: object) -> tuple[str, ...]:
    names = check_texts(argument, value)
    if "" in names or len(set(names)) < len(names):
        raise InvalidArgumentError(argument, "names that are not empty, each once")
    if orphans := [name for name in names if "/" in name and name.rpartition("/")[0] not in names]:
        raise InvalidArgumentError(argument, f"the agent that {orphans[0]!r} is a sub-agent of")
    return names


def _evaluation(argument: str, value: object) -> object:
    return value if value is None or callable(value) else check_instance(argument, value, Evaluation, "an Evaluation, a function or None")


_TOLD: Mapping[str, Check] = {
    "agents_allowed": check_flag,
    "deprecated": check_flag,
    "description": check_text,
    "display_name": check_text,
    "external_agent": check_flag,
    "readme": check_text,
}
"""What the template itself tells."""
_MADE: Mapping[str, Check] = {
    "agent_timeout": check_seconds,
    "agents": _agents,
    "build": _durations,
    "classic": lambda argument, value: None if value is None else check_flag(argument, value),
    "connect": check_seconds,
    "cost": partial(check_whole, least=0),
    "delete": _duration,
    "drop": check_seconds,
    "evaluation": _evaluation,
    "external_agent": check_flag,
    "log": check_texts,
    "parameters": partial(check_all, kind=Parameter, expected="a sequence of Parameter"),
    "presets": partial(check_all, kind=Preset, expected="a sequence of Preset"),
    "require_active": check_flag,
    "script_timeout": check_seconds,
    "scripts": _duration,
    "stop": _durations,
}
"""What a version of it makes."""
