"""The files of `lockstep connect`: what is needed to reach a service, as YAML, with one sentence per mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from backend.storage.credentials import ConnectionRefused, matching, private_key

REMEDY = "make a new one, and upload it to the app in Entra."


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


FileT = TypeVar("FileT", bound=_File)


class SalesforceFile(_File):
    """An External Client App with JWT bearer flow and an integration user."""

    consumer_key: str
    username: str
    private_key_file: Path | None = None
    private_key: str = ""
    login_url: str = ""
    audience: str = ""

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if self.private_key_file is None and not self.private_key:
            raise ValueError("private_key_file is missing: name the PEM file of the key behind the app's certificate")
        return self

    def parts(self, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        """(settings that may be shown, secret). Raises ConnectionRefused for a key that is none."""
        place = "private_key"
        pem = self.private_key
        if self.private_key_file is not None:
            place, pem = _place(folder, self.private_key_file, "private_key_file")
        private_key(pem, place)
        shown = self.model_dump(include={"consumer_key", "username", "login_url", "audience"})
        return {name: value for name, value in shown.items() if value}, {"private_key": pem}


class MicrosoftFile(_File):
    """An app registration in one tenant, with a secret or a certificate. `reach`: the mailboxes it is meant to open."""

    tenant: str
    client_id: str
    client_secret: str = ""
    certificate_file: Path | None = None
    private_key_file: Path | None = None
    reach: Literal["chosen", "everyone"] = "chosen"
    login_url: str = ""
    graph_url: str = ""

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if bool(self.client_secret) == (self.certificate_file is not None):
            raise ValueError("give either client_secret, or certificate_file with private_key_file")
        if (self.certificate_file is None) != (self.private_key_file is None):
            raise ValueError("certificate_file and private_key_file belong together: give both")
        return self

    def parts(self, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        """(settings that may be shown, secret). Raises ConnectionRefused for a certificate or key that is none."""
        shown = self.model_dump(include={"tenant", "client_id", "reach", "login_url", "graph_url"})
        settings = {name: value for name, value in shown.items() if value}
        if self.client_secret:
            return {**settings, "credential": "secret"}, {"secret": self.client_secret}
        certificate_place, certificate = _place(folder, self.certificate_file, "certificate_file")
        key_place, key = _place(folder, self.private_key_file, "private_key_file")
        found = matching(certificate, certificate_place, key, key_place, REMEDY)
        settings |= {"credential": "own", "certificate": certificate}
        settings["certificate_ends"] = found.not_valid_after_utc.isoformat()
        return settings, {"certificate": certificate, "private_key": key}


def read(path: Path, kind: type[FileT]) -> FileT:
    """The file's content. Raises ConnectionRefused."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConnectionRefused(f"{path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConnectionRefused(f"{path} is no YAML file: {str(error).splitlines()[0]}.") from None
    if not isinstance(data, dict):
        raise ConnectionRefused(
            f"{path} is empty or no list of keys: write lines like `username: someone@example.com`."
        )
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        known = ", ".join(kind.model_fields)
        raise ConnectionRefused("\n".join(_sentence(path, one, known) for one in error.errors())) from None


def _sentence(path: Path, error: Any, known: str) -> str:
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{path}: “{place}” is not known here. Known keys: {known}."
    if error["type"] == "missing":
        return f"{path}: {place} is missing."
    return f"{path}: {place + ': ' if place else ''}{str(error['msg']).removeprefix('Value error, ')}."


def _place(folder: Path, path: Path | None, setting: str) -> tuple[str, str]:
    """How the file is called in a sentence, and its text."""
    if path is None:
        raise ConnectionRefused(f"{setting} is missing.")
    place = f"{setting} ({folder / path})"
    try:
        return place, (folder / path).read_text(encoding="ascii")
    except OSError as error:
        raise ConnectionRefused(f"{place} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConnectionRefused(f"{place} is no PEM file: convert it, for instance with openssl.") from None
