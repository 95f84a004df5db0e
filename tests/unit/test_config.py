"""The settings: where they come from, and what people read when one is wrong."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from backend import config


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in config.Config.model_fields:
        monkeypatch.delenv(config.variable(name), raising=False)


def test_defaults_need_nothing_and_stay_in_the_data_folder(tmp_path: Path) -> None:
    settings = config.load()
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/lockstep.db"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.redis_url == ""
    assert settings.cycle_seconds == 300


def test_secrets_are_made_once_in_files_only_the_owner_reads(tmp_path: Path) -> None:
    first, second = config.load(), config.load()
    assert first.secret_key == second.secret_key
    assert len(first.secret_key.get_secret_value()) >= 32
    assert first.encryption_keys == second.encryption_keys
    Fernet(first.encryption_keys[0].get_secret_value())
    for name in ("secret_key", "encryption_keys"):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["encryption_keys", "secret_key"]


def test_environment_wins_over_dotenv_and_both_win_over_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("LOCKSTEP_CYCLE_SECONDS=60\nLOCKSTEP_PORT=9000\n")
    monkeypatch.setenv("LOCKSTEP_PORT", "9100")
    settings = config.load({"workers": 5})
    assert (settings.cycle_seconds, settings.port, settings.workers) == (60, 9100, 5)
    assert [config.origin(name, settings) for name in ("port", "cycle_seconds", "host", "secret_key")] == [
        "environment", ".env", "default", f"file {tmp_path}/data/secret_key",
    ]  # fmt: skip


def test_keys_from_the_environment_keep_their_order_for_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    monkeypatch.setenv("LOCKSTEP_ENCRYPTION_KEYS", f"{new}, {old}")
    assert [key.get_secret_value() for key in config.load().encryption_keys] == [new, old]


def test_secrets_do_not_show_when_the_configuration_is_printed() -> None:
    settings = config.load()
    assert settings.secret_key.get_secret_value() not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LOCKSTEP_PORT", "99999", "LOCKSTEP_PORT cannot be used (Input should be less than or equal to 65535): "
         "give a whole number in the allowed range."),
        ("LOCKSTEP_GRAPH_URL", "graph", "LOCKSTEP_GRAPH_URL cannot be used (is no web address): "
         "write it like https://host."),
        ("LOCKSTEP_SECRET_KEY", "short", "LOCKSTEP_SECRET_KEY cannot be used (is shorter than 32 characters): "
         "give at least 32 random characters, or leave it empty to have one made."),
        ("LOCKSTEP_REDIS_URL", "localhost", "LOCKSTEP_REDIS_URL cannot be used (is no Redis address): "
         "write redis://host:6379/0, rediss://… or unix:///path, or leave it empty for an own server."),
        ("LOCKSTEP_DATABASE_URL", "mysql://x", "LOCKSTEP_DATABASE_URL cannot be used (is neither SQLite nor "
         "PostgreSQL): write sqlite:////absolute/path.db or postgresql+psycopg://user:password@host/name."),
        ("LOCKSTEP_CA_BUNDLE", "/nowhere.pem", "LOCKSTEP_CA_BUNDLE cannot be used (is no file with certificates): "
         "give the path of a PEM file."),
    ],
)  # fmt: skip
def test_a_wrong_setting_gets_a_sentence_with_variable_and_remedy(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    assert str(caught.value) == sentence


def test_a_secret_that_cannot_be_used_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_ENCRYPTION_KEYS", "not-a-key-but-secret")
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    assert "not-a-key-but-secret" not in str(caught.value)
    assert str(caught.value).startswith("LOCKSTEP_ENCRYPTION_KEYS cannot be used (key 1 is not 32 bytes")


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    assert str(caught.value) == (
        f"The data folder {tmp_path}/data cannot be written (File exists): "
        "set LOCKSTEP_DATA_DIR to a folder that this user may write."
    )


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_CYCEL_SECONDS", "60")
    monkeypatch.setenv("LOCKSTEP_TEST_DATABASE", "sqlite")
    assert config.unknown_variables() == ["LOCKSTEP_CYCEL_SECONDS"]


def test_overrides_reach_a_child_as_variables() -> None:
    assert config.environment({"port": 9001, "data_dir": Path("/srv/x")}) == {
        "LOCKSTEP_PORT": "9001",
        "LOCKSTEP_DATA_DIR": "/srv/x",
    }
