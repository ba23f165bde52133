"""Passwords told in many languages and letters; and that what is masked once stays as it is."""

from __future__ import annotations

import pytest
from secret_material import GITHUB

from penstock.policy.secrets import fingerprint, redact, redact_quoted, redact_said, scan

KEY = b"k" * 32
PLAIN, MIXED = "sommer" + "wind", "Tr0ub" + "4dor"
WIDE = "".join(chr(ord(char) + 0xFEE0) for char in MIXED)
HOOK = "123456789012345678/" + "aB3dEfGhIj-KlMnOpQrStUvWxYz_0123456789aB3dEfGhIjKlMnOpQrStUvWxYz"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"Kennwort: {PLAIN}", PLAIN),
        (f"Das Passwort lautet {PLAIN}", PLAIN),
        (f"mot de passe: {PLAIN}", PLAIN),
        (f"contraseña: {PLAIN}", PLAIN),
        (f"log in as user admin and pass {PLAIN} please", PLAIN),
        (f"with login admin, password {PLAIN} please", PLAIN),
        (f"mit Benutzer admin und Kennwort {PLAIN} bitte", PLAIN),
        (f"post to https://discord.com/api/webhooks/{HOOK}", HOOK),
        (f"use secret={MIXED}&3x now", MIXED),
    ],
)  # fmt: skip
def test_what_is_told_as_a_password_is_masked_whole(text: str, value: str):
    said = redact_said(text, key=KEY)
    assert value not in said
    assert "&3x" not in said
    assert f":{fingerprint(value, KEY)}»" in said
    assert said.startswith(text[: text.index(value)])


@pytest.mark.parametrize(
    "text",
    [f"ｐａｓｓｗｏｒｄ: {WIDE}", f"password: {WIDE}", f"𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝 is {MIXED}", f"ｔｏｋｅｎ＝{WIDE}9"],  # noqa: RUF001 -- letters that look alike
)
def test_letters_that_look_alike_hide_nothing(text: str):
    said = redact_said(text, key=KEY)
    assert said.count("«redacted:") == 1
    assert WIDE not in said
    assert MIXED not in said


@pytest.mark.parametrize(
    "text",
    [
        "Deploy 決済 to Tokyo！ No secret（really）.",  # noqa: RUF001 -- as it is typed there
        "user admin and pass from the vault", "the account page, password reset",
        "https://api.example/x?page=2&size=3",
    ],
)  # fmt: skip
def test_a_sentence_without_a_secret_stays_word_for_word(text: str):
    assert redact_said(text, key=KEY) == text


@pytest.mark.parametrize(
    "text",
    [
        f"Kennwort: {PLAIN}",
        f"Use {GITHUB} there",
        f"use secret={MIXED}&3x now",
        f"token: {GITHUB} and password={MIXED}",
    ],
)
def test_what_is_masked_is_not_masked_again(text: str):
    once = redact_said(text, key=KEY)
    for again in (redact, redact_quoted, redact_said):
        assert again(once, key=b"another key of 32 bytes, or more") == once
    assert scan(f"password: {once}\n", path="values.txt") == ()


def test_a_secret_that_is_a_word_of_a_mask_leaves_the_masks_whole():
    text = redact(f"PASSWORD=secrets9\nTOKEN={GITHUB}\nDB_PASSWORD=provider_token7\n", path=".env", key=KEY)
    assert text.count("«redacted:") == text.count("»") == 3
    assert "«redacted:security.secrets.«" not in text


def test_what_only_looks_like_a_mask_hides_no_secret():
    for text in (f"«redacted:{GITHUB}»", f"«redacted:security.secrets.provider_token:{GITHUB}»"):
        assert GITHUB not in redact_said(text, key=KEY)
        assert [each.rule for each in scan(text, path="a.txt")] == ["security.secrets.provider_token"]
