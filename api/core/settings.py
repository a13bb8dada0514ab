"""Configuration from KERBEN_* variables. Outside development nothing unsafe is accepted."""

from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-never-use-it-elsewhere"
MIN_SECRET_LENGTH = 32
BROKERS = ("memory", "amqp", "amqps", "redis", "rediss")
"""Schemes of `broker_url`; others of Celery lose a message when a worker is killed."""


class Settings(BaseSettings):
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
    replica_database_url: SecretStr | None = Field(
        default=None, description="The workers' role on a streaming replica of their database."
    )
    broker_url: SecretStr = Field(
        default=SecretStr("memory://"), description="memory://, amqp://HOST/VHOST or redis://HOST/N"
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
    signature_trust_roots: Path | None = Field(
        default=None, description="PEM bundle of the roots that signatures of contracts lead to."
    )
    audit_head_seconds: int = Field(
        default=3600, ge=1, description="How often the audit log is signed."
    )
    audit_sequence_seconds: float = Field(
        default=5, gt=0, description="How often new audit entries enter the log."
    )

    events_keep_days: int = Field(default=90, ge=30, description="How long `/v1/events` goes back.")

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

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    telemetry: bool = Field(default=False, description="Send OpenTelemetry traces by OTLP.")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Where worker and relay are scraped; 0: nowhere."
    )

    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_bid_bytes: int = Field(
        default=3_000_000, ge=1_000, description="Of a request with envelopes, in base64."
    )
    max_import_bytes: int = Field(default=100_000_000, ge=1_000)
    max_tracking_bytes: int = Field(
        default=20_000_000, ge=1_000, description="Of a file of tracking events."
    )
    max_document_bytes: int = Field(default=50_000_000, ge=1_000)
    documents_scanned: bool = Field(
        default=False, description="Others get only documents that a virus scanner has cleared."
    )
    alive_file: Path | None = Field(
        default=None, description="Touched by a worker or relay every few seconds while it works."
    )
    job_lease_seconds: int = Field(default=60, ge=1)
    job_redispatch_seconds: int = Field(default=600, ge=1)
    job_max_attempts: int = Field(default=8, ge=1)

    @property
    def embedded(self) -> bool:
        """True when Kerben runs its own PostgreSQL under `data_dir`."""
        return self.database_url is None

    @property
    def sandbox(self) -> bool:
        """True when test tenders and a clock that can be advanced are allowed."""
        return self.environment != "production"

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value().partition("://")[0] not in BROKERS:
            raise ValueError(f"must begin with one of {', '.join(BROKERS)} and ://")
        return url

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
        if not self.base_url.startswith("https://"):
            problems.append("KERBEN_BASE_URL must start with https://")
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
