"""How templates are told to a model. Pure. READMEs and descriptions are other people's text: cut to size, and data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from chatworkspace._domain.offer import Option, Preset
from chatworkspace._domain.parameters import Described, Description
from chatworkspace._domain.ranking import Ranked, Ranking, Verdict
from chatworkspace._domain.texts import cut, cut_inside, is_seen, markdown, visible
from chatworkspace._tools.budget import Content, size, within, without
from chatworkspace._tools.guided import guided
from chatworkspace.model import Advice, Template

PAGE = 10
DESCRIPTION = 200
"""Characters of a template's description."""
EXCERPT = 1000
README = 8000
NAME = 100
VALUE = 500
QUESTION = 300
"""Characters of a parameter's description."""
MOST_BYTES, MOST_BYTES_OF_LIST = 32_768, 16_384
"""Of a template's result and of a list's, as compact JSON in UTF-8."""
REMARK = 100
"""Bytes that are kept for saying what is left out of a list."""
LESS_README = 2000
MANY = 50
"""Options of a parameter, where room is short."""
SEE_THERE = "see the template's own page"
_ARE = "are none that people see"
_MASKED = "there is one, and it is not shown: the template masks it"
_DEPRECATED = "The template is deprecated: no new workspace can be created from it, but one that the chat has can be started."
_ASK = "Do not create a workspace yet: ask the user which of these templates to use, unless the user has named one already."
_EXTERNAL = (
    "No workspace can be created from these here: their agents run on a host of the user's. "
    "Tell the user, who can create and start such a workspace there and attach it to this chat."
)


def entries_of(page: int) -> slice:
    """Return which of all ranked templates a page shows. page: from 1 on; what is below is the first."""
    first = (max(page, 1) - 1) * PAGE
    return slice(first, first + PAGE)


def of_ranking(ranking: Ranking, page: int) -> Content:
    """Return one page of the templates, the recommendation, and what to do next."""
    page, shown = max(page, 1), ranking.ranked[entries_of(page)]
    content: Content = {"templates": [_listed(it) for it in shown], "page": page}
    if len(ranking.ranked) > entries_of(page).stop:
        content["next_page"] = page + 1
    last = max(-(-len(ranking.ranked) // PAGE), 1)
    content |= guided(*_after(ranking)) if page <= last else guided(Advice.LIST_TEMPLATES, _beyond(last))
    if ranking.recommended is not None:
        content["recommended_template_id"] = str(ranking.recommended.id)
    steps = (*(_without_excerpt(at) for at in reversed(range(PAGE))), _without_descriptions)
    return _with_missing(within(content, MOST_BYTES_OF_LIST - REMARK, steps), content, sum(it.readme_unread for it in shown))


def _with_missing(shown: Content, whole: Content, unread: int) -> Content:
    """Return a list with what it has no room for by its name, and how many READMEs were not read."""
    pairs = list(zip(shown["templates"], whole["templates"], strict=True))
    excerpts, descriptions = (sum(name in all_of and name not in some for some, all_of in pairs) for name in ("readme_excerpt", "description"))
    left = [f"the READMEs of the last {excerpts}"] * bool(excerpts) + ["descriptions"] * bool(descriptions)
    left += [f"the READMEs of {unread} that were not read yet: read_template tells them"] * bool(unread)
    return shown | {"left_out": left} if left else shown


def _without_excerpt(at: int) -> Callable[[Content], Content]:
    """Return a step that leaves out the README of one entry: the last first, for the best come first."""

    def step(content: Content) -> Content:
        entries = list(content["templates"])
        if at < len(entries):
            entries[at] = without("readme_excerpt")(entries[at])
        return content | {"templates": entries}

    return step


def _without_descriptions(content: Content) -> Content:
    return content | {"templates": [without("description")(it) for it in content["templates"]]}


def _beyond(last: int) -> str:
    return f"There is no such page: the last is {last}. Call list_templates with a page up to that."


def _after(ranking: Ranking) -> tuple[Advice, str]:
    match ranking.verdict:
        case Verdict.ONLY_ONE | Verdict.DECISIVE_MATCH | Verdict.TIE_BROKEN | Verdict.CONFIDENT:
            return Advice.CREATE, "Call create_workspace with recommended_template_id. Call read_template first only if parameters are needed."
        case Verdict.NO_TEMPLATES:
            return Advice.ASK_USER, "Tell the user that no templates are available to this chat."
        case Verdict.NO_MATCHES:
            return Advice.LIST_TEMPLATES, "No template matches the query. Call list_templates again without a query, or ask the user."
        case Verdict.NONE_TO_CREATE:
            return Advice.ASK_USER, _EXTERNAL
        case Verdict.NO_SIGNALS | Verdict.TIE | Verdict.BELOW_FLOOR | Verdict.AMBIGUOUS:
            return Advice.ASK_USER, _ASK


def _listed(ranked: Ranked) -> Content:
    template, use = ranked.template, ranked.use
    told = _named(template) | ({"external_agent": True} if template.external_agent else {})
    excerpt = markdown(template.readme, EXCERPT)
    if excerpt:
        told["readme_excerpt"] = excerpt
    if use.developers > 0:
        told["active_developers"] = use.developers
    if use.active > 0:
        told["your_workspace_count"] = use.active
    if use.last_used_at is not None:
        told["last_used_by_you"] = use.last_used_at.isoformat()
    return told


def _named(template: Template) -> Content:
    told: Content = {"id": str(template.id), "name": _words(template.name, NAME)}
    return told | _given(display_name=_words(template.display_name, NAME), description=_words(template.description, DESCRIPTION))


# ---------------------------------------------------------------- one template


def of_description(description: Description) -> Content:
    """Return all that is known of a template, as far as it fits; `left_out` names what does not."""
    template = _named(description.template) | {"active_version_id": str(description.template.version_id)}
    readme = markdown(description.template.readme, README)
    if readme:
        template["readme"] = readme
    shown = [it for it in description.questions.asked if is_seen(it.parameter.name)]
    content: Content = {"template": template, "parameters": [_asked(it) for it in shown]}
    if len(shown) < len(description.questions.asked):
        content = _left_out(content, f"{len(description.questions.asked) - len(shown)} parameters, for characters of their names {_ARE}")
    if description.questions.note:
        content["parameters_note"] = description.questions.note
    if description.questions.problem:
        content["parameters_error"] = _words(description.questions.problem, QUESTION)
    if description.presets:
        masked = {it.parameter.name for it in description.questions.asked if it.parameter.masked}
        content["presets"] = [_preset(preset, masked) for preset in description.presets]
    content |= {"deprecated": True} | guided(Advice.NOTHING, _DEPRECATED) if description.template.deprecated else guided(Advice.NOTHING, "")
    steps = (_without_icons, _without_words_of_options, partial(_with_less_readme, markdown(description.template.readme, LESS_README)))
    return within(content, MOST_BYTES, (*steps, *_LEAVING_OUT, _as_many_as_fit))


def _asked(described: Described) -> Content:
    it = described.parameter
    told: Content = {"name": it.name, "type": _words(it.type, NAME), "required": it.required, "mutable": it.mutable}
    words = {"display_name": _words(it.display_name, NAME), "description": _words(it.description, QUESTION)}
    told |= _given(**words, form_type=_words(it.form_type, NAME))
    if it.error:
        told["error"] = cut_inside(visible(it.error), QUESTION)
    elif it.default is not None:
        told |= {"default_note": _MASKED} if it.masked else _whole("default", it.default)
    if it.ephemeral:
        told["ephemeral"] = True
    if it.masked:
        told["masked"] = True
    if it.options:
        told |= _options(it.options)
    if it.validation_regex:
        told |= _whole("validation_regex", it.validation_regex)
    limits = {"validation_min": it.validation_min, "validation_max": it.validation_max}
    told |= {name: limit for name, limit in limits.items() if limit is not None}
    return told | {f"{of}_note": note for of, note in described.notes.items()}


def _whole(name: str, value: str) -> Content:
    """Return a value that will be used again as it is: one that cannot be shown whole is left out, for what is left of it is another value."""
    if not is_seen(value):
        return {f"{name}_note": f"not shown, for its characters {_ARE}: {SEE_THERE}"}
    return {name: value} if len(value) <= VALUE else {f"{name}_note": f"too long to be shown ({len(value)} characters): {SEE_THERE}"}


def _options(options: Sequence[Option]) -> Content:
    shown = [_option(it) for it in options if len(it.value) <= VALUE and is_seen(it.value)]
    told: Content = {"options": shown}
    return told if len(shown) == len(options) else told | {"options_note": f"{len(options) - len(shown)} more that cannot be shown: {SEE_THERE}"}


def _option(option: Option) -> Content:
    told: Content = {"name": _words(option.name, NAME), "value": option.value}
    return told | _given(description=_words(option.description, QUESTION), icon=_icon(option.icon))


def _icon(where: str) -> str:
    return where if len(where) <= VALUE and is_seen(where) else ""


def _preset(preset: Preset, masked: Collection[str]) -> Content:
    told: Content = {"id": str(preset.id), "name": _words(preset.name, NAME), "default": preset.default}
    told |= _given(description=_words(preset.description, QUESTION), icon=_icon(preset.icon))
    if preset.desired_prebuilds > 0:
        told["desired_prebuild_instances"] = preset.desired_prebuilds
    values = {name: {"value_note": _MASKED} if name in masked else _whole("value", value) for name, value in preset.parameters.items()}
    return told | {"parameters": [{"name": visible(name)} | value for name, value in values.items()]}


def _words(text: str, most: int) -> str:
    return cut(visible(text).strip(), most)


def _given(**texts: str) -> Content:
    """Return those that say something."""
    return {name: text for name, text in texts.items() if text}


# ---------------------------------------------------------------- size


def _left_out(content: Content, what: str) -> Content:
    return content | {"left_out": [*content.get("left_out", ()), what]}


def _each(content: Content, lists: Sequence[str], drop: Sequence[str]) -> Content:
    """Return the content without some fields of each entry of some lists."""

    def shorter(entry: Content) -> Content:
        return {key: value for key, value in entry.items() if key not in drop}

    return content | {name: [shorter(entry) for entry in content[name]] for name in lists if name in content}


def _without_icons(content: Content) -> Content:
    plain = _each(content, ("presets",), ("icon",))
    plain["parameters"] = [_each(it, ("options",), ("icon",)) for it in plain["parameters"]]
    return _left_out(plain, "icons")


def _without_words_of_options(content: Content) -> Content:
    return _left_out(content | {"parameters": [_each(it, ("options",), ("description",)) for it in content["parameters"]]}, "descriptions of options")


def _with_less_readme(less: str, content: Content) -> Content:
    return content | {"template": content["template"] | {"readme": less}} if less else content


def _without_words(content: Content) -> Content:
    return _left_out(_each(content, ("parameters", "presets"), ("description", "display_name")), "descriptions of parameters and presets")


def _without_readme(content: Content) -> Content:
    return _left_out(content | {"template": without("readme")(content["template"])}, "the README")


def _without_presets(content: Content) -> Content:
    return _left_out(without("presets")(content), f"the presets: {SEE_THERE}") if "presets" in content else content


def _without_long_lists(content: Content) -> Content:
    instead = {"options_note": f"too many to be shown: {SEE_THERE}"}
    asked = [it if len(it.get("options", ())) <= MANY else without("options")(it) | instead for it in content["parameters"]]
    return _left_out(content | {"parameters": asked}, f"lists of more than {MANY} options")


_LEAVING_OUT = (
    _without_words,
    _without_readme,
    _without_long_lists,
    _without_presets,
)
"""What a template's result does without, when icons, words of options and a part of the README were not enough."""


def _as_many_as_fit(content: Content) -> Content:
    """Return the first parameters, as many as fit: the last resort, which names how many there are."""
    asked = content["parameters"]
    fits = 0
    shorter = _left_out(content | {"parameters": []}, f"all but the first {len(asked)} of {len(asked)} parameters: {SEE_THERE}")
    room = MOST_BYTES - size(shorter)
    for entry in asked:
        room -= size(entry) + 1
        if room < 0:
            break
        fits += 1
    return _left_out(content | {"parameters": asked[:fits]}, f"all but the first {fits} of {len(asked)} parameters: {SEE_THERE}")
