"""The certificate authorities that our own connections trust: the public ones and LOCKSTEP_CA_BUNDLE.

HTTP libraries take one file that replaces the public authorities, and a company's own authority is needed beside
them: so one file with both is kept in the data folder.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

from backend.config import Config


def trust_file(config: Config) -> Path | None:
    """The PEM file for `verify=`, or None when the public authorities suffice. Rewritten when its sources changed.

    Raises OSError when the bundle cannot be read or the data folder cannot be written.
    """
    if config.ca_bundle is None:
        return None
    path = config.data_dir / "trusted.pem"
    if not path.exists() or not _is_current(*map(_dated, (path, config.ca_bundle, Path(DEFAULT_CA_BUNDLE_PATH)))):
        content = _joined(config.ca_bundle)
        handle, draft = tempfile.mkstemp(dir=config.data_dir, prefix=".trusted-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)  # other processes see the old file or the new one, never half of it
    return path


_Dated = tuple[Path, int, int]
"""A file as it is at a time: its path, when it was changed, its size."""


def _dated(path: Path) -> _Dated:
    found = path.stat()
    return path, found.st_mtime_ns, found.st_size


@cache
def _is_current(trusted: _Dated, bundle: _Dated, _public: _Dated) -> bool:
    """Whether the file holds both. They are read once for a process and all that it forks later."""
    return trusted[0].read_bytes() == _joined(bundle[0])


def _joined(bundle: Path) -> bytes:
    return Path(DEFAULT_CA_BUNDLE_PATH).read_bytes().rstrip() + b"\n" + bundle.read_bytes()


class Trusted(HTTPAdapter):
    """Connections that trust the authorities of one file. Another file that a request names is trusted in its place.

    The file is read once for a process and all that it forks later: reading it anew costs more than a quiet pass.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = str(file or DEFAULT_CA_BUNDLE_PATH)
        self._context = authorities(self._file, Path(self._file).stat().st_mtime_ns)
        super().__init__()

    def _known(self, verify: Any) -> bool:
        return verify is True or verify == self._file

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """See HTTPAdapter, which names this method for just this purpose."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if not self._known(verify):
            return host, pool
        without_file = {name: value for name, value in pool.items() if name != "ca_certs"}
        return host, {**without_file, "ssl_context": self._context}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """See HTTPAdapter; with our own authorities there is no file to read any more."""
        if not self._known(verify):
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # bare in requests


@cache
def authorities(file: str, _changed: int) -> ssl.SSLContext:
    """A context that verifies servers by this file, as it is at that time. Raises OSError."""
    context = create_urllib3_context()
    context.load_verify_locations(file)
    return context
