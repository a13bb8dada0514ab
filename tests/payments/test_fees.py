import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, select

from api.core import db, ids, settings
from api.payments.models import ContractCommission, FeeInvoice, LedgerAccount
from api.payments.problems import AlreadyCredited, SellerUnknown
from api.payments.service import fee_invoices, tariffs
from api.rules import fees
from api.rules.clock import local_date, utcnow
from api.rules.fees import Commission, FeePurpose, InvoiceKind, Line
from api.rules.ledger import AccountKind
from tests.contracts import signing
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
MONEY = st.decimals("0.01", "1000000", places=2)
LINE = Line("subscription", "Өндүрүүчү", Decimal(1), Decimal("1250.50"), Decimal("1250.50"))
PERIOD = [{"period": ["2026-11-01", "2026-11-30"]}]


@pytest.fixture
def seller(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that says who issues invoices, and which tax it owes."""
    monkeypatch.setattr(settings.get(), "invoice_seller_name", "Kerben LLC")
    monkeypatch.setattr(settings.get(), "invoice_seller_identifier", "KG-INN 01234567890123")
    monkeypatch.setattr(settings.get(), "fee_tax_rate_bp", 1200)


def issue(session: Session, org_id: UUID, key: str = "sub:1", **more: Any) -> FeeInvoice:
    return fee_invoices.issue(
        session,
        key=key,
        org_id=org_id,
        purpose=FeePurpose.SUBSCRIPTION,
        lines=[LINE],
        details=PERIOD,
        currency="KGS",
        actor="test",
        **more,
    )


def balances(session: Session) -> dict[str, Decimal]:
    session.expire_all()
    return {
        account.kind.value: account.debits - account.credits
        for account in session.exec(select(LedgerAccount))
        if account.debits != account.credits
    }


@given(
    dues=st.lists(MONEY, min_size=1, max_size=8),
    rate=st.integers(0, 2000),
    minimum=st.none() | MONEY,
    maximum=st.none() | MONEY,
)
def test_the_parts_of_a_commission_add_up_to_that_of_the_whole(
    dues: list[Decimal], rate: int, minimum: Decimal | None, maximum: Decimal | None
) -> None:
    terms, value = Commission(rate, minimum, maximum), sum(dues, Decimal(0))
    paid = taken = Decimal(0)
    for due in dues:
        kept = fees.of_payment(terms, value=value, paid=paid, taken=taken, due=due, places=2)
        assert 0 <= kept <= due
        paid, taken = paid + due, taken + kept
    assert taken == fees.whole(terms, value, 2) <= value


@given(st.lists(MONEY, min_size=1, max_size=9), st.integers(0, 3000))
def test_an_invoice_adds_up_to_the_coin(amounts: list[Decimal], rate: int) -> None:
    lines = [Line("commission", "x", Decimal(1), amount, amount) for amount in amounts]
    sums = fees.totals(lines, rate, 2)
    assert sums.net == sum(amounts)
    assert sums.gross == sums.net + sums.tax
    assert abs(sums.tax - sums.net * rate / 10_000) <= Decimal("0.005")


@pytest.mark.usefixtures("seller")
def test_an_invoice_is_issued_once_and_owed_with_its_tax(as_org: AsOrg, session: Session) -> None:
    supplier = as_org(["supplier"])
    invoice = issue(session, supplier.org_id)
    again = issue(session, supplier.org_id)
    session.commit()
    assert again.id == invoice.id
    assert (invoice.net, invoice.tax, invoice.gross) == (
        *(Decimal("1250.50"), Decimal("150.06"), Decimal("1400.56")),
    )
    assert balances(session) == {
        "supplier_receivable": Decimal("1400.56"),
        "platform_fee_revenue": Decimal("-1250.50"),
        "tax_payable": Decimal("-150.06"),
    }
    shown = supplier.get("/v1/fee-invoices").json()["items"]
    assert [each["number"] for each in shown] == [f"K-{invoice.year}-000001"]


@pytest.mark.usefixtures("seller")
def test_a_credit_note_takes_an_invoice_back_once(as_org: AsOrg, session: Session) -> None:
    supplier, operator = as_org(["supplier"]), as_org(["operator"])
    invoice = issue(session, supplier.org_id)
    session.commit()
    url = f"/v1/fee-invoices/{ids.show('feeinvoice', invoice.id)}"
    assert supplier.post(f"{url}/credit", json={"reason": "Wrong plan"}).status_code == 403
    assert operator.get(url).status_code == 200
    answer = operator.post(f"{url}/credit", json={"reason": "Wrong plan"})
    assert answer.status_code == 201, answer.text
    note = answer.json()
    assert (note["kind"], note["content"]["credits"]) == ("credit_note", invoice.number)
    assert note["number"].endswith("-000002")
    assert balances(session) == {}
    for path in (url, f"/v1/fee-invoices/{note['id']}"):
        refused = operator.post(f"{path}/credit", json={"reason": "Again"})
        assert (refused.status_code, refused.json()["code"]) == (409, AlreadyCredited.code)
    assert len(session.exec(select(FeeInvoice)).all()) == 2


@pytest.mark.usefixtures("seller")
def test_a_paid_invoice_that_is_credited_is_owed_back(as_org: AsOrg, session: Session) -> None:
    supplier = as_org(["supplier"])
    invoice = issue(session, supplier.org_id)
    invoice.paid_at = utcnow()
    session.commit()
    fee_invoices.credit(session, invoice, actor="test", reason="Plan withdrawn")
    session.commit()
    assert balances(session)["supplier_payable"] == Decimal("-1400.56")


@pytest.mark.usefixtures("seller")
def test_numbers_have_no_gaps_when_invoices_are_rolled_back_and_issued_at_once(
    as_org: AsOrg, session: Session
) -> None:
    supplier = as_org(["supplier"])
    start = threading.Barrier(6)

    def one(number: int) -> None:
        start.wait()
        with Session(db.engine("worker")) as own:
            issue(own, supplier.org_id, key=f"sub:{number}")
            if number % 3:
                own.commit()
            else:
                own.rollback()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issued = session.exec(select(FeeInvoice.sequence).order_by(FeeInvoice.sequence)).all()  # type: ignore[arg-type]
    assert issued == [1, 2, 3, 4]


def test_nothing_is_issued_by_nobody(as_org: AsOrg, session: Session) -> None:
    supplier = as_org(["supplier"])
    with pytest.raises(SellerUnknown):
        issue(session, supplier.org_id)
    session.rollback()
    assert session.exec(select(FeeInvoice)).all() == []


@pytest.mark.usefixtures("seller")
def test_an_invoice_is_never_altered(as_org: AsOrg, session: Session) -> None:
    issue(session, as_org(["supplier"]).org_id)
    session.commit()
    with Session(db.engine("worker")) as own:
        own.exec(select(FeeInvoice)).one().content = {"lines": []}
        with pytest.raises(ProgrammingError, match="never altered"):
            own.flush()


@pytest.mark.usefixtures("seller")
def test_an_invoice_is_the_same_pdf_each_time_in_each_of_four_languages(
    as_org: AsOrg, session: Session
) -> None:
    supplier = as_org(["supplier"], legal_name={"zh": "义乌市华强进出口有限公司"})
    invoice = issue(session, supplier.org_id, due_date=local_date(utcnow()) + timedelta(days=14))
    session.commit()
    url = f"/v1/fee-invoices/{ids.show('feeinvoice', invoice.id)}/pdf"
    words = {"ky": "Эсеп-фактура", "ru": "Счёт-фактура", "en": "Invoice", "zh": "发票"}
    for language, word in words.items():
        answer = supplier.get(url, params={"language": language})
        assert answer.headers["content-type"] == "application/pdf"
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
        for told in (word, invoice.number, "义乌市华强进出口有限公司", "Өндүрүүчү", "12%"):
            assert told in text, (language, told)
        assert "400" in text
    assert supplier.get(url, params={"language": "zh"}).content == answer.content
    assert as_org(["supplier"]).get(url).status_code == 404


def test_a_commission_is_frozen_by_signing_and_no_later_tariff_changes_it(
    session: Session, as_org: AsOrg, drain: Callable[[], int]
) -> None:
    operator = as_org(["operator"])
    today = local_date(utcnow())
    body = {"currency": "KGS", "rate_bp": 150, "minimum": "20", "source": "Order 12"}
    first = {**body, "valid_from": (today + timedelta(days=1)).isoformat()}
    assert operator.post("/v1/commission-tariffs", json=first).status_code == 201
    assert operator.post("/v1/commission-tariffs", json=first).status_code == 409
    past = operator.post("/v1/commission-tariffs", json={**first, "valid_from": today.isoformat()})
    assert past.json()["errors"][0]["pointer"] == "#/valid_from"
    case = awarding.ranked(session, as_org)
    contract = signing.in_force(case, awarding.awarded(case))
    drain()
    kept = session.exec(select(ContractCommission)).one()
    assert (kept.rate_bp, kept.currency) == (150, contract["value"]["currency"])
    later = {**first, "rate_bp": 900, "valid_from": (today + timedelta(days=400)).isoformat()}
    assert operator.post("/v1/commission-tariffs", json=later).status_code == 201
    tariffs.freeze(session, kept.contract_id)
    session.commit()
    supplier, url = case.parties.suppliers[0], f"/v1/contracts/{contract['id']}/commission"
    shown = supplier.get(url).json()
    value = Decimal(contract["value"]["amount"])
    assert Decimal(shown["amount"]) == max(value * 150 / 10_000, Decimal(20))
    assert case.parties.buyer.get(url).json() == shown
    assert as_org(["supplier"]).get(url).status_code == 404
    assert AccountKind.TAX_PAYABLE not in {row.kind for row in session.exec(select(LedgerAccount))}
    assert InvoiceKind.INVOICE not in {row.kind for row in session.exec(select(FeeInvoice))}
    assert tariffs.frozen(session, uuid4()) is None
