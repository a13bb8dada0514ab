"""Checking an export without the service: what was changed, removed, reordered or cut off, first.

An entry's content must give its hash, each entry must follow the one before it, and the hash must
be in the log of the head by its Merkle proof. The signed statement says how long the stream is and
which contents were withheld; the signatures of statement and head need the service's public key.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from api.audit.log import head_hash
from api.audit.schemas import ExportedEntry, HeadOut, StatementOut
from api.core import signing
from api.core.audit import GENESIS, chained
from api.core.signing import PublicKey
from api.rules import merkle


class What(StrEnum):
    """What is wrong."""

    UNREADABLE = "unreadable"
    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    ADDED = "added"
    UNSIGNED = "signature"
    OTHER_HEAD = "other_head"


class Finding(NamedTuple):
    """The first thing wrong: `seq` is the entry's place in its stream; None: not an entry."""

    what: What
    detail: str
    seq: int | None = None


class _Document(BaseModel):
    """An export whose entries are looked at one by one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: str
    statement: StatementOut
    head: HeadOut
    entries: list[Any]


def load(text: str) -> Any:
    """The JSON of a file. Raises ValueError if it is none, or names a member twice."""
    return json.loads(text, object_pairs_hook=_unique)


def keys(document: Any) -> dict[str, str]:
    """Public keys by id, of the answer of `/public/audit/keys` or one of its items."""
    items = document.get("items", [document])
    return {item["key_id"]: item["public_key"] for item in items}


def key_by_id(key: PublicKey) -> dict[str, str]:
    """One key by its id."""
    return {key.key_id: key.public_key}


def first_finding(
    export: Any, *, keys: Mapping[str, str] | None, head: Any | None = None
) -> Finding | None:
    """The first thing that is wrong with an export; None when all of it holds.

    Without `keys`, signatures are not checked; without `head`, one published elsewhere, the
    export's own counts.
    """
    try:
        document = _Document.model_validate(export, strict=True)
    except ValidationError as error:
        return Finding(What.UNREADABLE, _told(error))
    if document.format != "kerben-audit-1":
        return Finding(What.UNREADABLE, f"format {document.format!r} is not known")
    return (
        _check_head(export, head)
        or _check_signatures(export, keys)
        or _check_entries(document)
        or _check_end(document)
    )


def _check_head(export: Any, published: Any | None) -> Finding | None:
    own = export["head"]["content"]
    if published is not None:
        given = published.get("content") if isinstance(published, dict) else None
        if given != own:
            return Finding(
                What.OTHER_HEAD, f"the export's head {own['number']} is not the one given"
            )
    if export["statement"]["content"]["head_hash"] != head_hash(own):
        return Finding(What.CHANGED, "head: it is not the one that the statement is about")
    return None


def _check_signatures(export: Any, keys: Mapping[str, str] | None) -> Finding | None:
    if keys is None:
        return None
    for name in ("head", "statement"):
        signed = export[name]
        key = keys.get(signed["key_id"])
        if key is None:
            return Finding(What.UNSIGNED, f"{name}: signed by an unknown key {signed['key_id']}")
        if not signing.verify(signed["content"], signed["signature"], key):
            return Finding(What.UNSIGNED, f"{name}: its signature does not hold")
    return None


def _check_entries(document: _Document) -> Finding | None:
    previous, last_place, loose = GENESIS, -1, False
    for place, given in enumerate(document.entries, start=1):
        try:
            entry = ExportedEntry.model_validate(given, strict=True)
        except ValidationError as error:
            return Finding(What.CHANGED, _told(error), place)
        found = (
            _check_content(document, entry, place)
            or _check_order(document.entries, entry, previous, place, loose)
            or _check_proof(document, entry, place, last_place)
        )
        if found:
            return found
        previous, loose = entry.hash, entry.content is None and entry.proof is None
        last_place = last_place if entry.leaf_index is None else entry.leaf_index
    return None


def _check_content(document: _Document, entry: ExportedEntry, place: int) -> Finding | None:
    said = document.statement.content
    if entry.content is None:
        if entry.seq in said.withheld:
            return None
        return Finding(What.CHANGED, "its content is missing", place)
    try:
        computed = chained(entry.prev_hash, entry.content)
    except ValueError:
        computed = None
    if computed != entry.hash or entry.content.get("seq") != entry.seq:
        return Finding(What.CHANGED, "its content does not give its hash", place)
    if entry.content.get("stream") != said.stream:
        return Finding(What.CHANGED, "it is an entry of another stream", place)
    if entry.seq in said.withheld:
        return Finding(What.CHANGED, "it has content that was withheld", place)
    return None


def _check_order(
    entries: Sequence[Any], entry: ExportedEntry, previous: str, place: int, loose: bool
) -> Finding | None:
    """`loose`: nothing but this entry binds the hash of the one before."""
    follows = entry.prev_hash == previous
    if entry.seq == place:
        if follows:
            return None
        if loose and entry.content is not None:
            return Finding(What.CHANGED, "the next entry does not follow from it", place - 1)
        return Finding(What.CHANGED, "it does not follow from the one before", place)
    if follows:
        return Finding(What.CHANGED, "its number is not its place", place)
    if entry.seq < place:
        return Finding(What.ADDED, f"entry {entry.seq} is repeated", place)
    if any(isinstance(each, dict) and each.get("seq") == place for each in entries[place:]):
        return Finding(What.REORDERED, f"entry {entry.seq} stands in its place", place)
    return Finding(What.REMOVED, f"entry {entry.seq} stands in its place", place)


def _check_proof(
    document: _Document, entry: ExportedEntry, place: int, last_place: int
) -> Finding | None:
    if place > document.statement.content.proven:
        if (entry.leaf_index, entry.proof) == (None, None):
            return None
        return Finding(What.CHANGED, "it has a proof although the head is older", place)
    if entry.leaf_index is None or entry.proof is None:
        return Finding(What.CHANGED, "its proof is missing", place)
    head = document.head.content
    proven = entry.leaf_index > last_place and merkle.verify_inclusion(
        merkle.leaf_hash(bytes.fromhex(entry.hash)),
        entry.leaf_index,
        head.tree_size,
        [bytes.fromhex(each) for each in entry.proof],
        bytes.fromhex(head.root_hash),
    )
    return None if proven else Finding(What.CHANGED, "it is not in the log of the head", place)


def _check_end(document: _Document) -> Finding | None:
    said, count = document.statement.content, len(document.entries)
    if count < said.entries:
        return Finding(What.TRUNCATED, f"the stream has {said.entries} entries", count + 1)
    if count > said.entries:
        return Finding(What.ADDED, f"the stream has {said.entries} entries", said.entries + 1)
    if said.last_hash != (document.entries[-1]["hash"] if count else GENESIS):
        return Finding(What.CHANGED, "it is not the last entry of the statement", count)
    return None


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is named twice")
    return found
