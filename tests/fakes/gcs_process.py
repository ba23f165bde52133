"""The simulated Google Cloud Storage for tests: start it, script it, look at the bucket afterwards.

    def test_...(gcs: SimulatedStorage):
        gcs.script(error("PUT .*manifest", 503))
        objects = open_objects(gcs.address, **gcs.options)
        assert gcs.objects() == {...}

`match` of an action is a regular expression searched in "METHOD /bucket/name?query", its escapes undone; the whole
vocabulary is `fakes/github/script.py: Action`, which knows nothing of GitHub. All times are seconds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes.own_process import OwnProcess

Action = dict[str, Any]
BUCKET = "acme-pipelines"


def error(match: str, status: int, **how: Any) -> Action:
    """Answer with an error instead of carrying the call out."""
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>Scripted{status}</Code></Error>"
    return {"match": match, "answer": {"status": status, "text": text, "content_type": "application/xml"}, **how}


def drop(match: str, **how: Any) -> Action:
    """Reset the connection without carrying the call out."""
    return {"match": match, "cut": {"how": "reset"}, **how}


def apply_then_drop(match: str, **how: Any) -> Action:
    """Carry the call out, then reset the connection without an answer."""
    return {"match": match, "apply": True, "cut": {"how": "reset"}, **how}


def silent(match: str, **how: Any) -> Action:
    """Never answer."""
    return {"match": match, "hold": "before", **how}


def truncated(match: str, after_bytes: int, **how: Any) -> Action:
    """Send only so much of the answer's body, then close."""
    return {"match": match, "cut": {"how": "close", "after_bytes": after_bytes}, **how}


class SimulatedStorage(OwnProcess):
    """One bucket."""

    address = f"gs://{BUCKET}/copies"

    def __init__(self) -> None:
        super().__init__("fakes.gcs", "--bucket", BUCKET)

    @property
    def options(self) -> dict[str, Any]:
        """What obstore needs to take this for Google's own."""
        account = {
            "gcs_base_url": self.url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": "",
        }  # fmt: skip
        return {"service_account_key": json.dumps(account), "client_options": {"allow_http": True}}

    def objects(self) -> dict[str, bytes]:
        """Return every object by its name."""
        return {name: base64.b64decode(each) for name, each in self._control("GET", "/_objects")["objects"].items()}

    def written(self) -> list[str]:
        """Return the names of all writes that took effect, in order."""
        return list(self._control("GET", "/_objects")["written"])

    def put(self, name: str, content: bytes) -> None:
        """Put an object there, as somebody else might."""
        self._control("POST", "/_put", {"name": name, "content": base64.b64encode(content).decode()})


@contextmanager
def simulated_storage() -> Iterator[SimulatedStorage]:
    running = SimulatedStorage()
    try:
        yield running
    finally:
        running.close()
