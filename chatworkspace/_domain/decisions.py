"""What each call does about a row of the state table. Pure, and without a default arm, as `conditions` is.

Nothing is made unless absence, deletion, or the failure of a first build whose template is not wanted is proven.
"""

from __future__ import annotations

from enum import Enum

from chatworkspace._domain.conditions import Condition, Finding


class Step(Enum):
    """What a call does about a condition."""

    FOLLOW = "follow"
    """Wait for what is under way, if anything is, and tell how it is."""
    LOOK_AGAIN = "look_again"
    """Wait until the build is over, then decide anew."""
    BUILD = "build"
    """Ask for a start."""
    RESUME = "resume"
    """Ask for a start of what stands still, as it is."""
    STOP = "stop"
    """Ask for a stop."""
    MAKE = "make"
    """A new generation; nothing is left behind."""
    REPLACE = "replace"
    """A new generation; what is there is left behind."""
    NO_WORKSPACE = "no_workspace"
    """There is nothing to act upon."""


class Deletion(Enum):
    """What a deletion does about a condition."""

    WAIT = "wait"
    """The platform takes no other build meanwhile: wait until it is over, then decide anew."""
    SEND = "send"
    """Ask for it."""
    TELL = "tell"
    """It is over, or nobody knows: tell how it is."""


def create_step(finding: Finding, *, same_template: bool) -> Step:
    """Return what create() does about the workspace that the chat is bound to."""
    match finding.condition:
        case Condition.STOPPING | Condition.DELETING:
            return Step.LOOK_AGAIN
        case Condition.FIRST_BUILD_FAILED:
            return Step.BUILD if same_template else Step.REPLACE
        case Condition.DELETED:
            return Step.MAKE
        case (
            Condition.BUILDING
            | Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.CONNECTING
            | Condition.SCRIPTS
            | Condition.USABLE
            | Condition.SCRIPTS_FAILED
            | Condition.SHUTTING_DOWN
            | Condition.TIMED_OUT
            | Condition.LOST
            | Condition.STOPPED
            | Condition.DORMANT
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
            | Condition.JOB_UNKNOWN
        ):
            return Step.FOLLOW


def resume_step(finding: Finding, *, same_template: bool) -> Step:
    """Return what create(start=True) does: what stands still is started, whatever it was made from."""
    step = create_step(finding, same_template=same_template)
    return Step.RESUME if step is Step.FOLLOW and start_step(finding) is Step.BUILD else step


def replace_step(finding: Finding) -> Step:
    """Return what create(replace=True) does: the caller's word replaces whatever is not gone."""
    return Step.MAKE if finding.condition is Condition.DELETED else Step.REPLACE


def start_step(finding: Finding) -> Step:
    """Return what start() does."""
    match finding.condition:
        case Condition.STOPPING | Condition.DELETING:
            return Step.LOOK_AGAIN
        case (
            Condition.STOPPED
            | Condition.DORMANT
            | Condition.FIRST_BUILD_FAILED
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
        ):
            return Step.BUILD
        case Condition.DELETED:
            return Step.NO_WORKSPACE
        case Condition.BUILDING | Condition.JOB_UNKNOWN:
            return Step.FOLLOW
        case (
            Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.CONNECTING
            | Condition.SCRIPTS
            | Condition.USABLE
            | Condition.SCRIPTS_FAILED
            | Condition.SHUTTING_DOWN
            | Condition.TIMED_OUT
            | Condition.LOST
        ):
            return Step.BUILD if finding.dormant else Step.FOLLOW


def stop_step(finding: Finding) -> Step:
    """Return what stop() does."""
    match finding.condition:
        case Condition.BUILDING | Condition.STOPPING | Condition.DELETING:
            return Step.LOOK_AGAIN
        case (
            Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.CONNECTING
            | Condition.SCRIPTS
            | Condition.USABLE
            | Condition.SCRIPTS_FAILED
            | Condition.SHUTTING_DOWN
            | Condition.TIMED_OUT
            | Condition.LOST
            | Condition.FIRST_BUILD_FAILED
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
        ):
            return Step.STOP
        case Condition.DELETED:
            return Step.NO_WORKSPACE
        case Condition.STOPPED | Condition.DORMANT | Condition.JOB_UNKNOWN:
            return Step.FOLLOW


def delete_step(finding: Finding) -> Deletion:
    """Return what delete() does about what the chat had."""
    match finding.condition:
        case Condition.BUILDING | Condition.STOPPING | Condition.DELETING:
            return Deletion.WAIT
        case (
            Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.CONNECTING
            | Condition.SCRIPTS
            | Condition.USABLE
            | Condition.SCRIPTS_FAILED
            | Condition.SHUTTING_DOWN
            | Condition.TIMED_OUT
            | Condition.LOST
            | Condition.STOPPED
            | Condition.DORMANT
            | Condition.FIRST_BUILD_FAILED
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
        ):
            return Deletion.SEND
        case Condition.DELETED | Condition.JOB_UNKNOWN:
            return Deletion.TELL
