"""Secrets in awkward shapes and what only looks like one: the texts are in material/, with «NAMES» for values.

Every value is put together here, so that none stands in a file whole.
"""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    text: str
    values: tuple[str, ...] = ()
    rule: str = ""


def crc62(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PASSWORD = "Tr0ub" + "4dor-3"
SHORT = "k9" + "Xz7"
WORDY = "correct" + "horsebattery"
PLAIN = "sunflower" + "season"
OPAQUE = "9f8a7c6b" + "5d4e3f2a" + "1b0c9d8e" + "7f6a5b4c"
MIXED = "aQ7" + "zR2mK9" + "pL4vX8" + "wN3bT6yD1"
_GITHUB_BODY = "Zk3Qm8Rt" + "2Vx7Lp1N" + "c5Hd9Ws4" + "Bj6Gf0"
GITHUB = "gh" + "p_" + _GITHUB_BODY + crc62(_GITHUB_BODY)
GOOGLE = "AI" + "za" + "SyD3k9Qw7" + "Rt5Yz1Xc8Vb4" + "Nm6Lp2Jh0GfEaB"
STRIPE = "sk_" + "live_" + "4eC39HqLy" + "jWDarjtT1zdp7dc"
AWS = "AK" + "IA" + "Q3EGRJ7M" + "XK5TUW2B"
ANTHROPIC = "sk-" + "ant-api03-" + "Xq7" * 5 + "kD9_mW2-" * 9
SLACK = "xo" + "xb-" + "2468013579-" + "1357924680-" + "kQ9wE7rT5yU3iO1pA8sD6fG4"
GITLAB = "gl" + "pat-" + "x7Kd" + "92mQ" + "p4Rt" + "8VzL" + "w3Nc"
SENDGRID = "S" + "G." + "q7Wd9Ke2Rm4Tx6Yb8Nc1Vp" + "." + "Lz3Hj5Gf7Ds9Aq1Wm3Ex5Rc7Tv9Yb1Nu3Im5Ok7Pl9Z"
PEM_BODY = (
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" + "VJTUt9Us8cKj" + "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dV"
)
PEM = "-----BEGIN " + "PRIVATE KEY-----\n" + PEM_BODY + "\n-----END " + "PRIVATE KEY-----\n"
_STEP = "steps:\n- name: gcr.io/cloud-builders/docker\n"

VALUES = {
    "PASSWORD": PASSWORD,
    "SHORT": SHORT,
    "WORDY": WORDY,
    "PLAIN": PLAIN,
    "OPAQUE": OPAQUE,
    "MIXED": MIXED,
    "NUMBER": "4821" + "3975",
    "ROOT": "ro" + "ot",
    "MINIO": "mi" + "nio",
    "GITHUB": GITHUB,
    "GITHUB_HALF": GITHUB[:20],
    "GITHUB_OTHER_HALF": GITHUB[20:],
    "GITHUB_BACKWARDS": GITHUB[::-1],
    "GITHUB_BASE64": b64(GITHUB),
    "GOOGLE": GOOGLE,
    "STRIPE": STRIPE,
    "AWS": AWS,
    "ANTHROPIC": ANTHROPIC,
    "SLACK": SLACK,
    "GITLAB": GITLAB,
    "SENDGRID": SENDGRID,
    "BASIC": b64(f"ci:{PASSWORD}"),
    "PLAIN_BASE64": b64(PLAIN),
    "SETTINGS_BASE64": b64(f"db_password={PASSWORD}\nmode=x"),
    "KEY_BASE64": b64(PEM),
    "PEM_BODY": PEM_BODY,
    "BEGIN_KEY": "-----BEGIN " + "PRIVATE KEY-----",
    "END_KEY": "-----END " + "PRIVATE KEY-----",
}


def positives() -> list[Case]:
    return _cases("secrets.txt")


def benign() -> list[Case]:
    return _cases("lookalikes.txt")


def _cases(name: str) -> list[Case]:
    """Read ``=== name | path | values that must be found | rule`` and the text below, up to the next."""
    cases = []
    for block in re.split(r"^=== ", (Path(__file__).parent / "material" / name).read_text(), flags=re.MULTILINE)[1:]:
        head, _, text = block.partition("\n")
        title, path, values, rule = (*(part.strip() for part in head.split("|")), "", "")[:4]
        filled = re.sub("«([A-Z_0-9]+)»", lambda match: VALUES[match.group(1)], text)
        cases.append(Case(title, path, filled, tuple(VALUES[value] for value in values.split()), rule))
    return cases
