"""What signatures of contracts and agreements are trusted."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from api.rules.signatures import RevocationPolicy


class SignatureSettings(BaseSettings):
    """The part of the configuration that the signature port reads."""

    signature_trust_roots: Path | None = Field(
        default=None, description="PEM bundle of the roots that signatures of contracts lead to."
    )
    signature_crls: Path | None = Field(
        default=None,
        description="Revocation lists of every authority below those roots, kept fresh: a file, or"
        " a folder of files. With them every certificate must be covered by one.",
    )
    signature_revocation: RevocationPolicy = Field(
        default=RevocationPolicy.SOFT_FAIL,
        description="hard-fail: where a certificate says where to ask, nobody may say nothing;"
        " require: of every certificate.",
    )
