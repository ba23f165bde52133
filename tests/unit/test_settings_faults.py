from __future__ import annotations

import pytest

from penstock.errors import InvalidConfiguration
from penstock.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [("PENSTOCK_HTTP", "x"), ("PENSTOCK_DATA_DIR", ""), ("PENSTOCK_DATABASE__POOL_MIN", "51")],
)
def test_a_setting_that_cannot_be_used_is_told_in_words(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidConfiguration) as refused:
        load_settings()
    assert refused.value.steps
