"""The HTTP/1.1 server behind each door: threaded, keep-alive, able to cut a connection."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

from werkzeug.serving import DechunkedInput
from werkzeug.wrappers import Response

from backend.sandbox.service import DOOR, Cut

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


class _Handler(BaseHTTPRequestHandler):
    """Keeps connections open: Werkzeug's own handler closes each one after waiting 10 ms for leftovers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Door

    def handle(self) -> None:
        """Serve requests until either side closes the connection."""
        with suppress(OSError):
            super().handle()

    def _answer(self) -> None:
        environ = self._environ()
        try:
            response = Response.from_app(self.server.app, environ, buffered=True)
        except Cut:
            self._cut()
            return
        except Exception:
            log.exception("the stand-in failed at %s %s", self.command, self.path)
            response = Response("The sandbox failed; its log says why.\n", status=500)
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _environ(self) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self.server.ssl_context else "http",
            "wsgi.input": BytesIO(self._body()),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            DOOR: self.server.name,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return DechunkedInput(cast(IO[bytes], self.rfile)).read()
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, response: Response) -> None:
        body = response.get_data()
        bodiless = response.status_code in (204, 304)
        self.send_response_only(response.status_code)
        for name, value in response.headers:
            if name not in ("Content-Length", "Connection") and not (bodiless and name == "Content-Type"):
                self.send_header(name, value)
        if not bodiless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        linger_zero = struct.pack("ii", 1, 0)
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)

    def log_message(self, *args: object) -> None:
        """Quiet: the call table is the log."""


class Door(ThreadingMixIn, TCPServer):
    """A listening port with one WSGI application behind it, https where a context is given."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, name: str, app: WSGIApplication, host: str, port: int, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Raises OSError when the port is taken."""
        self.name = name
        self.app = app
        self.ssl_context = ssl_context
        self._open: set[socket.socket] = set()
        self._thread: threading.Thread | None = None
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.2,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._thread:
            self.shutdown()
            self._thread.join()
        self.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Runs in the connection's own thread, so that a slow handshake holds up nobody else."""
        connection = request
        try:
            if self.ssl_context:
                connection = self.ssl_context.wrap_socket(request, server_side=True)
            self._open.add(connection)
            super().finish_request(connection, client_address)
        except OSError:
            log.debug("a connection ended early", exc_info=True)
        finally:
            self._open.discard(connection)
            with suppress(OSError):
                connection.close()
