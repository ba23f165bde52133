"""The objects of one bucket, and the rule that matters here: a write whose precondition fails changes nothing."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass, field
from email.utils import formatdate
from xml.sax.saxutils import escape


class Refused(Exception):
    """An answer that is an error, as the XML API words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.body = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        ).encode()


@dataclass(frozen=True, slots=True)
class Stored:
    content: bytes
    generation: int
    modified: str

    def headers(self) -> dict[str, str]:
        md5 = hashlib.md5(self.content, usedforsecurity=False).digest()
        return {
            "etag": f'"{md5.hex()}"',
            "last-modified": self.modified,
            "x-goog-generation": str(self.generation),
            "x-goog-metageneration": "1",
            "x-goog-hash": f"crc32c={checksum(self.content)},md5={base64.b64encode(md5).decode()}",
        }


def checksum(content: bytes) -> str:
    """Return the CRC-32C (Castagnoli) as the API writes it: base64 of four bytes, big end first."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return base64.b64encode(struct.pack(">I", value ^ 0xFFFFFFFF)).decode()


@dataclass
class Bucket:
    """Objects by name. ``written`` remembers every content that ever was an object: nothing may be written over."""

    name: str
    objects: dict[str, Stored] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    _generation: int = 1_700_000_000_000_000

    def check_name(self, asked: str) -> None:
        if asked != self.name:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.")

    def put(self, name: str, content: bytes, headers: dict[str, str]) -> dict[str, str]:
        self._check(name, headers)
        given = headers.get("x-goog-hash", "")
        if "crc32c=" in given and checksum(content) not in given:
            raise Refused(400, "BadDigest", "The CRC32C you specified did not match what we received.")
        self._generation += 1
        stored = self.objects[name] = Stored(content, self._generation, formatdate(usegmt=True))
        self.written.append(name)
        return stored.headers()

    def get(self, name: str) -> Stored:
        if name not in self.objects:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return self.objects[name]

    def delete(self, name: str, headers: dict[str, str]) -> None:
        self.get(name)
        self._check(name, headers)
        del self.objects[name]

    def list(self, prefix: str) -> bytes:
        found = "".join(
            f"<Contents><Key>{escape(name)}</Key><Generation>{each.generation}</Generation>"
            "<LastModified>2026-11-24T10:00:00.000Z</LastModified>"
            f"<ETag>{escape(each.headers()['etag'])}</ETag><Size>{len(each.content)}</Size></Contents>"
            for name, each in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        return (
            "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>"
            f"<Name>{self.name}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
            f"{found}</ListBucketResult>"
        ).encode()

    def _check(self, name: str, headers: dict[str, str]) -> None:
        """Hold a write to its precondition: 0 means that there is no such object."""
        wanted = headers.get("x-goog-if-generation-match")
        stands = self.objects[name].generation if name in self.objects else 0
        if wanted is not None and wanted != str(stands):
            raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
