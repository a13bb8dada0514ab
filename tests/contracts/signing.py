"""Contracts of tenders under award, and certificates, for tests."""

import asyncio
import base64
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sqlmodel import Session

from api.contracts.models import Contract
from api.core import ids
from tests.procurement import awarding
from tests.procurement.awarding import Case


class Authority(NamedTuple):
    """A root that signs certificates."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def created(case: Case, *awards: Any, **body: Any) -> Any:
    """Draw a contract up, as it answers."""
    answer = case.parties.buyer.post(
        f"/v1/tenders/{case.tender['id']}/contracts",
        json={"award_ids": [award["id"] for award in awards], **body},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def offered(case: Case, *awards: Any) -> Any:
    """Draw up and offer."""
    made = created(case, *awards)
    answer = case.parties.buyer.post(f"/v1/contracts/{made['id']}/offer")
    assert answer.status_code == 200, answer.text
    return answer.json()


def sign(by: Any, contract: Any, **body: Any) -> Any:
    """Try to sign, by click unless told otherwise."""
    given = {"method": "click_to_sign", "sha256": contract["sha256"], **body}
    return by.post(f"/v1/contracts/{contract['id']}/sign", json=given)


def in_force(case: Case, *awards: Any) -> Any:
    """A contract that both sides signed after the standstill."""
    made = offered(case, *awards)
    awarding.advance(9)
    for side in (case.parties.buyer, case.parties.suppliers[0]):
        answer = sign(side, made)
        assert answer.status_code == 200, answer.text
    return answer.json()


def row(session: Session, contract: Any) -> Contract:
    """The contract's row as it stands in the database now."""
    session.rollback()
    session.expire_all()
    found = session.get(Contract, ids.parse("contract", contract["id"]))
    assert found is not None
    return found


def authority(name: str = "Root of tests") -> Authority:
    """A new root."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return Authority(key, _certificate(subject, key.public_key(), subject, key, root=True))


def bundle(folder: Path, root: Authority) -> Path:
    """The root as a PEM file."""
    path = folder / "roots.pem"
    path.write_bytes(root.certificate.public_bytes(serialization.Encoding.PEM))
    return path


def signer(
    root: Authority, *, number: str, expired: bool = False, asks: bool = False
) -> SimpleSigner:
    """A director with a certificate of the root that names a register number, and, with `asks`,
    where to ask whether it is revoked."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Director"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, f"INN-{number}"),
        ]
    )
    leaf = _certificate(
        subject,
        key.public_key(),
        root.certificate.subject,
        root.key,
        root=False,
        expired=expired,
        asks=asks,
    )
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(leaf.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(
            key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        cert_registry=SimpleCertificateStore(),
    )


def signed_cms(
    document: bytes,
    root: Authority,
    *,
    number: str,
    expired: bool = False,
    by: SimpleSigner | None = None,
) -> str:
    """A detached CMS over `document` by a certificate that names a register number, in base64."""
    by = by or signer(root, number=number, expired=expired)
    content = asyncio.run(by.async_sign_general_data(document, "sha256"))
    return base64.b64encode(content.dump()).decode()


def signed_pdf(
    paper: bytes, by: SimpleSigner, *, change: str | None = None, field: str = "Director"
) -> str:
    """A PAdES signature added to a paper, in base64; with `change`, something else is too."""
    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    if change is not None:
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = writer.add_object(StreamObject(stream_data=change.encode()))
        writer.update_container(page)
    metadata = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES)
    signed = sign_pdf(writer, metadata, signer=by)
    return base64.b64encode(signed.getvalue()).decode()


def revoking(folder: Path, root: Authority, *by: SimpleSigner) -> Path:
    """A list of the root that revokes the certificates of signers, as a file."""
    path = folder / "revoked.crl"
    path.write_bytes(revoked_list(root, *by).public_bytes(serialization.Encoding.DER))
    return path


def revoked_list(root: Authority, *by: SimpleSigner) -> x509.CertificateRevocationList:
    """A list of the root that revokes the certificates of signers."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=400))
    )
    for each in by:
        assert each.signing_cert is not None
        made = made.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(each.signing_cert.serial_number)
            .revocation_date(now - timedelta(days=1))
            .build()
        )
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    made = made.add_extension(authority_key, critical=False)
    made = made.add_extension(x509.CRLNumber(1), critical=False)
    return made.sign(root.key, hashes.SHA256())


def _certificate(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    root: bool,
    expired: bool = False,
    asks: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage |= (
        {"key_cert_sign": True, "crl_sign": True}
        if root
        else {"digital_signature": True, "content_commitment": True}
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now - timedelta(days=1) if expired else now + timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    if asks:
        at = x509.UniformResourceIdentifier("http://ca.invalid/")
        point = x509.DistributionPoint([at], None, None, None)
        answers = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, at)
        made = made.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        made = made.add_extension(x509.AuthorityInformationAccess([answers]), critical=False)
    return made.sign(key, hashes.SHA256())
