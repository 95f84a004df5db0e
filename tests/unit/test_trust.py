"""LOCKSTEP_CA_BUNDLE adds to the public authorities instead of replacing them."""

import ssl
from pathlib import Path

import trustme
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from backend.config import Config
from backend.trust import trust_file


def test_without_a_bundle_the_public_authorities_are_used(tmp_path: Path) -> None:
    assert trust_file(Config(data_dir=tmp_path)) is None


def test_both_the_public_and_the_own_authorities_are_trusted(tmp_path: Path) -> None:
    own = tmp_path / "company.pem"
    trustme.CA().cert_pem.write_to_path(own)
    public = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH).cert_store_stats()["x509_ca"]
    path = trust_file(Config(data_dir=tmp_path, ca_bundle=own))
    assert path == tmp_path / "trusted.pem"
    assert ssl.create_default_context(cafile=str(path)).cert_store_stats()["x509_ca"] == public + 1


def test_file_follows_its_source_and_is_left_alone_otherwise(tmp_path: Path) -> None:
    own = tmp_path / "company.pem"
    trustme.CA().cert_pem.write_to_path(own)
    settings = Config(data_dir=tmp_path, ca_bundle=own)
    path = trust_file(settings)
    assert path is not None
    first = path.stat()
    assert trust_file(settings) == path
    assert path.stat().st_ino == first.st_ino
    trustme.CA().cert_pem.write_to_path(own)
    trust_file(settings)
    assert path.read_bytes().endswith(own.read_bytes())
    assert sorted(item.name for item in tmp_path.iterdir()) == ["company.pem", "trusted.pem"]
