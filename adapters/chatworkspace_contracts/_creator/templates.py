"""Templates, what they ask, and how they are used."""

from __future__ import annotations

from uuid import UUID

import attrs

from chatworkspace import Template
from chatworkspace.ports import NotFoundError, TemplateUse
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, present, raises
from chatworkspace_contracts._creator.stage import UNKNOWN, Fresh, Stage, topic

TEMPLATES = topic("templates")


@TEMPLATES.rule("listed", "The templates of an organization are listed, each once, and none of another organization is among them.", reads=True)
def templates_of_the_organization_are_listed(fresh: Fresh) -> None:
    it = fresh()
    listed = it.creator.list_templates(it.owner_id, it.organization_id, deadline=it.deadline)
    ids = [template.id for template in listed]
    equal("how many are listed", len(ids), len(set(ids)))
    equal("their organizations", {template.organization_id for template in listed}, {it.organization_id})
    own = {template.id for template in _given(it) if template.organization_id == it.organization_id}
    equal("what is not listed", own - set(ids), set[object]())


@TEMPLATES.rule("of-another-organization", "The templates of another organization are listed for it alone.", Ability.FOREIGN)
def templates_of_another_organization(fresh: Fresh) -> None:
    it = fresh()
    here, there = (
        [template.id for template in it.creator.list_templates(it.owner_id, organization_id, deadline=it.deadline)]
        for organization_id in (it.organization_id, it.foreign.organization_id)
    )
    equal("how often it is listed there", there.count(it.foreign.id), 1)
    equal("what is listed in both", set(here) & set(there), set[object]())


@TEMPLATES.rule("told-as-listed", "A template is told with its active version, and that version's flags.", reads=True)
def a_template_is_told_as_listed(fresh: Fresh) -> None:
    it = fresh()
    for template in _given(it):
        told = it.creator.get_template(it.owner_id, template.id, deadline=it.deadline)
        equal("the template", attrs.evolve(told, readme=""), attrs.evolve(template, readme=""))  # a list may leave READMEs out


@TEMPLATES.rule("described", "describe_templates() tells the first whole, and others in their order; no other templates than these.")
def templates_are_described(fresh: Fresh) -> None:
    it = fresh()
    listed = it.creator.list_templates(it.owner_id, it.organization_id, deadline=it.deadline)[:10]
    told = it.creator.describe_templates(it.owner_id, listed, deadline=it.deadline)
    equal("which is the first", [template.id for template in told][:1], [template.id for template in listed][:1])
    order = [template.id for template in listed if template.id in {one.id for one in told}]
    equal("their order", [template.id for template in told], order)
    for template in told:
        equal("a template", template, it.creator.get_template(it.owner_id, template.id, deadline=it.deadline))


@TEMPLATES.rule("unknown", "An unknown template is NotFoundError.", reads=True)
def an_unknown_template(fresh: Fresh) -> None:
    it = fresh()
    with raises(NotFoundError):
        it.creator.get_template(it.owner_id, UNKNOWN, deadline=it.deadline)


@TEMPLATES.rule("parameters", "list_parameters() tells what a template asks: nothing that is required where it builds without.", Ability.ASKING)
def parameters_of_a_template(fresh: Fresh) -> None:
    it = fresh()
    asked = it.creator.list_parameters(it.owner_id, it.asking, deadline=it.deadline)
    names, required = [one.name for one in asked], {one.name for one in asked if one.required}
    equal("names that stand twice", [name for name in set(names) if names.count(name) > 1], [])
    equal("what is answered and not asked", set(it.world.answers) - set(names), set[object]())
    equal("what is required and not answered", required - set(it.world.answers), set[object]())
    equal("whether something is required", bool(required), Ability.REQUIRED in it.world.abilities)
    other = it.creator.list_parameters(it.owner_id, it.world.template, deadline=it.deadline)
    equal("what the other requires", [one.name for one in other if one.required], [])


@TEMPLATES.rule("parameters-of-unknown", "The parameters of an unknown template are NotFoundError.", Ability.ASKING)
def parameters_of_an_unknown_template(fresh: Fresh) -> None:
    it = fresh()
    with raises(NotFoundError):
        it.creator.list_parameters(it.owner_id, attrs.evolve(it.asking, id=UNKNOWN), deadline=it.deadline)


@TEMPLATES.rule("presets", "list_presets() tells the author's answers: none where there are none.", Ability.ASKING, Ability.PRESET)
def presets_of_a_template(fresh: Fresh) -> None:
    it = fresh()
    preset = present("a preset", it.world.preset)
    told = it.creator.list_presets(it.owner_id, it.asking, deadline=it.deadline)
    seen = [(one.id, one.name, dict(one.parameters)) for one in told]
    equal("ids, names and answers", seen, [(preset.id, preset.name, dict(preset.parameters))])
    equal("presets of the other", list(it.creator.list_presets(it.owner_id, it.world.template, deadline=it.deadline)), [])


@TEMPLATES.rule("presets-of-unknown", "The presets of an unknown template are NotFoundError.", Ability.ASKING, Ability.PRESET)
def presets_of_an_unknown_template(fresh: Fresh) -> None:
    it = fresh()
    with raises(NotFoundError):
        it.creator.list_presets(it.owner_id, attrs.evolve(it.asking, id=UNKNOWN), deadline=it.deadline)


@TEMPLATES.rule("use", "A live workspace counts as a use of its template.", Ability.TEMPLATE_USE)
def use_of_templates(fresh: Fresh) -> None:
    it = fresh()
    live, active = _counted(it)
    it.built()
    live_then, active_then = _counted(it)
    equal("how many more are in use", active_then - active, live_then - live)


@TEMPLATES.rule("use-elsewhere", "Templates of another organization are not among those of this one's use.", Ability.TEMPLATE_USE, Ability.FOREIGN)
def use_of_templates_elsewhere(fresh: Fresh) -> None:
    it = fresh()
    it.built("elsewhere", it.foreign)
    used = it.creator.template_use(it.owner_id, it.organization_id, deadline=it.deadline)
    equal("the other's template among them", it.foreign.id in used, expected=False)


def _counted(it: Stage) -> tuple[int, int]:
    """Count the owner's live workspaces of the template, and those that its use tells, at a moment when they do not change: others may be at work."""
    over = it.clock.monotonic() + it.world.patience
    while True:
        before = _live(it)
        active = _active(it)
        if _live(it) == before or it.clock.monotonic() >= over:
            return len(before), active


def _live(it: Stage) -> set[UUID]:
    listed = it.creator.list_workspaces(it.owner_id, it.organization_id, deadline=it.deadline)
    return {one.id for one in listed if one.template_id == it.world.template.id}


def _active(it: Stage) -> int:
    used = it.creator.template_use(it.owner_id, it.organization_id, deadline=it.deadline)
    return used.get(it.world.template.id, TemplateUse()).active


def _given(it: Stage) -> list[Template]:
    """Return all templates that the world has."""
    world = it.world
    given = (world.template, world.slow, world.endless, world.asking, world.foreign)
    return [template for template in given if template is not None]
