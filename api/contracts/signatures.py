"""The signature port: what proves that an organisation signed the bytes of a contract.

`click_to_sign` is an act through the API with the organisation's credentials; sandboxes only. `cms`
is a detached CMS (RFC 5652, CAdES included), verified by pyHanko against the trusted roots of the
installation; the certificate must name the organisation's number in its register.
"""

import asyncio
import hashlib
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from asn1crypto import cms, pem, x509

from api.contracts.problems import MethodUnavailable, SignatureRefused
from api.core import settings
from api.rules.contracts import SignatureMethod

_NAMED_BY = ("serial_number", "organization_identifier", "user_id")


class Evidence(NamedTuple):
    """What a signature proves beside the act: who signed, by which certificate (SHA-256)."""

    signer: str | None = None
    certificate_sha256: str | None = None


class SignaturePort(Protocol):
    """A way to sign."""

    def verify(
        self, document: bytes, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """What the signature over `document` by the organisation with this register number proves.

        Raises SignatureRefused or MethodUnavailable.
        """


class ClickToSign:
    """The credentials that called the API are the proof."""

    def verify(
        self, document: bytes, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """Nothing but the act; MethodUnavailable in production."""
        if not settings.get().sandbox:
            raise MethodUnavailable
        if signature is not None:
            raise SignatureRefused("Click-to-sign takes no signature: name the method cms.")
        return Evidence()


class DetachedCms:
    """A detached CMS by a certificate that leads to a trusted root."""

    def verify(
        self, document: bytes, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """The signer's name and certificate, valid at `at` and of the organisation."""
        # Most of a second of loading, which no process waits for that verifies no signature.
        from pyhanko.sign.general import CMSExtractionError, CMSStructuralError
        from pyhanko.sign.validation.errors import SignatureValidationError
        from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
        from pyhanko_certvalidator import ValidationContext

        roots = settings.get().signature_trust_roots
        if roots is None:
            raise MethodUnavailable
        if signature is None:
            raise SignatureRefused("The signature is missing.")
        try:
            content = cms.ContentInfo.load(signature, strict=True)
            if content["content_type"].native != "signed_data":
                raise SignatureRefused("It is no CMS SignedData.")
            signed = content["content"]
            if signed["encap_content_info"]["content"].native is not None:
                raise SignatureRefused("The CMS must be detached.")
            context = ValidationContext(trust_roots=_certificates(roots), moment=at)
            status = asyncio.run(
                async_validate_detached_cms(document, signed, signer_validation_context=context)
            )
        except (
            ValueError,
            TypeError,
            CMSExtractionError,
            CMSStructuralError,
            SignatureValidationError,
        ) as error:
            raise SignatureRefused(f"It cannot be verified: {error}") from error
        if not status.bottom_line:
            raise SignatureRefused(f"It is not valid: {status.summary()}.")
        certificate = status.signing_cert
        if identifier not in _numbers(certificate):
            raise SignatureRefused("The certificate does not name the organisation's number.")
        return Evidence(
            str(certificate.subject.human_friendly)[:500],
            hashlib.sha256(certificate.dump()).hexdigest(),
        )


PORTS: dict[SignatureMethod, SignaturePort] = {
    SignatureMethod.CLICK_TO_SIGN: ClickToSign(),
    SignatureMethod.CMS: DetachedCms(),
}
"""A further way to sign is a class and a line here."""


def _certificates(bundle: Path) -> list[x509.Certificate]:
    """The certificates of a PEM bundle."""
    found = pem.unarmor(bundle.read_bytes(), multiple=True)
    return [x509.Certificate.load(der) for kind, _, der in found if kind == "CERTIFICATE"]


def _numbers(certificate: x509.Certificate) -> set[str]:
    """Register numbers in the subject, with and without a prefix such as `INN-` (ETSI EN 319 412)."""
    subject = certificate.subject.native
    given = [subject[name] for name in _NAMED_BY if name in subject]
    texts = [text for one in given for text in (one if isinstance(one, list) else [one])]
    return {*texts, *(text.rpartition("-")[2] for text in texts)}
