"""What a platform offers to a chat: what its templates ask, prepare, and how much they are used. Values; ports hands them on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import attrs


@attrs.frozen(kw_only=True)
class TemplateUse:
    """How much a template is used, for ranking.

    active: the owner's live workspaces of it that were used in the last 60 days.
    deleted: the same, but deleted since.
    last_used_at: when the owner used one of them last; None: never.
    developers: distinct owners of live workspaces of it in the organization.
    """

    active: int = 0
    deleted: int = 0
    last_used_at: datetime | None = None
    developers: int = 0


@attrs.frozen(kw_only=True)
class Option:
    """One of the answers that a parameter allows.

    name: as people read it.
    value: as it is sent.
    description: its author's words, or empty.
    icon: where a picture of it is, or empty.
    """

    name: str
    value: str
    description: str = ""
    icon: str = ""


@attrs.frozen(kw_only=True)
class Parameter:
    """A question that a template asks before a build.

    name: unique in its template.
    type: "string", "number", "bool" or "list(string)", in the platform's words.
    required: it has to be answered.
    mutable: a later start may change the answer.
    default: what holds where it is not answered. None: there is none, or (of an evaluation) it is not known.
    display_name: its name for people, or empty.
    description: its author's words, or empty.
    ephemeral: the answer is for one build only.
    masked: the platform's own form hides what is typed in: it is a secret.
    form_type: how the platform's own form shows it, or empty.
    options: the only answers allowed; empty: any.
    validation_regex: what an answer must match, or empty.
    validation_min: the smallest number allowed; None: any.
    validation_max: the largest number allowed; None: any.
    error: why the platform could not evaluate it for this owner, or empty.
    """

    name: str
    type: str = "string"
    required: bool = False
    mutable: bool = True
    default: str | None = None
    display_name: str = ""
    description: str = ""
    ephemeral: bool = False
    masked: bool = False
    form_type: str = ""
    options: tuple[Option, ...] = ()
    validation_regex: str = ""
    validation_min: int | None = None
    validation_max: int | None = None
    error: str = ""


@attrs.frozen(kw_only=True)
class Evaluation:
    """The parameters of a template as they are for one owner, whose rights and groups may change defaults and options.

    parameters: in the order of their template.
    unknown: (parameter, "default", "options" or "validation") pairs that could not be told: what was recorded at import stands in.
    complete: False: parameters of modules that were not loaded are missing.
    problem: why it says nothing of use, in the platform's words, or empty. What was recorded at import stands in then, for all of them.
    """

    parameters: tuple[Parameter, ...]
    unknown: frozenset[tuple[str, str]] = frozenset()
    complete: bool = True
    problem: str = ""

    @property
    def stands_alone(self) -> bool:
        """Tell whether nothing that was recorded at import has to stand in."""
        return self.complete and not self.unknown and not self.problem


@attrs.frozen(kw_only=True)
class Preset:
    """Answers prepared by the template's author; may hand over a prebuilt workspace.

    id: the platform's id of it, of one version of the template.
    name: as people read it.
    parameters: the answers, by the parameter's name.
    default: its author suggests it.
    desired_prebuilds: how many workspaces of it are kept ready.
    description: its author's words, or empty.
    icon: where a picture of it is, or empty.
    """

    id: UUID
    name: str
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    default: bool = False
    desired_prebuilds: int = 0
    description: str = ""
    icon: str = ""
