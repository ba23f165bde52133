"""The vendor's own library, imported once: that takes seconds."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sdk() -> ModuleType:
    return importlib.import_module("anthropic")
