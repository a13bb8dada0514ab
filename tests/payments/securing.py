"""Tenders that ask for securities which are held here, and what is given for them, for tests.

Everything goes through HTTP and the real tasks; only time is moved, by the sandbox's clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlmodel import Session, select

from api.core import db, deadlines, ids, sandbox
from api.payments.models import (
    Guarantee,
    LedgerAccount,
    PaymentOrder,
    PlatformAccount,
    Security,
)
from api.payments.service import balances, orders, security_accounts
from api.procurement.models import Bid
from api.rules.clock import BISHKEK, local_date
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import OrderStatus
from api.rules.tenders import TenderStage
from tests.conftest import Actor
from tests.contracts import signing
from tests.contracts.delivering import uploaded
from tests.payments import paying
from tests.procurement import awarding, bidding, samples
from tests.procurement.awarding import Case, Parties
from tests.procurement.bidding import Bidding
from tests.procurement.law import policy_set

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
AMOUNT = "100000"
ASKED = {"amount": "100000.00", "currency": "KGS"}
DECLARED = {"kind": "guarantee", "reference": "BG-1", "issuer": "Bank", "value": ASKED}
DAY = {"unit": "calendar", "rounding": "none"}
_numbers = count(1)


def rules(**changed: Any) -> dict[str, Any]:
    """How the rules of the test law have securities held."""
    return {
        "held": True,
        "late": "refused",
        "bid_validity": {"days": 60, **DAY},
        "guarantee_margin": {"days": 28, **DAY},
        "return_duration": {"days": 5, **DAY},
        "forfeiture_grounds": ["refusal_to_sign", "breach_of_contract"],
        "contest_duration": {"days": 10, **DAY},
        "performance_required": False,
        "performance_return_duration": {"days": 30, **DAY},
        **changed,
    }


@dataclass(frozen=True)
class World:
    """A tender that asks for a security, and who takes part."""

    made: Bidding
    buyer: Actor
    chief: Actor
    treasurer: Actor
    reviewer: Actor
    suppliers: list[Actor]
    bids: list[Any]

    @property
    def case(self) -> Case:
        parties = Parties(self.buyer, self.chief, self.suppliers, self.reviewer)
        return Case(self.made.tender, parties)


def world(as_org: AsOrg, *, suppliers: int = 1, parameters: Any = None, **changed: Any) -> World:
    """A published tender of Kazakhstan with sealed bids; `changed` are rules of securities."""
    operator = as_org(["operator"])
    extra = {
        "securities": rules(**changed),
        "bid_security_max_bp": 300,
        "performance_security_max_bp": 1000,
        "standstill_duration": {"days": 5, **DAY},
        **(parameters or {}),
    }
    answer = operator.post("/v1/policy-sets", json=policy_set(**extra))
    assert answer.status_code == 201, answer.text
    buyer = as_org(["buyer"], country="KZ")
    made = bidding.published(
        as_org, buyer, terms={"bid_security": ASKED}, server=True, auction_step_bp=None
    )
    sellers = [as_org(["supplier"]) for _ in range(suppliers)]
    handed = [
        bidding.submit(
            made,
            each,
            bidding.content(made.tender, f"{9000 + n * 10}.00", bid_security=DECLARED),
        )
        for n, each in enumerate(sellers)
    ]
    return World(
        made,
        buyer,
        awarding.second_client(buyer),
        operator,
        as_org(["reviewer"]),
        sellers,
        handed,
    )


def paper(actor: Actor) -> str:
    """A document of its own kind each time."""
    return uploaded(actor, f"%PDF-1.7 paper {next(_numbers)}".encode())


def today() -> Any:
    """By the clock of the installation."""
    with db.worker_unit_of_work() as session:
        return local_date(db.now(session))


def text(actor: Actor, *, days: int = 200, **changed: Any) -> dict[str, Any]:
    """What a good guarantee says that is valid for so many days from today."""
    return {
        "number": f"BG-{next(_numbers)}",
        "issuer_name": "Demir Bank",
        "issuer_bic": "DEMIKG22",
        "issuer_country": "KG",
        "amount": AMOUNT,
        "currency": "KGS",
        "issued_date": today().isoformat(),
        "valid_until": (today() + timedelta(days=days)).isoformat(),
        "document_id": paper(actor),
        **changed,
    }


def give(world: World, n: int = 0, **changed: Any) -> Any:
    """Try to give a guarantee for the bid of a supplier."""
    supplier = world.suppliers[n]
    body = {"rail": "guarantee", "guarantee": text(supplier, **changed)}
    return supplier.post(f"/v1/bids/{world.bids[n]['id']}/security", json=body)


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


VERIFIED = {"channel": "swift_mt760", "authentication": "MT760 20:BG1"}


def held(world: World, drain: Drain, n: int = 0, **changed: Any) -> Any:
    """The security of a bid by a guarantee that the treasury has verified, as its payer sees it."""
    given = ok(give(world, n, **changed), 201)
    ok(world.treasurer.post(f"/v1/guarantees/{given['guarantee_id']}/accept", json=VERIFIED))
    drain()
    return seen(world.suppliers[n], given)


def seen(actor: Actor, given: Any) -> Any:
    return ok(actor.get(f"/v1/securities/{given['id']}"))


def opened(world: World) -> list[Any]:
    """The bids, past the deadline and opened."""
    return bidding.finished(world.made, world.bids).bids


def evaluated(world: World) -> None:
    """All bids valid and ranked in the order of the suppliers."""
    opened(world)
    tender_id = samples.tender_id(world.made.tender)
    with Session(db.engine("worker")) as session:
        tender = samples.row(session, world.made.tender)
        order = [ids.parse("bid", each["id"]) for each in world.bids]
        for bid in session.exec(select(Bid).where(Bid.tender_id == tender_id)):
            bid.status, bid.status_details = "valid", "valid"  # type: ignore[assignment]
        awarding.evaluated(session, world.made.tender, order)
        tender.status_details = TenderStage.EVALUATION_COMPLETE
        session.commit()


def pass_time(drain: Drain, until: datetime | None = None, *, days: float = 0) -> None:
    """Move the clock, fire what is due, and let the workers work."""
    with db.worker_unit_of_work() as session:
        now = db.now(session)
        ahead = (until - now if until else timedelta(days=days)) / timedelta(seconds=1)
        if ahead > 0:
            sandbox.advance(session, actor="test", seconds=int(ahead) + 1)
    with db.worker_unit_of_work() as session:
        deadlines.fire_due(session, db.now(session))
    drain()


def moment(day: str) -> datetime:
    """The beginning of a day in Bishkek."""
    return datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=BISHKEK)


def security_row(given: Any) -> Security:
    with Session(db.engine("worker")) as session:
        return session.get_one(Security, ids.parse("security", given["id"]))


def guarantee_row(guarantee_id: str) -> Guarantee:
    with Session(db.engine("worker")) as session:
        return session.get_one(Guarantee, ids.parse("guarantee", guarantee_id))


def owed(actor: Actor) -> Decimal | None:
    """What the platform owes an organisation by its ledger; None: there is no such account."""
    with Session(db.engine("worker")) as session:
        row = session.exec(
            select(LedgerAccount).where(
                LedgerAccount.kind == AccountKind.BUYER_PAYABLE,
                LedgerAccount.reference == actor.org_id,
            )
        ).one_or_none()
        assert balances.faults(session) == []
        return None if row is None else row.credits - row.debits


def bank() -> None:
    """An account of the platform in KGS, without which no bank transfer is taken."""
    with db.worker_unit_of_work() as session:
        known = select(PlatformAccount).where(PlatformAccount.currency == "KGS")
        if session.exec(known).first() is None:
            session.add(
                PlatformAccount(
                    country="KG",
                    currency="KGS",
                    holder_name="Kerben",
                    bank_name="Demir Bank",
                    number="1280000000000001",
                    added_by="test",
                )
            )


def by_bank(actor: Actor) -> dict[str, Any]:
    """What is sent to give money by a bank transfer."""
    bank()
    return {"rail": "bank_transfer", "payee_account_id": paying.payee(actor.org_id)}


def promise(world: World, n: int = 0, **changed: Any) -> Any:
    """Promise money for the bid of a supplier."""
    supplier = world.suppliers[n]
    body = {**by_bank(supplier), **changed}
    return ok(supplier.post(f"/v1/bids/{world.bids[n]['id']}/security", json=body), 201)


def come(given: Any, drain: Drain, *amounts: str) -> None:
    """Money has come at the bank for a security, once for each amount."""
    for amount in amounts:
        paying.come(given["collection_id"], Decimal(amount))
    drain()


def deposited(case: Case, contract: Any, drain: Drain) -> tuple[Any, AccountKey]:
    """A performance security in money, held on its account."""
    supplier = case.parties.suppliers[0]
    body = {"kind": "performance", **by_bank(supplier)}
    given = ok(supplier.post(f"/v1/contracts/{contract['id']}/securities", json=body), 201)
    come(given, drain, AMOUNT)
    return seen(supplier, given), security_accounts.key(security_row(given))


def settle(drain: Drain, outcome: str = "settled") -> list[PaymentOrder]:
    """Have the bank settle the orders that were sent (or `failed`, or `returned`); those orders."""
    drain()
    with db.worker_unit_of_work() as session:
        wanted = OrderStatus.SETTLED if outcome == "returned" else OrderStatus.SENT
        found = [*session.exec(select(PaymentOrder).where(PaymentOrder.status == wanted))]
        for each in found:
            why = {} if outcome == "settled" else {"reason": "AC04"}
            getattr(orders, outcome)(session, each, actor="test", **why)
    drain()
    return found


def balance(account: AccountKey) -> Decimal:
    """What lies on an account of a security."""
    with Session(db.engine("worker")) as session:
        row = session.exec(
            select(LedgerAccount).where(LedgerAccount.reference == account.reference)
        ).one()
        return row.credits - row.debits


def forfeiture(actor: Actor, **changed: Any) -> dict[str, Any]:
    """A reasoned decision, on paper."""
    return {
        "ground": "refusal_to_sign",
        "reason": "Победитель не подписал договор в срок",
        "document_id": paper(actor),
        **changed,
    }


def contracted(
    session: Session, as_org: AsOrg, *, parameters: Any = None, **changed: Any
) -> tuple[Case, Any]:
    """A tender under award by the test law, and an offered contract that asks for a security."""
    extra = {
        "securities": rules(**changed),
        "performance_security_max_bp": 1000,
        "standstill_duration": {"days": 5, **DAY},
        **(parameters or {}),
    }
    answer = as_org(["operator"]).post("/v1/policy-sets", json=policy_set(**extra))
    assert answer.status_code == 201, answer.text
    case = awarding.ranked(
        session,
        lambda roles, **f: as_org(roles, **({"country": "KZ", **f} if roles == ["buyer"] else f)),
        suppliers=1,
    )
    made = signing.created(case, awarding.awarded(case), performance_security=AMOUNT)
    offered = ok(case.parties.buyer.post(f"/v1/contracts/{made['id']}/offer"))
    awarding.advance(6)
    return case, offered


def secure(case: Case, contract: Any, *, days: int = 200, **changed: Any) -> Any:
    """Try to give a guarantee for the performance of a contract."""
    supplier = case.parties.suppliers[0]
    body = {"kind": "performance", "rail": "guarantee", "guarantee": text(supplier, days=days)}
    return supplier.post(f"/v1/contracts/{contract['id']}/securities", json={**body, **changed})


def secured(case: Case, contract: Any, drain: Drain, **changed: Any) -> Any:
    """A performance security by a guarantee that the buyer has verified."""
    given = ok(secure(case, contract, **changed), 201)
    url = f"/v1/guarantees/{given['guarantee_id']}/accept"
    ok(case.parties.buyer.post(url, json=VERIFIED))
    drain()
    return seen(case.parties.suppliers[0], given)
