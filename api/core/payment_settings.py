"""Settings of payments: Stripe, and invoices of the platform."""

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class PaymentSettings(BaseSettings):
    """What payments need to know; without it they are off."""

    invoice_seller_name: str | None = Field(
        default=None, description="Who issues invoices of the platform; none are issued without."
    )
    invoice_seller_identifier: str | None = Field(
        default=None, description="Its tax number, as it stands on invoices."
    )
    invoice_seller_address: str | None = None
    invoice_series: str = Field(default="K", pattern=r"^[A-Z]{1,4}$")
    fee_tax_rate_bp: int = Field(
        default=0, ge=0, le=5_000, description="Tax on the platform's service, in basis points."
    )
    reconciliation_days: int = Field(
        default=5,
        ge=1,
        le=365,
        description="After so many days a line or an entry without its match is told to the operator.",
    )
    stripe_key: SecretStr | None = Field(
        default=None, description="Restricted key rk_test_… or rk_live_…; unset: no Stripe rail."
    )
    stripe_version: str = Field(
        default="2026-10-28.endive",
        pattern=r"^\d{4}-\d{2}-\d{2}\.[a-z]+$",
        description="API version of every call; that of the webhook endpoints must be the same.",
    )
    stripe_country: str = Field(
        default="US", pattern=r"^[A-Z]{2}$", description="Of the platform's Stripe account."
    )
    stripe_financial_account: str | None = Field(
        default=None,
        pattern=r"^fa_\w+$",
        description="Where Global Payouts are paid from; unset: payees are paid by transfers only.",
    )
    stripe_return_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Where payers and payees come back to from Stripe's pages; unset: base_url.",
    )
    stripe_tax: bool = Field(
        default=False, description="Let Stripe Tax compute the tax of fees and subscriptions."
    )
    stripe_tax_countries: str = Field(
        default="",
        pattern=r"^([A-Z]{2}(,[A-Z]{2})*)?$",
        description="Of payers, where the platform is registered with Stripe Tax: KG,DE,FR.",
    )
    stripe_api_url: str | None = Field(
        default=None,
        pattern=r"^http://127\.0\.0\.1(:\d+)?$",
        description="Another API than Stripe's, of this machine: for tests.",
    )

    @field_validator("stripe_key")
    def _restricted(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not key.get_secret_value().startswith(("rk_test_", "rk_live_")):
            raise ValueError("must be a restricted key, rk_test_… or rk_live_…")
        return key
