"""Says in one sentence why this Python cannot make the environment."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Lockstep needs Python 3.11 or newer, and %s is %d.%d: install a newer one and run `make PYTHON=/its/path`."
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )
try:
    import ensurepip
    import venv  # noqa: F401  # only whether it is there
except ImportError as error:
    sys.exit(
        "%s comes without %s: install the package python%d.%d-venv (Debian, Ubuntu) or a complete Python."
        % (sys.executable, error.name, sys.version_info[0], sys.version_info[1])
    )
if not hasattr(ensurepip, "bootstrap"):
    sys.exit("%s comes with a disabled ensurepip: install a complete Python." % sys.executable)
