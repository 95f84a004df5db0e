"""Mechanisms of meetings in several mailboxes."""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import SHARED

_PAIRS, _NEWCOMERS = "backend/sync/pairs.py", "backend/sync/newcomers.py"
_LINKED = "backend/sync/linked.py"

MUTANTS: Final = (
    Mutant(
        "shadows-by-agreement",
        "a follower's shadow moves when the record shows the same, never by sight (D-6)",
        (
            Edit(
                _PAIRS,
                "    link = with_shadows(pair.link, pair.view.values, pair.crm_values, merge.adopted)\n"
                "    return pair.step(\n        Verb.ADOPT, ",
                "    link = with_shadows(pair.link, pair.view.values, pair.crm_values, pair.changed_mailbox())\n"
                "    return pair.step(\n        Verb.ADOPT, ",
            ),
            Edit(
                _PAIRS,
                "    if pair.link.state is LinkState.LINKED and not moved:\n",
                "    if not pair.changed_mailbox():\n",
            ),
        ),
        (SHARED + "test_d6_d7_a_change_that_the_last_leader_did_not_deliver_is_delivered_by_the_next",),
        short=True,
    ),
    Mutant(
        "only-the-leader-creates",
        "only the leader makes the record (D-5)",
        (
            Edit(
                _NEWCOMERS,
                "            if not lead.led_by(context.user.user_id):\n                return None\n",
                "",
            ),
            Edit(
                _NEWCOMERS,
                "            if lead.leader is None or context.left_open(view.seen):\n",
                "            if context.left_open(view.seen):\n",
            ),
            Edit(
                "backend/sync/halves.py",
                "    if context.kind is Kind.EVENT and not context.lead(view.seen).led_by(link.user_id):\n"
                "        return None\n",
                "",
            ),
        ),
        (SHARED + "test_c14_inv17_who_sees_a_meeting_before_its_organiser_makes_no_second_record_d5",),
        short=True,
    ),
    Mutant(
        "shadow-only-at-binding",
        "a link has no shadow before its record is bound (D-6)",
        (
            Edit(
                _NEWCOMERS,
                "shadows = (meeting.shadow_mailbox, meeting.shadow_crm) if line.crm_id else (None, None)",
                "shadows = (view.values, view.values)",
            ),
        ),
        (SHARED + "test_d6_a_guests_newer_copy_is_delivered_by_who_leads_next",),
    ),
    Mutant(
        "meetings-shadows-at-binding",
        "a link that waited for its record takes the meeting's shadows (D-6)",
        (
            Edit(
                _LINKED,
                "        self.link = _based(link, self.meeting, remapped(context.kind, context.settings.field_map))\n",
                "        self.link = link\n",
            ),
        ),
        (SHARED + "test_d6_a_guests_newer_copy_is_delivered_by_who_leads_next",),
    ),
    Mutant(
        "hand-over",
        "what a leaver left open is finished by who needs it (D-9)",
        (
            Edit(
                "backend/sync/run.py",
                "        return not self.dry_run and hand_over.complete(context.snapshot.pending)\n",
                "        return False\n",
            ),
        ),
        (SHARED + "test_c13_inv17_what_a_leaver_left_half_done_is_completed_by_who_leads_next_d9",),
        short=True,
    ),
    Mutant(
        "hand-over-takes-the-lease",
        "the leaver's lease is taken before his writes are touched (D-9, INV-10)",
        (
            Edit(
                "backend/sync/handover.py",
                "                continue\n",
                "                lease = self.executor.lease\n",
            ),
        ),
        (SHARED + "test_d9_a_zombie_whose_write_was_taken_over_commits_nothing_more_inv10",),
    ),
    Mutant(
        "leavers-are-closed",
        "what a leaver left open and nobody needs is closed by the next cycle (D-9, INV-15)",
        (
            Edit(
                "backend/sync/run.py",
                "Leavers(self.store, port, self.holder, self.lease_seconds, self.clock.now(), mailbox_of).close()",
                "pass",
            ),
        ),
        (SHARED + "test_inv15_inv3_what_a_leaver_left_half_done_and_nobody_needs_is_closed_and_known_again_d9",),
        short=True,
    ),
    Mutant(
        "leavers-records-are-looked-up",
        "a record that a leaver may have made is bound by its key, with what was sent as its base (D-9, F3)",
        (
            Edit(
                "backend/sync/leavers.py",
                "                settlement.found(one, made[one.id], None)\n",
                "                settlement.adopt(one, made[one.id], None)\n",
            ),
        ),
        (SHARED + "test_inv6_an_edit_made_while_a_leaver_is_away_is_delivered_when_he_returns_d9",),
    ),
    Mutant(
        "leavers-events-are-looked-up",
        "an event that may stand in a leaver's calendar is looked up by its key there (D-9, INV-17)",
        (
            Edit(
                "backend/sync/leavers.py",
                "        seen_to += self._items([one for one in creates if one.side is Side.MAILBOX], settlement)\n",
                "",
            ),
        ),
        (SHARED + "test_inv17_who_is_asked_to_an_event_that_a_leaver_has_without_an_answer_makes_no_second_record_d9",),
        short=True,
    ),
    Mutant(
        "colleagues-wait-for-the-look",
        "who is asked by a leaver waits until his calendar was looked at (D-9, INV-17)",
        (
            Edit(
                _NEWCOMERS,
                "            if lead.leader is None or context.left_open(view.seen):\n",
                "            if lead.leader is None:\n",
            ),
        ),
        (SHARED + "test_inv17_who_is_asked_to_an_event_that_a_leaver_has_without_an_answer_makes_no_second_record_d9",),
    ),
    Mutant(
        "a-silent-mailbox-is-asked-again",
        "a leaver's mailbox that does not answer is asked again for a day (D-9, INV-15)",
        (
            Edit(
                "backend/sync/leavers.py",
                "            return [one for one in creates if (one.decided_at or _LONG_AGO) > self.now - PATIENCE]\n",
                "            return []\n",
            ),
        ),
        (SHARED + "test_d9_inv15_a_leavers_mailbox_that_does_not_answer_is_asked_again_for_a_day",),
    ),
    Mutant(
        "a-silent-mailbox-is-asked-for-a-day",
        "… and then no longer: whom he asked goes on (INV-15)",
        (
            Edit(
                "backend/sync/leavers.py",
                "            return [one for one in creates if (one.decided_at or _LONG_AGO) > self.now - PATIENCE]\n",
                "            return creates\n",
            ),
        ),
        (SHARED + "test_d9_inv15_a_leavers_mailbox_that_does_not_answer_is_asked_again_for_a_day",),
    ),
    Mutant(
        "items-are-their-owners-alone",
        "what a leaver may have made in his mailbox is not looked for in a colleague's (D-9)",
        (
            Edit(
                "backend/sync/handover.py",
                "            if one.user_id != mine and one.side is Side.CRM and under_way:\n",
                "            if one.user_id != mine and under_way:\n",
            ),
        ),
        (SHARED + "test_d9_what_a_leavers_mailbox_may_hold_is_not_looked_for_in_a_colleagues",),
    ),
    Mutant(
        "leavers-pairs-stay",
        "what another pair of the leaver has is not bound again (INV-1)",
        (
            Edit(
                "backend/sync/leavers.py",
                "        return originals_first(item for item in found if Ref(item.id) not in linked)\n",
                "        return originals_first(found)\n",
            ),
        ),
        (SHARED + "test_d9_inv1_an_event_that_another_pair_of_the_leaver_has_is_not_bound_again",),
    ),
    Mutant(
        "next-leader-is-woken",
        "who shares a meeting with a leaver looks at it again (D-7)",
        (
            Edit(
                "backend/storage/applied_settings.py",
                "    lead_anew(connection, (change.row.id for change in others), "
                "{row.id for row in rows if answers[row.id].syncs})\n",
                "",
            ),
        ),
        (SHARED + "test_d6_d7_a_change_that_the_last_leader_did_not_deliver_is_delivered_by_the_next",),
    ),
    Mutant(
        "right-to-delete",
        "the right to delete is asked again when the delete leaves (D-8)",
        (
            Edit(
                "backend/sync/dispatch.py",
                "        if lead_now is None or may_delete_record(lead_now, link.user_id):\n",
                "        if True:\n",
            ),
        ),
        (SHARED + "test_inv19_the_right_to_delete_is_asked_again_when_the_delete_leaves_d8",),
        short=True,
    ),
    Mutant(
        "guests-do-not-delete",
        "a guest who deletes his copy takes the record from nobody (D-8)",
        (
            Edit(
                "backend/sync/meetings.py",
                "    return lead_now.organizer is None and not lead_now.others - {user_id}\n",
                "    return True\n",
            ),
        ),
        (SHARED + "test_inv19_a_guest_who_deletes_his_copy_takes_the_record_from_nobody_d8",),
        short=True,
    ),
)
