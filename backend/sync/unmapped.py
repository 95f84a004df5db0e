"""Fields that a configuration no longer maps: what was agreed about them is forgotten (G). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from backend.domain.attendees import ATTENDEES
from backend.domain.field_choices import groups_of
from backend.domain.values import FieldValue, Values
from backend.sync.context import Context, title_of
from backend.sync.plan import Step, Verb
from backend.sync.state import Link

FORGOTTEN: Final = "A field that is not mapped any more: what was agreed about it is forgotten."


def forgotten(context: Context, link: Link, steps: list[Step]) -> list[Step]:
    """The steps of a link with its shadows of unmapped groups left out; one more step if none stores the link.

    Whoever maps such a field again agrees to what it finds (F-9), so nothing would ever ask for them.
    """
    kept = frozenset({ATTENDEES, *groups_of(context.kind, context.settings.field_map)})
    stored = next((step.link for step in steps if step.link is not None and step.link.id == link.id), None)
    trimmed = _trimmed(stored or link, kept)
    if trimmed is (stored or link) or any(step.drop for step in steps):
        return steps
    if stored is None:
        title = title_of(trimmed.shadow_mailbox or trimmed.shadow_crm or {})
        return [*steps, Step(Verb.ADOPT, context.kind, title, FORGOTTEN, link=trimmed)]
    return [replace(step, link=trimmed) if step.link is stored else step for step in steps]


def _trimmed(link: Link, kept: frozenset[str]) -> Link:
    mailbox, crm = _only(link.shadow_mailbox, kept), _only(link.shadow_crm, kept)
    if mailbox is link.shadow_mailbox and crm is link.shadow_crm:
        return link
    return replace(link, shadow_mailbox=mailbox, shadow_crm=crm)


def _only(shadow: Values | None, kept: frozenset[str]) -> Values | None:
    if shadow is None or kept.issuperset(shadow):
        return shadow
    found: Mapping[str, FieldValue] = {group: value for group, value in shadow.items() if group in kept}
    return found
