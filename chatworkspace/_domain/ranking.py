"""In which order templates are shown to a chat, and whether one of them can be recommended. Pure.

Order: how well the query fits, then the owner's own use, which halves in weight every 14 days, and a little of everybody's. One is recommended only
where the choice is clear; else the user is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from uuid import UUID

import attrs

from chatworkspace._domain.offer import TemplateUse
from chatworkspace.model import Template

HALF_LIFE = 14 * 86400.0
"""Seconds in which the weight of one's own use halves."""
PERSONAL = 10.0
DELETED = 0.5
"""What a deleted workspace counts beside a live one."""
ORGANIZATION = 1.0
FLOOR = math.log(3)
"""An affinity below it says too little."""
MARGIN = math.log(3) - math.log(2)
"""How far the first must be ahead of the second."""
EPSILON = 1e-9
_SEPARATORS = re.compile(r"[\s_-]+")


class Verdict(Enum):
    """Why a template is recommended, or why none is."""

    NO_TEMPLATES = "no_templates"
    NO_MATCHES = "no_matches"
    NONE_TO_CREATE = "only_external_agents"
    ONLY_ONE = "only_available_template"
    DECISIVE_MATCH = "decisive_query_match"
    NO_SIGNALS = "signals_unavailable"
    TIE_BROKEN = "query_tie_broken_by_affinity"
    TIE = "ambiguous_query_tie"
    BELOW_FLOOR = "affinity_below_floor"
    AMBIGUOUS = "ambiguous_affinity"
    CONFIDENT = "affinity_confident"


RECOMMENDING = frozenset({Verdict.ONLY_ONE, Verdict.DECISIVE_MATCH, Verdict.TIE_BROKEN, Verdict.CONFIDENT})


@attrs.frozen(kw_only=True)
class Ranked:
    """A template in its place."""

    template: Template
    use: TemplateUse
    tier: int
    """How well the query fits: 4 equal, 3 prefix, 2 within the name, 1 with the description; 0 without a query."""
    affinity: float
    readme_unread: bool = False
    """Its README may have words, and is not read yet."""


@attrs.frozen(kw_only=True)
class Ranking:
    """All candidates, best first."""

    ranked: tuple[Ranked, ...]
    verdict: Verdict

    @property
    def recommended(self) -> Template | None:
        """The template to create without asking, if the choice is clear."""
        return next(it.template for it in self.ranked if _can_be_created(it.template)) if self.verdict in RECOMMENDING else None


def rank(templates: Sequence[Template], uses: Mapping[UUID, TemplateUse] | None, *, query: str, now: datetime) -> Ranking:
    """Order the templates that a chat may use. uses: None when they could not be told."""
    wanted = query.strip().lower()
    known = uses or {}
    candidates = [_ranked(template, known.get(template.id, TemplateUse()), wanted, now) for template in templates]
    ranked = sorted((it for it in candidates if not wanted or it.tier), key=_order)
    usable = [it for it in ranked if _can_be_created(it.template)]
    if ranked and not usable:
        return Ranking(ranked=tuple(ranked), verdict=Verdict.NONE_TO_CREATE)
    visible = sum(map(_can_be_created, templates)) or len(templates)
    return Ranking(ranked=tuple(ranked), verdict=_judge(usable, visible=visible, with_query=bool(wanted), signals=uses is not None))


def described(ranking: Ranking, page: slice, told: Mapping[UUID, Template]) -> Ranking:
    """Return the same with the entries of a page as they are told whole; the others of it are marked as unread."""
    ranked = list(ranking.ranked)
    ranked[page] = [attrs.evolve(it, template=told.get(it.template.id, it.template), readme_unread=_is_unread(it, told)) for it in ranked[page]]
    return attrs.evolve(ranking, ranked=tuple(ranked))


def _is_unread(ranked: Ranked, told: Mapping[UUID, Template]) -> bool:
    return ranked.template.id not in told and not ranked.template.readme


def _can_be_created(template: Template) -> bool:
    """Tell whether a workspace can be made from it here: agents on hosts of the user's have to be started there."""
    return not template.external_agent


def _ranked(template: Template, use: TemplateUse, wanted: str, now: datetime) -> Ranked:
    return Ranked(template=template, use=use, tier=match_tier(template, wanted) if wanted else 0, affinity=affinity(use, now))


def _order(ranked: Ranked) -> tuple[float, float, str, str]:
    return -ranked.tier, -ranked.affinity, ranked.template.name, str(ranked.template.id)


def match_tier(template: Template, wanted: str) -> int:
    """Return how well a query (trimmed, lower case) fits: 4 equal, 3 prefix, 2 within, 1 with the description, 0 not.

    Within is also where all its words are, in whatever order.
    """
    compact = _compact(wanted)
    if not compact:
        return 0
    names = [name.lower() for name in (template.name, template.display_name) if name]
    pairs = [(name, wanted) for name in names] + [(_compact(name), compact) for name in names]
    if any(name == asked for name, asked in pairs):
        return 4
    if any(name.startswith(asked) for name, asked in pairs):
        return 3
    words = _SEPARATORS.sub(" ", wanted).split()
    if any(asked in name for name, asked in pairs) or any(all(word in name for word in words) for name in names):
        return 2
    description = template.description.lower()
    everything = " ".join((*names, description))
    return 1 if compact in _compact(description) or all(word in everything for word in words) else 0


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text)


def affinity(use: TemplateUse, now: datetime) -> float:
    """Return how much the owner, and a little how much everybody, uses a template."""
    personal = 0.0
    if use.last_used_at is not None:
        age = max((now - use.last_used_at).total_seconds(), 0.0)
        personal = PERSONAL * (use.active + DELETED * use.deleted) * 0.5 ** (age / HALF_LIFE)
    return personal + ORGANIZATION * math.log(1 + use.developers)


def _judge(ranked: Sequence[Ranked], *, visible: int, with_query: bool, signals: bool) -> Verdict:  # noqa: PLR0911 # one return a rung of the ladder
    """Climb the ladder: the first rung that fits decides."""
    if not ranked:
        return Verdict.NO_MATCHES if visible else Verdict.NO_TEMPLATES
    if visible == 1:
        return Verdict.ONLY_ONE
    alone = len(ranked) == 1
    if with_query and (alone or ranked[0].tier > ranked[1].tier):
        return Verdict.DECISIVE_MATCH
    if not signals:
        return Verdict.NO_SIGNALS
    ahead = alone or ranked[0].affinity - ranked[1].affinity >= MARGIN - EPSILON
    if with_query:
        return Verdict.TIE_BROKEN if ahead else Verdict.TIE
    if ranked[0].affinity < FLOOR:
        return Verdict.BELOW_FLOOR
    second_matters = not alone and ranked[1].affinity >= FLOOR
    return Verdict.AMBIGUOUS if second_matters and not ahead else Verdict.CONFIDENT
