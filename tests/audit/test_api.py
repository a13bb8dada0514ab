"""The log as outsiders, organisations and auditors see it through the API and the CLI."""

import base64
import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from api.__main__ import main
from api.audit import log
from api.core import audit, db, migrations
from api.identity import service as identity
from api.identity.schemas import ClientIn
from api.rules import merkle
from tests.procurement import samples

type AsOrg = Callable[..., Any]
CLI = CliRunner()


def sign_head() -> None:
    with db.worker_unit_of_work() as session:
        assert log.sign_now(session) is not None


def stream_of(made: Any) -> str:
    return f"tender:{made['id'].removeprefix('tender_')}"


def exported(actor: Any, stream: str, **params: Any) -> Any:
    return actor.get(f"/v1/audit/streams/{stream}/export", params=params)


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def drafted(buyer: Any) -> Any:
    """A tender with two entries in the log of head 1."""
    made = samples.drafted(buyer)
    buyer.patch(f"/v1/tenders/{made['id']}", json={"title": {"ru": "Секрет", "ky": "Сыр"}})
    sign_head()
    return made


def test_sec_11_an_outsider_verifies_an_entry_with_hashes_and_one_signature(
    buyer: Any, drafted: Any, client: Any
) -> None:
    entry = exported(buyer, stream_of(drafted)).json()["entries"][1]["content"]
    first = exported(buyer, stream_of(drafted)).json()["entries"][0]

    answer = client.get(f"/public/audit/entries/{entry['id']}/proof").json()

    hash = hashlib.sha256(first["hash"].encode() + rfc8785.dumps(entry)).digest()
    node = hashlib.sha256(b"\0" + hash).digest()
    assert node.hex() == answer["leaf_hash"]
    head = answer["head"]["content"]
    place, last = answer["leaf_index"], head["tree_size"] - 1
    for sibling in map(bytes.fromhex, answer["proof"]):
        if place % 2 or place == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        place, last = place // 2, last // 2
    assert (node.hex(), last) == (head["root_hash"], 0)
    (key,) = client.get("/public/audit/keys").json()["items"]
    assert (key["key_id"], key["algorithm"]) == (answer["head"]["key_id"], "Ed25519")
    Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"])).verify(
        base64.b64decode(answer["head"]["signature"]), rfc8785.dumps(head)
    )


def test_heads_come_in_pages_and_each_begins_with_the_log_before(buyer: Any, client: Any) -> None:
    for _ in range(5):
        samples.drafted(buyer)
        sign_head()
    heads: list[Any] = []
    params: dict[str, Any] = {"limit": 2}
    while len(heads) < 5:
        page = client.get("/public/audit/heads", params=params).json()
        heads += page["items"]
        params["cursor"] = page["next_cursor"]
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    assert [head["content"]["number"] for head in heads] == [5, 4, 3, 2, 1]
    assert client.get("/public/audit/heads/latest").json() == heads[0]
    assert client.get("/public/audit/heads/3").json() == heads[2]
    for newer, older in itertools.pairwise(heads):
        digest = hashlib.sha256(rfc8785.dumps(older["content"])).hexdigest()
        assert newer["content"]["previous_hash"] == digest
    for newer in heads:
        for older in heads[heads.index(newer) :]:
            params = {
                "older": older["content"]["number"],
                "newer": newer["content"]["number"],
            }
            answer = client.get("/public/audit/consistency", params=params).json()
            assert (answer["older"], answer["newer"]) == (older, newer)
            assert merkle.verify_consistency(
                older["content"]["tree_size"],
                newer["content"]["tree_size"],
                bytes.fromhex(older["content"]["root_hash"]),
                bytes.fromhex(newer["content"]["root_hash"]),
                [bytes.fromhex(each) for each in answer["proof"]],
            )


def test_what_never_changes_may_be_kept_for_ever(buyer: Any, drafted: Any, client: Any) -> None:
    entry = exported(buyer, stream_of(drafted)).json()["entries"][0]["content"]["id"]
    for url, lasting in (
        ("/public/audit/heads/1", True),
        ("/public/audit/consistency?older=1&newer=1", True),
        (f"/public/audit/entries/{entry}/proof?head=1", True),
        (f"/public/audit/entries/{entry}/proof", False),
        ("/public/audit/heads/latest", False),
        ("/public/audit/heads", False),
        ("/public/audit/keys", False),
    ):
        answer = client.get(url)
        assert answer.status_code == 200
        assert ("immutable" in answer.headers["cache-control"]) == lasting, url


def test_what_is_not_there_or_not_yet_is_said_and_not_kept(
    buyer: Any, drafted: Any, client: Any
) -> None:
    newer = samples.drafted(buyer)
    unplaced = exported(buyer, stream_of(newer)).json()["entries"][0]["content"]["id"]
    unknown = "019abf2e8c1d7c3fa9b04b4c6f0d2e11"
    for url, status, code in (
        ("/public/audit/heads/2", 404, "not_found"),
        ("/public/audit/consistency?older=1&newer=2", 404, "not_found"),
        (f"/public/audit/entries/{unknown}/proof", 404, "not_found"),
        (f"/public/audit/entries/{unplaced}/proof", 404, "not_found"),
        ("/public/audit/entries/x/proof", 422, "invalid"),
    ):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (status, code), url
        assert answer.headers["cache-control"] == "no-store"
    sign_head()
    late = client.get(f"/public/audit/entries/{unplaced}/proof", params={"head": 1})
    assert (late.status_code, late.json()["code"]) == (409, "not_yet_in_head")
    assert client.get(f"/public/audit/entries/{unplaced}/proof").status_code == 200
    exchanged = client.get("/public/audit/consistency?older=2&newer=1")
    assert exchanged.json()["errors"][0]["pointer"] == "#?query/older"


def test_before_the_first_head_there_is_none(client: Any) -> None:
    assert client.get("/public/audit/heads").json()["items"] == []
    assert client.get("/public/audit/heads/latest").status_code == 404


def test_a_draft_is_read_by_its_buyer_and_by_auditors_alone(
    buyer: Any, drafted: Any, as_org: AsOrg, client: Any
) -> None:
    stream = stream_of(drafted)
    supplier = as_org(["supplier"])
    mine = exported(buyer, stream).json()
    assert [entry["content"]["action"] for entry in mine["entries"]] == ["create", "update"]
    for reader in (as_org(["auditor"]), as_org(["operator"])):
        assert exported(reader, stream).json()["entries"] == mine["entries"]
    for url in ("export", "entries/1/proof"):
        answer = supplier.get(f"/v1/audit/streams/{stream}/{url}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.get(f"/v1/audit/streams/{stream}/export").status_code == 401

    published = buyer.post(f"/v1/tenders/{drafted['id']}/publish")
    assert published.status_code == 200
    public = exported(supplier, stream).json()
    assert public["entries"][:2] == mine["entries"]
    assert len(public["entries"]) == 3
    proof = supplier.get(f"/v1/audit/streams/{stream}/entries/2/proof").json()
    assert (proof["proof"], proof["leaf_index"]) == (
        mine["entries"][1]["proof"],
        mine["entries"][1]["leaf_index"],
    )


def test_everybody_sees_hashes_and_no_content(buyer: Any, drafted: Any, client: Any) -> None:
    content = exported(buyer, stream_of(drafted)).json()["entries"][1]["content"]
    assert content["change"]
    answers = [
        client.get(url).text
        for url in (
            f"/public/audit/entries/{content['id']}/proof",
            "/public/audit/heads",
            "/public/audit/consistency?older=1&newer=1",
        )
    ]
    for secret in ("Секрет", content["stream"], buyer.org_id.hex, content["actor"], "update"):
        assert not any(secret in answer for answer in answers)


def test_reading_needs_the_right_to_audit(buyer: Any, drafted: Any, client: Any) -> None:
    with db.worker_unit_of_work() as session:
        _, key = identity.create_client(
            session,
            org_id=buyer.org_id,
            actor="test",
            data=ClientIn(name="narrow", scopes=["tenders:read"]),
            grantable=["tenders:read"],
        )
    answer = client.get(
        f"/v1/audit/streams/{stream_of(drafted)}/export",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_of_a_stream_with_several_organisations_each_reads_its_own_entries(as_org: AsOrg) -> None:
    first, second, stranger = as_org(["buyer"]), as_org(["supplier"]), as_org(["supplier"])
    for actor in (first, second, None, first):
        with db.worker_unit_of_work() as session:
            org_id = actor.org_id if actor else None
            audit.record(session, "invitation:1", "act", actor="test", org_id=org_id)
    sign_head()

    mine = exported(first, "invitation:1").json()
    assert [entry["content"] is None for entry in mine["entries"]] == [False, True, False, False]
    assert mine["statement"]["content"]["withheld"] == [2]
    theirs = exported(second, "invitation:1").json()
    assert [entry["content"] is None for entry in theirs["entries"]] == [True, False, False, True]
    everything = exported(as_org(["auditor"]), "invitation:1").json()
    assert all(entry["content"] for entry in everything["entries"])
    assert exported(stranger, "invitation:1").status_code == 404


def test_the_command_line_verifies_an_export_and_names_what_was_changed(
    buyer: Any, drafted: Any, client: Any, tmp_path: Path
) -> None:
    buyer.post(f"/v1/tenders/{drafted['id']}/publish")
    file, head, keys = (tmp_path / name for name in ("export.json", "head.json", "keys.json"))
    answer = exported(buyer, stream_of(drafted))
    file.write_bytes(answer.content)
    head.write_bytes(client.get("/public/audit/heads/latest").content)
    keys.write_bytes(client.get("/public/audit/keys").content)
    key = json.loads(keys.read_text())["items"][0]["public_key"]
    options = ["--head", str(head), "--key", str(keys)]

    good = CLI.invoke(main, ["verify", "audit", str(file), *options])
    assert (good.exit_code, good.stdout) == (
        0,
        f"{stream_of(drafted)}: 3 entries hold, 2 of them in the log of head 1.\n",
    )
    assert CLI.invoke(main, ["verify", "audit", str(file), "--key", key]).exit_code == 0
    unsigned = CLI.invoke(main, ["verify", "audit", str(file)])
    assert "Not checked: the signatures" in unsigned.stdout

    document = answer.json()
    document["entries"][1]["content"]["change"] = {}
    file.write_text(json.dumps(document))
    changed = CLI.invoke(main, ["verify", "audit", str(file), *options])
    assert changed.exit_code == 1
    assert changed.stdout == "entry 2: changed: its content does not give its hash\n"
    file.write_text("{")
    assert CLI.invoke(main, ["verify", "audit", str(file)]).exit_code == 1
    wrong = CLI.invoke(main, ["verify", "audit", str(head), "--key", "AAAA"])
    assert wrong.exit_code == 2


def test_the_keeper_signs_a_head_and_exports_by_the_command_line(
    buyer: Any, drafted: Any, tmp_path: Path
) -> None:
    file, stream = tmp_path / "export.json", stream_of(drafted)
    buyer.post(f"/v1/tenders/{drafted['id']}/publish")
    assert CLI.invoke(main, ["audit", "head"]).exit_code == 0
    assert CLI.invoke(main, ["audit", "export", stream, str(file)]).exit_code == 0
    assert json.loads(file.read_text()) == exported(buyer, stream, head=2).json()
    assert CLI.invoke(main, ["audit", "export", "tender:none", str(file)]).exit_code == 1


def test_sec_11_the_program_of_the_documentation_verifies_an_export(
    buyer: Any, drafted: Any, client: Any, tmp_path: Path
) -> None:
    guide = (migrations.ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    program, file = tmp_path / "verify.py", tmp_path / "export.json"
    program.write_text(guide.partition("```python\n")[2].partition("```")[0])
    document = exported(buyer, stream_of(drafted)).json()
    key = client.get("/public/audit/keys").json()["items"][0]["public_key"]

    def run() -> subprocess.CompletedProcess[str]:
        file.write_text(json.dumps(document))
        command = [sys.executable, str(program), str(file), key]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    good = run()
    assert good.returncode == 0, good.stderr
    document["entries"][1]["content"]["actor"] = "x"
    assert "AssertionError: entry 2" in run().stderr
