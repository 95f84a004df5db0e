"""Every page worth looking at, by name: for the accessibility tests and for the screenshots."""

from __future__ import annotations

from tests.fakes.page_world import HELD, HELD_DELETE, JONAS, MAYA, REFUSED_LINK, REVIEW, RUN, TOMAS

PAGES = {
    "status": "/",
    "status-filtered": "/?state=error",
    "status-nobody": "/?q=zzzz",
    "status-second": "/?page=2&size=25&sort=state",
    "person-first-sync": f"/people/{JONAS}",
    "person-refused": f"/people/{TOMAS}",
    "person-in-sync": f"/people/{MAYA}",
    "person-error": "/people/6",
    "person-waiting": "/people/11",
    "run": f"/runs/{RUN}",
    "find": "/find",
    "find-results": "/find?q=re",
    "find-nothing": "/find?q=zzzz",
    "passport": f"/items/{REVIEW}",
    "passport-refused": f"/items/{REFUSED_LINK}",
    "refused": "/refused",
    "held": "/held",
    "held-step": f"/held/{HELD}",
    "held-deletion": f"/held/{HELD_DELETE}",
    "conflicts": "/conflicts",
    "audit": "/audit",
    "audit-nothing": "/audit?q=zzzz",
    "stop": "/stop",
    "reset": f"/people/{JONAS}/reset",
    "pause": "/people/pause",
    "configurations": "/configurations/",
    "configuration": "/configurations/1",
    "configuration-one-way": "/configurations/2",
    "configuration-new": "/configurations/new",
    "configuration-off": "/configurations/1/switch",
    "configuration-delete": "/configurations/1/delete",
    "assignment": "/assignment/",
    "assignment-profiles": "/assignment/?view=profiles",
    "assignment-none": "/assignment/?view=none",
    "assignment-paste": "/assignment/paste",
    "configuration-file": "/configuration-file/",
    "not-found": "/nothing",
}
EMPTY = {
    "empty-status": "/",
    "empty-configurations": "/configurations/",
    "empty-assignment": "/assignment/",
    "empty-configuration-file": "/configuration-file/",
    "empty-held": "/held",
    "empty-conflicts": "/conflicts",
    "empty-refused": "/refused",
}
