"""Numbers for Prometheus, read from the database when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.storage.views.numbers import Readings, readings
from backend.storage.views.standing import Standing
from backend.web.services import Services


class Collected(Collector):
    """People by state, runs by outcome, API calls by service, leases, the last cycle, queues, workers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        """All metrics, of one consistent reading."""
        now = self._services.now()
        with self._services.reading.connect() as connection:
            found = readings(connection, now, now.astimezone(UTC).date())
        yield from self._of_database(found)
        yield from self._of_processes()

    def _of_database(self, found: Readings) -> Iterable[Metric]:
        people = GaugeMetricFamily("lockstep_people", "People in a configuration, by state", labels=["state"])
        for standing in Standing:
            people.add_metric([standing.value], found.people.get(standing, 0))
        yield people
        runs = GaugeMetricFamily("lockstep_runs_last_hour", "Runs of the last hour, by outcome", labels=["outcome"])
        for outcome, number in sorted(found.runs.items()):
            runs.add_metric([outcome], number)
        yield runs
        calls = GaugeMetricFamily("lockstep_api_calls_today", "API calls of the UTC day", labels=["service"])
        for service, number in sorted(found.calls.items()):
            calls.add_metric([service], number)
        yield calls
        held = GaugeMetricFamily("lockstep_held_steps", "Steps that wait for an answer", value=found.held)
        refused = GaugeMetricFamily("lockstep_refused_items", "Items that a side refused", value=found.refused)
        leases = GaugeMetricFamily("lockstep_live_leases", "Passes under way now", value=found.leases)
        yield from (held, refused, leases)
        if found.oldest_lease_seconds is not None:
            text = "Seconds for which the longest pass under way has been running"
            yield GaugeMetricFamily("lockstep_oldest_pass_seconds", text, value=found.oldest_lease_seconds)
        if found.cycle_age_seconds is not None:
            text = "Seconds since Salesforce was last read for everybody"
            yield GaugeMetricFamily("lockstep_cycle_age_seconds", text, value=found.cycle_age_seconds)
        if found.api_limit:
            yield GaugeMetricFamily(
                "lockstep_salesforce_api_limit", "Daily API calls of the org", value=found.api_limit
            )
            yield GaugeMetricFamily("lockstep_salesforce_api_used", "Of these, used today", value=found.api_used or 0)

    def _of_processes(self) -> Iterable[Metric]:
        processes = self._services.processes()
        yield GaugeMetricFamily("lockstep_redis_up", "Whether Redis answers", value=int(processes is not None))
        if processes is None:
            return
        yield GaugeMetricFamily("lockstep_workers", "Worker processes alive", value=processes.workers)
        yield GaugeMetricFamily("lockstep_scheduler_up", "Whether a scheduler is alive", value=int(processes.scheduler))
        queues = GaugeMetricFamily("lockstep_queue_length", "Jobs that wait, by queue", labels=["queue"])
        for queue, number in sorted(processes.waiting.items()):
            queues.add_metric([queue], number)
        yield queues
