"""All stand-ins in one sandbox."""

from __future__ import annotations

import requests

from backend.sandbox.server import Sandbox


def test_salesforce_and_microsoft_run_side_by_side_on_their_own_ports(tmp_path):
    with Sandbox() as sandbox, requests.Session() as session:
        authority = tmp_path / "ca.pem"
        authority.write_text(sandbox.ca_pem)
        session.trust_env = False
        session.verify = str(authority)
        shown = session.get(f"{sandbox.control_url}/_sandbox/credentials").json()
        assert set(shown) == {"salesforce", "microsoft", "people", "control", "ca_pem"}
        addresses = [address for service in sandbox.services.values() for address in service.addresses.values()]
        assert len(set(addresses)) == len(addresses) == 3
        assert session.get(f"{shown['salesforce']['instance_url']}/services/data/").status_code == 200
        microsoft = sandbox.services["microsoft"].addresses["base"]
        assert session.get(f"{microsoft}/v1.0/users").status_code == 401
        totals = session.get(f"{sandbox.control_url}/_sandbox/calls").json()["totals"]
        assert (totals["salesforce"]["calls"], totals["microsoft"]["calls"]) == (1, 1)
        sandbox.reset()
        assert sandbox.world.calls.counts() == []
