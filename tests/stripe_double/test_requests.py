"""How requests are checked, repeated and refused."""

import threading
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_double.server import Double


def test_an_unknown_parameter_is_refused_by_its_name_and_nothing_is_made(
    client: StripeClient, unique: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.customers.create({"email": f"{unique}@example.com", "colour": "red"})  # type: ignore[typeddict-unknown-key]

    assert (refusal.value.code, refusal.value.param) == ("parameter_unknown", "colour")
    assert client.v1.customers.list({"email": f"{unique}@example.com"}).data == []


def test_a_nested_unknown_parameter_is_named_with_its_path(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create(
            {
                "amount": 1000,
                "currency": "usd",
                "automatic_payment_methods": {"enabled": True, "colour": "red"},  # type: ignore[typeddict-unknown-key]
            }
        )

    assert refusal.value.param == "automatic_payment_methods[colour]"


@pytest.mark.parametrize(
    ("given", "param", "code"),
    [
        ({"currency": "usd"}, "amount", "parameter_missing"),
        ({"amount": "ten", "currency": "usd"}, "amount", "parameter_invalid_integer"),
        ({"amount": 1000, "currency": "usd", "capture_method": "later"}, "capture_method", None),
        ({"amount": 1, "currency": "usd"}, "amount", "amount_too_small"),
    ],
)
def test_a_payment_intent_with_a_wrong_parameter_is_refused(
    client: StripeClient, given: Any, param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create(given)

    assert refusal.value.param in (param, None)
    assert code is None or refusal.value.code == code
    assert (refusal.value.request_id or "").startswith("req_")


def test_the_same_key_gets_the_same_answer_and_makes_one_object(
    client: StripeClient, unique: str
) -> None:
    asked: Any = {"email": f"{unique}@example.com"}
    options: Any = {"idempotency_key": unique}

    first = client.v1.customers.create(asked, options)
    second = client.v1.customers.create(asked, options)

    assert second.id == first.id
    assert second.last_response is not None
    assert second.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_key_used_for_another_body_is_refused(client: StripeClient, unique: str) -> None:
    options: Any = {"idempotency_key": unique}
    client.v1.customers.create({"name": "first"}, options)

    with pytest.raises(stripe.IdempotencyError) as refusal:
        client.v1.customers.create({"name": "second"}, options)

    assert refusal.value.http_status == 400


def test_a_key_that_is_in_use_answers_409_and_the_request_has_one_effect(
    double: Double, client: StripeClient, unique: str
) -> None:
    double.act("fault", kind="pause", path="/v1/customers", seconds=0.3)
    options: Any = {"idempotency_key": unique}
    made = []
    thread = threading.Thread(
        target=lambda: made.append(client.v1.customers.create({"name": "a"}, options))
    )
    thread.start()
    while double.act("faults"):
        pass

    with pytest.raises(stripe.StripeError) as refusal:
        client.v1.customers.create({"name": "a"}, options)
    thread.join()

    assert refusal.value.http_status == 409
    assert [each.id for each in client.v1.customers.list().data] == [made[0].id]


@pytest.mark.parametrize(
    "kind", ["error_500_after_commit", "reset_after_commit", "timeout_after_commit"]
)
def test_a_repetition_after_a_lost_answer_makes_nothing_twice(
    double: Double, unique: str, kind: str
) -> None:
    client = double.client(http_client=stripe.RequestsClient(timeout=0.2))
    double.act("fault", kind=kind, path="/v1/customers")
    options: Any = {"idempotency_key": unique}

    with pytest.raises(stripe.StripeError):
        client.v1.customers.create({"name": "a"}, options)
    after = client.v1.customers.create({"name": "a"}, options)

    assert [each.id for each in client.v1.customers.list().data] == [after.id]


def test_a_remembered_500_is_told_again_although_it_had_its_effect(
    double: Double, client: StripeClient, unique: str
) -> None:
    double.act("fault", kind="error_500_remembered", path="/v1/customers")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({"name": "a"}, {"idempotency_key": unique})

    assert len(client.v1.customers.list().data) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("error_500", stripe.APIError),
        ("reset", stripe.APIConnectionError),
        ("rate_limit", stripe.RateLimitError),
    ],
)
def test_a_failure_before_the_effect_leaves_nothing(
    double: Double, client: StripeClient, kind: str, error: type[Exception]
) -> None:
    double.act("fault", kind=kind, path="/v1/customers")

    with pytest.raises(error):
        client.v1.customers.create({"name": "a"})

    assert client.v1.customers.list().data == []


def test_pages_of_a_list_hold_each_object_once(client: StripeClient, unique: str) -> None:
    email = f"{unique}@example.com"
    made = [client.v1.customers.create({"email": email}).id for _ in range(5)]

    page = client.v1.customers.list({"email": email, "limit": 2})

    assert (len(page.data), page.has_more) == (2, True)
    assert [each.id for each in page.auto_paging_iter()] == made[::-1]


def test_a_card_number_is_refused_where_only_tokens_may_come(
    double: Double, client: StripeClient
) -> None:
    card: Any = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2034}

    with pytest.raises(stripe.CardError, match="generally unsafe"):
        client.v1.payment_methods.create({"type": "card", "card": card})


def test_a_wrong_key_is_refused(double: Double) -> None:
    stranger = StripeClient("sk_live_x", base_addresses={"api": double.url}, max_network_retries=0)

    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.balance.retrieve()
