"""Delivery of change notifications by real HTTP (MS-101, MS-104, MS-105, MS-107)."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from backend.sandbox.microsoft.store import Change, Folder, Item
from backend.sandbox.microsoft.subscriptions import Subscription
from backend.sandbox.world import World

if TYPE_CHECKING:
    from backend.sandbox.microsoft.mailbox import Mailbox

VALIDATION_SECONDS = 10.0
ANSWER_SECONDS = 3.0
FIRST_RETRY = timedelta(seconds=10)
GIVE_UP_AFTER = timedelta(hours=4)
SLOW_SHARE, DROP_SHARE, FEWEST_SAMPLES = 0.10, 0.15, 10
SLOW_DELAY = timedelta(minutes=10)


@dataclass
class Delivery:
    """Something to be posted: where, what, when, and how often it was tried."""

    url: str
    item: dict[str, Any]
    subscription: Subscription
    due: datetime
    first: datetime
    attempts: int = 0


@dataclass
class Endpoint:
    """How quickly a host answered lately: pairs of time and whether it was too slow."""

    answers: deque[tuple[datetime, bool]] = field(default_factory=deque)

    def record(self, now: datetime, slow: bool) -> None:
        """Note an answer."""
        self.answers.append((now, slow))

    def share_of_slow(self, now: datetime) -> float:
        """The share of slow answers in the last ten minutes, 0 while there are too few to judge."""
        while self.answers and self.answers[0][0] < now - SLOW_DELAY:
            self.answers.popleft()
        if len(self.answers) < FEWEST_SAMPLES:
            return 0.0
        return sum(slow for _, slow in self.answers) / len(self.answers)


class Notifier:
    """Keeps subscriptions and sends what they ask for, from a thread of its own while there are any.

    `verify` is what `requests` takes for TLS. `duplicate` sends every notification twice, `reverse` the latest
    first, `latency` holds all back for a while. `answer_seconds` is how long an endpoint may take.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._delivering = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.closing = threading.Event()
        self.tenant_id = ""
        self.verify: bool | str = True
        self.clear()

    def clear(self) -> None:
        """Forget every subscription and everything still to be sent."""
        self.subscriptions: dict[str, Subscription] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self._queue: list[Delivery] = []
        self.duplicate = self.reverse = False
        self.latency = timedelta()
        self.answer_seconds = ANSWER_SECONDS
        self.validation_seconds = VALIDATION_SECONDS

    # Subscriptions

    def validates(self, url: str, token: str) -> bool:
        """Whether an endpoint echoes a validation token in time, as plain text. Call without locks."""
        try:
            answer = requests.post(
                url,
                params={"validationToken": token},
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=self.validation_seconds,
                verify=self.verify,
            )
        except requests.RequestException:
            return False
        kind = answer.headers.get("Content-Type", "")
        return answer.status_code == 200 and kind.startswith("text/plain") and answer.text == token

    def add(self, subscription: Subscription) -> None:
        """Put a validated subscription in force."""
        self.subscriptions[subscription.id] = subscription
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, daemon=True, name="notifier")
            self._thread.start()

    def find(self, subscription_id: str) -> Subscription | None:
        """A subscription that has not run out."""
        found = self.subscriptions.get(subscription_id)
        if found and found.expires <= self._world.clock.now():
            del self.subscriptions[subscription_id]
            return None
        return found

    def live(self) -> list[Subscription]:
        """Every subscription that has not run out."""
        return [found for key in list(self.subscriptions) if (found := self.find(key))]

    def drop(self, subscription_id: str) -> None:
        """The service removes a subscription by itself and says so (MS-107)."""
        subscription = self.subscriptions.pop(subscription_id)
        self.lifecycle(subscription, "subscriptionRemoved")

    def require_reauthorization(self, subscription_id: str) -> None:
        """Ask for reauthorization; nothing is notified until it or a renewal comes."""
        subscription = self.subscriptions[subscription_id]
        subscription.paused = True
        self.lifecycle(subscription, "reauthorizationRequired")

    def lifecycle(self, subscription: Subscription, event: str) -> None:
        """Queue a lifecycle notification, where the subscription has an endpoint for them."""
        if subscription.lifecycle_url:
            self._enqueue(subscription, subscription.lifecycle_url, subscription.lifecycle(self.tenant_id, event))

    def forge(self, subscription_id: str, client_state: str) -> None:
        """What a stranger who guessed the address would post: a change with another clientState (MS-106)."""
        subscription = self.subscriptions[subscription_id]
        content = subscription.lifecycle(self.tenant_id, "missed") | {"clientState": client_state}
        del content["lifecycleEvent"]
        path = f"Users/{subscription.mailbox_id}/Events/forged"
        content |= {"changeType": "deleted", "resource": path, "resourceData": {"@odata.id": path, "id": "forged"}}
        self._enqueue(subscription, subscription.notification_url, content)

    # Changes

    def note(self, mailbox: Mailbox, change: Change, item: Item, folder: Folder) -> None:
        """Queue what the subscriptions want to know of a change."""
        for subscription in self.live() if self.subscriptions else ():
            if subscription.wants(mailbox.owner, change, folder):
                content = subscription.notification(self.tenant_id, mailbox, change, item)
                for _ in range(2 if self.duplicate else 1):
                    self._enqueue(subscription, subscription.notification_url, content)

    def _enqueue(self, subscription: Subscription, url: str, content: dict[str, Any]) -> None:
        now = self._world.clock.now()
        with self._lock:
            self._queue.append(Delivery(url, content, subscription, now + self.latency, now))
        self._wake.set()

    # Delivery

    def deliver_due(self) -> None:
        """Send everything that is due now; answers when all of it was tried."""
        with self._delivering:
            for url, deliveries in self._take_due().items():
                self._post(url, deliveries)

    def _take_due(self) -> dict[str, list[Delivery]]:
        now = self._world.clock.now()
        with self._lock:
            due = [each for each in self._queue if each.due <= now]
            self._queue = [each for each in self._queue if each.due > now]
        by_url: dict[str, list[Delivery]] = {}
        for delivery in reversed(due) if self.reverse else due:
            by_url.setdefault(delivery.url, []).append(delivery)
        return by_url

    def _post(self, url: str, deliveries: list[Delivery]) -> None:
        endpoint = self.endpoints.setdefault(urlsplit(url).netloc, Endpoint())
        share = 0.0 if _is_lifecycle(deliveries[0]) else endpoint.share_of_slow(self._world.clock.now())
        if share > DROP_SHARE:
            self._give_up(deliveries)
        elif share > SLOW_SHARE and not any(each.attempts for each in deliveries):
            self._again(deliveries, SLOW_DELAY)
        elif not self._answered(url, deliveries, endpoint):
            self._retry(deliveries)

    def _answered(self, url: str, deliveries: list[Delivery], endpoint: Endpoint) -> bool:
        started = time.monotonic()
        try:
            answer = requests.post(
                url,
                json={"value": [each.item for each in deliveries]},
                timeout=self.answer_seconds,
                verify=self.verify,
            )
            good = 200 <= answer.status_code < 300
        except requests.RequestException:
            good = False
        slow = time.monotonic() - started >= self.answer_seconds
        endpoint.record(self._world.clock.now(), slow)
        return good

    def _retry(self, deliveries: list[Delivery]) -> None:
        now = self._world.clock.now()
        self._give_up([each for each in deliveries if now - each.first >= GIVE_UP_AFTER])
        for each in deliveries:
            if now - each.first < GIVE_UP_AFTER:
                self._again([each], FIRST_RETRY * 2 ** min(each.attempts, 12))

    def _again(self, deliveries: list[Delivery], delay: timedelta) -> None:
        now = self._world.clock.now()
        with self._lock:
            for each in deliveries:
                each.attempts += 1
                each.due = now + delay
                self._queue.append(each)

    def _give_up(self, deliveries: list[Delivery]) -> None:
        """Drop notifications; the lifecycle endpoint hears that something was missed."""
        lost = {each.subscription.id: each.subscription for each in deliveries if not _is_lifecycle(each)}
        for subscription in lost.values():
            self.lifecycle(subscription, "missed")

    def _work(self) -> None:
        while (self.subscriptions or self._queue) and not self.closing.is_set():
            self._wake.wait(1.0)
            self._wake.clear()
            self.deliver_due()


def _is_lifecycle(delivery: Delivery) -> bool:
    return "lifecycleEvent" in delivery.item
