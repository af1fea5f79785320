"""What a world may offer to rules beside what every world has."""

from __future__ import annotations

from enum import Enum
from inspect import cleandoc


class Ability(Enum):
    """Something that only some rules need and only some worlds have. The value is the sentence that says what it is.

    Most are fields of a world, named like the ability in small letters, and exist where the field was given. REQUIRED, and those of the methods that
    WorkspaceCreator lets be left out (WATCH to RECORD_USE), exist unless the world says that it lacks them.
    """

    # of a store
    ANOTHER = "the same store can be opened once more, as another process does"
    # of a creator
    OTHER_OWNER_ID = "there is a second owner, on whose behalf workspaces can be made"
    FOREIGN = "there is a template of another organization, in which the owner is as well"
    SLOW = "there is a template that builds for a moment"
    ENDLESS = "there is a template whose build does not end"
    ASKING = "there is a template with parameters, and answers to them"
    REQUIRED = "one of those parameters is required"
    PRESET = "that template has a preset"
    LOG = "the lines of the build log of the template are known"
    HIDE = "the right to see a workspace can be taken from its owner"
    STOPS_IN = "it can be seen when a workspace stops by itself"
    LOSE_ANSWER = "a request can be acted upon without an answer"
    WATCH = "the platform can be watched"
    BUILD_LOG = "the platform has logs of builds"
    TEMPLATE_USE = "the platform tells how templates are used"
    GET_QUOTA = "the platform has quotas"
    RECORD_USE = "the platform takes note of use"
    # of a creator or a dialer
    LOSE_REQUEST = "a request can be lost on its way"
    # of a dialer
    UNCONNECTED = "there can be an agent that never connects"
    DROP = "the connection of an agent can be cut"
    RESTORE = "the connection of an agent can be given back"
    RESTART = "a workspace can be restarted"
    STOP = "a workspace can be stopped"
    DELETE = "a workspace can be deleted"
    COMMANDS = "agents run any command in a POSIX shell, and have files"

    @property
    def field(self) -> str:
        """The field of a world that gives it."""
        return self.name.lower()


if Ability.__doc__:  # python -OO has none
    # from Python 3.13 on it comes without the indentation of the source, before with it
    Ability.__doc__ = cleandoc(Ability.__doc__) + "\n\n" + "\n".join(f"{it.name}: {it.value}." for it in Ability)


METHODS = frozenset({Ability.WATCH, Ability.BUILD_LOG, Ability.TEMPLATE_USE, Ability.GET_QUOTA, Ability.RECORD_USE})
"""Of methods that may be left out."""
