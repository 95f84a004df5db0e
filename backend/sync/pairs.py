"""Linked pairs: from two observations and the shadows to one step (docs/sync.md B.5 step 1; D, F)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from backend.domain.attendees import ATTENDEES
from backend.domain.identity import item_key
from backend.domain.recurrence import WHOLE, ended
from backend.domain.spelling import region_of
from backend.domain.values import EMPTY, AllDay, Kind, Side, Timed, differing, overlaid
from backend.ports.answers import Op
from backend.sync import attending, company, guests, rows
from backend.sync.linked import Linked, meeting_shadows, with_shadows
from backend.sync.matrix import Action, Seen, action
from backend.sync.meetings import may_delete_record
from backend.sync.merge import Merge, Pair, first_match, three_way
from backend.sync.plan import Step, Verb
from backend.sync.scope import left_out
from backend.sync.state import Conflict, LinkState, Presence, Tombstone

TOOK_PLACE: Final = "It has taken place; its record stays."


def pair_step(pair: Linked) -> Step | None:
    """The step for a linked pair, or None if nothing is to be done."""
    link = pair.link
    mailbox, crm = pair.mailbox_seen(), pair.crm_seen()
    if link.state is LinkState.STOPPED:
        return _stopped(pair, mailbox, crm)
    if link.state is LinkState.HELD and link.held_on == pair.context.held_digest(pair.view, pair.record):
        return None
    if pair.context.kind is Kind.EVENT and not decides(pair, mailbox):
        return _follow(pair, mailbox, crm)
    settings = pair.context.settings
    decided = action(settings.direction, settings.deletion, mailbox, crm)
    return _ACTIONS[decided](pair)


def decides(pair: Linked, mailbox: Seen) -> bool:
    """Whether this copy decides about the pair: its leader's, or the vanished one whose deletion counts (D-8).

    Who does not write to Salesforce leads nothing and follows nobody: only his own item is at stake (F.1).
    """
    if not pair.context.settings.direction.writes_crm:
        return True
    lead = pair.context.lead(pair.view.seen)
    return lead.led_by(pair.link.user_id) or (mailbox is Seen.GONE and may_delete_record(lead, pair.link.user_id))


def _stopped(pair: Linked, mailbox: Seen, crm: Seen) -> Step | None:
    """A stop ends when the deleted side is restored, or when the survivor goes too (F-2)."""
    if Seen.GONE not in (mailbox, crm) and Seen.UNKNOWN not in (mailbox, crm):
        return pair.state(Verb.REVIVE, LinkState.LINKED, "")
    if mailbox is Seen.GONE and crm is Seen.GONE:
        return _end(pair)
    return None


def _follow(pair: Linked, mailbox: Seen, crm: Seen) -> Step | None:
    """A copy whose record somebody else leads: shadows move by agreement only, nothing is written (D-5, D-6)."""
    if mailbox is Seen.GONE:
        if crm is Seen.GONE:
            return _end(pair)
        return pair.state(Verb.STOP, LinkState.STOPPED, "Your copy was deleted; the meeting goes on for the others.")
    if mailbox is Seen.OUTSIDE:
        return _park(pair)
    if Seen.UNKNOWN in (mailbox, crm) or crm in (Seen.GONE, Seen.OUTSIDE):
        return None
    return _agree(pair)


def _agree(pair: Linked) -> Step | None:
    merge = three_way(
        Pair(pair.context.kind, pair.view.values, pair.crm_values),
        pair.changed_mailbox(),
        differing(pair.crm_values, pair.link.shadow_crm or EMPTY, pair.groups),
        pair.context.settings,
    )
    moved = merge.adopted & (pair.changed_mailbox() | differing(pair.crm_values, pair.link.shadow_crm or EMPTY))
    if pair.link.state is LinkState.LINKED and not moved:
        return None
    link = with_shadows(pair.link, pair.view.values, pair.crm_values, merge.adopted)
    return pair.step(
        Verb.ADOPT, "Follows the copy of whoever leads the meeting.", replace(link, state=LinkState.LINKED)
    )


# --- actions ---------------------------------------------------------------------------------------------------------


def _nothing(pair: Linked) -> Step | None:
    fresh = pair.link.shadow_mailbox is None or pair.link.shadow_crm is None
    if fresh or attending.moved(pair) or company.due(pair):
        return _merge(pair)
    if pair.link.state is LinkState.LINKED:
        return None
    return pair.state(Verb.RETURN, LinkState.LINKED, "")


def _merge(pair: Linked) -> Step | None:
    context, link = pair.context, pair.link
    fresh = link.shadow_mailbox is None or link.shadow_crm is None
    values = Pair(
        context.kind,
        pair.view.values,
        pair.crm_values,
        pair.view.seen.modified_at,
        pair.record.last_modified if pair.record else None,
        mailbox_rules=guests.mailbox_rules(pair.view, context.user.configuration.guests),
        frozen=guests.frozen(pair.view, context.user.configuration.guests, fresh=fresh),
        region=region_of(context.user.zone),
    )
    direction = context.settings.direction
    if fresh:
        merge = first_match(values, pair.groups, direction)
    else:
        merge = three_way(values, pair.changed_mailbox(), pair.changed_crm(), context.settings)
    merge.lock(context.access.locked)
    return _write(pair, merge, fresh=fresh)


def _write(pair: Linked, merge: Merge, *, fresh: bool) -> Step | None:
    """Turns a merge into intents; agreed groups move in the shadows at once, written ones with their answer."""
    if attending.told_anew(pair):
        merge.to_crm[ATTENDEES] = pair.view.values.get(ATTENDEES)
    invitation = None if merge.to_mailbox else attending.invitation(pair)
    if invitation is not None:
        merge.to_mailbox[ATTENDEES] = invitation
    why = "Matched: blanks are filled, the rest stays as it is." if fresh else _why(merge)
    if guests.put_back(pair.context, pair.view, merge):
        why = guests.PUT_BACK
    resolved = company.settle(pair, merge)
    link = with_shadows(pair.link, pair.view.values, pair.crm_values, merge.adopted)
    if fresh:
        blank = {**dict.fromkeys(merge.to_crm), **dict.fromkeys(merge.to_mailbox)}
        link = replace(
            link,
            shadow_mailbox=overlaid(link.shadow_mailbox or EMPTY, blank),
            shadow_crm=overlaid(link.shadow_crm or EMPTY, blank),
        )
    link, meeting = attending.agreed(pair, link, meeting_shadows(pair, merge.adopted))
    link = replace(link, state=LinkState.LINKED, reason="")
    intents = []
    if merge.to_crm:
        intents.append(
            rows.intent(
                pair.context, link, Side.CRM, Op.UPDATE, merge.to_crm,
                mailbox=pair.view.values, crm=pair.crm_values, rule=why,
            )
        )  # fmt: skip
    if merge.to_mailbox:
        planned = rows.intent(
            pair.context, link, Side.MAILBOX, Op.UPDATE, merge.to_mailbox,
            mailbox=pair.view.values, crm=pair.crm_values, expect=pair.view.expect, rule=why,
        )  # fmt: skip
        intents.append(guests.released(pair.context, pair.view, planned))
    if not intents and link == pair.link and resolved is None:
        return None
    return pair.step(
        Verb.WRITE if intents else Verb.ADOPT,
        why,
        link,
        intents=tuple(intents),
        conflicts=_journal(pair, merge, fresh=fresh),
        meeting=meeting,
        unresolved=resolved,
    )


def _why(merge: Merge) -> str:
    if merge.replaced:
        side = "Salesforce" if merge.to_crm else "the mailbox"
        return f"What was typed in {side} was replaced: the sync goes one way, and the other side wins."
    if merge.lost:
        sides = {side for _, side in merge.lost}
        names = " and ".join("Salesforce" if side is Side.CRM else "the mailbox" for side in sorted(sides))
        return f"Both sides changed; {names} won by the configuration's rule."
    if merge.to_crm and merge.to_mailbox:
        return "Each side changed other fields."
    return "Only the mailbox changed it." if merge.to_crm else "Only Salesforce changed it."


def _journal(pair: Linked, merge: Merge, *, fresh: bool) -> tuple[Conflict, ...]:
    reason = "Matched with different values; both were left as they are." if fresh else _why(merge)
    mailbox, crm = pair.view.values, pair.crm_values
    return tuple(
        Conflict(pair.link.id, group, {group: mailbox.get(group)}, {group: crm.get(group)}, chosen, reason)
        for group, chosen in merge.lost
    )


def _park(pair: Linked) -> Step | None:
    if pair.link.state is LinkState.PARKED:
        return None
    configuration, window = pair.context.user.configuration, pair.context.window
    values = pair.view.values or pair.crm_values
    reason = pair.view.seen.problem or left_out(pair.context.kind, configuration, values, window)
    return pair.state(Verb.PARK, LinkState.PARKED, reason or "Left the scope of the configuration; nothing is deleted.")


def _stop(pair: Linked) -> Step | None:
    side = "the mailbox" if pair.mailbox_seen() is Seen.GONE else "Salesforce"
    return pair.state(Verb.STOP, LinkState.STOPPED, f"Deleted in {side}; the other copy stays and is not followed.")


def _end(pair: Linked) -> Step:
    stone = Tombstone(pair.link.user_id, pair.context.kind, pair.link.mailbox_id, pair.line.crm_id)
    meeting = rows.released(pair.meeting)
    return pair.step(Verb.END, "Both sides are gone.", pair.link, tombstone=stone, meeting=meeting, drop=True)


def _past(pair: Linked) -> bool:
    """Records of occurrences that took place are never deleted for a reason of their series (E-6, INV-24)."""
    when = (pair.base_crm or EMPTY).get("when")
    is_occurrence = pair.link.original_start != WHOLE
    return is_occurrence and isinstance(when, Timed | AllDay) and ended(when, pair.context.today)


def _delete_record(pair: Linked) -> Step | None:
    if _past(pair):
        return pair.state(Verb.STOP, LinkState.STOPPED, TOOK_PLACE)
    if pair.context.kind is Kind.CONTACT and pair.link.line_id in pair.context.snapshot.shared_lines:
        return pair.state(Verb.STOP, LinkState.STOPPED, "Deleted in this mailbox; colleagues still keep the contact.")
    if pair.context.kind is Kind.EVENT and not may_delete_record(pair.context.lead(pair.view.seen), pair.link.user_id):
        return pair.state(Verb.STOP, LinkState.STOPPED, "Your copy was deleted; the meeting goes on for the others.")
    planned = rows.intent(
        pair.context,
        pair.link,
        Side.CRM,
        Op.DELETE,
        EMPTY,
        mailbox=pair.view.values,
        crm=pair.crm_values,
        rule="Deleted in the mailbox.",
    )
    standing = pair.link.original_start != WHOLE and pair.view.seen.presence is Presence.HERE
    return pair.step(Verb.DELETE_RECORD, "Deleted in the mailbox.", intents=(planned,), of_standing_series=standing)


def _delete_item(pair: Linked) -> Step | None:
    if _past(pair):
        return pair.state(Verb.STOP, LinkState.STOPPED, "It has taken place; it stays in the mailbox.")
    if not guests.deletable(pair.view):
        return pair.state(Verb.STOP, LinkState.STOPPED, "Deleted in Salesforce; this copy belongs to its organiser.")
    planned = rows.intent(
        pair.context, pair.link, Side.MAILBOX, Op.DELETE, EMPTY,
        mailbox=pair.view.values, crm=pair.crm_values, expect=pair.view.expect, rule="Deleted in Salesforce.",
    )  # fmt: skip
    answer = guests.released_deletion(pair.context, pair.view, planned)
    if answer is guests.Deletion.LEAVE:
        return pair.state(Verb.STOP, LinkState.STOPPED, "Deleted in Salesforce; the meeting has guests and stays.")
    if answer is guests.Deletion.PUT_BACK:
        return _remake_record(pair)
    verb = Verb.HOLD if answer.hold else Verb.DELETE_ITEM
    return pair.step(verb, "Deleted in Salesforce.", intents=(answer,))


def _remake_record(pair: Linked) -> Step:
    line, meeting = rows.next_life(pair.line, pair.meeting)
    link = replace(pair.link, state=LinkState.CREATING, shadow_crm=None, reason="")
    planned = rows.create_record(
        pair.context, link, pair.view, "Deleted in Salesforce; made again by the configuration."
    )
    stone = Tombstone(link.user_id, link.kind, None, pair.line.crm_id)
    return pair.step(
        Verb.CREATE_RECORD, planned.rule, link, line=line, meeting=meeting, tombstone=stone, intents=(planned,)
    )


def _remake_item(pair: Linked) -> Step | None:
    if pair.link.original_start != WHOLE or pair.record is None:
        return _stop(pair)
    incarnation = pair.link.incarnation + 1
    link = replace(
        pair.link,
        state=LinkState.CREATING,
        mailbox_id=None,
        incarnation=incarnation,
        key=item_key(pair.link.user_id, pair.record.crm_id, incarnation),
        shadow_mailbox=None,
        reason="",
    )
    planned = rows.create_item(
        pair.context, link, pair.record, "Deleted in the mailbox; made again by the configuration."
    )
    meeting = rows.released(pair.meeting)
    stone = Tombstone(link.user_id, link.kind, pair.link.mailbox_id, None)
    return pair.step(Verb.CREATE_ITEM, planned.rule, link, meeting=meeting, tombstone=stone, intents=(planned,))


_ACTIONS: Final[dict[Action, Callable[[Linked], Step | None]]] = {
    Action.NOTHING: _nothing,
    Action.MERGE: _merge,
    Action.STOP: _stop,
    Action.REMAKE_RECORD: _remake_record,
    Action.REMAKE_ITEM: _remake_item,
    Action.DELETE_RECORD: _delete_record,
    Action.DELETE_ITEM: _delete_item,
    Action.PARK: _park,
    Action.END: _end,
    Action.WAIT: lambda _pair: None,
}
