"""Any one change of an export is found, and the first place that is wrong is named."""

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from api.audit import verification
from api.audit.log import head_hash
from api.audit.verification import Finding, What
from api.core import signing
from api.core.audit import GENESIS, canonical, chained
from api.rules import merkle

STREAM = "tender:019abf2e8c1d7c3fa9b04b4c6f0d2e11"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = verification.key_by_id(signing.public_key(KEY.public_key()))
(KEY_ID,) = KEYS


def signed(content: dict[str, Any]) -> dict[str, Any]:
    signature = base64.b64encode(KEY.sign(canonical(content))).decode()
    return {"content": content, "key_id": KEY_ID, "signature": signature}


def export(size: int, proven: int, withheld: tuple[int, ...] = (), others: int = 7) -> Any:
    """A stream of `size` entries, every second leaf of the log being of another stream."""
    entries: list[dict[str, Any]] = []
    previous, leaves = GENESIS, [merkle.leaf_hash(b"first")]
    for seq in range(1, size + 1):
        content = {
            "id": f"{seq:032x}",
            "at": "2026-11-24T05:06:07.891011+00:00",
            "stream": STREAM,
            "seq": seq,
            "org_id": None,
            "actor": "test",
            "action": "amend",
            "change": {"title": {"ky": "Эмерек"}, "lots": [1, "2", None, True]},
            "request_id": "req_1",
        }
        hash = chained(previous, content)
        entry = {"seq": seq, "content": content, "prev_hash": previous, "hash": hash}
        entries.append({**entry, "leaf_index": None, "proof": None})
        if seq <= proven:
            entries[-1]["leaf_index"] = len(leaves)
            leaves += [merkle.leaf_hash(bytes.fromhex(hash)), merkle.leaf_hash(b"%d" % seq)]
        previous = hash
    leaves += [merkle.leaf_hash(b"other %d" % number) for number in range(others)]
    for entry in entries:
        if entry["leaf_index"] is not None:
            proof = merkle.inclusion_proof(leaves, entry["leaf_index"])
            entry["proof"] = [each.hex() for each in proof]
        if entry["seq"] in withheld:
            entry["content"] = None
    head = {
        "type": "audit_head",
        "log": "https://kerben.example",
        "number": 3,
        "tree_size": len(leaves),
        "root_hash": merkle.root(leaves).hex(),
        "signed_at": "2026-11-25T10:00:00+00:00",
        "previous_hash": GENESIS,
    }
    statement = {
        "type": "audit_export",
        "stream": STREAM,
        "entries": size,
        "proven": proven,
        "withheld": list(withheld),
        "last_hash": previous,
        "head_hash": head_hash(head),
    }
    return {
        "format": "kerben-audit-1",
        "statement": signed(statement),
        "head": signed(head),
        "entries": entries,
    }


@st.composite
def exports(draw: st.DrawFn, smallest: int = 1) -> Any:
    """Streams of any length, with a tail newer than the head, and withheld contents before it."""
    size = draw(st.integers(smallest, 9))
    proven = draw(st.integers(0, size))
    withheld = draw(st.sets(st.integers(1, proven), max_size=3)) if proven else set()
    return export(size, proven, tuple(sorted(withheld)), draw(st.integers(0, 9)))


def found(document: Any) -> Finding | None:
    """What is found in the file of a document."""
    return verification.first_finding(verification.load(json.dumps(document)), keys=KEYS)


def place(document: Any) -> tuple[What, int | None]:
    finding = found(document)
    assert finding is not None
    return finding.what, finding.seq


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[key], (*path, key))


def mutate(draw: Callable[..., Any], document: Any) -> None:
    """Change, drop or add one value anywhere below `document`, in place."""
    path = draw(st.sampled_from(list(paths(document))))
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    old, before = parent[path[-1]], json.dumps(document)
    match draw(st.sampled_from(["replace", "drop", "add", "alter"])):
        case "replace":
            values = [None, 0, -1, 2**60, 1.5, "", "x", "0" * 64, True, [], {}, [None], {"a": 1}]
            parent[path[-1]] = draw(st.sampled_from(values))
        case "drop":
            del parent[path[-1]]
        case "add":
            target = old if isinstance(old, dict | list) else parent
            if isinstance(target, dict):
                target["more"] = draw(st.sampled_from([None, 1, "x"]))
            else:
                target.append(draw(st.sampled_from([1, "0" * 64])))
        case _:
            assume(isinstance(old, int | str) and old != "")
            if isinstance(old, str):
                at = draw(st.integers(0, len(old) - 1))
                changed = old[:at] + draw(st.sampled_from("0aZ")) + old[at + 1 :]
            else:
                changed = old + draw(st.sampled_from([-1, 1]))
            parent[path[-1]] = changed
    assume(json.dumps(document) != before)


@given(exports())
def test_an_untouched_export_holds(document: Any) -> None:
    assert found(document) is None


@given(exports(), st.data())
def test_a_change_in_an_entry_is_found_there(document: Any, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(document["entries"]) - 1))
    mutate(data.draw, document["entries"][index])
    assert place(document) == (What.CHANGED, index + 1)


@given(exports(), st.data(), st.sampled_from(["head", "statement"]))
def test_a_change_of_head_or_statement_is_found_and_no_entry_blamed(
    document: Any, data: st.DataObject, part: str
) -> None:
    mutate(data.draw, document[part])
    what, seq = place(document)
    assert seq is None
    assert what in (What.UNREADABLE, What.UNSIGNED, What.CHANGED)


@given(exports(smallest=2), st.data())
def test_sec_12_a_removed_entry_is_named(document: Any, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(document["entries"]) - 2))
    del document["entries"][index]
    assert place(document) == (What.REMOVED, index + 1)


@given(exports(), st.data())
def test_sec_12_a_cut_end_is_named(document: Any, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(document["entries"]) - 1))
    del document["entries"][kept:]
    assert place(document) == (What.TRUNCATED, kept + 1)


@given(exports(smallest=2), st.data())
def test_sec_12_two_exchanged_entries_are_named_by_the_first(
    document: Any, data: st.DataObject
) -> None:
    entries = document["entries"]
    first = data.draw(st.integers(0, len(entries) - 2))
    second = data.draw(st.integers(first + 1, len(entries) - 1))
    entries[first], entries[second] = entries[second], entries[first]
    assert place(document) == (What.REORDERED, first + 1)


@given(exports(), st.data())
def test_a_repeated_entry_is_named(document: Any, data: st.DataObject) -> None:
    entries = document["entries"]
    copied = data.draw(st.integers(0, len(entries) - 1))
    at = data.draw(st.integers(copied + 1, len(entries)))
    entries.insert(at, copy.deepcopy(entries[copied]))
    assert place(document) == (What.ADDED, at + 1)


def test_a_withheld_entry_newer_than_the_head_is_bound_by_the_next() -> None:
    document = export(3, 1, withheld=(2,))
    document["entries"][1]["hash"] = "1" * 64
    assert place(document) == (What.CHANGED, 2)


def test_a_history_written_anew_is_not_in_the_log() -> None:
    document, other = export(4, 4), export(4, 4)
    entries, previous = document["entries"], document["entries"][1]["prev_hash"]
    for entry in entries[1:]:
        entry["content"]["actor"] = "somebody else"
        entry["prev_hash"], entry["hash"] = previous, chained(previous, entry["content"])
        previous = entry["hash"]
    assert place(document) == (What.CHANGED, 2)
    assert found(other) is None


def test_an_end_cut_off_with_a_statement_to_match_has_no_signature() -> None:
    document = export(4, 4)
    del document["entries"][3:]
    document["statement"]["content"] |= {
        "entries": 3,
        "proven": 3,
        "last_hash": document["entries"][-1]["hash"],
    }
    assert place(document) == (What.UNSIGNED, None)
    assert verification.first_finding(document, keys=None) is None


def test_a_key_that_is_not_trusted_or_a_head_that_was_not_published_is_refused() -> None:
    document = export(2, 2)
    stranger = signing.public_key(Ed25519PrivateKey.generate().public_key())
    for keys in ({}, {KEY_ID: stranger.public_key}, verification.key_by_id(stranger)):
        finding = verification.first_finding(document, keys=keys)
        assert finding is not None
        assert finding.what is What.UNSIGNED
    published = copy.deepcopy(document["head"])
    assert verification.first_finding(document, keys=KEYS, head=published) is None
    published["content"]["root_hash"] = "0" * 64
    for given_head in (published, [], {}):
        finding = verification.first_finding(document, keys=KEYS, head=given_head)
        assert finding is not None
        assert finding.what is What.OTHER_HEAD


@pytest.mark.parametrize("document", [None, [], {}, "x", {"format": "kerben-audit-1"}])
def test_what_is_no_export_is_unreadable(document: Any) -> None:
    assert place(document) == (What.UNREADABLE, None)


def test_a_member_named_twice_is_no_document() -> None:
    with pytest.raises(ValueError, match="twice"):
        verification.load('{"a": 1, "b": {"c": 1, "c": 2}}')
