"""Mechanisms of people on events, without which a relation of a person is lost or somebody is mailed."""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import PEOPLE

MUTANTS: Final = (
    Mutant(
        "rows-of-people",
        "only relations that we made are removed (I-4)",
        (
            Edit(
                "backend/domain/people.py",
                "if tie.invited and tie.target in ours and tie.target not in wanted]",
                "if tie.invited and tie.target not in wanted]",
            ),
        ),
        (PEOPLE + "test_ls145_what_a_person_related_in_salesforce_survives_ten_updates_of_the_mailbox",),
        short=True,
    ),
    Mutant(
        "ties-before-sending",
        "whom a write ties is stored before it leaves (I-4)",
        (
            Edit(
                "backend/sync/executor.py",
                "ties=_ties(sent, settlement), ",
                "",
            ),
        ),
        (PEOPLE + "test_c4_a_lost_answer_leaves_no_attendee_out_and_none_twice",),
        short=True,
    ),
    Mutant(
        "copies-tell-of-nobody",
        "a guest's copy tells Salesforce of no attendees (LS-126)",
        (
            Edit(
                "backend/domain/people.py",
                "return _people(attendees) if attendees is not None and attendees.own else ()",
                "return _people(attendees) if attendees is not None else ()",
            ),
        ),
        (PEOPLE + "test_ls126_a_meeting_of_an_outsider_becomes_the_guests_own_event_without_other_attendees",),
    ),
    Mutant(
        "invitations-are-mail",
        "an invitation from Salesforce goes by the guest rule (INV-12)",
        (
            Edit(
                "backend/sync/guests.py",
                "    return ATTENDEES not in values and (not loud(view)",
                "    return (not loud(view)",
            ),
        ),
        (PEOPLE + "test_inv12_an_invitation_is_an_answer_to_the_guest_rule_too",),
        short=True,
    ),
    Mutant(
        "invited-long-ago",
        "events older than the leg invite nobody when they first reach the mailbox (F-9)",
        (
            Edit(
                "backend/sync/rows.py",
                "    return since is None or (record.created_at is not None",
                "    return True or (record.created_at is not None and since is not None",
            ),
        ),
        (PEOPLE + "test_f9_events_older_than_the_leg_invite_nobody_when_they_first_reach_the_mailbox",),
    ),
    Mutant(
        "who-deletes-his-copy-is-no-invitee",
        "the invitee that we made of a guest goes with his copy of the meeting (D-8)",
        (Edit("backend/sync/context.py", "self._staying(view) for ref", "view for ref"),),
        (PEOPLE + "test_d8_a_guest_who_deletes_his_copy_is_no_invitee_any_more_until_he_takes_it_back",),
    ),
    Mutant(
        "invitees-that-we-took-back",
        "an invitee that we removed is not one whom somebody in Salesforce asks no longer (D-8, INV-12)",
        (
            Edit(
                "backend/sync/attending.py",
                "    base = pair.context.without_deleters(pair.view.seen, base)"
                "  # that they are asked no longer is our doing (D-8)\n",
                "",
            ),
        ),
        (PEOPLE + "test_d8_a_guest_who_deletes_his_copy_is_no_invitee_any_more_until_he_takes_it_back",),
    ),
)
