from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.key_format import new_key, parse_key
from penstock.policy.secrets import redact, scan

ALPHABET = string.ascii_letters + string.digits


def test_a_new_key_has_the_published_form_and_reads_back_as_itself():
    for live in (True, False):
        key = new_key(live=live)
        assert re.fullmatch(rf"pst_{'live' if live else 'test'}_[0-9A-Za-z]{{12}}_[0-9A-Za-z]{{49}}", key.plain)
        assert len(key.plain) == 71
        assert parse_key(key.plain) == key
        assert key.plain.split("_")[2] == key.kid


def test_keys_never_repeat():
    keys = {new_key().plain for _ in range(1_000)}
    assert len(keys) == len({key.split("_")[2] for key in keys}) == 1_000


@given(place=st.integers(0, 70), letter=st.sampled_from(ALPHABET + "_"))
def test_one_wrong_character_anywhere_makes_it_no_key(place: int, letter: str):
    plain = new_key().plain
    changed = plain[:place] + letter + plain[place + 1 :]
    assert (parse_key(changed) is None) == (changed != plain)


@given(st.text(max_size=300) | st.from_regex(r"pst_(live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\n?", fullmatch=True))
def test_no_other_text_is_a_key(text: str):
    assert parse_key(text) is None


def test_the_repr_of_a_key_shows_its_public_part_alone():
    key = new_key()
    assert key.kid in repr(key)
    assert key.plain[-49:] not in repr(key)


@given(st.sampled_from(["{}", "Authorization: Bearer {}", "key={}", '{{"x": "{}"}}', "see {}."]))
def test_our_own_scanner_finds_and_masks_a_key_in_any_text(frame: str):
    plain = new_key().plain
    text = frame.format(plain)
    assert plain not in redact(text)
    assert [found.rule for found in scan(text, path="notes.txt")] == ["security.secrets.provider_token"]
