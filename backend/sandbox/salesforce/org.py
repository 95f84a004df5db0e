"""An organisation: its data, its people and its setup; what its administrators do is plain methods here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from backend.sandbox.salesforce import administration, presenting, recurring, schema
from backend.sandbox.salesforce.access import STANDARD_PERMISSIONS, Bundle, Caller, Roles, Sharing, fields_named
from backend.sandbox.salesforce.accounts import AccountRules, OpportunityRules
from backend.sandbox.salesforce.apps import ConnectedApp
from backend.sandbox.salesforce.behaviour import Options, Save
from backend.sandbox.salesforce.errors import not_found
from backend.sandbox.salesforce.event_relations import EventRelationRules
from backend.sandbox.salesforce.events import EventRules
from backend.sandbox.salesforce.ids import IdFactory, canonical
from backend.sandbox.salesforce.people import ContactRules, LeadRules, UserRules
from backend.sandbox.salesforce.rules import Automation, Customizing, DuplicateRule, ValidationRule
from backend.sandbox.salesforce.saving import Saver
from backend.sandbox.salesforce.schema import Field, Schema, SObject
from backend.sandbox.salesforce.settings import Settings
from backend.sandbox.salesforce.store import Database, Row
from backend.sandbox.salesforce.usage import Usage
from backend.sandbox.salesforce.values import stamp
from backend.sandbox.world import World

_BEHAVIOURS = {
    "Account": AccountRules(),
    "Contact": ContactRules(),
    "Event": EventRules(),
    "EventRelation": EventRelationRules(),
    "Lead": LeadRules(),
    "Opportunity": OpportunityRules(),
    "User": UserRules(),
}
# Changes in these tables change what callers may do.
_ACCESS_TABLES = frozenset({"User", "UserRole", "Profile", "PermissionSet", "PermissionSetAssignment"})


class Org:
    """One organisation. Methods act at once, as the given user or as the administrator, under the world's lock.

    They take and return ids in their 18-character form and raise SalesforceError like the API does.
    """

    def __init__(self, world: World, app: ConnectedApp) -> None:
        self.world = world
        self.app = app
        self.settings = Settings()
        self.ids = IdFactory()
        self.database = Database(schema.load(frozenset()))
        self.sharing = Sharing(self.database)
        self.roles = Roles(self.database)
        self.customizing = Customizing()
        self.bundles: dict[str, Bundle] = {}
        self.frozen: set[str] = set()
        self.locked: dict[str, int] = {}
        self.usage = Usage()
        self.purged: list[tuple[str, str, str]] = []  # (object, id, time of deletion) of rows gone from the bin
        self.delete_log_start = ""
        self.jobs: list[tuple[datetime, str, str]] = []  # (due, user, occurrence): series tails to delete
        self.next_bin_sweep = world.clock.now()
        self.open_transactions: list[str] = []
        self.schema_changed = world.clock.now()
        self._stamp_of_transaction: str | None = None
        self._custom_fields: tuple[tuple[str, Field], ...] = ()
        self._callers: dict[str, Caller] = {}
        self.saver = Saver(self, _BEHAVIOURS)
        self._features = self.settings.features
        self.id, self.admin_profile, self.key_permission_set, self.admin_id = administration.found(self)
        self.database.begin()

    @property
    def schema(self) -> Schema:
        """Objects and fields with the features that are on."""
        features = self.settings.features
        if features != self._features:
            self._features = features
            self.schema_changed = self.world.clock.now()
            self.changed("Profile")
        return schema.load(features, self._custom_fields)

    def sobject(self, name: str) -> SObject:
        """The object of that name. Raises 404 (SF-026)."""
        found = self.schema.find(name)
        if found is None:
            raise not_found()
        return found

    def sobject_of(self, record_id: str) -> SObject:
        """The object whose prefix the id carries. Raises 404."""
        found = self.schema.of_id(record_id)
        if found is None:
            raise not_found()
        return found

    def stamp(self) -> str:
        """The stamp of what is written now: earlier than now by the commit lag (SF-079)."""
        lag = timedelta(seconds=self.settings.commit_lag)
        return self._stamp_of_transaction or stamp(self.world.clock.now() - lag)

    def changed(self, sobject: str) -> None:
        """Told after each save, so that permissions are worked out anew where they may have changed."""
        if sobject in _ACCESS_TABLES:
            self._callers.clear()
            self.saver.checker.forget()

    def caller(self, user_id: str) -> Caller:
        """A user with everything that decides about access."""
        if user_id not in self._callers:
            self._callers[user_id] = administration.rights(self, user_id)
        return self._callers[user_id]

    def account_of(self, who: str | None, what: str | None) -> str | None:
        """The account behind an activity: from what it is about, else from the person."""
        thing = self.database.find(what) if what else None
        if thing is not None:
            account = thing["Id"] if thing["Id"].startswith("001") else thing.get("AccountId")
            return str(account) if account else None
        person = self.database.find(who) if who else None
        return person.get("AccountId") if person else None

    def bin_rows(self) -> list[Row]:
        """The rows in the Recycle Bin."""
        tables = (self.database.table(name).rows.values() for name in self.schema.objects)
        return [row for rows in tables for row in rows if row.get("_group")]

    # -- what administrators and people in the user interface do --------------------------------------------

    def add_profile(
        self,
        name: str,
        permissions: Iterable[str] = STANDARD_PERMISSIONS,
        *,
        denied: Mapping[str, str] | None = None,
        hidden: Iterable[str] = (),
        read_only: Iterable[str] = (),
        licence: str = "Salesforce",
    ) -> str:
        """A profile. `denied` takes letters of CREATE, READ, EDIT, DELETE per object; fields are "Contact.Title"."""
        bundle = Bundle(name, set(permissions), dict(denied or {}), fields_named(hidden), fields_named(read_only))
        return administration.add_bundle(self, "Profile", bundle, licence)

    def add_permission_set(self, name: str, permissions: Iterable[str] = (), *, shown: Iterable[str] = ()) -> str:
        """A permission set; `shown` are fields that it makes visible and writable."""
        bundle = Bundle(name, set(permissions), shown=fields_named(shown))
        return administration.add_bundle(self, "PermissionSet", bundle)

    def assign(self, user_id: str, permission_set_id: str) -> str:
        """Give a user a permission set."""
        values = {"AssigneeId": user_id, "PermissionSetId": permission_set_id}
        assigned = self.insert("PermissionSetAssignment", values)
        self.database.put({**self.row(assigned), "IsActive": True})  # until it expires
        return assigned

    def add_role(self, name: str, parent: str | None = None) -> str:
        """A role below `parent` in the hierarchy."""
        return self.insert("UserRole", {"Name": name, "ParentRoleId": parent})

    def add_user(
        self,
        username: str,
        name: str = "",
        *,
        email: str | None = None,
        profile: str | None = None,
        role: str | None = None,
        time_zone: str = "Europe/London",
        key_field: bool = True,
        **fields: Any,
    ) -> str:
        """A user (default profile: Standard User). `key_field` assigns the permission set that shows our field."""
        first, _, last = (name or username.partition("@")[0].title()).rpartition(" ")
        data = {
            "Username": username,
            "FirstName": first or None,
            "LastName": last,
            "Email": email or username,
            "ProfileId": profile or administration.standard_profile(self),
            "UserRoleId": role,
            "TimeZoneSidKey": time_zone,
            **administration.user_defaults(username),
            **fields,
        }
        user_id = self.insert("User", data)
        if key_field:
            self.assign(user_id, self.key_permission_set)
        return user_id

    def freeze_user(self, user_id: str) -> None:
        """Freeze: no new tokens, old ones die (SF-020). The user stays active."""
        with self.world.lock:
            self.frozen.add(user_id)

    def unfreeze_user(self, user_id: str) -> None:
        """End a freeze."""
        with self.world.lock:
            self.frozen.discard(user_id)

    def insert(self, sobject: str, data: Mapping[str, Any], as_user: str | None = None) -> str:
        """Create a row as a user; duplicate rules in alert mode are overridden."""
        with self.world.lock:
            return self.saver.insert(self._acting(as_user), sobject, data, Options(allow_save=True, auto_assign=False))

    def update(self, record_id: str, data: Mapping[str, Any], as_user: str | None = None) -> None:
        """Change a row as a user."""
        with self.world.lock:
            self.saver.update(self._acting(as_user), record_id, data, Options(allow_save=True, auto_assign=False))

    def delete(self, record_id: str, as_user: str | None = None) -> None:
        """Put a row into the Recycle Bin."""
        with self.world.lock:
            self.saver.delete(self._acting(as_user), record_id)

    def undelete(self, record_id: str, as_user: str | None = None) -> None:
        """Bring a row back from the Recycle Bin, and what was deleted with it."""
        with self.world.lock:
            self.saver.undelete(self._acting(as_user), record_id)

    def empty_bin(self) -> None:
        """Delete everything in the Recycle Bin for good (SF-090)."""
        with self.world.lock:
            administration.empty_bin(self)

    def merge(self, winner: str, *losers: str) -> None:
        """Merge contacts, leads or accounts (SF-045)."""
        with self.world.lock:
            administration.merge(self, winner, losers)

    def convert_lead(self, lead_id: str) -> str:
        """Convert a lead; the id of the new contact (SF-046)."""
        with self.world.lock:
            return administration.convert_lead(self, lead_id)

    def archive_old_events(self) -> int:
        """The background run that archives events older than a year; how many it took (SF-118)."""
        with self.world.lock:
            return administration.archive(self)

    def purge_delete_log(self) -> None:
        """Drop the delete log up to now; older starts are refused from then on (SF-086)."""
        with self.world.lock:
            self.delete_log_start = stamp(self.world.clock.now())

    def system_update(self, record_id: str, **changes: Any) -> None:
        """A change by the system that moves SystemModstamp alone (SF-081)."""
        with self.world.lock:
            self.saver.touch(self.row(record_id), self.stamp(), **changes)

    def lock_row(self, record_id: str, times: int = 1) -> None:
        """Somebody holds the row: the next writes to it or to its children fail (SF-035)."""
        with self.world.lock:
            self.locked[record_id] = times

    def change_series_pattern(self, event_id: str, pattern: str) -> list[str]:
        """What the user interface does when somebody changes a series' rule; ids of the new rows (SF-103)."""
        with self.world.lock:
            save = Save(self, self.caller(self.admin_id), Options(), {}, self.stamp())
            return [row["Id"] for row in recurring.repattern(save, self.row(event_id), pattern)]

    @contextmanager
    def long_transaction(self) -> Iterator[datetime]:
        """A transaction that runs meanwhile: replication covers nothing after its begin, which is given (SF-085).

        What it writes becomes visible when it commits: write that with `stamped(begin)`.
        """
        began = self.world.clock.now()
        self.open_transactions.append(stamp(began))
        try:
            yield began
        finally:
            self.open_transactions.remove(stamp(began))

    @contextmanager
    def stamped(self, when: datetime) -> Iterator[None]:
        """Everything written inside carries this time: a transaction that began then commits now (SF-079)."""
        with self.world.lock:
            self._stamp_of_transaction = stamp(when)
            try:
                yield
            finally:
                self._stamp_of_transaction = None

    def row(self, record_id: str) -> Row:
        """The stored row, deleted or not. Raises KeyError when there is none."""
        found = self.database.find(canonical(record_id) or "")
        if found is None:
            raise KeyError(record_id)
        return found

    def rows(self, sobject: str) -> list[Row]:
        """The rows of an object outside the Recycle Bin."""
        return list(self.database.live(sobject))

    def present(self, caller: Caller, row: Row, sobject: str, version: str = "67.0") -> dict[str, Any]:
        """A whole record as this caller may see it."""
        found = self.sobject(sobject)
        return presenting.present(self, caller, row, found, presenting.visible_fields(caller, found), version)

    def tick(self) -> None:
        """Do what is due in the background: series that vanish, rows too old for the bin."""
        self.database.begin()
        administration.run_jobs(self)

    def add_custom_field(self, sobject: str, field: Field) -> None:
        """Make a field. Nobody sees it before a permission set shows it."""
        self._set_custom_fields((*self._custom_fields, (sobject, field)))

    def remove_custom_field(self, sobject: str, name: str) -> None:
        """Delete a field, with what it holds."""
        self._set_custom_fields(tuple(one for one in self._custom_fields if (one[0], one[1].name) != (sobject, name)))
        for row in self.database.table(sobject).rows.values():
            row.pop(name, None)

    def _set_custom_fields(self, fields: tuple[tuple[str, Field], ...]) -> None:
        self._custom_fields = fields
        self.schema_changed = self.world.clock.now()
        self.changed("Profile")

    def add_validation_rule(self, rule: ValidationRule) -> None:
        """Put a validation rule in force."""
        self.customizing.validation.append(rule)

    def add_automation(self, automation: Automation) -> None:
        """Put a flow or trigger in force."""
        self.customizing.automation.append(automation)

    def add_duplicate_rule(self, rule: DuplicateRule) -> None:
        """Put a duplicate rule in force."""
        self.customizing.duplicates.append(rule)

    def _acting(self, user_id: str | None) -> Caller:
        return self.caller(user_id or self.admin_id)
