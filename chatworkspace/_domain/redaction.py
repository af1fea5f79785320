"""Keep values that may be secret out of what the platform's words tell: it repeats them. Pure.

What is looked for is every run of eight characters of a value, plain or as somebody may have written it down: so a value that the platform has cut,
or broken into lines, is found as well. It is looked for before anything is cut here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

import attrs

from chatworkspace._domain.offer import Parameter
from chatworkspace._domain.parameters import Description
from chatworkspace._domain.plain import OwnWords
from chatworkspace._domain.texts import visible
from chatworkspace.errors import InvalidArgumentError, RefusedError
from chatworkspace.model import Workspace
from chatworkspace.outcomes import Outcome, Progress

RUN = 8
"""Characters of a value that may not be shown in a row. A shorter value ("eu", "large") keeps no secret, unless its parameter is masked."""
IN_BASE64 = 10
"""Characters of base64 that tell as much."""
INSTEAD = "…"
COMMON = frozenset({"https://"})
"""Runs that are nobody's secret, whatever value they begin."""
ANSWERS = "parameters"
"""Of what had no effect, the one that speaks of values."""
ARGUMENTS = frozenset({"chat_id", "template_id", "name", "parameters", "preset_id", "workspace_id", "owner_id"})
"""What a platform is sent by a name of ours, by which it may refuse it."""
MOST_CAUSES = 50
"""Errors behind an error that are looked at."""

# ---------------------------------------------------------------- which values are secret

Pairs = Iterable[tuple[str, str]]
"""Names of parameters, and values."""


def every_value(pairs: Pairs) -> tuple[str, ...]:
    """Return all values that a text could tell, secret or not."""
    return tuple(dict.fromkeys(value for _, value in pairs if value.strip()))


def secret_values(pairs: Pairs, asked: Iterable[Parameter] = ()) -> tuple[str, ...]:
    """Return the values that nobody may be told.

    asked: what is known of their parameters. What a template shows to everybody, as an option or a default, is no secret; what it masks is one,
    however short, and so is what is typed in for one build only. Of a parameter that is not known, what has eight characters and more may be one.
    """
    by_name = {it.name: it for it in asked}
    parts = ((by_name.get(name), part) for name, value in pairs for part in _parts(value, by_name.get(name)))
    return tuple(dict.fromkeys(part for parameter, part in parts if part.strip() and _is_secret(part, parameter)))


def _parts(value: str, parameter: Parameter | None) -> Iterable[str]:
    """Return what is judged by itself: each text of a list, else the value."""
    if parameter is None or parameter.type != "list(string)":
        return (value,)
    import json  # noqa: PLC0415 # few values are lists, and importing the library should cost little

    try:
        listed: object = json.loads(value)
    except (ValueError, RecursionError):
        return (value,)
    return [it for it in listed if isinstance(it, str)] if isinstance(listed, list) else (value,)  # pyright: ignore[reportUnknownVariableType] # of JSON


def _is_secret(value: str, parameter: Parameter | None) -> bool:
    if parameter is None:
        return len(value) >= RUN
    if parameter.masked:
        return True
    if value == parameter.default or any(value == option.value for option in parameter.options):
        return False
    typed_in_once = parameter.ephemeral and parameter.type == "string" and not parameter.options
    return typed_in_once or len(value) >= RUN


# ---------------------------------------------------------------- what is looked for


def _runs(value: str) -> Iterator[str]:
    from chatworkspace._domain.writings import WRITINGS  # noqa: PLC0415 # few calls bring values, and importing the library should cost little

    places = [at for at in range(max(len(value) - RUN, 0) + 1) if not value[at : at + RUN].isspace()]  # blanks indent what stands behind them
    characters, seen = set(value), set[str]()
    for write in WRITINGS:
        written = {character: write(character) for character in characters}
        whole = "".join(map(written.__getitem__, value))
        if whole not in seen:
            seen.add(whole)
            begins = [*accumulate((len(written[character]) for character in value), initial=0)]
            yield from (whole[begins[at] : begins[min(at + RUN, len(value))]] for at in places)
    if len(value) >= RUN:  # of less, a letter or two would be left
        yield from _in_base64(value.encode("utf-8", "surrogatepass"))


def _in_base64(value: bytes) -> Iterator[str]:
    """Return what stands for eight bytes in a row, or nearly, whatever stands before and behind the value."""
    for before in range(3):
        bits = 8 * before, 8 * (before + len(value))
        whole = b64encode(bytes(before) + value)[-(-bits[0] // 6) : bits[1] // 6].decode()
        for written in {whole, whole.translate(_OF_URLS)}:
            yield from (written[at : at + IN_BASE64] for at in range(len(written) - IN_BASE64 + 1))


_OF_URLS = str.maketrans("+/", "-_")


# ---------------------------------------------------------------- taking them out


_Table = tuple[int, Mapping[str, Sequence[str]]]
"""How many characters of each run are looked up, and the runs that begin with them."""


def _table(runs: Sequence[str]) -> _Table:
    least = min(map(len, runs))
    found: dict[str, list[str]] = {}
    for run in runs:
        found.setdefault(run[:least], []).append(run)
    return least, found


class Redaction:
    """Takes values out of text. Safe from any thread.

    names: of parameters. They are told where names stand, whatever the values are like; elsewhere they are words like any other.
    """

    __slots__ = ("_names", "_tables", "_values")

    def __init__(self, values: Iterable[str], names: Iterable[str] = ()) -> None:
        self._values = tuple(values)
        self._names = ARGUMENTS.union(names)
        self._tables: Sequence[_Table] | None = None

    def of_text(self, text: str) -> str:
        """Return the text without them. Where one shows only once what nobody sees is taken out, that is taken out as well."""
        if not self._values or not text or isinstance(text, OwnWords):
            return text
        text = _without(text, self._spans(text))
        seen = visible(text)
        spans = self._spans(seen) if seen != text else []
        return _without(seen, spans) if spans else text

    def meets(self, texts: Iterable[str]) -> bool:
        """Tell whether one of them is in one of these texts."""
        return any(self.of_text(text) != text for text in texts)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for least, runs in self._tables_of_runs():
            beginnings = ((at, runs.get(text[at : at + least], ())) for at in range(len(text) - least + 1))
            found += [(at, at + len(run)) for at, alike in beginnings for run in alike if text.startswith(run, at)]
        return found

    def _tables_of_runs(self) -> Sequence[_Table]:
        """Return the runs by how they begin, short ones apart. Made when there is something to look in: most calls have nothing."""
        tables = self._tables
        if tables is None:
            values = dict.fromkeys(written for value in self._values for written in (value, visible(value)) if len(written) >= min(RUN, len(value)))
            runs = {run for value in values for run in _runs(value)} - COMMON
            apart = [run for run in runs if len(run) < RUN], [run for run in runs if len(run) >= RUN]
            tables = self._tables = [_table(some) for some in apart if some]
        return tables

    def of_texts(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return each of them without the values."""
        return tuple(map(self.of_text, texts))

    def of_outcome(self, outcome: Outcome) -> Outcome:
        """Return the outcome without them: its error, its log, and what its build failed of."""
        workspace = None if outcome.workspace is None else self.of_workspace(outcome.workspace)
        error, log_tail = self.of_text(outcome.error), self.of_texts(outcome.log_tail)
        missed = {name: self.of_text(holds) if name == ANSWERS else holds for name, holds in outcome.not_applied.items()}
        return attrs.evolve(outcome, error=error, log_tail=log_tail, workspace=workspace, not_applied=missed)

    def of_workspace(self, workspace: Workspace) -> Workspace:
        """Return the workspace without them. Names are what their owners gave, and stay."""
        build = workspace.build
        if not (build.error or build.error_code):
            return workspace
        return attrs.evolve(workspace, build=attrs.evolve(build, error=self.of_text(build.error), error_code=self.of_text(build.error_code)))

    def of_progress(self, progress: Progress) -> Progress:
        """Return a step of the way without them."""
        line = None if progress.line is None else self.of_text(progress.line)
        return attrs.evolve(progress, line=line, outcome=None if progress.outcome is None else self.of_outcome(progress.outcome))

    def of_description(self, description: Description) -> Description:
        """Return a template without them: what the platform says of answers. What its author has written for everybody stays as it is."""
        questions = description.questions
        asked = tuple(attrs.evolve(it, parameter=attrs.evolve(it.parameter, error=self.of_text(it.parameter.error))) for it in questions.asked)
        return attrs.evolve(description, questions=attrs.evolve(questions, asked=asked, problem=self.of_text(questions.problem)))

    def of_error(self, error: BaseException) -> None:
        """Take them out of an error's message and of what else it tells, and out of the errors behind it: a log tells them all."""
        for one in _with_causes(error):
            one.args = tuple(self._of_argument(one, it) if isinstance(it, str) else it for it in one.args)
            if isinstance(one, RefusedError):
                one.message, one.detail = self.of_text(one.message), self.of_text(one.detail)
                fields = (field if field in self._names else self.of_text(field) for field, _ in one.validations)
                one.validations = tuple(zip(fields, self.of_texts(detail for _, detail in one.validations), strict=True))
            if isinstance(one, OSError) and isinstance(one.strerror, str):
                one.strerror = self.of_text(one.strerror)

    def _of_argument(self, error: BaseException, text: str) -> str:
        """Return a text that an error was made with; one about an argument begins with its name."""
        head = f"{error.argument}: " if isinstance(error, InvalidArgumentError) else ""
        return head + self.of_text(text.removeprefix(head)) if head and text.startswith(head) else self.of_text(text)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    found, seen = [error], set[int]()
    while found and len(seen) < MOST_CAUSES:
        one = found.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            found += [it for it in (one.__cause__, one.__context__) if it is not None]


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept: list[str] = []
    end = 0
    for begin, behind in sorted(spans):
        if begin > end or not kept:
            kept += (text[end:begin], INSTEAD)
        end = max(end, behind)
    return "".join((*kept, text[end:]))


# ---------------------------------------------------------------- where they could be


def words_of(told: Outcome | Progress | Description | BaseException) -> Iterator[str]:
    """Yield other people's words in it; of a template's, those that speak of answers."""
    if isinstance(told, Description):
        yield from (told.questions.problem, *(it.parameter.error for it in told.questions.asked))
    elif isinstance(told, Progress):
        yield told.line or ""
        if told.outcome is not None:
            yield from words_of(told.outcome)
    elif isinstance(told, Outcome):
        yield told.error
        yield from told.log_tail
        yield told.not_applied.get(ANSWERS, "")
        if told.workspace is not None:
            yield from (told.workspace.build.error, told.workspace.build.error_code)
    else:
        for one in _with_causes(told):
            yield from (it for it in one.args if isinstance(it, str))
            if isinstance(one, RefusedError):
                yield from (one.message, one.detail, *(word for pair in one.validations for word in pair))
            if isinstance(one, OSError) and isinstance(one.strerror, str):
                yield one.strerror
