"""The regions of Google Cloud, and what to do with a name that is none of them."""

from __future__ import annotations

import re
from difflib import get_close_matches

KNOWN_ON = "2026-11"
"""Year and month in which the list was true."""
REGIONS = frozenset(
    {
        "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3",
        "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "asia-southeast3",
        "australia-southeast1", "australia-southeast2", "europe-central2", "europe-north1", "europe-north2",
        "europe-southwest1", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6",
        "europe-west8", "europe-west9", "europe-west10", "europe-west12", "me-central1", "me-central2", "me-west1",
        "northamerica-northeast1", "northamerica-northeast2", "northamerica-south1", "southamerica-east1",
        "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2",
        "us-west3", "us-west4",
    }
)  # fmt: skip
_LIKELY = re.compile(
    r"(africa|asia|australia|europe|me|northamerica|southamerica|us)"
    r"-(central|north|northeast|northwest|south|southeast|southwest|east|west)[1-9][0-9]?"
)
"""What Google calls its regions: a name of this form may be one that is newer than the list."""
_MOST_NAMED = 3


def may_be_region(name: str) -> bool:
    """Whether a name is a region, or may be a new one."""
    return name in REGIONS or _LIKELY.fullmatch(name) is not None


def nearest_regions(name: str) -> list[str]:
    """Return the regions whose names are nearest, the nearest first; at most three."""
    return get_close_matches(name, sorted(REGIONS), n=_MOST_NAMED, cutoff=0.5)
