"""Configuration from KERBEN_* variables. Outside development nothing unsafe is accepted."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    IPvAnyNetwork,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from api.core.channel_settings import ChannelSettings
from api.core.payment_settings import PaymentSettings
from api.core.retention_settings import RetentionSettings
from api.core.signature_settings import SignatureSettings
from api.core.translation_settings import TranslationSettings
from api.rules.sealing import LARGEST_DOCUMENT
from api.rules.webhooks import SCHEDULE_SECONDS

DEVELOPMENT_SECRET = "development-only-secret-never-use-it-elsewhere"
MIN_SECRET_LENGTH = 32
BROKERS = ("memory", "amqp", "amqps", "redis", "rediss")
"""Schemes of `broker_url`; others of Celery lose a message when a worker is killed."""


Quota = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}/[1-9][0-9]{0,4}$")]
ANONYMOUS_PLAN, STANDARD_PLAN = "anonymous", "standard"
RATE_LIMITS = {
    ANONYMOUS_PLAN: {"default": "600/60", "search": "120/60", "export": "30/60", "login": "30/60"},
    STANDARD_PLAN: {
        "default": "1200/60",
        "search": "300/60",
        "export": "60/60",
        "login": "60/60",
        "organisation": "6000/60",
    },
    "partner": {
        "default": "6000/60",
        "search": "1500/60",
        "export": "120/60",
        "login": "60/60",
        "organisation": "30000/60",
    },
}
"""Requests by the plan of an organisation; `organisation` counts all its keys together."""


class Settings(
    PaymentSettings, SignatureSettings, TranslationSettings, RetentionSettings, ChannelSettings
):
    """Every setting, with defaults that start one machine with nothing installed."""

    model_config = SettingsConfigDict(env_prefix="KERBEN_", env_file=None, extra="forbid")

    environment: Literal["development", "test", "sandbox", "production"] = "development"
    data_dir: Path = Path(".kerben")
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)

    database_url: SecretStr | None = Field(default=None, description="The API's role.")
    worker_database_url: SecretStr | None = Field(default=None, description="The workers' role.")
    owner_database_url: SecretStr | None = Field(default=None, description="For migrations.")
    reporting_database_url: SecretStr | None = Field(
        default=None, description="The role of public reads and reports; unset: the API's."
    )
    replica_database_url: SecretStr | None = Field(
        default=None, description="The workers' role on a streaming replica of their database."
    )
    backup_database_url: SecretStr | None = Field(
        default=None, description="For `kerben backup`: a role that row-level security binds not."
    )
    broker_url: SecretStr = Field(
        default=SecretStr("memory://"), description="memory://, amqp://HOST/VHOST or redis://HOST/N"
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Where rate limits are counted; else in the broker if it is Redis, else in"
        " PostgreSQL.",
    )
    rate_limits: dict[str, dict[str, Quota]] = Field(
        default=RATE_LIMITS,
        description="By plan and bucket QUOTA/SECONDS, in JSON; a plan that is not named has none.",
    )
    queue_prefix: str = Field(
        default="kerben",
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        description="First part of every queue's name: installations that share a broker differ.",
    )
    broker_timeout_seconds: int = Field(
        default=5, ge=1, le=60, description="A broker silent for so long does not answer."
    )
    threads: int = Field(default=40, ge=1, description="Request threads = database connections.")

    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    access_token_seconds: int = Field(default=600, ge=60, le=900)

    token_keys: list[SecretStr] = Field(
        default=[],
        description="Sign access tokens, 32+ characters each: the first signs, all are believed.",
    )
    session_seconds: int = Field(default=43_200, ge=300, description="How long a login lasts.")
    session_idle_seconds: int = Field(default=3_600, ge=60, description="Ends an unused login.")
    second_factor_seconds: int = Field(
        default=900, ge=30, description="How long a second factor is fresh enough to decide with."
    )
    machine_decisions: bool | None = Field(
        default=None,
        description="Let API credentials open bids and decide awards, for portals that "
        "authenticate their officers themselves; unset: everywhere but in production.",
    )
    portal_origins: list[str] = Field(
        default=[],
        description="Origins of portals that people log in from, besides base_url; the only ones"
        " whose pages may read answers (CORS).",
    )
    documentation: bool | None = Field(
        default=None,
        description="Serve /docs, /redoc and /openapi.json; unset: everywhere but in production.",
    )
    security_contact: str | None = Field(
        default=None,
        pattern=r"^(mailto:|https://|tel:)\S+$",
        description="Whom /.well-known/security.txt names: a mailto:, https:// or tel: address.",
    )

    webauthn_rp_id: str | None = Field(
        default=None, description="Domain that passkeys are made for; unset: base_url's host."
    )

    signing_key: SecretStr | None = Field(
        default=None, description="Ed25519 private key in PEM: signs audit heads."
    )
    signing_key_file: Path | None = Field(
        default=None, description="The same in a file; without either, one is made in data_dir."
    )
    sealing_key: SecretStr | None = Field(
        default=None,
        description="age X25519 identity: keeps opening sessions and server-side bids.",
    )
    sealing_key_file: Path | None = Field(
        default=None, description="The same in a file; without either, one is made in data_dir."
    )
    audit_head_seconds: int = Field(
        default=3600, ge=1, description="How often the audit log is signed."
    )
    audit_sequence_seconds: float = Field(
        default=5, gt=0, description="How often new audit entries enter the log."
    )

    ocid_prefix: str = Field(
        default="ocds-kerben0",
        pattern=r"^ocds-[a-z0-9]{6,12}$",
        description="Registered with OCP for this publisher; the default is for sandboxes.",
    )
    ocds_publisher: str = Field(default="Kerben", min_length=1, description="Name in packages.")
    ocds_license: str = Field(
        default="https://creativecommons.org/licenses/by/4.0/",
        pattern=r"^https?://",
        description="Terms under which the data may be used again.",
    )
    ocds_policy: str | None = Field(
        default=None, pattern=r"^https?://", description="Address of the publication policy."
    )

    outbound_insecure: bool = Field(
        default=False, description="URLs of users may be http and name any port: development only."
    )
    outbound_ports: tuple[int, ...] = Field(
        default=(443,), description="Ports that URLs of users may name."
    )
    outbound_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="Networks that are not public and that such URLs may lead to."
    )
    outbound_denied_hosts: tuple[str, ...] = Field(
        default=(), description="Names of our own that they may not, besides that of base_url."
    )
    outbound_proxy: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Egress proxy (CONNECT) for them; it then judges the addresses.",
    )
    webhook_schedule_seconds: tuple[float, ...] = Field(
        default=SCHEDULE_SECONDS, description="Waits between the attempts at a delivery."
    )
    former_secret_keys: tuple[SecretStr, ...] = Field(
        default=(), description="Earlier values of secret_key: what they encrypted is still read."
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp://[USER:PASSWORD@]HOST[:587] (STARTTLS where it is offered, and always"
        " with a password) or smtps://…[:465]; without it no mail is sent.",
    )
    mail_from: str | None = Field(
        default=None, pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="Sender of mails."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    telemetry: bool = Field(default=False, description="Send OpenTelemetry traces by OTLP.")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Where worker and relay are scraped; 0: nowhere."
    )

    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    body_timeout_seconds: int = Field(
        default=30, ge=1, description="For a body to arrive; longer for the larger ones."
    )
    request_timeout_seconds: int = Field(
        default=30, ge=1, description="For a request's transaction, which then is rolled back."
    )
    max_bid_bytes: int = Field(
        default=3_000_000, ge=1_000, description="Of a request with envelopes, in base64."
    )
    max_import_bytes: int = Field(default=100_000_000, ge=1_000)
    max_tracking_bytes: int = Field(
        default=20_000_000, ge=1_000, description="Of a file of tracking events."
    )
    max_image_bytes: int = Field(default=20_000_000, ge=1_000, description="Of a product's image.")
    max_document_bytes: int = Field(
        default=50_000_000,
        ge=1_000,
        lt=LARGEST_DOCUMENT,
        description="Of an uploaded file; of one that is sealed, before it is padded and encrypted.",
    )
    max_statement_bytes: int = Field(
        default=10_000_000, ge=1_000, description="Of a statement of a bank."
    )
    files_url: str | None = Field(
        default=None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?$",
        description="s3://BUCKET/PREFIX; without it files are in a folder of data_dir.",
    )
    files_s3_endpoint: str | None = Field(default=None, pattern=r"^https?://")
    files_s3_region: str = "us-east-1"
    files_s3_access_key_id: str | None = None
    files_s3_secret_access_key: SecretStr | None = None
    files_base_url: str | None = Field(
        default=None, pattern=r"^https?://", description="Origin of links to files: not the API's."
    )
    file_link_seconds: int = Field(default=300, ge=10, le=300)
    clamd_url: str | None = Field(
        default=None,
        pattern=r"^(tcp://[^/:]+:[0-9]{1,5}|unix:///.+)$",
        description="tcp://HOST:PORT or unix:///PATH of clamd, which looks through every file.",
    )
    clamd_timeout_seconds: int = Field(default=60, ge=1, le=600)
    documents_scanned: bool = Field(
        default=False, description="Only files are given that a virus scanner has cleared."
    )
    alive_file: Path | None = Field(
        default=None, description="Touched by a worker or relay every few seconds while it works."
    )
    job_lease_seconds: int = Field(default=60, ge=1)
    job_redispatch_seconds: int = Field(default=600, ge=1)
    job_max_attempts: int = Field(
        default=16,
        ge=1,
        description="Tries in a row, without a step done, until a job is given up; over half an hour.",
    )
    job_lane_window: int = Field(
        default=100,
        ge=1,
        description="How many of an organisation's due jobs in a queue may be under way at once.",
    )

    @property
    def embedded(self) -> bool:
        """True when Kerben runs its own PostgreSQL under `data_dir`."""
        return self.database_url is None

    @property
    def files_scanned(self) -> bool:
        """True when files wait for a virus scanner: clamd, or one that uses the API."""
        return self.documents_scanned or self.clamd_url is not None

    @property
    def sandbox(self) -> bool:
        """True when test tenders and a clock that can be advanced are allowed."""
        return self.environment != "production"

    @property
    def machines_decide(self) -> bool:
        """True when API credentials may do what is for people with a second factor."""
        if self.machine_decisions is None:
            return self.environment != "production"
        return self.machine_decisions

    @property
    def documented(self) -> bool:
        """True when the pages about the API are served."""
        return (
            self.environment != "production" if self.documentation is None else self.documentation
        )

    @property
    def secure(self) -> bool:
        """True when the service is reached by TLS."""
        return self.base_url.startswith("https://")

    @field_validator("token_keys")
    @classmethod
    def _long(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < MIN_SECRET_LENGTH for key in keys):
            raise ValueError(f"each must have {MIN_SECRET_LENGTH}+ characters")
        return keys

    @field_validator("portal_origins")
    @classmethod
    def _origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError("each must be scheme://host[:port]")
        return origins

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value().partition("://")[0] not in BROKERS:
            raise ValueError(f"must begin with one of {', '.join(BROKERS)} and ://")
        return url

    @field_validator("smtp_url")
    @classmethod
    def _known_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"smtps?://[^/]*[^/@:]", url.get_secret_value()):
            raise ValueError("must be smtp://HOST or smtps://HOST")
        return url

    @model_validator(mode="after")
    def _whole_mail(self) -> Self:
        if (self.smtp_url is None) is not (self.mail_from is None):
            raise ValueError("KERBEN_SMTP_URL and KERBEN_MAIL_FROM go together")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.environment not in ("sandbox", "production"):
            return self
        problems = []
        secret = self.secret_key.get_secret_value()
        if secret == DEVELOPMENT_SECRET or len(secret) < MIN_SECRET_LENGTH:
            problems.append(f"KERBEN_SECRET_KEY must be set, {MIN_SECRET_LENGTH}+ characters")
        if self.signing_key is None and self.signing_key_file is None:
            problems.append("KERBEN_SIGNING_KEY or KERBEN_SIGNING_KEY_FILE must give a key")
        if self.sealing_key is None and self.sealing_key_file is None:
            problems.append("KERBEN_SEALING_KEY or KERBEN_SEALING_KEY_FILE must give a key")
        if self.embedded:
            problems.append("KERBEN_DATABASE_URL must name a PostgreSQL server")
        if self.broker_url.get_secret_value().startswith("memory:"):
            problems.append("KERBEN_BROKER_URL must name a broker")
        if self.stripe_api_url is not None:
            problems.append("KERBEN_STRIPE_API_URL must not be set")
        key = self.stripe_key.get_secret_value() if self.stripe_key else ""
        if key.startswith("rk_test_" if self.environment == "production" else "rk_live_"):
            problems.append("KERBEN_STRIPE_KEY must be rk_live_ in production, rk_test_ elsewhere")
        if self.outbound_insecure:
            problems.append("KERBEN_OUTBOUND_INSECURE must not be set")
        if not self.secure:
            problems.append("KERBEN_BASE_URL must start with https://")
        if any(not origin.startswith("https://") for origin in self.portal_origins):
            problems.append("KERBEN_PORTAL_ORIGINS must each start with https://")
        if problems:
            raise ValueError(f"Unsafe for {self.environment}: " + "; ".join(problems))
        return self


@cache
def get() -> Settings:
    """The process's settings, read once; a process with wrong ones ends and says what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SystemExit(f"Kerben cannot start. {_told(error)}") from None


def _told(error: ValidationError) -> str:
    """What is wrong, by variable, and never the values, which may be secret."""
    return "; ".join(
        f"{'KERBEN_' if e['loc'] else ''}{'_'.join(map(str, e['loc'])).upper()} {e['msg']}".strip()
        for e in error.errors(include_input=False)
    )
