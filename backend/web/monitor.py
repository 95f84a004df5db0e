"""Doors for machines: /health, /ready, /metrics."""

from __future__ import annotations

from ipaddress import ip_address

import structlog
from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from backend.web.metrics import Collected
from backend.web.services import services
from backend.web.words import say

log = structlog.get_logger(__name__)

monitor = Blueprint("monitor", __name__)


@monitor.get("/health")
def health() -> Response:
    """The process answers."""
    return jsonify(status="alive")


@monitor.get("/ready")
def ready() -> tuple[Response, int]:
    """Whether everything that pages need is there: database, its migrations, Redis. 503 with the problems if not."""
    problems = {name: _checked(name) for name in services().checks}
    fine = not any(problems.values())
    checks = {name: problem or "ok" for name, problem in problems.items()}
    return jsonify(status="ready" if fine else "not ready", checks=checks), 200 if fine else 503


def _checked(name: str) -> str | None:
    try:
        return services().checks[name]()
    except Exception as error:  # a check that breaks is an answer, too
        log.warning("a readiness check failed", check=name, error=str(error))
        return say("The check of %(name)s failed; the log says why.", name=name)


@monitor.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics, for callers on this machine only: numbers about people are nobody else's business."""
    if not _local():
        abort(403, say("Metrics are given to callers on this machine only. Let the collector run here."))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected(services()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _local() -> bool:
    """Whether the caller is on this machine; what a proxy forwards is not."""
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & {name.title() for name, _ in request.headers}
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
