"""The signature port: what proves that an organisation signed a paper.

`click_to_sign` is an act through the API with the organisation's credentials; sandboxes only. `cms`
is a detached CMS (RFC 5652, CAdES included) over the document, `pades` the PDF of it with a
signature inside (ETSI EN 319 142). Both are verified by pyHanko against the trusted roots of the
installation; the certificate must name the organisation's number in its register, and not be
revoked as far as the signature, or the revocation lists of the installation, say.
"""

import asyncio
import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from asn1crypto import cms, crl, ocsp, pem, x509

from api.core import settings
from api.core.signatures.problems import MethodUnavailable, SignatureRefused
from api.rules.signatures import RevocationPolicy, SignatureMethod

_NAMED = ("common_name", "title", "organizational_unit_name", "organization_name")
_NAMED_BY = ("serial_number", "organization_identifier", "user_id")


class Paper(NamedTuple):
    """What is signed: the document, and its PDF where there is one."""

    document: bytes
    pdf: bytes | None = None


class Evidence(NamedTuple):
    """What a signature proves beside the act: who signed, by which certificate (SHA-256)."""

    signer: str | None = None
    certificate_sha256: str | None = None


class SignaturePort(Protocol):
    """A way to sign."""

    def verify(
        self, paper: Paper, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """What the signature of a paper by the organisation with this register number proves.

        Raises SignatureRefused or MethodUnavailable.
        """


class ClickToSign:
    """The credentials that called the API are the proof."""

    def verify(
        self, paper: Paper, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """Nothing but the act; MethodUnavailable in production."""
        if not settings.get().sandbox:
            raise MethodUnavailable
        if signature is not None:
            raise SignatureRefused(
                "Click-to-sign takes no signature: name the method cms or pades."
            )
        return Evidence()


class DetachedCms:
    """A detached CMS by a certificate that leads to a trusted root."""

    def verify(
        self, paper: Paper, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """The signer's name and certificate, valid at `at` and of the organisation."""
        # Most of a second of loading, which no process waits for that verifies no signature.
        from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
        from pyhanko_certvalidator import ValidationContext

        roots, given = _required(signature)
        with _refusing():
            content = cms.ContentInfo.load(given, strict=True)
            if content["content_type"].native != "signed_data":
                raise SignatureRefused("It is no CMS SignedData.")
            signed = content["content"]
            if signed["encap_content_info"]["content"].native is not None:
                raise SignatureRefused("The CMS must be detached.")
            crls, ocsps = _carried(signed)
            context = ValidationContext(**_trusting(roots, at, crls=crls, ocsps=ocsps))
            status = asyncio.run(
                async_validate_detached_cms(
                    paper.document, signed, signer_validation_context=context
                )
            )
        return _proven(status, identifier)


class SignedPdf:
    """PAdES: the paper itself with a signature added to it, and nothing else."""

    def verify(
        self, paper: Paper, signature: bytes | None, *, identifier: str, at: datetime
    ) -> Evidence:
        """The same of the last signature in the PDF, which must be an extension of the paper."""
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel
        from pyhanko.sign.validation import async_validate_pdf_signature
        from pyhanko_certvalidator import ValidationContext

        roots, given = _required(signature)
        if paper.pdf is None:
            raise MethodUnavailable("There is no PDF of this document.")
        if not given.startswith(paper.pdf) or given == paper.pdf:
            raise SignatureRefused("It is not the paper with a signature added to its end.")
        with _refusing():
            reader = PdfFileReader(io.BytesIO(given))
            found = [*reader.embedded_regular_signatures]
            if not found:
                raise SignatureRefused("There is no signature in the PDF.")
            # What is shown may not differ from the paper: only signatures have been added.
            changes: Any = DEFAULT_DIFF_POLICY.review_file(reader, base_revision=0)
            level = getattr(changes, "modification_level", ModificationLevel.OTHER)
            if level > ModificationLevel.FORM_FILLING:
                raise SignatureRefused("The paper was changed before or after it was signed.")
            trusting = _trusting(roots, at)
            context = _stored(reader, trusting) or ValidationContext(**trusting)
            status = asyncio.run(
                async_validate_pdf_signature(found[-1], signer_validation_context=context)
            )
        return _proven(status, identifier)


PORTS: dict[SignatureMethod, SignaturePort] = {
    SignatureMethod.CLICK_TO_SIGN: ClickToSign(),
    SignatureMethod.CMS: DetachedCms(),
    SignatureMethod.PADES: SignedPdf(),
}
"""A further way to sign is a class and a line here."""


def verify(
    method: SignatureMethod,
    paper: Paper,
    signature: bytes | None,
    *,
    identifier: str,
    at: datetime,
) -> Evidence:
    """What a signature proves. Raises SignatureRefused or MethodUnavailable."""
    return PORTS[method].verify(paper, signature, identifier=identifier, at=at)


def _required(signature: bytes | None) -> tuple[Path, bytes]:
    roots = settings.get().signature_trust_roots
    if roots is None:
        raise MethodUnavailable
    if signature is None:
        raise SignatureRefused("The signature is missing.")
    return roots, signature


@contextmanager
def _refusing() -> Iterator[None]:
    """What the library says of bytes that it cannot take is why they are refused."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.general import CMSExtractionError, CMSStructuralError
    from pyhanko.sign.validation.errors import SignatureValidationError

    try:
        yield
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
        NotImplementedError,
        PdfError,
        CMSExtractionError,
        CMSStructuralError,
        SignatureValidationError,
    ) as error:
        raise SignatureRefused(f"It cannot be verified: {error}") from error


def _trusting(
    roots: Path,
    at: datetime,
    *,
    crls: Iterable[crl.CertificateList] = (),
    ocsps: Iterable[ocsp.OCSPResponse] = (),
) -> dict[str, Any]:
    """What a certificate is judged by: the roots, the lists at hand, and the moment."""
    config = settings.get()
    known = [] if config.signature_crls is None else _lists(config.signature_crls)
    # Else a certificate that does not say where its list is would be looked up in none.
    mode = RevocationPolicy.REQUIRE if known else config.signature_revocation
    return {
        "trust_roots": [x509.Certificate.load(der) for der in _unarmored(roots, "CERTIFICATE")],
        "moment": at,
        "crls": [*known, *crls],
        "ocsps": [*ocsps],
        "revocation_mode": mode.value,
    }


def _carried(
    signed: cms.SignedData,
) -> tuple[list[crl.CertificateList], list[ocsp.OCSPResponse]]:
    """Lists and answers about revocation that the signer has put into the CMS (RFC 5652, 5940)."""
    crls, ocsps = [], []
    for each in signed["crls"] or ():
        if each.name == "crl":
            crls.append(each.chosen)
        elif each.chosen["other_rev_info_format"].native == "ocsp_response":
            ocsps.append(each.chosen["other_rev_info"])
    return crls, ocsps


def _stored(reader: Any, trusting: dict[str, Any]) -> Any:
    """A context with what the PDF brings in its document security store; None without one."""
    from pyhanko.sign.validation import DocumentSecurityStore
    from pyhanko.sign.validation.errors import NoDSSFoundError

    try:
        return DocumentSecurityStore.read_dss(reader).as_validation_context(trusting)
    except NoDSSFoundError:
        return None


def _proven(status: Any, identifier: str) -> Evidence:
    if not status.bottom_line:
        raise SignatureRefused(f"It is not valid: {status.summary()}.")
    certificate = status.signing_cert
    if identifier not in _numbers(certificate):
        raise SignatureRefused("The certificate does not name the organisation's number.")
    return Evidence(
        _name(certificate)[:500],
        hashlib.sha256(certificate.dump()).hexdigest(),
    )


def _name(certificate: x509.Certificate) -> str:
    """Who signed, as the subject names them: without the numbers that it has of a person."""
    subject = certificate.subject.native
    given = [subject[name] for name in _NAMED if name in subject]
    texts = [text for one in given for text in (one if isinstance(one, list) else [one])]
    return ", ".join(dict.fromkeys(texts))


def _lists(place: Path) -> list[crl.CertificateList]:
    """The revocation lists in a file, or in every file of a folder; DER or PEM."""
    paths = sorted(place.iterdir()) if place.is_dir() else [place]
    ders = [der for path in paths for der in _unarmored(path, "X509 CRL")]
    return [crl.CertificateList.load(der) for der in ders]


def _unarmored(path: Path, kind: str) -> list[bytes]:
    """What a file holds of a kind, in PEM or as it is."""
    content = path.read_bytes()
    if not pem.detect(content):
        return [content]
    return [der for found, _, der in pem.unarmor(content, multiple=True) if found == kind]


def _numbers(certificate: x509.Certificate) -> set[str]:
    """Register numbers in the subject, with and without a prefix such as `INN-` (ETSI EN 319 412)."""
    subject = certificate.subject.native
    given = [subject[name] for name in _NAMED_BY if name in subject]
    texts = [text for one in given for text in (one if isinstance(one, list) else [one])]
    return {*texts, *(text.rpartition("-")[2] for text in texts)}
