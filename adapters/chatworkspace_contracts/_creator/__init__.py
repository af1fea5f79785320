"""The rules of WorkspaceCreator, and of its watches."""

from __future__ import annotations

from chatworkspace_contracts._creator.builds import BUILDS
from chatworkspace_contracts._creator.creation import CREATION
from chatworkspace_contracts._creator.deadlines import DEADLINES
from chatworkspace_contracts._creator.names import NAMES
from chatworkspace_contracts._creator.reading import LISTING, READING
from chatworkspace_contracts._creator.telling import LOGS, USE
from chatworkspace_contracts._creator.templates import TEMPLATES
from chatworkspace_contracts._creator.watching import WATCHING
from chatworkspace_contracts._rules import Rule
from chatworkspace_contracts._worlds import CreatorWorld

CREATOR_RULES: tuple[Rule[CreatorWorld], ...] = (
    *TEMPLATES.rules,
    *CREATION.rules,
    *NAMES.rules,
    *READING.rules,
    *LISTING.rules,
    *BUILDS.rules,
    *LOGS.rules,
    *USE.rules,
    *DEADLINES.rules,
    *WATCHING.rules,
)
"""All rules of WorkspaceCreator and Watch."""
