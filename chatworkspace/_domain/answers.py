"""Whether what a caller answers is what a template asks, before anything is sent. Pure.

Platforms drop what nobody asked for without a word, and take a preset that is another template's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from chatworkspace._domain.offer import Preset
from chatworkspace._domain.plain import Listed, OwnWords
from chatworkspace.errors import RefusedError
from chatworkspace.model import Workspace

MOST_NAMES = 10
"""Names that a refusal lists."""
MOST_NEAREST = 3
LONGEST = 200
"""Characters of a name by which what is near is looked for: a model may write any number of them."""
NO_SUCH_PARAMETER = "the template has no such parameter"
OF_ONE = {"string": '"a"', "number": '"2"', "bool": '"true"'}
"""Types that take one value, in the platform's words, and how one is written."""
NO_SUCH_PRESET = "the template has no such preset"


def version_of_start(workspace: Workspace) -> UUID:
    """Return the version of its template that a start of a workspace uses: perhaps another than the active one, of which templates tell."""
    return workspace.required_version_id or workspace.updates_to or workspace.build.template_version_id


def unknown_parameters(unknown: Iterable[str], asked: Collection[str]) -> RefusedError:
    """Return the refusal of names that the template does not ask for, with those that may be meant. Values are not told."""
    return _refusal("unknown parameters", {name: f"{NO_SUCH_PARAMETER}{_instead(name, asked)}" for name in sorted(unknown)})


def refused_lists(given: Mapping[str, str], types: Mapping[str, str]) -> RefusedError | None:
    """Return the refusal of lists for parameters that take one value; None: there are none. types: by name, as far as they are known."""
    wrong = sorted(name for name, value in given.items() if isinstance(value, Listed) and types.get(name) in OF_ONE)
    told = {name: f"expected one text, such as {OF_ONE[types[name]]}, not a list: the parameter is a {types[name]}" for name in wrong}
    return _refusal("a list where one value is expected", told) if wrong else None


def _refusal(message: str, validations: Mapping[str, str]) -> RefusedError:
    """Return a refusal in the library's own words: it tells names, and no values."""
    return RefusedError(OwnWords(message), validations=[(OwnWords(field), OwnWords(detail)) for field, detail in validations.items()])


def _instead(name: str, asked: Collection[str]) -> str:
    near = _nearest(name, asked)
    if near:
        return f"; the nearest: {', '.join(near)}"
    return f"; it asks for: {_some(sorted(asked))}" if asked else "; it asks for none"


def _nearest(name: str, asked: Collection[str]) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 # importing the library should cost little, and few calls are wrong

    small = {it.lower(): it for it in sorted(asked)}
    return [small[it] for it in get_close_matches(name[:LONGEST].lower(), small, n=MOST_NEAREST)]


def preset_among(preset_id: UUID, presets: Sequence[Preset]) -> Preset:
    """Return the preset that is meant. RefusedError: it is none of the version's own."""
    found = next((it for it in presets if it.id == preset_id), None)
    if found is None:
        has = f"; it has: {_some([f'{it.id} ({it.name})' for it in presets])}" if presets else "; it has none"
        raise _refusal("unknown preset", {"preset_id": f"{NO_SUCH_PRESET}{has}"})
    return found


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def overridden(given: Mapping[str, str], preset: Preset) -> tuple[str, ...]:
    """Return the names of those answers that a preset contradicts: its own hold."""
    return tuple(sorted(name for name, value in given.items() if preset.parameters.get(name, value) != value))


def told_not_applied(overridden: Sequence[str], dropped: Sequence[str]) -> str:
    """Return what holds instead of answers that had no effect; empty if all had. overridden: by a preset; dropped: nobody asked for them."""
    told = [f"the preset's own value holds for {_some(overridden)}"] if overridden else []
    told += [f"the template does not ask for {_some(dropped)}: it was built without"] if dropped else []
    return OwnWords("; ".join(told))
