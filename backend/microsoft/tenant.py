"""The id behind a tenant's name, as its sign-in service publishes it; nobody has to be signed in for that."""

from __future__ import annotations

import re
from typing import Final

import requests
from requests.exceptions import RequestException

from backend.microsoft.auth_errors import from_discovery, unreachable
from backend.microsoft.settings import MicrosoftSettings

_ID: Final = re.compile(r"/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/", re.IGNORECASE)


def tenant_id(settings: MicrosoftSettings, session: requests.Session) -> str:
    """The tenant's GUID, in lower case. One call. Raises AccessLost for a tenant that nobody knows, Transient."""
    response: requests.Response | None = None
    try:
        response = session.get(f"{settings.authority}/v2.0/.well-known/openid-configuration", allow_redirects=False)
        found = _ID.search(str(response.json().get("issuer"))) if response.ok else None
    except (ValueError, AttributeError) as error:  # not JSON, or JSON of another shape
        raise from_discovery(response, settings.tenant) from error
    except RequestException as error:
        raise unreachable(error, response) from error
    if found is None:
        raise from_discovery(response, settings.tenant)
    return found[1].lower()
