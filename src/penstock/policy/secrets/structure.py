"""Layer (b) on parsed files: a credential's name with a literal value, wherever the structure puts the two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from penstock.kit.guarded_yaml import YamlDocument, escape
from penstock.policy.dockerfile import Dockerfile
from penstock.policy.secrets.credential_names import Says, what_name_says
from penstock.policy.secrets.finding import CONFIGMAP, CREDENTIAL, K8S_SECRET, Hit
from penstock.policy.secrets.lines import Style, basic_pair, line_hits, worth_a_look, worth_looks
from penstock.policy.secrets.literal_values import is_literal_secret, is_reference, is_short_secret
from penstock.policy.secrets.places import Places
from penstock.policy.secrets.tokens import first_token, holds_any_token

_REFERENCES = frozenset(
    {
        "secretName", "secretKeyRef", "secretRef", "versionName", "secretEnv", "secret_env", "imagePullSecrets",
        "valueFrom", "configMapKeyRef", "remoteRef", "envMap", "encryptedData", "permissions", "secretObjects",
        "existingSecret", "secretProviderClass", "secretStoreRef", "sops", "matchLabels", "selector",
    }
)  # fmt: skip
"""Keys whose values point at secrets, or hold them encrypted: never values themselves."""
_ENCRYPTED = frozenset(
    {"SealedSecret", "ExternalSecret", "SecretProviderClass", "ClusterExternalSecret", "SecretStore"}
)
"""Kinds that hold secrets encrypted, or say where they are kept."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SECRET_FLAGS = ("--set-secrets", "--update-secrets", "--secret")
_COMMAND = ("entrypoint", "command", "args")
_COMMAND_KEYS = frozenset(_COMMAND)
_PAIRS = frozenset({"auth", "_auth"})
"""Names of user:password pairs in base64."""
_SHORT_PAIR = 8
_SHORTEST_TOKEN = 20
_MOST_PIECES = 4
_MAX_JOINED = 200
_MAX_DEPTH = 80


class _Walk:
    """Walks one document and remembers where it is."""

    def __init__(self, places: Places, document: YamlDocument, index: int) -> None:
        self.places = places
        self.document = document
        self.index = index
        self.rule = CREDENTIAL
        self.found: list[Hit] = []
        texts = _Texts()
        texts.gather(document.value)
        hidden = holds_any_token((*texts.unfolded, *texts.windows))
        self.folded = hidden and holds_any_token(texts.unfolded)
        self.split = hidden and holds_any_token(texts.windows)
        self.worthy = worth_looks(texts.all)

    def hit(self, value: str, pointer: str, detail: str, rule: str = "", literals: tuple[str, ...] = ()) -> None:
        """Keep a secret."""
        line, column = self.document.value_position(pointer)
        first = value.partition("\n")[0] or value
        place = self.places.find(literals[0] if literals else first, line, column)
        if place is None and not literals:
            literals = self._as_written(value, pointer)
        self.found.append(
            Hit(rule or self.rule, *(place or (line, column)), value, detail, self.index, pointer, literals)
        )

    def _as_written(self, value: str, pointer: str) -> tuple[str, ...]:
        """Return the spelling of a scalar with escapes, and the value: both must be masked."""
        match = _QUOTED.match(self.places.text, self.places.offset(*self.document.value_position(pointer)))
        return (match.group(1), value) if match and match.group(1) != value else ()

    def walk(self, value: Any, pointer: str, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, dict):
            self._mapping(value, pointer, depth)
        elif isinstance(value, list):
            self._list(value, pointer, depth)
        elif isinstance(value, str):
            self._text(value, pointer)

    def _mapping(self, value: dict[str, Any], pointer: str, depth: int) -> None:
        if "value" in value:
            self._env_entry(value, pointer)
        if not _COMMAND_KEYS.isdisjoint(value):
            self._command(value, pointer)
        in_env = _in_environment(f"{pointer}/")
        for key, each in value.items():
            if key in _REFERENCES:
                continue
            below = f"{pointer}/{escape(key)}"
            if isinstance(each, str | int) and not isinstance(each, bool):
                self.pair(key, each, below, in_env=in_env)
            self.walk(each, below, depth + 1)

    def pair(self, name: str, value: str | int, pointer: str, *, in_env: bool = False) -> None:
        """Keep the value when the name makes it a secret. ``in_env``: in the environment of a container."""
        says = what_name_says(name)
        if says is Says.NOTHING and name not in _PAIRS:
            return
        text = str(value)
        if "\n" in text or (isinstance(value, int) and says is not Says.PASSWORD):
            return
        if is_literal_secret(name, text, says) or (in_env and is_short_secret(text, says)):
            self.hit(text, pointer, f"a literal value for {name[:60]}")
        elif name in _PAIRS and len(text) > _SHORT_PAIR and basic_pair(text):
            self.hit(text, pointer, "a user:password pair in base64")

    def _env_entry(self, value: dict[str, Any], pointer: str) -> None:
        name, literal = value.get("name", value.get("key")), value.get("value")
        if isinstance(name, str) and isinstance(literal, str | int) and not isinstance(literal, bool):
            self.pair(name, literal, f"{pointer}/value", in_env=_in_environment(pointer))

    def _env_words(self, texts: list[str], pointer: str) -> None:
        for index, text in enumerate(texts):
            name, equals, value = text.partition("=")
            if equals and is_short_secret(value, what_name_says(name)):
                self.hit(value, f"{pointer}/{index}", f"a literal value for {name[:60]}")

    def _command(self, value: dict[str, Any], pointer: str) -> None:
        """Keep the secrets of one command line whose words are spread over entrypoint, command and args."""
        words: list[str] = []
        for key in _COMMAND:
            each = value.get(key)
            if isinstance(each, list):
                words += [str(word) for word in each[:_MAX_JOINED]]
            elif isinstance(each, str) and isinstance(value.get("args"), list):
                words.append(each)
        if not words:
            return
        image = value.get("name")
        if isinstance(image, str) and "entrypoint" not in value:
            words.insert(0, image.rpartition("/")[2].partition(":")[0])
        key = "args" if isinstance(value.get("args"), list) else "command"
        self._joined_line(words, f"{pointer}/{key}")

    def _joined_line(self, words: list[str], pointer: str) -> None:
        line = " ".join(words)
        if worth_a_look(line):
            for found in line_hits(line, Style.WORDS):
                self.hit(found.value, pointer, found.detail)

    def _list(self, value: list[Any], pointer: str, depth: int) -> None:
        texts = [each for each in value if isinstance(each, str)]
        if len(texts) == len(value) and _in_environment(f"{pointer}/"):
            self._env_words(texts, pointer)
        if len(texts) > 1 and len(texts) == len(value) <= _MAX_JOINED:
            self._joined_line(texts, pointer)
            if self.split:
                self._split_token(texts, pointer)
        for index, each in enumerate(value):
            if index and isinstance(each, str) and value[index - 1] in _SECRET_FLAGS:
                continue  # NAME=secret:version says where the value is kept; a token is found in any text
            self.walk(each, f"{pointer}/{index}", depth + 1)

    def _split_token(self, texts: list[str], pointer: str) -> None:
        """Keep a token cut in pieces so that none has its form (H59)."""
        for few in _windows(texts):
            found = first_token("".join(few))
            if found is None or any(found[0] in text for text in few):
                continue
            pieces = pieces_of(found[0], few)
            if pieces:
                self.hit(found[0], pointer, f"{found[1].words}, split over list entries", found[1].rule, pieces)
                return

    def _text(self, value: str, pointer: str) -> None:
        if value in self.worthy:
            for line in value.split("\n"):
                for found in line_hits(line):
                    self.hit(found.value, pointer, found.detail)
        if self.folded and _may_be_folded(value):
            runs = value.split()
            whole = first_token("".join(runs))
            if whole and whole[0] not in value:
                pieces = pieces_of(whole[0], runs)
                self.hit(whole[0], pointer, f"{whole[1].words}, folded", whole[1].rule, pieces)


def _in_environment(pointer: str) -> bool:
    return "/env/" in pointer or "/environment/" in pointer


def _may_be_folded(value: str) -> bool:
    return len(value) >= _SHORTEST_TOKEN and ("\n" in value or " " in value)


def _windows(texts: list[str]) -> list[list[str]]:
    """Return the entries of a list as a token could be spread over them: a few that follow each other."""
    return [texts[start : start + _MOST_PIECES] for start in range(len(texts) - 1)]


class _Texts:
    """The texts of a document, gathered so that each layer needs one search to know whether it has work at all."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.unfolded: list[str] = []
        """Those with white space, without it: what a folded token would be found in."""
        self.windows: list[str] = []
        """Entries of lists, joined: what a split token would be found in."""

    def gather(self, value: Any, depth: int = 0) -> None:
        if isinstance(value, str):
            self.all.append(value)
            if _may_be_folded(value):
                self.unfolded.append("".join(value.split()))
        elif depth <= _MAX_DEPTH and isinstance(value, dict):
            for each in value.values():
                self.gather(each, depth + 1)
        elif depth <= _MAX_DEPTH and isinstance(value, list):
            if 1 < len(value) <= _MAX_JOINED and all(isinstance(each, str) for each in value):
                self.windows += ["".join(few) for few in _windows(value)]
            for each in value:
                self.gather(each, depth + 1)


def document_hits(places: Places, document: YamlDocument, index: int) -> list[Hit]:
    """Return the secrets of one parsed document."""
    walk, value = _Walk(places, document, index), document.value
    if isinstance(value, dict) and value.get("kind") == "List" and isinstance(value.get("items"), list):
        for number, item in enumerate(value["items"]):
            _manifest_hits(walk, item, f"/items/{number}")
    else:
        _manifest_hits(walk, value, "")
    return walk.found


def _manifest_hits(walk: _Walk, value: Any, pointer: str) -> None:
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "Secret" and "apiVersion" in value:
        _secret_hits(walk, value, pointer)
    elif kind not in _ENCRYPTED:
        walk.rule = CONFIGMAP if kind == "ConfigMap" else CREDENTIAL
        walk.walk(value, pointer)


def _secret_hits(walk: _Walk, value: dict[str, Any], above: str) -> None:
    """Keep one hit for each entry that is a credential by name; when none is, one for the Secret."""
    entries = [
        (key, str(each), f"{above}/{part}/{escape(key)}")
        for part in ("data", "stringData")
        for key, each in (value[part].items() if isinstance(value.get(part), dict) else ())
        if isinstance(each, str | int) and str(each).strip() and not is_reference(str(each))
    ]
    named = [entry for entry in entries if what_name_says(entry[0]) is not Says.NOTHING]
    for key, each, pointer in named or entries[:1]:
        walk.hit(each, pointer, f"{key[:60]} has its value in the file", K8S_SECRET)


def dockerfile_hits(places: Places, parsed: Dockerfile) -> Iterator[Hit]:
    """Yield the secrets of a Dockerfile: ENV, ARG and LABEL pairs, and the lines of every other instruction."""
    for instruction in parsed.instructions:
        line = instruction.start_line
        if instruction.cmd in {"env", "arg", "label"}:
            for pair in instruction.value:
                name, _, value = pair.partition("=")
                says = what_name_says(name)
                if is_literal_secret(name, value, says) or (
                    instruction.cmd != "label" and is_short_secret(value, says)
                ):
                    place = places.find(value, line) or (line, 1)
                    literals = (value, *_as_written(name, value, instruction.original))
                    yield Hit(CREDENTIAL, *place, value, f"a literal value for {name[:60]}", literals=literals)
            continue
        texts = [(text, Style.PLAIN) for text in instruction.value]
        if instruction.json:
            texts.append((" ".join(instruction.value), Style.WORDS))
        for text, style in texts:
            for each in text.split("\n") if worth_a_look(text) else ():
                for found in line_hits(each, style):
                    yield Hit(CREDENTIAL, *(places.find(found.value, line) or (line, 1)), found.value, found.detail)


def _as_written(name: str, value: str, original: str) -> tuple[str, ...]:
    """Return the escaped form of a value, where quotes or backslashes make it another text."""
    if value in original:
        return ()
    found = re.search(rf"{re.escape(name)}[= ]\s*(\S.*?)(?=\s+[A-Za-z_]\w*=|\s*$)", original, re.DOTALL)
    return (found.group(1),) if found else ()


def pieces_of(token: str, texts: list[str]) -> tuple[str, ...]:
    """Return the parts of the entries that make up a token, in order."""
    joined, spans, at = "".join(texts), [], 0
    for text in texts:
        spans.append((at, at + len(text)))
        at += len(text)
    start = joined.find(token)
    end = start + len(token)
    touched = [(max(start, left), min(end, right)) for left, right in spans if left < end and right > start]
    return tuple(joined[left:right] for left, right in touched if left < right)
