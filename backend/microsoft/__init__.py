"""Microsoft 365 through Graph: sign-in, transport, and the mailbox port. Imports domain and ports only.

Read `directory.py` first: `MicrosoftConnection` is the door; `mailbox.py` is the port; `contacts.py` and `calendar.py`
read, `contact_writer.py` and `event_writer.py` write, `contact_map.py`, `event_map.py` and `recurrence.py` translate.
"""
