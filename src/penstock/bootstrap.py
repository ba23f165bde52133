"""The composition root: settings become adapters, adapters become an Engine. The only module that names vendors.

What is opened depends on the door: `check` and `plan` need skills and the gate, `generate` also PostgreSQL, `serve`
also Valkey. Everything heavy is imported when it is opened.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import DataDirUnusable
from penstock.kit.clock import SystemClock

if TYPE_CHECKING:
    from penstock.gateway.keys import Keys
    from penstock.gateway.service import Gateway
    from penstock.policy.gate import Gate
    from penstock.settings import Settings
    from penstock.skills.ports import SkillStore
    from penstock.surfaces.engine import Engine, Ping

LIBRARY = Path(str(files("penstock") / "library"))
