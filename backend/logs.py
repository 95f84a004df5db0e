"""Logging for every process: structlog over the standard library, one line per event on stderr.

Stdout belongs to what a command promises. No secret reaches a line: values under known names are masked, and so
is whatever looks like a token inside a text or a traceback.
"""

import logging
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "***"
SECRET_NAMES = frozenset({
    "access_token", "api_key", "assertion", "authorization", "client_assertion", "client_secret", "client_state",
    "cookie", "encryption_keys", "id_token", "passwd", "password", "private_key", "refresh_token", "secret",
    "secret_key", "session_id", "set-cookie", "sid", "token",
})  # fmt: skip
SECRET_SHAPES = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)[\w.~+/=!-]{8,}"  # an Authorization header
    r"|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"  # a JSON web token
    r"|\b00D[A-Za-z0-9]{12,15}![\w.!]+"  # a Salesforce session id: organisation id, '!', signature
    r"|(?P<name>\b(?:access_token|refresh_token|client_secret|assertion|password|sig)=)[^&\s\"']+"
    r"|(?P<user>://[^:/@\s]*:)[^@/\s]+(?=@)"  # the password inside an address
)
QUIET = ("rq", "urllib3", "msal", "alembic", "exchangelib")


def configure(level: str = "INFO", json: bool = False) -> None:
    """Send all logging of this process to stderr, in plain lines or as JSON; may be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, pad_level=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_secrets, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


@contextmanager
def correlated(**ids: object) -> Iterator[str]:
    """Give every line logged inside the block the same fresh `run` id and the named `ids`; yields the run id."""
    run = uuid.uuid4().hex[:12]
    with structlog.contextvars.bound_contextvars(run=run, **ids):
        yield run


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: masks values under secret names and token-like parts of texts, at any depth."""
    return {key: _masked(key, value) for key, value in event.items()}


def mask_text(text: str) -> str:
    """`text` with token-like parts and passwords in addresses masked."""
    return SECRET_SHAPES.sub(_keep_label, text)


def _masked(key: object, value: object) -> object:
    if str(key).lower() in SECRET_NAMES and value is not None:
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {inner: _masked(inner, item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked("", item) for item in value]
    return value


def _keep_label(match: re.Match[str]) -> str:
    return (match["scheme"] or match["name"] or match["user"] or "") + MASK
