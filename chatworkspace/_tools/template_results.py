"""How templates are told to a model. Pure. READMEs and descriptions are other people's text: cut to size, and data."""

from __future__ import annotations

from typing import Any

from chatworkspace._domain.offer import Option, Preset
from chatworkspace._domain.parameters import Described, Description
from chatworkspace._domain.ranking import Ranked, Ranking, Verdict
from chatworkspace._domain.texts import cut, readable
from chatworkspace.model import Template

PAGE = 10
DESCRIPTION = 200
"""Characters of a template's description."""
EXCERPT = 1000
README = 8000
NAME = 100
VALUE = 500
MOST_QUESTIONS, MOST_OPTIONS, MOST_PRESETS = 100, 50, 20
QUESTION = 300
"""Characters of a parameter's description."""

Content = dict[str, Any]
_ASK = "Do not create a workspace yet: ask the user which of these templates to use, unless the user has named one already."


def of_ranking(ranking: Ranking, page: int) -> Content:
    """Return one page of the templates, the recommendation, and what to do next."""
    page = max(page, 1)
    first = (page - 1) * PAGE
    content: Content = {"templates": [_listed(it) for it in ranking.ranked[first : first + PAGE]], "page": page}
    if len(ranking.ranked) > first + PAGE:
        content["next_page"] = page + 1
    content["next_step"] = _next_step(ranking)
    if ranking.recommended is not None:
        content["recommended_template_id"] = str(ranking.recommended.id)
    return content


def _next_step(ranking: Ranking) -> str:
    if ranking.ranked and ranking.recommended is None:
        return _ASK
    match ranking.verdict:
        case Verdict.ONLY_ONE | Verdict.DECISIVE_MATCH | Verdict.TIE_BROKEN | Verdict.CONFIDENT:
            return "Call create_workspace with recommended_template_id. Call read_template first only if parameters are needed."
        case Verdict.NO_TEMPLATES:
            return "Tell the user that no templates are available to this chat."
        case Verdict.NO_MATCHES:
            return "No template matches the query. Call list_templates again without a query, or ask the user."
        case Verdict.NO_SIGNALS | Verdict.TIE | Verdict.BELOW_FLOOR | Verdict.AMBIGUOUS:
            return _ASK


def _listed(ranked: Ranked) -> Content:
    template, use = ranked.template, ranked.use
    told = _named(template)
    excerpt = readable(template.readme, EXCERPT)
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
    told: Content = {"id": str(template.id), "name": cut(template.name, NAME)}
    if template.display_name:
        told["display_name"] = cut(template.display_name, NAME)
    if template.description.strip():
        told["description"] = cut(template.description.strip(), DESCRIPTION)
    return told


# ---------------------------------------------------------------- one template


def of_description(description: Description) -> Content:
    """Return all that is known of a template."""
    template = _named(description.template) | {"active_version_id": str(description.template.version_id)}
    readme = readable(description.template.readme, README)
    if readme:
        template["readme"] = readme
    content: Content = {"template": template, "parameters": [_asked(it) for it in description.questions.asked[:MOST_QUESTIONS]]}
    if description.questions.note:
        content["parameters_note"] = description.questions.note
    if description.presets:
        content["presets"] = [_preset(preset) for preset in description.presets[:MOST_PRESETS]]
    return content


def _asked(described: Described) -> Content:
    it = described.parameter
    told: Content = {"name": it.name, "type": it.type, "required": it.required, "mutable": it.mutable}
    told |= _given(display_name=cut(it.display_name, NAME), description=cut(it.description.strip(), QUESTION), form_type=it.form_type)
    if it.error:
        told["error"] = cut(it.error, QUESTION)
    elif it.default is not None:
        told["default"] = cut(it.default, VALUE)
    if it.ephemeral:
        told["ephemeral"] = True
    if it.options:
        told["options"] = [_option(option) for option in it.options[:MOST_OPTIONS]]
    told |= _given(validation_regex=cut(it.validation_regex, VALUE))
    limits = {"validation_min": it.validation_min, "validation_max": it.validation_max}
    told |= {name: limit for name, limit in limits.items() if limit is not None}
    return told | {f"{of}_note": note for of, note in described.notes.items()}


def _option(option: Option) -> Content:
    told: Content = {"name": cut(option.name, NAME), "value": cut(option.value, VALUE)}
    return told | _given(description=cut(option.description.strip(), QUESTION), icon=cut(option.icon, VALUE))


def _preset(preset: Preset) -> Content:
    told: Content = {"id": str(preset.id), "name": cut(preset.name, NAME), "default": preset.default}
    told |= _given(description=cut(preset.description.strip(), QUESTION), icon=cut(preset.icon, VALUE))
    if preset.desired_prebuilds > 0:
        told["desired_prebuild_instances"] = preset.desired_prebuilds
    return told | {"parameters": [{"name": cut(name, NAME), "value": cut(value, VALUE)} for name, value in preset.parameters.items()]}


def _given(**texts: str) -> Content:
    """Return those that say something."""
    return {name: text for name, text in texts.items() if text}
