"""Templates and their versions, to values. Pure; raises UnreadableError as fields.py does."""

from __future__ import annotations

import attrs

from chatworkspace import Template
from chatworkspace_coder._answers.fields import as_list, as_object, flag, number, readable, required_id, required_text, text


@attrs.frozen(kw_only=True)
class Version:
    """What a template's version says. It never changes."""

    readme: str = ""
    external_agent: bool = False


def version(told: object) -> Version:
    """Return a version."""
    it = as_object(told)
    return Version(readme=text(it, "readme"), external_agent=flag(it, "has_external_agent"))


@attrs.frozen(kw_only=True)
class Listed:
    """A template without what only its version tells."""

    template: Template
    tells_allowed: bool
    """The server is new enough to say per template whether chats may use it."""
    classic: bool
    """Its parameters are those recorded at import; they are not evaluated for an owner."""
    deleted: bool
    users: int


def template(told: object) -> Listed:
    """Return a template."""
    it = as_object(told)
    made = Template(
        id=required_id(it, "id"),
        organization_id=required_id(it, "organization_id"),
        name=required_text(it, "name"),
        version_id=required_id(it, "active_version_id"),
        display_name=text(it, "display_name"),
        description=text(it, "description"),
        agents_allowed=flag(it, "agents_allowed", default=True),
        deprecated=flag(it, "deprecated"),
    )
    return Listed(
        template=made,
        tells_allowed=isinstance(it.get("agents_allowed"), bool),
        classic=flag(it, "use_classic_parameter_flow", default=True),
        deleted=flag(it, "deleted"),
        users=max(number(it, "active_user_count") or 0, 0),
    )


def templates(told: object) -> list[Listed]:
    """Return a list of templates, without deleted ones and those that cannot be read."""
    return [it for it in readable(as_list(told), template) if not it.deleted]
