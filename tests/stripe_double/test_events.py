"""Events and their webhooks: signed, repeated, shuffled, and listed for who missed them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_double.server import Double


class Receiver(HTTPServer):
    """An endpoint that keeps what it is sent and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.letters: list[tuple[bytes, str]] = []
        self.status = 200
        self.came = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.letters.append((body, self.headers["Stripe-Signature"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.came.set()

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _endpoint(client: StripeClient, receiver: Receiver) -> str:
    asked: Any = {"url": receiver.url, "enabled_events": ["customer.created", "customer.deleted"]}
    secret = client.v1.webhook_endpoints.create(asked).secret
    assert secret is not None
    return secret


def test_a_snapshot_is_delivered_with_a_signature_that_a_changed_body_breaks(
    double: Double, client: StripeClient, receiver: Receiver
) -> None:
    secret = _endpoint(client, receiver)
    customer = client.v1.customers.create({"name": "Buyer"})
    client.v1.customers.update(customer.id, {"name": "Other"})

    (report,) = double.act("deliver")

    ((body, signature),) = receiver.letters
    event = client.construct_event(body, signature, secret)
    assert (report["status"], event.type, event.data.object["name"]) == (
        200,
        "customer.created",
        "Buyer",
    )
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body.replace(b"Buyer", b"Thief"), signature, secret)


def test_a_refused_delivery_is_tried_three_times_and_no_more(
    double: Double, client: StripeClient, receiver: Receiver
) -> None:
    _endpoint(client, receiver)
    receiver.status = 500
    client.v1.customers.create({"name": "Buyer"})

    reports = [double.act("deliver") for _ in range(4)]

    assert [[each["status"] for each in batch] for batch in reports] == [[500], [500], [500], []]
    (event,) = client.v1.events.list({"delivery_success": False}).data
    assert event.pending_webhooks == 1


def test_copies_come_in_an_order_that_the_seed_decides(
    double: Double, client: StripeClient, receiver: Receiver
) -> None:
    secret = _endpoint(client, receiver)
    names = [str(number) for number in range(5)]
    for name in names:
        client.v1.customers.create({"name": name})

    double.act("deliver", copies=2, seed=7)

    came = [
        client.construct_event(*letter, secret).data.object["name"] for letter in receiver.letters
    ]
    assert sorted(came) == sorted(names * 2)
    assert came != sorted(came)


def test_deliveries_go_out_by_themselves_when_they_are_automatic(
    double: Double, client: StripeClient, receiver: Receiver
) -> None:
    _endpoint(client, receiver)
    double.act("webhooks", automatic=True)

    client.v1.customers.create({"name": "Buyer"})

    assert receiver.came.wait(5)
    assert b"customer.created" in receiver.letters[0][0]


def test_a_thin_notification_leads_to_the_event_and_to_the_account(
    double: Double, client: StripeClient, receiver: Receiver
) -> None:
    kind = "v2.core.account[configuration.recipient].capability_status_updated"
    asked: Any = {
        "name": "thin",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": [kind],
        "webhook_endpoint": {"url": receiver.url},
        "include": ["webhook_endpoint.signing_secret"],
    }
    destination: Any = client.v2.core.event_destinations.create(asked)
    account: Any = {
        "configuration": {
            "recipient": {
                "capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}
            }
        },
        "contact_email": "supplier@example.com",
        "identity": {"country": "us"},
    }
    made = client.v2.core.accounts.create(account)
    double.act("onboard", account=made.id)

    double.act("deliver")

    ((body, signature),) = receiver.letters
    secret = destination.webhook_endpoint.signing_secret
    notification: Any = client.parse_event_notification(body, signature, secret)
    assert (notification.type, notification.related_object.id) == (kind, made.id)
    assert notification.fetch_event().data.updated_capability == "stripe_balance.stripe_transfers"
    assert notification.fetch_related_object().id == made.id


def test_events_are_listed_by_type_for_who_missed_their_webhooks(client: StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Buyer"})
    client.v1.customers.delete(customer.id)

    listed = client.v1.events.list({"types": ["customer.created", "customer.deleted"], "limit": 2})

    assert [each.type for each in listed.data] == ["customer.deleted", "customer.created"]
