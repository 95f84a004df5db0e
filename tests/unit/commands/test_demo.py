"""The demo's settings: everything goes to the sandbox, nothing to the world, and nothing is left behind."""

from pathlib import Path

import pytest

from backend import config
from backend.commands.demo import addresses, data_folder

CREDENTIALS = {
    "ca_pem": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
    "salesforce": {"login_url": "https://localhost:1001", "instance_url": "https://127.0.0.1:1002"},
    "microsoft": {"login_url": "https://localhost:1003", "graph_url": "https://localhost:1004"},
}


def test_every_service_address_is_the_sandbox(tmp_path: Path) -> None:
    settings = config.load({"data_dir": tmp_path, **addresses(CREDENTIALS, tmp_path)})
    named = {
        name: getattr(settings, name)
        for name in config.Config.model_fields
        if name.endswith(("_login_url", "graph_url", "_audience"))
    }
    assert named == {
        "salesforce_login_url": "https://localhost:1001",
        "salesforce_audience": "https://localhost:1001",
        "microsoft_login_url": "https://localhost:1003",
        "graph_url": "https://localhost:1004",
    }
    assert settings.ca_bundle == tmp_path / "sandbox-ca.pem"


def test_temporary_folder_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCKSTEP_DATA_DIR", raising=False)
    with data_folder() as folder:
        (folder / "lockstep.db").write_text("x")
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_given_folder_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path / "kept"))
    with data_folder() as folder:
        (folder / "lockstep.db").write_text("x")
    assert (tmp_path / "kept" / "lockstep.db").exists()
