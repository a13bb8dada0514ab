"""The whole life of a sealed bid by the commands alone, on files."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from api.__main__ import main
from api.procurement.sealing import envelopes, opening
from api.procurement.sealing.ceremony import TenderKey
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import SealedBidInvalid, TenderKeyInvalid
from api.procurement.sealing.receipts import Receipt
from api.rules.policy import SealingMode
from tests.procurement.sealing.samples import public, session, signed_receipt

PEOPLE = ("aida", "bakyt", "chair", "auditor")
PAST, FUTURE = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
BID = {"amount": "1250.50"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@dataclass
class Tender:
    folder: Path
    key: TenderKey

    @property
    def file(self) -> Path:
        return self.folder / "tender-key.json"

    def identity(self, person: str) -> Path:
        return self.folder / f"{person}.key"

    def seal(self, name: str = "sealed", *options: object) -> Result:
        bid = self.folder / "bid.json"
        bid.write_text(json.dumps(BID))
        files = ("--out", self.folder / f"{name}.json", "--keep", self.folder / f"{name}.kept")
        return run("bid", "seal", bid, self.file, "--tenderer", "organisation_1", *files, *options)


def held(folder: Path, opens_at: str) -> Tender:
    recipients = {}
    for person in PEOPLE:
        made = run("opener", "keygen", folder / f"{person}.key")
        assert made.exit_code == 0, made.output
        recipients[person] = made.stdout.strip()
    holders = [f"--opener={person}={recipients[person]}" for person in PEOPLE[:3]]
    ceremony = run(
        "opener",
        "ceremony",
        "--tender=ocds-kerben0-0001",
        "--envelope=price",
        f"--opens-at={opens_at}",
        "--threshold=2",
        *holders,
        f"--auditor=auditor={recipients['auditor']}",
        f"--out={folder / 'tender-key.json'}",
    )
    assert ceremony.exit_code == 0, ceremony.output
    key = TenderKey.read((folder / "tender-key.json").read_bytes(), refused=TenderKeyInvalid)
    assert key.sha256() in ceremony.stdout
    return Tender(folder, key)


@pytest.fixture
def tender(tmp_path: Path) -> Tender:
    return held(tmp_path, PAST)


def test_a_bid_is_sealed_received_and_opened_by_two_of_four(tender: Tender) -> None:
    for person in PEOPLE:
        checked = run("opener", "check", tender.file, "--identity", tender.identity(person))
        assert checked.exit_code == 0, checked.output
        assert tender.key.sha256() in checked.stdout
    assert tender.seal("sealed", "--fingerprint", tender.key.sha256()).exit_code == 0
    sealed = Sealed.read((tender.folder / "sealed.json").read_bytes(), refused=SealedBidInvalid)
    identity = Identity.generate()
    to = session(identity, tender.key)
    (tender.folder / "session.json").write_bytes(to.canonical())

    shares = []
    for person in ("bakyt", "auditor"):
        out = tender.folder / f"{person}.age"
        files = ("--identity", tender.identity(person), "--out", out, "--root", to.root)
        released = run("opener", "share", tender.file, tender.folder / "session.json", *files)
        assert released.exit_code == 0, released.output
        shares.append(opening.accept(identity, to, tender.key, out.read_bytes()))
    context = json.loads((tender.folder / "sealed.kept").read_text())["context"]
    opened = envelopes.open_envelope(
        opening.recover(shares, tender.key),
        sealed.ciphertext_bytes(),
        sealed.commitment,
        Context.model_validate(context),
    )

    assert opened.content == BID
    assert opened.canonical() == (tender.folder / "sealed.kept").read_bytes()
    assert [share.holder for share in shares] == [2, 4]


def test_a_document_is_sealed_beside_a_bid_and_opened_again(tmp_path: Path) -> None:
    document, sealed, kept = (tmp_path / name for name in ("a.pdf", "a.age", "a.kept"))
    document.write_bytes(b"%PDF-1.7 drawing" * 1_000)

    made = run("bid", "seal-document", document, "--out", sealed, "--keep", kept, "--id", "1")

    assert made.exit_code == 0, made.output
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    entry = json.loads(kept.read_text())
    assert (entry["sealed"]["id"], entry["sealed"]["name"]) == ("1", "a.pdf")
    assert entry["sealed"]["key"] not in made.output
    back = run("bid", "open-document", sealed, "--kept", kept, "--out", tmp_path / "b.pdf")
    assert back.exit_code == 0, back.output
    assert (tmp_path / "b.pdf").read_bytes() == document.read_bytes()
    kept.write_text(json.dumps({**entry, "sha256": "0" * 64}))
    wrong = run("bid", "open-document", sealed, "--kept", kept, "--out", tmp_path / "c.pdf")
    assert wrong.exit_code == 1
    assert "document_mismatch" in wrong.output
    assert not (tmp_path / "c.pdf").exists()


def test_private_files_are_for_their_owner_and_never_replaced(tender: Tender) -> None:
    assert tender.seal().exit_code == 0
    for private in (tender.identity("aida"), tender.folder / "sealed.kept"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = {path: path.read_bytes() for path in tender.folder.iterdir()}

    for again in (tender.seal(), run("opener", "keygen", tender.identity("aida"))):
        assert again.exit_code == 2
        assert "File exists" in again.output
    assert {path: path.read_bytes() for path in tender.folder.iterdir()} == before


def test_a_private_key_that_others_may_read_is_refused(tender: Tender) -> None:
    os.chmod(tender.identity("aida"), 0o640)

    refused = run("opener", "check", tender.file, "--identity", tender.identity("aida"))

    assert refused.exit_code == 1
    assert "key_invalid: Others may read" in refused.output


def test_no_share_is_released_before_its_time(tmp_path: Path) -> None:
    tender = held(tmp_path, FUTURE)
    to = session(Identity.generate(), tender.key)
    (tmp_path / "session.json").write_bytes(to.canonical())
    out = tmp_path / "share.age"
    files = ("--identity", tender.identity("aida"), "--out", out, "--root", to.root)

    refused = run("opener", "share", tender.file, tmp_path / "session.json", *files)

    assert refused.exit_code == 1
    assert "release_too_early" in refused.output
    assert not out.exists()


def test_no_share_is_released_for_another_root_than_the_published_one(tender: Tender) -> None:
    session_file = tender.folder / "session.json"
    session_file.write_bytes(session(Identity.generate(), tender.key).canonical())
    out = tender.folder / "share.age"
    files = ("--identity", tender.identity("aida"), "--out", out, "--root", "0" * 64)

    refused = run("opener", "share", tender.file, session_file, *files)

    assert refused.exit_code == 1
    assert "release_mismatch" in refused.output
    assert not out.exists()


def test_a_key_with_another_fingerprint_than_the_published_one_is_refused(tender: Tender) -> None:
    refused = tender.seal("sealed", "--fingerprint", "0" * 64)

    assert refused.exit_code == 1
    assert "tender_key_invalid" in refused.output
    assert not (tender.folder / "sealed.json").exists()
    assert not (tender.folder / "sealed.kept").exists()


def test_a_receipt_is_verified_against_what_was_sent_and_kept(tender: Tender) -> None:
    assert tender.seal().exit_code == 0
    assert tender.seal("other").exit_code == 0
    sealed = Sealed.read((tender.folder / "sealed.json").read_bytes(), refused=SealedBidInvalid)
    kept = json.loads((tender.folder / "sealed.kept").read_text())
    receipt = Receipt(
        context=Context.model_validate(kept["context"]),
        commitment=sealed.commitment,
        ciphertext_sha256=sealed.ciphertext_sha256(),
        size=sealed.size,
        received_at="2026-12-01T04:00:00.000000Z",
        sealing=SealingMode.CLIENT,
        sequence=3,
    )
    signing = Ed25519PrivateKey.generate()
    file = tender.folder / "receipt.json"
    file.write_bytes(signed_receipt(receipt, signing).canonical())

    def verified(name: str, key: Ed25519PrivateKey) -> Result:
        sent, kept = tender.folder / f"{name}.json", tender.folder / f"{name}.kept"
        files = ("--sealed", sent, "--document", kept, "--public-key", public(key))
        return run("bid", "verify-receipt", file, *files)

    good = verified("sealed", signing)
    assert good.exit_code == 0, good.output
    assert (
        "Received 2026-12-01T04:00:00.000000Z for ocds-kerben0-0001, sealed by the client"
        in good.output
    )
    assert "receipt_mismatch" in verified("other", signing).output
    assert "signature_wrong" in verified("sealed", Ed25519PrivateKey.generate()).output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "must be a JSON object"),
        ("{", "not JSON"),
        ('{"a": 1, "a": 2}', "every name once"),
        ('{"a": 1e999}', "no canonical JSON"),
    ],
)
def test_content_that_cannot_be_sealed_is_explained(tender: Tender, text: str, said: str) -> None:
    bid = tender.folder / "bad.json"
    bid.write_text(text)
    out, keep = tender.folder / "out.json", tender.folder / "kept"

    refused = run("bid", "seal", bid, tender.file, "--tenderer=o", f"--out={out}", f"--keep={keep}")

    assert refused.exit_code == 1
    assert said.lower() in refused.output.lower()
    assert not out.exists()
    assert not keep.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--threshold": "1"}, "alone"),
        ({"--opener": "aida"}, "NAME=age1"),
        ({"--tender": ""}, "1 to 200 printable"),
        ({"--envelope": "second"}, "second"),
        ({"--opens-at": "tomorrow"}, "tomorrow"),
    ],
)
def test_a_ceremony_that_cannot_be_held_is_explained(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    options = {
        "--tender": "t",
        "--envelope": "price",
        "--opens-at": PAST,
        "--threshold": "2",
        "--opener": f"aida={Identity.generate().recipient}",
        "--auditor": f"auditor={Identity.generate().recipient}",
        "--out": str(tmp_path / "tender-key.json"),
    }

    refused = run("opener", "ceremony", *(f"{k}={v}" for k, v in (options | change).items()))

    assert refused.exit_code in (1, 2)
    assert said.lower() in refused.output.lower()
    assert list(tmp_path.iterdir()) == []
