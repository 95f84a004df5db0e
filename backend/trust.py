"""The certificate authorities that our own connections trust: the public ones and LOCKSTEP_CA_BUNDLE.

HTTP libraries take one file that replaces the public authorities, and a company's own authority is needed beside
them: so one file with both is kept in the data folder.
"""

import os
import tempfile
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from backend.config import Config


def trust_file(config: Config) -> Path | None:
    """The PEM file for `verify=`, or None when the public authorities suffice. Rewritten when its sources changed.

    Raises OSError when the bundle cannot be read or the data folder cannot be written.
    """
    if config.ca_bundle is None:
        return None
    content = Path(DEFAULT_CA_BUNDLE_PATH).read_bytes().rstrip() + b"\n" + config.ca_bundle.read_bytes()
    path = config.data_dir / "trusted.pem"
    if not path.exists() or path.read_bytes() != content:
        handle, draft = tempfile.mkstemp(dir=config.data_dir, prefix=".trusted-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)  # other processes see the old file or the new one, never half of it
    return path
