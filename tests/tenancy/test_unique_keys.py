"""What "exists already" may tell: a unique key says whose the row is, or tells nobody anything."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import UniqueConstraint

from api import registry

OWNERS = {"org_id", "buyer_id", "seller_id"}
TELL_NOTHING = {
    "a random number or a keyed hash, which nobody meets by chance": {
        ("api_client", "prefix"),
        ("feed", "secret_hash"),
        ("file", "key"),
        ("login_session", "token_hash"),
        ("login_throttle", "subject"),
        ("one_time_token", "token_hash"),
        ("passkey", "credential_id"),
        ("recovery_code", "code_hash"),
    },
    "made by the service and by no caller": {
        ("channel_listing", "reference"),
        ("collection", "idempotency_key"),
        ("collection", "provider_id"),
        ("collection", "reference"),
        ("collection_receipt", "external_id"),
        ("fee_invoice", "idempotency_key"),
        ("fee_invoice", "number"),
        ("fee_invoice", "series", "year", "sequence"),
        ("fee_invoice_series", "series", "year"),
        ("plan_price", "external_id"),
        ("plan_subscription", "provider_id"),
        ("payee_account", "provider_account_id"),
        ("payment_dispute", "external_id"),
        ("payment_order", "end_to_end_id"),
        ("payment_order", "idempotency_key"),
        ("provider_balance", "provider", "account", "currency", "day"),
        ("provider_line", "provider", "account", "external_id"),
        ("reconciliation", "clearing", "currency", "day"),
        ("stripe_cursor", "name"),
        ("stripe_object", "external_id"),
        ("stripe_return", "external_id"),
        ("stripe_return", "key"),
        ("suspense_item", "external_id"),
        ("audit_entry", "stream", "seq"),
        ("audit_head", "number"),
        ("ledger_day", "day"),
        ("ledger_hold", "idempotency_key"),
        ("ledger_transaction", "idempotency_key"),
        ("matching_model", "active"),
        ("matching_model", "name", "version"),
        ("embedding_model", "current"),
        ("embedding_model", "name", "version"),
        ("ocds_schema", "name"),
        ("signing_key", "key_id"),
        ("term_frequency", "term"),
    },
    "written by the operator alone": {
        ("master_product", "gtin"),
        ("payment_batch", "message_id"),
        ("platform_account", "number", "currency"),
        ("watch_list", "name"),
    },
    "met only by who holds the guarantee that has the number": {
        ("guarantee", "issuer_bic", "number"),
    },
    "published": {
        ("commission_tariff", "valid_from", "currency"),
        ("foreign_record", "source", "ocid"),
        ("foreign_release", "source", "ocid", "release_id"),
        ("fx_rate", "day", "base", "quote", "source"),
        ("ocds_record", "ocid"),
        ("ocds_release", "ocid", "number"),
        ("ocds_release", "release_id"),
        ("opener_key", "recipient"),
        ("public_document", "path"),
        ("red_flag", "indicator", "source", "ocid"),
        ("tender", "ocid"),
    },
    "every organisation sees every organisation; its number is in a public register": {
        ("organisation", "identifier_scheme", "identifier_id"),
    },
    "met only by who holds an invitation to the address, or whom the provider vouches for": {
        ("person", "email"),
        ("federated_identity", "issuer", "subject"),
    },
}


def _keys() -> Iterator[tuple[Any, tuple[Any, ...]]]:
    for model in set(registry.TABLES) - set(registry.REFERENCE):
        table = model.__table__  # type: ignore[attr-defined]
        for each in (*table.constraints, *table.indexes):
            if isinstance(each, UniqueConstraint) or getattr(each, "unique", False):
                yield table, tuple(each.columns)


def test_sec_04_a_unique_key_says_whose_it_is_or_tells_nobody_anything() -> None:
    """A foreign key, or an id, is of something that the caller has been let at before."""
    found = {
        (table.name, *(column.name for column in columns))
        for table, columns in _keys()
        if not any(
            column.name in OWNERS
            or column.foreign_keys
            or column.type.python_type.__name__ == "UUID"
            for column in columns
        )
    }
    assert found == set().union(*TELL_NOTHING.values())
