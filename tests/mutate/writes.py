"""Mechanisms without which an edit is lost, or a deletion spreads."""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import BETWEEN, CONTACTS, EVENTS, GUARDS, MATRIX, RIGHTS

_DISPATCH, _BATCH, _PAIRS = "backend/sync/dispatch.py", "backend/sync/batch.py", "backend/sync/pairs.py"

NO_VERIFICATION: Final = Edit(
    "backend/sync/reader.py",
    "        found = self.mailbox.fetch(stream.kind, stream.container, ids)\n"
    "        return [self._row(stream.kind, id_, found.get(id_, Verdict.UNKNOWN), window) for id_ in ids]\n",
    "        return [self._row(stream.kind, id_, Verdict.GONE, window) for id_ in ids]\n",
)
NO_SECOND_LOOK: Final = Edit(
    _DISPATCH,
    "        still_gone = self._items_still_gone(batch)\n",
    "        still_gone = {one.id for one in batch}\n",
)

MUTANTS: Final = (
    Mutant(
        "shadow-per-side",
        "each side has a shadow of its own (B.2)",
        (
            Edit(
                _BATCH,
                "        base_mailbox = EMPTY if replaced else link.shadow_mailbox or EMPTY\n",
                "        crm = mailbox\n        base_mailbox = EMPTY if replaced else link.shadow_mailbox or EMPTY\n",
            ),
            Edit(
                "backend/sync/linked.py",
                "overlaid(link.shadow_crm or EMPTY, {group: crm.get(group) for group in groups}),\n    )",
                "overlaid(link.shadow_crm or EMPTY, {group: mailbox.get(group) for group in groups}),\n    )",
            ),
        ),
        (BETWEEN + "test_inv6_a_long_subject_that_salesforce_cut_is_no_change_of_salesforce",),
        short=True,
    ),
    Mutant(
        "shadows-from-the-plan",
        "shadows come from the plan, not from the mirror at commit (B.6)",
        (
            Edit(
                "backend/sync/executor.py",
                "        self._masters(sent, settlement)\n",
                """        self._masters(sent, settlement)
        mirror = self.store.snapshot(self.context.user.user_id, self.context.kind).records
        for link in list(settlement.changed_links.values()):
            record = mirror.get(settlement.lines[link.line_id].crm_id or "")
            if record is not None:
                settlement.changed_links[link.id] = replace(link, shadow_crm=record.values)
""",
            ),
        ),
        (BETWEEN + "test_inv6_an_edit_that_the_organisation_read_stores_meanwhile_is_not_taken_for_agreed",),
        short=True,
    ),
    Mutant(
        "field-merge",
        "edits are merged field by field; only what both changed is a conflict (B.5)",
        (
            Edit(
                "backend/sync/merge.py",
                "settings.conflict_scope is ConflictScope.RECORD and settings.direction is Direction.BOTH",
                "settings.direction is Direction.BOTH",
            ),
        ),
        (CONTACTS + "test_both_sides_edited_goes_by_the_rule_and_the_loser_is_journalled",),
        short=True,
    ),
    Mutant(
        "precondition",
        "a write to an item carries the version that it was planned against (B.6)",
        (Edit("backend/sync/executor.py", "            expect=one.expect,\n", "            expect=None,\n"),),
        (BETWEEN + "test_inv6_an_edit_in_the_mailbox_just_before_the_write_is_not_overwritten",),
        short=True,
    ),
    Mutant(
        "content-check",
        "a record is compared once more just before it is written (B.6)",
        (
            Edit(
                _DISPATCH,
                "        if not differing(values, one.from_crm, one.from_crm.keys() - {ATTENDEES}):\n",
                "        if True:\n",
            ),
        ),
        (BETWEEN + "test_inv6_an_edit_in_salesforce_just_before_the_write_is_not_overwritten",),
        short=True,
    ),
    Mutant(
        "versioned-mirror",
        "the newest version wins in the mirror (D-10, INV-21)",
        (
            Edit(
                "backend/storage/mirror_records.py",
                "if record is not None and row is not None and record.version < row.version:",
                "if False:",
            ),
            Edit("backend/storage/mirror_records.py", ', written, newest="version")', ", written)"),
        ),
        (BETWEEN + "test_c15_inv21_an_organisation_page_read_before_our_write_and_stored_after_it_is_dropped_d10",),
        short=True,
    ),
    Mutant(
        "cursor-with-its-content",
        "a cursor is stored in the transaction that stores what it covers (INV-4)",
        (
            Edit(
                "backend/sync/reader.py",
                "                self._commit(Changes(stream=stream, items=rows))\n",
                "                self._commit(Changes(stream=stream))\n"
                "                self._commit(Changes(items=rows, item_kind=stream.kind))\n",
            ),
        ),
        (BETWEEN + "test_c0_inv4_a_delta_whose_store_died_is_read_again",),
        short=True,
    ),
    Mutant(
        "verification",
        "an absence is verified by id, in the reader and again at dispatch (F5, INV-5)",
        (NO_VERIFICATION, NO_SECOND_LOOK),
        (BETWEEN + "test_inv5_a_card_moved_out_of_the_folder_deletes_nothing_f5",),
        short=True,
        covers="one another: either alone keeps the record",
    ),
    Mutant(
        "second-look-before-a-delete",
        "a delete looks for the counterpart once more (INV-5)",
        (NO_SECOND_LOOK,),
        (BETWEEN + "test_inv5_a_card_taken_back_just_before_the_delete_leaves_keeps_its_record",),
    ),
    Mutant(
        "colleagues-card",
        "a colleague's card protects the record (D-8)",
        (
            Edit(_PAIRS, "pair.link.line_id in pair.context.snapshot.shared_lines", "False"),
            Edit(
                _DISPATCH,
                "            if self.store.users_of_line(link.line_id) - {link.user_id}:\n",
                "            if False:\n",
            ),
        ),
        (BETWEEN + "test_inv19_a_contact_that_a_colleague_keeps_is_not_deleted_d8",),
        short=True,
        covers="the same question at dispatch",
    ),
    Mutant(
        "colleagues-card-at-dispatch",
        "whether a colleague keeps the contact is asked again when the delete leaves (D-8)",
        (
            Edit(
                _DISPATCH,
                "            if self.store.users_of_line(link.line_id) - {link.user_id}:\n",
                "            if False:\n",
            ),
        ),
        (BETWEEN + "test_inv19_a_colleagues_card_that_arrives_just_before_the_delete_protects_the_record_d8",),
    ),
    Mutant(
        "configuration-at-dispatch",
        "a write planned by older settings does not leave (F-8, INV-26)",
        (
            Edit(
                _DISPATCH,
                "        if one.config_version == version:\n",
                "        if True:\n",
            ),
        ),
        (BETWEEN + "test_c21_inv26_a_create_does_not_outlive_the_direction_it_was_planned_for_f8",),
        short=True,
    ),
    Mutant(
        "window-in-salesforce",
        "the window is the same predicate on both sides: towards the mailbox (F2, INV-11)",
        (
            Edit(
                "backend/sync/newcomers.py",
                "        if left_out(context.kind, context.user.configuration, record.values, context.window):\n"
                "            return None\n",
                "",
            ),
        ),
        (EVENTS + "test_inv11_an_event_that_left_the_window_before_it_was_paired_is_made_on_neither_side_f2",),
    ),
    Mutant(
        "window-in-the-mailbox",
        "the window is the same predicate on both sides: towards Salesforce (F2, INV-11)",
        (
            Edit(
                "backend/sync/sight.py",
                "    return left_out(kind, user.configuration, item.values, window)\n",
                "    return None\n",
            ),
            Edit(
                "backend/sync/newcomers.py",
                "        if left_out(context.kind, context.user.configuration, view.values, context.window):\n"
                "            return None\n",
                "",
            ),
        ),
        (EVENTS + "test_ls109_ended_before_the_window_is_not_taken",),
        short=True,
        covers="the same question in the planner",
    ),
    Mutant(
        "guest-hold",
        "a write that would mail guests is held for a person (INV-12)",
        (
            Edit(
                "backend/sync/guests.py",
                "return ATTENDEES not in values and (not loud(view) or SILENT_GROUPS.issuperset(values))",
                "return True",
            ),
        ),
        (
            MATRIX + "test_every_cell_of_a_meeting_inv12_inv27",
            EVENTS + "test_inv12_a_salesforce_edit_of_a_meeting_with_guests_mails_nobody_unless_told_to",
        ),
        short=True,
    ),
    Mutant(
        "guest-hold-of-deletions",
        "a deletion that would mail guests is held for a person (INV-12)",
        (
            Edit(
                "backend/sync/guests.py",
                "    if not loud(view):\n        return planned\n",
                "    if True:\n        return planned\n",
            ),
        ),
        (EVENTS + "test_inv12_a_salesforce_deletion_of_a_meeting_with_guests_is_held",),
        short=True,
    ),
    Mutant(
        "copies-are-not-written",
        "nothing is written to a copy or a locked item (INV-27)",
        (
            Edit(
                "backend/sync/guests.py",
                "    if Caps.UPDATE not in view.caps or Caps.ORGANIZER not in view.caps:\n        return True\n",
                "",
            ),
        ),
        (MATRIX + "test_every_cell_of_a_meeting_inv12_inv27",),
    ),
    Mutant(
        "copies-are-not-deleted",
        "a copy is its organiser's to delete (INV-27)",
        (
            Edit(
                "backend/sync/guests.py",
                "    return Caps.DELETE in view.caps and Caps.ORGANIZER in view.caps\n",
                "    return True\n",
            ),
        ),
        (MATRIX + "test_every_cell_of_a_meeting_inv12_inv27",),
    ),
    Mutant(
        "mass-guards",
        "mass effects are held for a person (B.9)",
        (
            Edit(
                "backend/sync/guards.py",
                "        if one.op is Op.DELETE and one.side in many_deletes:\n",
                "        if False:\n",
            ),
        ),
        (GUARDS + "test_more_than_ten_deletions_and_a_fifth_of_the_links_are_held",),
    ),
    Mutant(
        "unseen-records-are-held",
        "a write to a record that its user is not shown is held, not planned again and again (D-7)",
        (Edit(_DISPATCH, "        if verdict is not Verdict.GONE:\n", "        if False:\n"),),
        (RIGHTS + "test_d7_inv7_what_its_user_cannot_see_in_salesforce_is_held_and_not_planned_again_and_again",),
    ),
    Mutant(
        "items-of-unseen-records-are-held",
        "the same for a deletion in the mailbox (D-7, INV-5)",
        (Edit(_DISPATCH, "            if record is Verdict.UNKNOWN:\n", "            if False:\n"),),
        (RIGHTS + "test_d7_inv5_a_deletion_of_what_its_user_cannot_see_in_salesforce_is_held",),
    ),
    Mutant(
        "mass-guards-are-asked",
        "every plan goes through the guards (B.9)",
        (
            Edit(
                "backend/sync/run.py",
                "        guard = guarded(drafted, context.snapshot.totals, load=load)\n",
                "        guard = drafted\n",
            ),
        ),
        (BETWEEN + "test_a_mass_deletion_waits_for_a_person",),
        short=True,
    ),
    Mutant(
        "shrinking-read",
        "a listing that lost too much changes nothing (B.9)",
        (Edit("backend/sync/reader.py", "if not trusted(listed, mirrored, unverified):", "if False:"),),
        (BETWEEN + "test_a_listing_that_lost_too_much_changes_nothing",),
    ),
)
