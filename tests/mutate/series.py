"""Mechanisms of series, without which an occurrence loses its record or shares it.

The stored key of E-2 has no mutant: keys live in their lines and nothing derives one again, so there is nothing to
take out; `test_c17_inv23_…` would notice if somebody did.
"""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import ENDED, SERIES, SERIES_STORIES, SPLIT

MUTANTS: Final = (
    Mutant(
        "re-alignment",
        "rows follow a changed rule (E-3)",
        (
            Edit(
                "backend/sync/alignment.py",
                "        moves = {} if row is None else _along(row, item, rows, today)\n",
                "        moves = {}\n",
            ),
        ),
        (SERIES + "test_inv22_another_weekday_keeps_every_record_e3",),
        short=True,
    ),
    Mutant(
        "epoch",
        "the epoch of a series rises when rows moved (E-2)",
        (
            Edit(
                "backend/sync/alignment.py",
                "    epoch = max(epoch, row.epoch if row else 0) + (1 if moves or changed else 0)\n",
                "    epoch = max(epoch, row.epoch if row else 0)\n",
            ),
        ),
        (SERIES + "test_inv23_the_place_that_a_row_left_gets_a_record_of_its_own_e2",),
        short=True,
    ),
    Mutant(
        "epoch-of-moved-rows",
        "a row that moved makes keys of the new epoch, should its record be made anew (E-2)",
        (
            Edit(
                "backend/sync/alignment.py",
                "moved_meeting=(meeting.id, target, epoch)",
                "moved_meeting=(meeting.id, target, meeting.epoch)",
            ),
        ),
        (SERIES + "test_inv23_a_meeting_made_anew_where_another_one_was_made_anew_before_the_shift_e2",),
    ),
    Mutant(
        "epochs-are-those-of-the-meetings",
        "to who never saw a series otherwise, its rows have moved too (E-2, E-6)",
        (Edit("backend/sync/alignment.py", 'known = epochs.get(item.uid or "", 0)', "known = 0"),),
        (
            SERIES + "test_inv29_inv24_a_reset_after_a_series_was_moved_makes_no_meetings_of_the_past_anew_e6",
            SERIES + "test_inv22_inv23_who_leads_after_a_colleague_moved_the_rows_makes_new_ones_beside_them_d7",
        ),
    ),
    Mutant(
        "when-it-was-changed",
        "what had ended is told by when a series was changed, not by when that is read (E-3, E-6)",
        (
            Edit(
                "backend/sync/alignment.py",
                "changed_on = min(today, item.modified_at.date()) if item.modified_at is not None else today",
                "changed_on = today",
            ),
        ),
        (SERIES + "test_inv22_what_was_moved_before_it_took_place_goes_on_however_late_that_is_read_e3",),
    ),
    Mutant(
        "a-series-once-more",
        "a one-off that had been a series before becomes one again with its record (E-5)",
        (
            Edit(
                "backend/sync/alignment.py",
                "        moves |= _into_series(",
                "        moves |= {} if row is not None else _into_series(",
            ),
        ),
        (SERIES_STORIES + "test_ls158_e5_a_one_off_becomes_a_series_and_back_and_its_record_stays",),
    ),
    Mutant(
        "grace-of-orphans",
        "an occurrence that was cut off waits for two more readings (E-4)",
        (
            Edit(
                "backend/sync/orphans.py",
                "    return meeting.orphan_runs < PATIENCE and decides(context, view)\n",
                "    return False\n",
            ),
        ),
        (SERIES + "test_c18_inv22_a_series_cut_and_lengthened_again_keeps_its_records_e4",),
        short=True,
    ),
    Mutant(
        "grace-begins-anew",
        "what stands again waits anew when it is cut off once more (E-4)",
        (
            Edit(
                "backend/sync/orphans.py",
                "return _turned(context, view, replace(meeting, state=MeetingState.LIVE, orphan_runs=0), rule)\n",
                "return None\n",
            ),
        ),
        (SERIES + "test_c18_inv22_a_series_cut_and_lengthened_again_keeps_its_records_e4",),
    ),
    Mutant(
        "the-past-stays",
        "records of what took place are never deleted for a reason of their series (E-6, INV-24)",
        (
            Edit(
                "backend/sync/pairs.py",
                "    return is_occurrence and isinstance(when, Timed | AllDay) and ended(when, pair.context.today)\n",
                "    return False\n",
            ),
            Edit(
                "backend/sync/dispatch.py",
                "if not occurrence or not isinstance(when, Timed | AllDay) or end_instant(when) > self.settlement.now:",
                "if True:",
            ),
        ),
        (SERIES + "test_inv24_a_series_deleted_after_two_of_its_meetings_keeps_their_records_e6",),
        short=True,
        covers="the same question at dispatch",
    ),
    Mutant(
        "the-past-does-not-move",
        "a changed rule leaves rows of the past where they were (E-3)",
        (
            Edit(
                "backend/sync/series.py",
                "    coming = sorted(start for start in known if not ended(_moment(old, start), changed_on))\n",
                "    coming = sorted(known)\n",
            ),
        ),
        (SERIES + "test_inv24_a_series_moved_to_another_time_leaves_the_past_where_it_was_e6",),
    ),
    Mutant(
        "adoption",
        "a new series goes on with the records of the one it was cut from (E-4)",
        (
            Edit(
                "backend/sync/adoption.py",
                "        if not moves:\n            return\n        context, title",
                "        if moves:\n            return\n        context, title",
            ),
        ),
        (SPLIT + "test_inv22_a_cut_that_lies_in_the_past_when_it_is_first_seen",),
        short=True,
    ),
    Mutant(
        "a-cut-is-looked-for-at-once",
        "a series that a new one may be the rest of is read by id in the same pass (E-4)",
        (Edit("backend/sync/run.py", "if fresh is not None and planned.reread:", "if False:"),),
        (SPLIT + "test_e4_the_series_that_a_new_one_may_be_the_rest_of_is_read_by_id_at_once",),
    ),
    Mutant(
        "new-series-wait",
        "a series that may be the rest of another one waits for the cut (E-4)",
        (
            Edit(
                "backend/sync/adoption.py",
                "            if not likely or not item.uid:\n",
                "            if True:\n",
            ),
        ),
        (SPLIT + "test_e4_a_series_that_coincides_with_another_one_is_made_after_two_readings",),
        short=True,
    ),
    Mutant(
        "cancelled-ones-are-places",
        "a new series may set in where a meeting had been cancelled (E-4)",
        (
            Edit(
                "backend/sync/adoption.py",
                "        return {row.original_start for row in self.rows} | self.lost\n",
                "        return {row.original_start for row in self.rows}\n",
            ),
        ),
        (SPLIT + "test_inv22_the_meeting_where_the_new_series_sets_in_had_been_cancelled",),
    ),
    Mutant(
        "own-relations-outlive-the-series",
        "records that people tied to something are kept when the whole series vanished (E-6)",
        (
            Edit(
                "backend/sync/keepsakes.py",
                "    if not events:\n",
                "    if True:\n",
            ),
        ),
        (ENDED + "test_e6_what_people_related_to_a_meeting_is_kept_when_its_whole_series_vanished",),
    ),
    Mutant(
        "a-shrunk-series-asks",
        "more than twenty meetings that a standing series no longer shows are confirmed (E-9)",
        (
            Edit(
                "backend/sync/guards.py",
                "count > limits.of_one_series",
                "False",
            ),
        ),
        (ENDED + "test_e9_more_than_twenty_meetings_of_a_series_that_is_still_there_ask_first",),
    ),
)
