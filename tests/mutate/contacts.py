"""Mechanisms of contacts: companies, who may read what, rights, merges, the folder, spellings, fields switched off."""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import COMPANIES, FOLDER, MERGED, OUTAGES, RIGHTS, RULES, SETTINGS, VISIBILITY

_COMPANY, _ACCOUNTS = "backend/sync/company.py", "backend/salesforce/accounts.py"
_VISIBLE: Final = "backend/sync/visibility.py"

MUTANTS: Final = (
    Mutant(
        "texts-are-kept",
        "an account that is emptied leaves the text in the mailbox (H-3)",
        (Edit(_COMPANY, "    elif COMPANY in merge.to_mailbox and merge.to_mailbox[COMPANY] is None:\n",
              "    elif False:\n"),),
        (COMPANIES + "test_h3_an_account_that_is_emptied_leaves_the_text[both]",),
    ),
    Mutant(
        "one-account-of-that-name",
        "a text becomes an account only where exactly one has the name (H-3, LS-077)",
        (Edit(_ACCOUNTS, "            return None, NoAccount.SEVERAL if named else NoAccount.NONE\n",
              "            return (named[0], None) if named else (None, NoAccount.NONE)\n"),),
        (COMPANIES
         + "test_ls077_ls079_inv30_a_company_without_its_one_account_is_unresolved_and_its_text_stays[several-both]",),
    ),
    Mutant(
        "moves-by-setting",
        "a contact that has an account is moved to another one only by setting (H-3)",
        (Edit(_ACCOUNTS, "(not write.moves or len(named) != 1)", "(len(named) != 1)"),),
        (COMPANIES + "test_h3_a_changed_company_moves_the_contact_only_by_setting[False]",),
    ),
    Mutant(
        "every-right-to-accounts",
        "who lacks a right to accounts makes private contacts (LS-078)",
        (Edit(_ACCOUNTS, "    if rights() != EVERY_RIGHT:\n", "    if not rights():\n"),),
        (COMPANIES
         + "test_ls078_a_user_without_every_right_to_accounts_makes_private_contacts_and_is_asked_nothing[D]",),
    ),
    Mutant(
        "asked-whether-readable",
        "Salesforce is asked about colleagues' contacts before they reach a mailbox (D-16, INV-28)",
        (Edit(_VISIBLE, "    if record is None or record.crm_id in shown:\n", "    if True:\n"),),
        (VISIBILITY + "test_inv28_under_all_contacts_only_those_that_the_user_can_read_reach_his_mailbox",),
    ),
    Mutant(
        "hidden-fields",
        "fields that a user cannot read take no part in his plan (D-16, INV-28)",
        (Edit("backend/sync/context.py", "        left_out = self.access.hidden | widened.groups\n",
              "        left_out = widened.groups\n"),),
        (VISIBILITY + "test_inv28_a_field_that_the_user_cannot_read_never_reaches_his_mailbox",),
    ),
    Mutant(
        "locked-fields",
        "fields that a user cannot edit are never planned towards Salesforce (LS-088)",
        (Edit("backend/sync/pairs.py", "    merge.lock(context.access.locked)\n", ""),),
        (VISIBILITY + "test_ls088_d16_a_field_that_the_user_cannot_edit_is_never_planned_and_the_rest_is_saved",),
    ),
    Mutant(
        "rights-before-writes",
        "what a user may not do at all in Salesforce is not planned (F-7, LS-171)",
        (Edit("backend/sync/rights.py", "    if rights == EVERY_RIGHT:\n", "    if True:\n"),),
        (RIGHTS + "test_ls171_without_edit_the_mailboxs_changes_wait_and_salesforces_go_on",
         RIGHTS + "test_a_deletion_in_the_mailbox_waits_for_the_right_to_delete"),
    ),
    Mutant(
        "no-right-no-mailbox",
        "nothing reaches the mailbox of who may not read such records (INV-28, LS-173)",
        (Edit("backend/sync/rights.py", "    needed = {Right.READ} if one.side is Side.MAILBOX else",
              "    needed: set[Right] = set() if one.side is Side.MAILBOX else"),),
        (RIGHTS + "test_ls173_inv28_who_may_not_read_events_in_salesforce_gets_none_into_the_mailbox",),
    ),
    Mutant(
        "merged-contacts-go-on",
        "the links of a merged contact go on with the survivor (H-5)",
        (Edit("backend/sync/organisation.py", "        self._merged(changes, page.merged)\n", ""),),
        (MERGED + "test_h5_a_merged_contact_goes_on_with_the_survivor_and_nothing_is_made_or_deleted"
         "[False-both-recreate]",),
    ),
    Mutant(
        "a-lost-folder-is-no-deletion",
        "contacts of a deleted folder are outside, not gone (H-2, INV-31)",
        (Edit("backend/sync/lost_folder.py", "Verdict.OUTSIDE), problem=WENT_ALONG)",
              "Verdict.GONE), problem=WENT_ALONG)"),),
        (OUTAGES + "test_ls064_a_deleted_folder_deletes_no_record_whatever_becomes_of_its_contacts",),
    ),
    Mutant(
        "a-lost-folder-is-asked-about",
        "a person is asked what becomes of the contacts of a deleted folder (H-2)",
        (Edit("backend/sync/reader.py",
              "                changes.intents = [lost_folder.asked(self.user.user_id, len(linked))]\n", ""),),
        (OUTAGES + "test_h2_whoever_moved_back_goes_on_and_only_the_others_are_made_again",),
    ),
    Mutant(
        "stopped-with-the-folder",
        "who is not to be followed counts as deleted by his owner, so that no pass takes him up again (H-2, F-2)",
        (Edit("backend/sync/lost_folder.py",
              '            changes.items.append(SeenItem(link.mailbox_id or "", Presence.GONE))\n', ""),),
        (FOLDER + "test_h2_stop_keeps_the_records_and_follows_them_no_more[delete]",),
    ),
    Mutant(
        "put-there-by-its-owner",
        "a contact that its owner put into the folder comes back to it, whatever his filter takes (H-1)",
        (Edit("backend/sync/halves.py",
              "(record.crm_id in context.snapshot.in_scope or link.origin is not Origin.CRM)",
              "record.crm_id in context.snapshot.in_scope"),),
        (OUTAGES + "test_h1_h2_a_colleagues_contact_that_somebody_put_into_his_folder_comes_back_too",),
    ),
    Mutant(
        "spellings",
        "two spellings of one number or address are one value (H-6, LS-074)",
        (Edit("backend/domain/projection.py",
              "    return kind is Kind.CONTACT and same(group, mailbox, crm, region)\n", "    return False\n"),),
        (RULES + "test_h6_another_spelling_of_a_number_or_address_is_written_to_neither_side",),
    ),
    Mutant(
        "country-of-numbers",
        "a number without country code belongs to the person's country (H-6)",
        (Edit("backend/sync/pairs.py", "        region=region_of(context.user.zone),\n", ""),),
        (RULES + "test_h6_another_spelling_of_a_number_or_address_is_written_to_neither_side",),
    ),
    Mutant(
        "switched-off-fields-are-forgotten",
        "what was agreed about a field that is not mapped any more is forgotten (G)",
        (Edit("backend/sync/planner.py",
              "        steps += forgotten(context, link, _settled_holds(context, link, _link_step(context, link)))\n",
              "        steps += _settled_holds(context, link, _link_step(context, link))\n"),),
        (SETTINGS + "test_g_what_was_agreed_about_a_field_that_is_switched_off_is_forgotten",),
    ),
    Mutant(
        "mapped-again-all-is-agreed",
        "a field that is mapped again begins with what both sides hold, equal or not (F-9)",
        (Edit("backend/sync/widening.py", "settled = {*groups, *(widened.groups & set(pair.groups))}",
              "settled = {*groups}"),),
        (SETTINGS + "test_g_what_was_agreed_about_a_field_that_is_switched_off_is_forgotten",),
    ),
)  # fmt: skip
