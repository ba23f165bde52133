from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.kit.secret_file import LENGTH, kept_secret, read_secret


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path):
    file = tmp_path / "pepper.key"
    secret = kept_secret(file)
    assert len(secret) == LENGTH
    assert kept_secret(file) == read_secret(file) == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["pepper.key"]


def test_two_secrets_are_not_alike(tmp_path: Path):
    assert kept_secret(tmp_path / "a") != kept_secret(tmp_path / "b")


def test_many_at_once_get_the_same_secret(tmp_path: Path):
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: kept_secret(tmp_path / "pepper.key"), range(64)))
    assert len(secrets) == 1


@pytest.mark.parametrize("content", ["", "not hex", "abcd", "00" * (LENGTH + 1)])
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path, content: str):
    file = tmp_path / "pepper.key"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"pepper\.key does not hold a secret") as told:
        kept_secret(file)
    assert file.read_text() == content
    assert not content or content not in str(told.value)


def test_reading_makes_nothing(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_secret(tmp_path / "pepper.key")
    assert list(tmp_path.iterdir()) == []
