"""Which templates a chat may use, and which it is shown. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from chatworkspace.model import Chat, Reason, Template

WHY: Mapping[Reason, str] = {
    Reason.OTHER_ORGANIZATION: "it is another organization's",
    Reason.TEMPLATE_NOT_ALLOWED: "it is not for chats",
    Reason.TEMPLATE_DEPRECATED: "it is deprecated",
    Reason.TEMPLATE_EXTERNAL_AGENT: "its agents run on a host of the user's",
}
"""Why no workspace is made from a template, in words."""


def check_template(template: Template, chat: Chat, allowed: Collection[UUID] | None) -> Reason | None:
    """Return why a chat may not use a template, or None. allowed: None allows all, an empty collection none."""
    if template.organization_id.int != chat.organization_id.int:
        return Reason.OTHER_ORGANIZATION
    if not template.agents_allowed or (allowed is not None and template.id not in allowed):
        return Reason.TEMPLATE_NOT_ALLOWED
    if template.deprecated:
        return Reason.TEMPLATE_DEPRECATED
    return Reason.TEMPLATE_EXTERNAL_AGENT if template.external_agent else None


def is_readable(template: Template, chat: Chat, allowed: Collection[UUID] | None) -> bool:
    """Tell whether a chat may read what a template asks. One that is deprecated, too: a workspace of it may have to be started."""
    return check_template(template, chat, allowed) in (None, Reason.TEMPLATE_EXTERNAL_AGENT, Reason.TEMPLATE_DEPRECATED)


def is_listed(template: Template, chat: Chat, allowed: Collection[UUID] | None) -> bool:
    """Tell whether a template is shown to a chat. One with an external agent is: it is refused, with advice, when it is to be created."""
    return check_template(template, chat, allowed) in (None, Reason.TEMPLATE_EXTERNAL_AGENT)
