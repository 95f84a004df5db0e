"""Mechanisms without which something is made twice, or made again."""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import BETWEEN, CONTACTS, EVENTS, LIFE

_EXECUTOR, _DISPATCH = "backend/sync/executor.py", "backend/sync/dispatch.py"

NO_KEY: Final = Edit(_EXECUTOR, "key=line.key if crm else link.key,", "key=None,")
NO_PROBE: Final = Edit(
    "backend/sync/recovery.py",
    "        found = self._look(creates[0].side, creates[0].kind, list(by_key))\n",
    "        found: list[Item | Record] = []\n",
)
NO_RECORD_PROBE: Final = Edit(
    _DISPATCH,
    "        resumed = [one for one in batch if one.attempts]\n",
    "        resumed: list[Intent] = []\n",
)
NO_ITEM_PROBE: Final = Edit(
    _DISPATCH,
    "resumed = {self.settlement.links[one.link_id].key: one for one in batch if one.attempts}",
    "resumed: dict[UUID, Intent] = {}",
)
NO_TAG_BINDING: Final = Edit(
    "backend/sync/newcomers.py",
    "        link = self.context.by_key.get(tag) if tag else None\n",
    "        link = None\n",
)
NO_RECORD_LOOK: Final = Edit(
    _DISPATCH,
    "found = self.crm.find_like(batch[0].kind, [Probe(one.id, one.values) for one in batch]) if batch else {}",
    "found: dict[UUID, list[Record]] = {}",
)
NO_ITEM_LOOK: Final = Edit(
    _DISPATCH,
    "found = self.mailbox.find_like(kind, self.container, probes) if batch else {}",
    "found: dict[UUID, list[Item]] = {}",
)
NO_MATCHING: Final = Edit(
    "backend/sync/newcomers.py",
    "        match = self._match(view)\n",
    "        match: SeenRecord | bool | None = None\n",
)

MUTANTS: Final = (
    Mutant(
        "link-before-create",
        "the link is written before the remote create (INV-2)",
        (
            Edit(
                "backend/sync/run.py",
                "        try:\n            self.store.commit(self.lease, changes)\n",
                """        from backend.ports.answers import Op, Write
        early = [one for one in changes.intents if one.side is Side.CRM and one.op is Op.CREATE]
        lines = {link.id: line.key for link in changes.links for line in changes.lines if line.id == link.line_id}
        for one in early:
            self.crm.write([Write(id=one.id, op=one.op, kind=one.kind, values=one.values, key=lines[one.link_id])])
        try:
            self.store.commit(self.lease, changes)
""",
            ),
        ),
        (BETWEEN + "test_inv2_a_create_is_sent_only_when_its_link_is_stored",),
        short=True,
    ),
    Mutant(
        "probe",
        "what a lost answer may have made is looked for by its key or tag (B.7, C4)",
        (NO_PROBE, NO_RECORD_PROBE, NO_ITEM_PROBE, NO_TAG_BINDING),
        (BETWEEN + "test_c4_inv3_a_card_whose_answer_was_lost_is_found_by_its_tag_under_another_name",),
        short=True,
        covers="the second look at dispatch and the binding by tag in the planner, each of which is enough",
    ),
    Mutant(
        "probe+key",
        "a create carries a key that makes it repeat-safe (B.7)",
        (NO_PROBE, NO_RECORD_PROBE, NO_ITEM_PROBE, NO_TAG_BINDING, NO_KEY),
        (BETWEEN + "test_c4_inv3_a_record_whose_answer_was_lost_is_found_by_its_key_under_another_name",),
        covers="the probes: with them the key is needed to be found, without them to be refused",
    ),
    Mutant(
        "probe+key+look",
        "creates look by content first (D-12), after a lost answer too",
        (NO_PROBE, NO_RECORD_PROBE, NO_ITEM_PROBE, NO_TAG_BINDING, NO_KEY, NO_RECORD_LOOK, NO_ITEM_LOOK, NO_MATCHING),
        (BETWEEN + "test_inv6_what_a_person_typed_after_a_lost_answer_is_not_overwritten_by_the_repeat_d3",),
        covers="probes, key and matching",
    ),
    Mutant(
        "look-elsewhere",
        "what a lost answer made is looked for where a person may have moved it (INV-3, H-1)",
        (
            Edit(
                _DISPATCH,
                "return self.mailbox.find_elsewhere(kind, self.container, keys) if keys else {}",
                "return {}",
            ),
        ),
        (LIFE + "test_inv3_h1_what_was_made_without_an_answer_and_moved_away_since_is_not_made_again",),
        short=True,
    ),
    Mutant(
        "bound-once",
        "what another pair of the user has is not bound again (INV-1)",
        (
            Edit(
                "backend/sync/batch.py",
                "        return self.holders.get(found, self._own(one)) != self._own(one)\n",
                "        return False\n",
            ),
        ),
        (LIFE + "test_inv1_an_item_that_a_reset_gave_to_another_pair_is_not_bound_again_by_its_key",),
        short=True,
    ),
    Mutant(
        "found-without-base",
        "what is found in place of a first create was never agreed on (INV-6)",
        (
            Edit(
                "backend/sync/settle.py",
                "        return answer.code != DUPLICATE_RULE and (tried(one) or binned)\n",
                "        return answer.code != DUPLICATE_RULE\n",
            ),
        ),
        (LIFE + "test_inv6_f3_what_is_found_by_its_key_after_a_reset_takes_no_edit_back",),
    ),
    Mutant(
        "what-was-sent",
        "what is found is compared with what was sent, never with another source of today (F3)",
        (
            Edit(
                "backend/sync/belonging.py",
                "    same = all((before.side, before.values) == (one.side, one.values) for before in earlier)\n",
                "    same = True\n",
            ),
        ),
        (LIFE + "test_inv6_f3_what_both_sides_changed_while_nobody_looked_stays_where_it_was_typed",),
    ),
    Mutant(
        "reset-keeps-moved",
        "what a person moved away is not made again by a reset (INV-29, H-1)",
        (Edit("backend/storage/reset.py", "    _stop(connection, user_id, _ITEM_ELSEWHERE, ELSEWHERE_BEFORE)\n", ""),),
        (LIFE + "test_inv29_h1_a_reset_makes_nothing_again_that_a_person_moved_away",),
    ),
    Mutant(
        "reset-forgets-agreements",
        "what was agreed with a mailbox of before a reset is no base (INV-6, G-3)",
        (
            Edit(
                "backend/storage/reset.py",
                "    _forget_agreements(connection, user_id)\n    for table in",
                "    for table in",
            ),
        ),
        (LIFE + "test_inv6_g3_an_older_copy_of_a_mailbox_takes_no_edit_back_after_a_reset",),
        short=True,
    ),
    Mutant(
        "matching",
        "what stands on both sides is paired by its content (D-14, LS-066, LS-111)",
        (NO_MATCHING, NO_RECORD_LOOK, NO_ITEM_LOOK),
        (CONTACTS + "test_ls067_without_an_address_equal_name_and_company_pair_two_contacts",),
        covers="the look before a create, which finds the same thing one step later",
    ),
    Mutant(
        "look-before-record",
        "a create in Salesforce looks by content first (D-12)",
        (NO_RECORD_LOOK,),
        (BETWEEN + "test_inv3_a_record_that_a_person_makes_just_before_ours_is_taken_d12",),
        short=True,
    ),
    Mutant(
        "look-before-item",
        "a create in the mailbox looks by content first (D-12)",
        (NO_ITEM_LOOK,),
        (BETWEEN + "test_inv3_a_card_that_a_person_makes_just_before_ours_is_taken_d12",),
        short=True,
    ),
    Mutant(
        "colleagues-create",
        "creating waits while a colleague's pass creates the same person (D-12)",
        (Edit(_DISPATCH, "self._resumed_records(self._without_colleagues(batch))", "self._resumed_records(batch)"),),
        (BETWEEN + "test_inv3_two_colleagues_do_not_make_the_same_person_at_once_d12",),
    ),
    Mutant(
        "one-line",
        "one line stands for a record, whoever links it (D.1)",
        (
            Edit(
                "backend/sync/newcomers.py",
                "        line = self.context.line_of_record.get(record.crm_id)\n        if line is not None:\n"
                "            return replace(line, state=LineState.LIVE)\n",
                "",
            ),
        ),
        (BETWEEN + "test_inv19_a_contact_that_a_colleague_keeps_is_not_deleted_d8",),
    ),
    Mutant(
        "re-find",
        "what vanished is looked for under another id before the absence counts (D-13)",
        (
            Edit(
                "backend/sync/planner.py",
                "    found = list(refound(context))\n",
                "    found: list[Step] = []\n",
            ),
        ),
        (BETWEEN + "test_d13_a_card_deleted_and_made_anew_keeps_its_record",),
        short=True,
    ),
    Mutant(
        "stop-is-a-state",
        "a stopped pair keeps its ids without limit (F-2)",
        (
            Edit(
                "backend/sync/pairs.py",
                'return pair.state(Verb.STOP, LinkState.STOPPED, f"Deleted in {side}; the other copy stays and is not'
                ' followed.")',
                'return pair.step(Verb.END, f"Deleted in {side}.", pair.link, drop=True)',
            ),
        ),
        (BETWEEN + "test_inv20_what_was_stopped_is_not_made_again_by_a_full_reading_f2",),
        short=True,
    ),
    Mutant(
        "deletes-mark-the-mirror",
        "the answer to our own delete marks the mirror in the same transaction (D-10, C16)",
        (Edit("backend/sync/settle.py", "            if line.crm_id is not None:\n", "            if False:\n"),),
        (BETWEEN + "test_c16_what_we_deleted_is_not_made_again_from_the_row_that_still_shows_it_d10",),
        short=True,
    ),
    Mutant(
        "deletes-mark-the-mailbox-mirror",
        "the same for an item that we deleted (D-10, C16)",
        (
            Edit(
                "backend/sync/settle.py",
                "        elif link.mailbox_id is not None and link.original_start == WHOLE:\n"
                "            self.changes.items.append(absent_item(link.mailbox_id, Verdict.GONE))\n",
                "",
            ),
        ),
        (BETWEEN + "test_c16_the_same_from_the_mailbox_side_d10",),
    ),
    Mutant(
        "one-item-per-half",
        "of an item and its copy one is bound to the half that lacks it, the oldest (F4)",
        (Edit("backend/sync/newcomers.py", " or link.id in self._bound:\n", ":\n"),),
        (BETWEEN + "test_f4_a_half_is_bound_to_one_item_only_also_if_the_pass_dies_before_it_looks",),
    ),
    Mutant(
        "originals-first",
        "of what carries a tag the oldest is what we made (F4)",
        (
            Edit(
                "backend/sync/sight.py",
                "    return sorted(items, key=lambda item: (item.created_at or _LONG_AGO, item.id))\n",
                "    return list(items)\n",
            ),
        ),
        (BETWEEN + "test_f4_of_a_card_and_its_copy_the_original_is_the_one_that_we_made",),
    ),
    Mutant(
        "namesakes-of-cards-are-woken",
        "who waits beside a card of the same address is looked at when that card goes by another (D-14)",
        (Edit("backend/storage/mirror_items.py", "    if changes.item_kind is Kind.CONTACT:\n", "    if False:\n"),),
        (CONTACTS + "test_d14_a_second_card_of_an_address_is_kept_in_step_once_the_first_goes_by_another",),
    ),
    Mutant(
        "namesakes-of-records-are-woken",
        "the same when the record of that card does (D-14)",
        (
            Edit(
                "backend/storage/mirror_records.py",
                "    if kind is Kind.CONTACT:\n        namesakes",
                "    if False:\n        namesakes",
            ),
        ),
        (CONTACTS + "test_d14_a_second_card_of_an_address_is_kept_in_step_once_the_first_goes_by_another",),
    ),
    Mutant(
        "start-rule",
        "records untouched since the leg began are matched, never pushed (F-6)",
        (
            Edit(
                "backend/sync/newcomers.py",
                " and record.last_modified >= since.replace(microsecond=0)\n",
                "\n",
            ),
        ),
        (EVENTS + "test_ls106_an_event_of_salesforce_untouched_since_the_start_is_not_pushed",),
        short=True,
    ),
    Mutant(
        "insert-not-upsert",
        "a record is made by insert; a repeat overwrites nothing (D-3)",
        (
            NO_PROBE,
            NO_RECORD_PROBE,
            NO_RECORD_LOOK,
            NO_MATCHING,
            Edit(
                "tests/fakes/fake_salesforce.py",
                "            if taken is not None:\n",
                "            if taken is not None and not taken.in_bin:\n"
                "                org.update(taken, write.values, self.user)\n"
                "                return Answer(write.id, Result.OK, record_of(taken))\n"
                "            if taken is not None:\n",
            ),
        ),
        (BETWEEN + "test_inv6_what_a_person_typed_after_a_lost_answer_is_not_overwritten_by_the_repeat_d3",),
        short=True,
        covers="the probes, which find the record before the repeat",
    ),
)
