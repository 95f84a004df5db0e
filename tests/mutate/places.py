"""Where the tests are that have to notice."""

from __future__ import annotations

from typing import Final

_STORIES: Final = "tests/integration/stories"
BETWEEN: Final = f"{_STORIES}/test_in_between.py::"
SHARED: Final = f"{_STORIES}/test_shared_meetings.py::"
SERIES: Final = f"{_STORIES}/test_series_that_change.py::"
SERIES_STORIES: Final = f"{_STORIES}/test_series_stories.py::"
ENDED: Final = f"{_STORIES}/test_ended_series.py::"
SPLIT: Final = f"{_STORIES}/test_split_series.py::"
CONTACTS: Final = f"{_STORIES}/test_contact_stories.py::"
PEOPLE: Final = f"{_STORIES}/test_people_stories.py::"
LIFE: Final = f"{_STORIES}/test_life_stories.py::"
EVENTS: Final = f"{_STORIES}/test_event_stories.py::"
RIGHTS: Final = f"{_STORIES}/test_rights_stories.py::"
GUARDS: Final = "tests/unit/sync/test_guards.py::"
MATRIX: Final = "tests/unit/sync/test_matrix.py::"
SETTINGS: Final = f"{_STORIES}/test_settings_stories.py::"
OUTAGES: Final = f"{_STORIES}/test_outage_stories.py::"
_INSTALLATION: Final = "tests/integration/installation"
COMPANIES: Final = f"{_INSTALLATION}/test_companies.py::"
VISIBILITY: Final = f"{_INSTALLATION}/test_visibility.py::"
MERGED: Final = f"{_INSTALLATION}/test_merged_contacts.py::"
FOLDER: Final = f"{_INSTALLATION}/test_lost_folder.py::"
RULES: Final = f"{_INSTALLATION}/test_contact_rules.py::"
STORE: Final = "tests/integration/storage"
