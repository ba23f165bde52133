"""Where it runs: region (by name, zone or city), project, cluster."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

REGIONS = frozenset(
    [
        "africa-south1",
        "asia-east1",
        "asia-east2",
        "asia-northeast1",
        "asia-northeast2",
        "asia-northeast3",
        "asia-south1",
        "asia-south2",
        "asia-southeast1",
        "asia-southeast2",
        "asia-southeast3",
        "australia-southeast1",
        "australia-southeast2",
        "europe-central2",
        "europe-north1",
        "europe-north2",
        "europe-southwest1",
        "europe-west1",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "europe-west6",
        "europe-west8",
        "europe-west9",
        "europe-west10",
        "europe-west12",
        "me-central1",
        "me-central2",
        "me-west1",
        "northamerica-northeast1",
        "northamerica-northeast2",
        "northamerica-south1",
        "southamerica-east1",
        "southamerica-west1",
        "us-central1",
        "us-east1",
        "us-east4",
        "us-east5",
        "us-south1",
        "us-west1",
        "us-west2",
        "us-west3",
        "us-west4",
    ]
)
_CITIES = {
    "europe-west1": "belgium belgien belgique bélgica",
    "europe-west2": "london londres",
    "europe-west3": "frankfurt francfort fráncfort",
    "europe-west4": "netherlands niederlande|eemshaven|amsterdam|pays-bas|países bajos",
    "europe-west6": "zurich zürich zúrich",
    "europe-west8": "milan mailand milán milano",
    "europe-west9": "paris parís",
    "europe-west10": "berlin berlín",
    "europe-west12": "turin torino turín",
    "europe-central2": "warsaw warschau varsovie varsovia",
    "europe-north1": "finland finnland finlande finlandia hamina",
    "europe-north2": "stockholm estocolmo",
    "europe-southwest1": "madrid",
    "us-central1": "iowa",
    "us-east1": "south carolina|",
    "us-east4": "virginia|northern virginia",
    "us-east5": "columbus ohio",
    "us-south1": "dallas texas",
    "us-west1": "oregon",
    "us-west2": "los angeles|",
    "us-west3": "salt lake city|",
    "us-west4": "las vegas|",
    "northamerica-northeast1": "montreal montréal",
    "northamerica-northeast2": "toronto",
    "southamerica-east1": "sao paulo|são paulo|",
    "southamerica-west1": "santiago",
    "asia-east1": "taiwan",
    "asia-east2": "hong kong|hongkong",
    "asia-northeast1": "tokyo tokio",
    "asia-northeast2": "osaka",
    "asia-northeast3": "seoul séoul seúl",
    "asia-south1": "mumbai bombay",
    "asia-south2": "delhi",
    "asia-southeast1": "singapore singapur singapour",
    "asia-southeast2": "jakarta yakarta",
    "australia-southeast1": "sydney",
    "australia-southeast2": "melbourne",
    "me-west1": "tel aviv|israel",
    "me-central1": "doha qatar",
    "africa-south1": "johannesburg",
}
_CITY = {
    name.strip(): region
    for region, names in _CITIES.items()
    for name in (names.split("|") if "|" in names else names.split())
    if name.strip()
}
_CITY |= {"niederlande": "europe-west4", "netherlands": "europe-west4"}
_BY_WORD: dict[str, list[str]] = {}
for _name in sorted(_CITY, key=len, reverse=True):
    _BY_WORD.setdefault(re.split(r"\W", _name)[0], []).append(_name)
_NO_PLACE = re.compile(r"[\w-]| (?:time|zeit)\b")
_REGION = re.compile(
    r"(?<![\w.-])((?:africa|asia|australia|europe|me|northamerica|southamerica|us|eu|ap|sa|ca|af|mars|moon"
    r"|eastus|westeurope)"
    r"(?:-[a-z]{2,12}){1,2}-?[0-9]{1,2})(?:-[a-f])?(?![\w-])"
)
_SAID_REGION = re.compile(
    r"\bregi[oó]n\s{1,2}(?:is |called |named |= ?|: ?)?([a-z]{2,14}-[a-z]{2,14}[0-9]{1,2})(?![\w-])"
)
_PROJECT = re.compile(
    r"\b(?:(?:google |gcp |cloud |gcloud )*(?:project(?: id)?|projekt|projet|proyecto)(?: (?:is|called|named|id"
    r"|namens|nommé|llamado)|:|=){0,2}"
    r" ?[\"'`]?([a-z][a-z0-9-]{4,28}[a-z0-9])(?![\w-])[\"'`]?"
    r"|(?:in|to|into|on) (?:the )?[\"'`]?([a-z][a-z0-9-]{4,28}[a-z0-9])[\"'`]? (?:gcp |google |cloud "
    r"|google cloud )?project\b)"
)
_CLUSTER = re.compile(
    r"\b(?:(?:gke |kubernetes )?cluster (?:is |called |named |namens |nommé "
    r"|llamado )?[\"'`]?([a-z][a-z0-9-]{0,61}[a-z0-9])(?![\w-])[\"'`]?"
    r"|(?:in|to|on|into) (?:the |our )?[\"'`]?(?!(?:the|our|a|an|gke|kubernetes|same|existing|my"
    r"|your) )([a-z][a-z0-9-]{0,61}[a-z0-9])[\"'`]? (?:gke |kubernetes )?cluster\b)"
)
_PROJECT_WORD, _CLUSTER_WORD = re.compile("proj|proye"), re.compile("cluster")
_REGION_WORD, _SAID_WORD = re.compile("[a-z]-?[0-9]"), re.compile("regi")
_NO_NAME = frozenset(
    [
        "which",
        "where",
        "with",
        "without",
        "and",
        "that",
        "uses",
        "using",
        "under",
        "should",
        "will",
        "needs",
        "where",
        "there",
        "today",
        "later",
        "please",
        "everything",
        "gke",
        "kubernetes",
        "our",
        "the",
        "one",
        "for",
        "from",
        "into",
        "instead",
        "google",
        "in",
        "on",
        "is",
        "production",
        "staging",
        "autopilot",
        "called",
        "named",
        "existing",
        "same",
        "cloud-run",
        "deploy",
        "deploys",
        "deployment",
        "already",
        "another",
        "different",
        "right",
        "wrong",
        "existing",
        "default",
        "shared",
        "region",
        "owner",
        "manager",
        "review",
        "files",
        "folder",
        "root",
        "settings",
        "number",
        "level",
        "budget",
        "exists",
    ]
)


def read(wishes: Wishes) -> None:
    """Read region and project."""
    _region(wishes)
    sentence = wishes.sentence
    for found in sentence.find(_PROJECT, _PROJECT_WORD):
        value = found.group(1) or found.group(2)
        named = "-" in value or (found.group(1) is not None and _says_so(found.group()))
        if named and value not in _NO_NAME and value not in wishes.names and value != wishes.facts.name:
            wishes.set("project", value, sentence.take(found))


def read_cluster(wishes: Wishes) -> None:
    """Read the cluster's name: before the target, whose words stand around it and stay untaken."""
    sentence = wishes.sentence
    for found in sentence.find(_CLUSTER, _CLUSTER_WORD):
        group = 1 if found.group(1) else 2
        value = found.group(group)
        if value not in _NO_NAME:
            sentence.take(found.span(group))
            wishes.set("cluster", value, sentence.shown(*found.span()))


def _says_so(words: str) -> bool:
    return re.search(r"\bis\b|called|named|id\b|:|=|[\"'`]|namens|nommé|llamado", words) is not None


def _region(wishes: Wishes) -> None:
    sentence = wishes.sentence
    refused: list[str] = []
    for pattern, near in ((_REGION, _REGION_WORD), (_SAID_REGION, _SAID_WORD)):
        for found in sentence.find(pattern, near, negated=True):
            if sentence.is_negated(found.start(1)):
                refused.append(sentence.take_negated(*found.span()))
            else:
                _named(wishes, found, zone=pattern is _REGION and found.group() != found.group(1))
    for start, word in sentence.leads:
        name = next((each for each in _BY_WORD.get(word, ()) if sentence.low.startswith(each, start)), None)
        end = start + len(name or "")
        if name is None or _NO_PLACE.match(sentence.low, end) or sentence.is_taken(start, end):
            continue
        if sentence.is_negated(start):
            refused.append(sentence.take_negated(start, end))
        else:
            _city(wishes, _CITY[name], sentence.take((start, end)))
    if refused and "region" not in wishes.single:
        longest = [words for words in refused if not any(each != words and each.startswith(words) for each in refused)]
        said = listed([f'"{words}"' for words in longest])
        wishes.ask(f"In which region shall it run instead? The sentence says {said} and names no other one.")


def _named(wishes: Wishes, found: re.Match[str], *, zone: bool) -> None:
    name, words = found.group(1), wishes.sentence.take(found)
    if name not in REGIONS:
        wishes.ask(f"Which Google Cloud region is meant by {words}? It is none of those known here.")
        return
    wishes.set("region", name, words)
    if zone:
        wishes.assume(f"{words} is a zone: everything runs in its region, {name}.")


def _city(wishes: Wishes, region: str, words: str) -> None:
    known = wishes.single.get("region") == region
    wishes.set("region", region, words)
    if wishes.single.get("region") == region and not known:
        wishes.assume(f"{words} is taken as the region {region}; --region (options.region) changes that.")
