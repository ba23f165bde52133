"""The simulated Google Cloud Storage, held to what obstore's client expects of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import obstore
import pytest
from fakes.gcs.objects import checksum
from fakes.gcs_process import BUCKET, SimulatedStorage, apply_then_drop, error, simulated_storage, truncated
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, PreconditionError
from obstore.store import GCSStore


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatedStorage]:
    with simulated_storage() as storage:
        yield storage


@pytest.fixture
def gcs(running: SimulatedStorage) -> SimulatedStorage:
    running.reset()
    return running


def store(gcs: SimulatedStorage, bucket: str = BUCKET) -> Any:
    return GCSStore(bucket, retry_config={"max_retries": 0}, **gcs.options)


def put(gcs: SimulatedStorage, name: str, content: bytes, mode: Any = "create") -> Any:
    return obstore.put(store(gcs), name, content, mode=mode, use_multipart=False)


def read(gcs: SimulatedStorage, name: str) -> bytes:
    return bytes(obstore.get(store(gcs), name).bytes())


def test_an_object_comes_back_as_it_was_written_under_any_name(gcs: SimulatedStorage):
    name, content = "a/b c/%41 é+&?.yaml", bytes(range(256))
    put(gcs, name, content)
    assert read(gcs, name) == content
    assert list(gcs.objects().values()) == [content]


def test_a_second_creation_is_refused_and_changes_nothing(gcs: SimulatedStorage):
    put(gcs, "a", b"first")
    with pytest.raises(AlreadyExistsError):
        put(gcs, "a", b"second")
    assert gcs.objects() == {"a": b"first"}
    assert [call.headers["x-goog-if-generation-match"] for call in gcs.calls()] == ["0", "0"]
    assert [call.status for call in gcs.calls()] == [200, 412]


def test_a_generation_grows_with_each_write_and_guards_the_next(gcs: SimulatedStorage):
    first = put(gcs, "a", b"1")
    second = put(gcs, "a", b"2", {"e_tag": first["e_tag"], "version": first["version"]})
    assert int(second["version"]) > int(first["version"])
    with pytest.raises(PreconditionError):
        put(gcs, "a", b"3", {"e_tag": first["e_tag"], "version": first["version"]})
    assert gcs.objects() == {"a": b"2"}


def test_a_listing_has_sizes_and_only_what_lies_below(gcs: SimulatedStorage):
    for name in ("p1/b", "p1/a/c", "p10/x"):
        put(gcs, name, name.encode())
    found = obstore.list(store(gcs), "p1").collect()
    assert sorted((each["path"], each["size"]) for each in found) == [("p1/a/c", 6), ("p1/b", 4)]


def test_metadata_tells_size_etag_and_generation(gcs: SimulatedStorage):
    written = put(gcs, "a", b"12345")
    told = obstore.head(store(gcs), "a")
    assert (told["size"], told["e_tag"], told["version"]) == (5, written["e_tag"], written["version"])


def test_what_is_not_there_is_not_found(gcs: SimulatedStorage):
    with pytest.raises(FileNotFoundError):
        read(gcs, "nothing")
    with pytest.raises(FileNotFoundError):
        obstore.put(store(gcs, "other-bucket"), "a", b"1", use_multipart=False)


def test_a_deleted_object_may_be_created_again(gcs: SimulatedStorage):
    put(gcs, "a", b"1")
    obstore.delete(store(gcs), "a")
    put(gcs, "a", b"2")
    assert gcs.objects() == {"a": b"2"}


def test_the_checksum_is_the_published_castagnoli_one(gcs: SimulatedStorage):
    assert checksum(b"123456789") == "4waSgw=="  # the check value of CRC-32C, e3069283


def test_scripted_faults_reach_the_client_as_the_real_ones_would(gcs: SimulatedStorage):
    gcs.script(error("PUT", 403), error("PUT", 503), apply_then_drop("PUT"))
    with pytest.raises(PermissionDeniedError):
        put(gcs, "a", b"1")
    for _ in range(2):
        with pytest.raises(BaseError):
            put(gcs, "a", b"1")
    assert gcs.objects() == {"a": b"1"}
    gcs.script(truncated("GET", 0))
    with pytest.raises(BaseError):
        read(gcs, "a")
