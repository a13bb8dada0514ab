"""A former key of the installation is needed until what it has encrypted is encrypted anew."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.channels.models import ChannelConnection
from api.core import db, encryption, settings
from api.operations.reencryption import ENCRYPTED, IMPORTERS
from api.procurement.models import BidLot
from api.procurement.service import importers
from tests.identity import people
from tests.intake import signing
from tests.payments import banking, treasury
from tests.procurement import bidding
from tests.tenancy.world import ok

type AsOrg = Callable[..., Any]
BYTES = {"Content-Type": "application/octet-stream"}
FRESH = SecretStr("another secret of thirty-two characters")


@pytest.fixture
def kept(as_org: AsOrg, session: Session, drain: Callable[[], int]) -> dict[str, list[bytes]]:
    """A secret in each column that holds some; in the clear."""
    owner = as_org(["buyer", "supplier", "partner"])
    ok(owner.post("/v1/webhook-endpoints", json={"url": "https://hooks.example.kg/a"}))
    source = {"name": "x", "provider": "partner", "secret": signing.WHSEC}
    made = ok(owner.post("/v1/intake-sources", json=source))
    newer = f"whsec_{base64.b64encode(b'another key of 24 bytes.').decode()}"
    changed = {"secret": newer, "overlap_hours": 1}
    ok(owner.request("PATCH", f"/v1/intake-sources/{made['id']}", json=changed))
    provider = {"name": "Вход", "issuer": "https://login.example.kg", "client_id": "kerben"}
    ok(owner.post("/v1/identity-providers", json={**provider, "client_secret": "of the two"}))
    ok(owner.post("/v1/payee-accounts", json=treasury.PAYEE))
    entry = banking.line("500", "За парты", name="Асанов", account="1180000087654321")
    office = treasury.opened(as_org).first
    ok(office.post("/v1/bank-statements", content=banking.camt(entry), headers=BYTES))
    drain()
    with db.worker_unit_of_work() as worker:
        shop = ChannelConnection(org_id=owner.org_id, name="x", channel="alibaba", market="CN")
        shop.credentials = encryption.lock('{"access_token": "a"}', shop.id)
        worker.add(shop)
    people.with_app(people.joined(owner, "aigul@example.kg"))
    owner.client.cookies.clear()
    found = read(session)
    assert all(found.values()), found
    return found


def read(session: Session) -> dict[str, list[bytes]]:
    """Every secret in the clear, by column."""
    session.rollback()
    session.expire_all()
    found: dict[str, list[bytes]] = {}
    for model, name in ENCRYPTED:
        for row in session.exec(select(model)).all():
            stored = getattr(row, name)
            if stored is not None:
                text = stored if isinstance(stored, str) else stored.decode()
                plain = encryption.decrypt(text, context=row.id.bytes)
                found.setdefault(f"{model.__tablename__}.{name}", []).append(plain)
    return found


def test_sec_24_the_tax_number_of_an_importer_is_encrypted_and_found_by_its_blind_index(
    as_org: AsOrg, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, before = "20112199012345", settings.get()
    made = bidding.published(as_org, as_org(["buyer"]))
    body = bidding.content(made.tender)
    (lot,) = body["lots"]
    lot |= {"importer_of_record": "Асанов", "importer_tax_id": number}
    seen = bidding.finished(made, [bidding.submit(made, as_org(["supplier"]), body)]).bids
    assert [each["importer_tax_id"] for each in seen[0]["contents"]["lots"]] == [number]
    (row,) = session.exec(select(BidLot)).all()
    assert row.importer_tax_id is None
    kept = (row.importer_tax_id_encrypted, row.importer_tax_id_index)
    assert all(value and number.encode() not in value for value in kept)
    place = f"bid_lot  {row.id.hex}"

    def found(told: str) -> str:
        return CliRunner().invoke(main, ["people", "number", told]).stdout

    assert place in found(number)
    assert place not in found("20112199012346")
    # As a release before stored it, it is found and shown too, until it is encrypted.
    row.importer_tax_id, row.importer_tax_id_encrypted, row.importer_tax_id_index = (
        number,
        None,
        None,
    )
    session.add(row)
    session.commit()
    assert place in found(number)
    changed = {"secret_key": FRESH, "former_secret_keys": (before.secret_key,)}
    for config in (before, before.model_copy(update=changed)):
        monkeypatch.setattr(settings, "get", lambda config=config: config)
        assert place in found(number)
        done = CliRunner().invoke(main, ["keys", "reencrypt"])
        assert f"1  {IMPORTERS}" in done.stdout
    alone = before.model_copy(update={"secret_key": FRESH})
    monkeypatch.setattr(settings, "get", lambda: alone)
    assert place in found(number)
    session.refresh(row)
    assert (row.importer_tax_id, importers.tax_id(row)) == (None, number)


def test_sec_22_after_encrypting_anew_the_former_key_is_needed_no_more(
    kept: dict[str, list[bytes]], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings.get()
    assert kept.keys() == {f"{model.__tablename__}.{name}" for model, name in ENCRYPTED}

    def use(*former: SecretStr) -> None:
        changed = {"secret_key": FRESH, "former_secret_keys": former}
        config = before.model_copy(update=changed)
        monkeypatch.setattr(settings, "get", lambda: config)

    use()
    refused = CliRunner().invoke(main, ["keys", "reencrypt"])
    assert refused.exit_code == 1
    assert "Nothing is changed" in refused.stderr
    use(before.secret_key)
    assert read(session) == kept
    done = CliRunner().invoke(main, ["keys", "reencrypt"])
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines()[: len(ENCRYPTED)]] == [
        [str(len(kept[name])), name] for name in (f"{m.__tablename__}.{n}" for m, n in ENCRYPTED)
    ]
    use()
    assert read(session) == kept
    again = CliRunner().invoke(main, ["keys", "reencrypt"])
    assert {line.split()[0] for line in again.stdout.splitlines()} == {"0"}
