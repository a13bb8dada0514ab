"""A platform that is connected to the double of Stripe: everything by HTTP, jobs and the real SDK."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session, select
from stripe import StripeClient, WebhookSignature

from api.core import db, ids, jobs, settings
from api.payments.models import Collection, LedgerAccount, PayeeAccount, PaymentOrder
from api.payments.service import balances, collections, orders
from api.payments.stripe_rail import polling
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import Purpose, RailName
from tests import remembered
from tests.conftest import Actor
from tests.stripe_double import server
from tests.stripe_double.server import Double

KEY = "rk_test_kerben_0123456789"
type AsOrg = Callable[..., Actor]


@pytest.fixture(scope="session")
def running_double() -> Iterator[Double]:
    with server.running() as found:
        yield found


@dataclass
class StripeWorld:
    """The double, the sources under which its webhooks come, and who pays and is paid."""

    double: Double
    api: StripeClient
    http: TestClient
    drain: Callable[[], int]
    operator: Actor
    buyer: Actor
    supplier: Actor
    paths: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    contract: UUID = field(default_factory=uuid4)
    last: UUID = field(default_factory=uuid4)
    """The collection that was paid last."""
    known_payee: UUID | None = None

    def connect(self) -> None:
        """Make both endpoints at Stripe and take in what they send."""
        made = self.api.v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/snapshots", "enabled_events": ["*"]}
        )
        assert made.secret is not None
        self.secrets[made.id] = made.secret
        self.paths[made.id] = self._source("snapshots", made.secret)
        thin = self.api.v2.core.event_destinations.create(
            {
                "name": "thin",
                "type": "webhook_endpoint",
                "event_payload": "thin",
                "enabled_events": ["*"],
                "webhook_endpoint": {"url": "http://127.0.0.1:9/thin"},
                "include": ["webhook_endpoint.signing_secret"],
            }
        ).to_dict()
        secret = self.secrets[thin["id"]] = thin["webhook_endpoint"]["signing_secret"]
        self.paths[thin["id"]] = self._source("thin", secret)

    def _source(self, name: str, secret: str) -> str:
        answer = self.operator.post(
            "/v1/intake-sources", json={"name": name, "provider": "stripe", "secret": secret}
        )
        assert answer.status_code == 201, answer.text
        path: str = answer.json()["webhook_path"]
        return path

    @staticmethod
    def written(event: dict[str, Any]) -> str:
        """An event as Stripe writes it."""
        return json.dumps(event, indent=2)

    def letters(self) -> list[dict[str, Any]]:
        """What Stripe wants to send, signed."""
        found: list[dict[str, Any]] = self.double.act("take")
        return found

    def post(self, letter: dict[str, Any]) -> int:
        """Stripe posts a webhook; the status of our answer."""
        answer = self.http.post(
            self.paths[letter["endpoint"]],
            content=letter["body"],
            headers={
                "Stripe-Signature": letter["signature"],
                "Content-Type": "application/json; charset=utf-8",
            },
        )
        return answer.status_code

    def deliver(self, *, copies: int = 1, seed: int | None = None) -> None:
        """Send everything that waits, and work it."""
        letters = [each for each in self.letters() for _ in range(copies)]
        if seed is not None:
            random.Random(seed).shuffle(letters)
        assert {self.post(each) for each in letters} <= {200}
        self.drain()

    def ask(
        self,
        amount: str,
        currency: str = "USD",
        *,
        purpose: Purpose = Purpose.CONTRACT_FUNDING,
        kind: AccountKind = AccountKind.ESCROW_LIABILITY,
        reference: UUID | None = None,
    ) -> UUID:
        """Ask the buyer for money, and Stripe for the way to pay it; the collection's id."""
        credit = AccountKey(kind, currency, reference or self.contract)
        with db.worker_unit_of_work() as session:
            made = collections.request(
                session,
                payer_id=self.buyer.org_id,
                purpose=purpose,
                resource_id=self.contract,
                amount=Decimal(amount),
                currency=currency,
                rail=RailName.STRIPE,
                credit=credit,
                parties={credit.reference or self.contract: [self.buyer.org_id]},
                due_at=None,
                actor="test",
                sequence=uuid4().hex,
            )
            collection_id = made.id
        self.drain()
        return collection_id

    def collection(self, collection_id: UUID) -> Collection:
        with db.worker_unit_of_work() as session:
            return session.get_one(Collection, collection_id)

    def intent_of(self, collection_id: UUID) -> dict[str, Any]:
        """The payment of a collection at Stripe, whichever way it was asked for."""
        provider_id = self.collection(collection_id).provider_id
        assert provider_id is not None
        if provider_id.startswith("cs_"):
            session = self.api.v1.checkout.sessions.retrieve(provider_id)
            provider_id = str(session.payment_intent)
        found: dict[str, Any] = self.api.v1.payment_intents.retrieve(provider_id).to_dict()
        return found

    def pay(self, amount: str, currency: str = "EUR", card: str = "pm_card_bypassPending") -> UUID:
        """Ask for money and have it paid by card on Stripe's page; nothing is delivered yet."""
        collection_id = self.ask(amount, currency)
        session = self.collection(collection_id).provider_id
        self.double.act("pay_session", session=session, card=card)
        self.last = collection_id
        return collection_id

    def again(self, task: str, resource_id: UUID) -> None:
        """A job that was done is asked for once more."""
        with db.worker_unit_of_work() as session:
            jobs.enqueue(session, task, {"resource_id": resource_id.hex})
        self.drain()

    def retry(self) -> None:
        """The time of the jobs that wait for another try has come."""
        with db.worker_unit_of_work() as session:
            session.connection().execute(
                text("UPDATE job SET run_at = now() WHERE done_at IS NULL")
            )
        self.drain()

    def hold_back_orders(self) -> None:
        """Jobs that wait are done with: what they ask for is done by the test itself."""
        with db.worker_unit_of_work() as session:
            session.connection().execute(text("UPDATE outbox_event SET dispatched_at = now()"))

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        """Stripe posts an event with a snapshot of an object, and it is worked."""
        endpoint = next(iter(self.paths))
        event = {
            "id": f"evt_{uuid4().hex}",
            "object": "event",
            "type": kind,
            "created": 1,
            "livemode": False,
            "data": {"object": about},
        }
        body = self.written(event)
        signature = WebhookSignature.generate_signature_header(body, self.secrets[endpoint])
        assert self.post({"endpoint": endpoint, "body": body, "signature": signature}) == 200
        self.drain()

    def payee(
        self,
        country: str = "US",
        *,
        onboarded: bool = True,
        of: Actor | None = None,
        currency: str = "EUR",
    ) -> UUID:
        """The account at Stripe of the supplier, unless said otherwise; opened by itself."""
        payee = of or self.supplier
        answer = payee.post(
            "/v1/stripe-payee-accounts",
            json={
                "country": country,
                "currency": currency,
                "holder_name": "Supplier",
                "contact_email": "finance@supplier.example",
            },
        )
        assert answer.status_code == 201, answer.text
        payee_id = ids.parse("payeeaccount", answer.json()["id"])
        self.drain()
        if onboarded:
            self.double.act("onboard", account=self.account_of(payee_id).provider_account_id)
            self.deliver()
        return payee_id

    def account_of(self, payee_id: UUID) -> PayeeAccount:
        with db.worker_unit_of_work() as session:
            return session.get_one(PayeeAccount, payee_id)

    def order(
        self,
        amount: str,
        payee: UUID | None,
        currency: str = "EUR",
        *,
        purpose: Purpose = Purpose.PAYOUT,
        key: str = "",
        resource: UUID | None = None,
    ) -> UUID:
        """Order money out of the contract's escrow; it is not sent yet."""
        with db.worker_unit_of_work() as session:
            made = orders.order(
                session,
                key=key or f"rel:{uuid4()}",
                purpose=purpose,
                resource_id=resource or self.contract,
                beneficiary_id=(self.buyer if purpose is Purpose.REFUND else self.supplier).org_id,
                payee_account_id=payee,
                amount=Decimal(amount),
                currency=currency,
                rail=RailName.STRIPE,
                debit=AccountKey(AccountKind.ESCROW_LIABILITY, currency, self.contract),
                parties={self.contract: [self.buyer.org_id]},
                actor="test",
            )
            return made.id

    def order_of(self, order_id: UUID) -> PaymentOrder:
        with db.worker_unit_of_work() as session:
            return session.get_one(PaymentOrder, order_id)

    def poll(self) -> None:
        """What the housekeeper and the job do ten minutes later."""
        with db.worker_unit_of_work() as session:
            polling.ask_if_due(session)
        self.drain()

    def ledger(self) -> dict[str, Decimal]:
        """Every account that is not empty, on its normal side; and the ledger is sound."""
        with db.worker_unit_of_work() as session:
            assert balances.faults(session) == []
            return _shown(session)

    def at_stripe(self, currency: str = "eur") -> Decimal:
        """The platform's balance, pending money with it, in units of money."""
        told = self.api.v1.balance.retrieve().to_dict()
        units = sum(
            each["amount"]
            for each in (*told["available"], *told["pending"])
            if each["currency"] == currency
        )
        return Decimal(units).scaleb(-2)


def _shown(session: Session) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in session.exec(select(LedgerAccount)):
        sign = 1 if each.normal_side == "debit" else -1
        balance = sign * (each.debits - each.credits) - each.held
        if balance or each.held:
            name = f"{each.kind.value} {each.currency}"
            found[name] = found.get(name, Decimal(0)) + balance
    return {name: balance.normalize() for name, balance in sorted(found.items()) if balance}


def _enter_contract(world: StripeWorld) -> None:
    """A contract of the two sides, of which payments know no more than the sides."""
    remembered.connection().execute(
        "INSERT INTO contract (id, created_at, updated_at, tender_id, ocid, buyer_id, suppliers,"
        " status, original_amount, value_amount, value_currency, version)"
        " VALUES (%s, now(), now(), %s, 'ocds-test', %s, %s, 'pending', 1, 1, 'EUR', 1)",
        [world.contract, uuid4(), world.buyer.org_id, [world.supplier.org_id]],
    )


def begun(
    double: Double, client: TestClient, as_org: AsOrg, drain: Callable[[], int]
) -> StripeWorld:
    """Everything connected, nothing paid; the settings name the double."""
    double.reset()
    settings.get.cache_clear()
    world = StripeWorld(
        double,
        double.client(),
        client,
        drain,
        as_org(["operator"]),
        as_org(["buyer"]),
        as_org(["supplier"]),
    )
    _enter_contract(world)
    world.connect()
    return world


@pytest.fixture
def stripe_world(
    running_double: Double,
    client: TestClient,
    as_org: AsOrg,
    drain: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StripeWorld]:
    """Everything connected, nothing paid."""
    monkeypatch.setenv("KERBEN_STRIPE_KEY", KEY)
    monkeypatch.setenv("KERBEN_STRIPE_API_URL", running_double.url)
    yield begun(running_double, client, as_org, drain)
    monkeypatch.undo()
    settings.get.cache_clear()


def body_of(letter: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(letter["body"])
    return found
