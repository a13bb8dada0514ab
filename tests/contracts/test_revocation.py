"""Whether a certificate was revoked: lists of the installation, and what a signature brings along
as lists (RFC 5280) and answers (RFC 6960), in a CMS and in the security store of a PDF."""

import asyncio
import base64
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, crl, ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as x509_ocsp
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.validation import DocumentSecurityStore

from api.core import settings
from api.core.signatures import port
from api.core.signatures.paper import render
from api.core.signatures.port import Paper
from api.core.signatures.problems import SignatureRefused
from api.rules.signatures import RevocationPolicy, SignatureMethod
from tests.contracts import signing
from tests.contracts.signing import Authority

NUMBER = "01234567890123"
DOCUMENT = b'{"contract":1}'
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
type Told = crl.CertificateList | ocsp.OCSPResponse
_P, _M = RevocationPolicy, SignatureMethod


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """A root that this installation trusts; without lists of its own."""
    made = signing.authority()
    monkeypatch.setattr(settings.get(), "signature_trust_roots", signing.bundle(tmp_path, made))
    return made


@pytest.fixture
def director(root: Authority) -> SimpleSigner:
    return signing.signer(root, number=NUMBER, asks=True)


def demand(monkeypatch: pytest.MonkeyPatch, policy: RevocationPolicy) -> None:
    monkeypatch.setattr(settings.get(), "signature_revocation", policy)


def listed(root: Authority, *revoked: SimpleSigner) -> crl.CertificateList:
    return crl.CertificateList.load(signing.revoked_list(root, *revoked).public_bytes(DER))


def answered(
    root: Authority, about: SimpleSigner, *, revoked: bool, age: timedelta = timedelta(hours=1)
) -> ocsp.OCSPResponse:
    """What the root itself answers about a certificate; it holds for a day."""
    assert about.signing_cert is not None
    told = datetime.now(UTC) - age
    good = x509_ocsp.OCSPCertStatus.GOOD
    made = x509_ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(about.signing_cert.dump()),
        issuer=root.certificate,
        algorithm=hashes.SHA1(),
        cert_status=x509_ocsp.OCSPCertStatus.REVOKED if revoked else good,
        this_update=told,
        next_update=told + timedelta(days=1),
        revocation_time=told - timedelta(days=1) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    made = made.responder_id(x509_ocsp.OCSPResponderEncoding.HASH, root.certificate)
    return ocsp.OCSPResponse.load(made.sign(root.key, hashes.SHA256()).public_bytes(DER))


def carrying(by: SimpleSigner, told: Iterable[Told]) -> bytes:
    """A detached CMS that brings lists and answers along."""
    content = asyncio.run(by.async_sign_general_data(DOCUMENT, "sha256"))
    choices = [
        cms.RevocationInfoChoice("crl", each)
        if isinstance(each, crl.CertificateList)
        else cms.RevocationInfoChoice(
            "other",
            cms.OtherRevocationInfoFormat(
                {"other_rev_info_format": "ocsp_response", "other_rev_info": each}
            ),
        )
        for each in told
    ]
    if choices:
        content["content"]["crls"] = cms.RevocationInfoChoices(choices)
    return bytes(content.dump(force=True))


def storing(paper: bytes, by: SimpleSigner, told: Iterable[Told]) -> bytes:
    """A signed PDF whose document security store has lists and answers."""
    signed = io.BytesIO(base64.b64decode(signing.signed_pdf(paper, by)))
    kept = [*told]
    if kept:
        DocumentSecurityStore.add_dss(
            signed,
            None,
            crls=[each for each in kept if isinstance(each, crl.CertificateList)],
            ocsps=[each for each in kept if isinstance(each, ocsp.OCSPResponse)],
        )
    return signed.getvalue()


def taken(method: SignatureMethod, by: SimpleSigner, *told: Told) -> bool:
    """Whether a signature is accepted; why it is not must be the certificate's revocation."""
    pdf = None
    if method is _M.PADES:
        pdf = render(
            DOCUMENT, title="Contract", sha256="0" * 64, at=datetime(2027, 1, 1, tzinfo=UTC)
        )
    signature = carrying(by, told) if pdf is None else storing(pdf, by, told)
    try:
        proven = port.verify(
            method, Paper(DOCUMENT, pdf), signature, identifier=NUMBER, at=datetime.now(UTC)
        )
    except SignatureRefused as error:
        refused = str(error)
    else:
        assert "Director" in str(proven.signer)
        return True
    assert "REVOKED" in refused or "UNTRUSTED" in refused, refused
    return False


BOTH = pytest.mark.parametrize("method", [_M.CMS, _M.PADES])


@BOTH
def test_what_a_signature_brings_along_can_say_that_its_certificate_is_revoked(
    method: SignatureMethod, root: Authority, director: SimpleSigner
) -> None:
    assert taken(method, director)
    assert taken(method, director, answered(root, director, revoked=False))
    assert not taken(method, director, answered(root, director, revoked=True))
    assert not taken(method, director, listed(root, director))


@BOTH
def test_where_an_answer_is_required_a_fresh_one_of_the_root_counts_and_no_other(
    method: SignatureMethod,
    root: Authority,
    director: SimpleSigner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    demand(monkeypatch, _P.REQUIRE)
    stranger, other = signing.authority(), signing.signer(root, number=NUMBER, asks=True)

    assert not taken(method, director)
    assert taken(method, director, answered(root, director, revoked=False))
    assert taken(method, director, listed(root, other))
    stale = answered(root, director, revoked=False, age=timedelta(days=30))
    for told in (
        stale,
        answered(root, other, revoked=False),
        answered(stranger, director, revoked=False),
        listed(stranger),
    ):
        assert not taken(method, director, told)


def test_hard_fail_asks_only_where_a_certificate_says_who_answers(
    root: Authority, director: SimpleSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(monkeypatch, _P.HARD_FAIL)
    silent = signing.signer(root, number=NUMBER)

    assert taken(_M.CMS, silent)
    assert not taken(_M.CMS, director)
    assert taken(_M.CMS, director, listed(root))
    assert not taken(_M.CMS, director, listed(root, director))
    demand(monkeypatch, _P.SOFT_FAIL)
    assert taken(_M.CMS, director)


def test_the_lists_of_a_folder_cover_every_root_or_nobody_below_it_signs(
    root: Authority, director: SimpleSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = signing.authority("Second root")
    both = b"".join(each.certificate.public_bytes(PEM) for each in (root, second))
    (tmp_path / "roots.pem").write_bytes(both)
    folder = tmp_path / "lists"
    folder.mkdir()
    monkeypatch.setattr(settings.get(), "signature_crls", folder)
    former = signing.signer(root, number=NUMBER)
    elsewhere = signing.signer(second, number=NUMBER)

    (folder / "first.pem").write_bytes(signing.revoked_list(root, former).public_bytes(PEM))

    assert [taken(_M.CMS, by) for by in (director, former, elsewhere)] == [True, False, False]
    (folder / "second.crl").write_bytes(signing.revoked_list(second).public_bytes(DER))
    assert [taken(_M.CMS, by) for by in (director, former, elsewhere)] == [True, False, True]
