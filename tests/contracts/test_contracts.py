"""Contracts: made from awards, signed by both sides, refused, changed, ended."""

import base64
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.contracts.models import Contract, ContractSignature
from api.core import ids, settings
from api.core.signatures.paper import render
from api.identity.models import DebarmentRecord, Organisation
from api.rules.awards import AwardStatus
from api.rules.contracts import ContractStatus
from api.rules.debarments import DebarmentStatus
from api.rules.tenders import LotStatus, TenderStage, TenderStatus
from tests.contracts import signing
from tests.identity import register
from tests.procurement import awarding, samples
from tests.procurement.awarding import Case

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def case(as_org: AsOrg, session: Session) -> Case:
    return awarding.ranked(session, as_org)


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def test_a_contract_is_the_sum_of_its_awards_and_completes_their_lots_when_both_have_signed(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org, lots=2)
    lots = [lot["id"] for lot in case.tender["lots"]]
    first, second = (awarding.awarded(case, lot) for lot in lots)
    assert awarding.stage(session, case) is TenderStage.CONTRACT_SIGN_PENDING

    made = signing.offered(case, first, second)
    buyer, winner = case.parties.buyer, case.parties.suppliers[0]
    awarding.advance(9)
    half = signing.sign(buyer, made)
    assert (half.status_code, half.json()["status"]) == (200, "pending_signature")
    assert as_org(["supplier"]).get(f"/v1/contracts/{made['id']}").status_code == 404
    done = signing.sign(winner, made).json()

    assert done["status"] == "active"
    assert (done["original_amount"], done["value"]["amount"]) == ("2000000", "2000000")
    assert {s["side"] for s in done["signatures"]} == {"buyer", "supplier"}
    assert {s["sha256"] for s in done["signatures"]} == {made["sha256"]}
    tender = buyer.get(f"/v1/tenders/{case.tender['id']}").json()
    assert (tender["status"], tender["status_details"]) == ("complete", "contractSigned")
    assert {lot["status"] for lot in tender["lots"]} == {"complete"}
    assert as_org(["supplier"]).get(f"/v1/contracts/{made['id']}").status_code == 200


def test_nobody_signs_during_the_standstill(case: Case, session: Session) -> None:
    made = signing.offered(case, awarding.awarded(case))

    for side in (case.parties.buyer, case.parties.suppliers[0]):
        answer = signing.sign(side, made)
        assert (answer.status_code, answer.json()["code"]) == (409, "signing_blocked")
        assert codes(answer) == ["standstill"]
    assert signing.row(session, made).status is ContractStatus.PENDING_SIGNATURE
    assert session.exec(select(ContractSignature)).all() == []


def test_nobody_signs_while_a_complaint_about_the_award_is_open(
    case: Case, session: Session
) -> None:
    award = awarding.awarded(case)
    made = signing.offered(case, award)
    complaint = awarding.submitted(
        case.parties.suppliers[1], case.tender, target="award", award_id=award["id"]
    )
    awarding.advance(9)

    refused = signing.sign(case.parties.buyer, made)
    assert codes(refused) == ["complaint_open"]
    awarding.accepted(case.parties.reviewer, complaint)
    assert codes(signing.sign(case.parties.buyer, made)) == ["complaint_open"]
    assert session.exec(select(ContractSignature)).all() == []

    awarding.reviewed(case.parties.reviewer, complaint, "decline")
    assert signing.sign(case.parties.buyer, made).status_code == 200


def test_an_award_that_falls_takes_its_unsigned_contract_with_it(
    case: Case, session: Session, drain: Drain
) -> None:
    award = awarding.awarded(case)
    made = signing.offered(case, award)
    complaint = awarding.submitted(
        case.parties.suppliers[1], case.tender, target="award", award_id=award["id"]
    )
    awarding.accepted(case.parties.reviewer, complaint)
    awarding.reviewed(case.parties.reviewer, complaint, "satisfy", effects=["cancel_award"])
    awarding.advance(9)

    assert codes(signing.sign(case.parties.buyer, made)) == ["award_not_active"]
    drain()
    found = signing.row(session, made)
    assert (found.status, found.signed_at) == (ContractStatus.CANCELLED, None)


def test_a_lower_award_that_nobody_decided_ends_when_the_lot_is_contracted(
    case: Case, session: Session
) -> None:
    """The first bid was refused the lot, wins its complaint and gets it; the second, which the
    ranking had put forward meanwhile, is left to nobody."""
    rejected = awarding.decided(case, awarding.proposed(case), "reject")
    first, reviewer = case.parties.suppliers[0], case.parties.reviewer
    about = {"target": "award", "award_id": rejected["id"]}
    complaint = awarding.submitted(first, case.tender, **about)
    awarding.accepted(reviewer, complaint)
    awarding.reviewed(reviewer, complaint, "satisfy", effects=["cancel_award"])
    url = f"/v1/tenders/{case.tender['id']}/awards"
    again = next(
        each
        for each in case.parties.buyer.get(url).json()["items"]
        if each["status"] == "pending" and each["rank"] == 1
    )
    body = {"reason": "Решение по жалобе"}
    endorsed = case.parties.buyer.post(f"/v1/awards/{again['id']}/propose", json=body)
    assert endorsed.status_code == 200, endorsed.text

    signing.in_force(case, awarding.decided(case, again))

    session.rollback()
    found = {
        (row.rank, row.status, row.cancellation_cause, row.decided_at is None)
        for row in awarding.awards_of(session, case)
    }
    assert found == {
        (1, AwardStatus.CANCELLED, "complaint", False),
        (1, AwardStatus.ACTIVE, None, False),
        (2, AwardStatus.CANCELLED, "lot_ended", True),
    }
    public = case.parties.buyer.get(f"/public/ocds/records/{case.tender['ocid']}").json()
    told = public["records"][0]["compiledRelease"]["awards"]
    assert sorted(each["status"] for each in told) == ["active", "cancelled"]


def test_a_winner_that_refuses_loses_the_award_and_its_debarment_is_proposed(
    case: Case, session: Session
) -> None:
    made = signing.offered(case, awarding.awarded(case))
    winner = case.parties.suppliers[0]

    answer = winner.post(f"/v1/contracts/{made['id']}/refuse", json={"reason": "Нет товара"})

    assert answer.json()["status"] == "cancelled", answer.text
    first, second = awarding.awards_of(session, case)
    assert (first.status, first.cancellation_cause, first.bid_returned) == (
        AwardStatus.CANCELLED,
        "refusal",
        False,
    )
    assert (second.status, second.rank) == (AwardStatus.PENDING, 2)
    (proposal,) = session.exec(select(DebarmentRecord)).all()
    assert (proposal.organisation_id, proposal.status, proposal.proposed_by) == (
        winner.org_id,
        DebarmentStatus.PROPOSED,
        case.parties.buyer.org_id,
    )
    assert proposal.ocid == case.tender["ocid"]
    assert awarding.stage(session, case) is TenderStage.EVALUATION_RESULTS_PENDING
    again = winner.post(f"/v1/contracts/{made['id']}/refuse", json={"reason": "Нет"})
    assert again.status_code == 409
    assert len(session.exec(select(DebarmentRecord)).all()) == 1


def test_a_buyer_reports_a_refusal_only_once_the_supplier_could_have_signed(
    case: Case, session: Session
) -> None:
    made = signing.offered(case, awarding.awarded(case))
    buyer, url = case.parties.buyer, f"/v1/contracts/{made['id']}/refuse"

    early = buyer.post(url, json={"reason": "Молчит"})
    assert (early.status_code, early.json()["code"]) == (409, "supplier_not_asked")
    awarding.advance(9)
    signing.sign(buyer, made)
    assert signing.row(session, made).status is ContractStatus.PENDING_SIGNATURE
    assert buyer.post(url, json={"reason": "Молчит"}).json()["status"] == "cancelled"
    assert awarding.awards_of(session, case)[0].status is AwardStatus.CANCELLED


def test_an_award_is_in_one_contract_at_a_time(case: Case, session: Session) -> None:
    award = awarding.awarded(case)
    made = signing.created(case, award)
    url = f"/v1/tenders/{case.tender['id']}/contracts"

    twice = case.parties.buyer.post(url, json={"award_ids": [award["id"]]})
    assert (twice.status_code, twice.json()["code"]) == (409, "awards_unfit")
    case.parties.buyer.post(f"/v1/contracts/{made['id']}/cancel", json={"reason": "Ошибка"})
    signing.created(case, award)
    assert [c.status for c in session.exec(select(Contract).order_by(Contract.id))] == [  # type: ignore[arg-type]
        ContractStatus.CANCELLED,
        ContractStatus.PENDING,
    ]


def test_awards_that_are_pending_or_of_several_suppliers_are_not_in_one_contract(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org, lots=2)
    first, second = (lot["id"] for lot in case.tender["lots"])
    one, pending = awarding.awarded(case, first), awarding.proposed(case, second)
    url = f"/v1/tenders/{case.tender['id']}/contracts"

    early = case.parties.buyer.post(url, json={"award_ids": [one["id"], pending["id"]]})
    awarding.decided(case, pending, "reject")
    other = awarding.awards_of(session, case)[-1]
    shown = {"id": ids.show("award", other.id)}
    case.parties.buyer.post(f"/v1/awards/{shown['id']}/propose", json={"reason": "Второй"})
    awarding.decided(case, shown)
    mixed = case.parties.buyer.post(url, json={"award_ids": [one["id"], shown["id"]]})

    assert [a.json()["code"] for a in (early, mixed)] == ["awards_unfit"] * 2
    assert session.exec(select(Contract)).all() == []


def test_the_performance_security_is_recorded_within_the_policy(
    case: Case, session: Session
) -> None:
    award = awarding.awarded(case)
    url = f"/v1/tenders/{case.tender['id']}/contracts"
    body = {"award_ids": [award["id"]]}

    high = case.parties.buyer.post(url, json={**body, "performance_security": "100000.01"})
    assert (high.status_code, high.json()["code"]) == (409, "security_too_high")
    made = signing.created(case, award, performance_security="100000")
    assert made["performance_security"] == "100000"


def test_what_was_offered_is_what_is_signed(case: Case, session: Session) -> None:
    made = signing.offered(case, awarding.awarded(case))
    awarding.advance(9)
    winner = case.parties.suppliers[0]
    document = winner.get(f"/v1/contracts/{made['id']}/document")
    assert document.json()["value"] == {"amount": "1000000", "currency": "KGS"}

    other = signing.sign(winner, made, sha256="0" * 64)
    assert (other.status_code, other.json()["code"]) == (409, "document_differs")
    assert signing.sign(winner, made).status_code == 200
    assert signing.sign(winner, made).json()["code"] == "already_signed"
    assert signing.sign(case.parties.suppliers[1], made).status_code == 404
    with pytest.raises(DBAPIError, match="frozen"):
        session.connection().exec_driver_sql("UPDATE contract SET sha256 = repeat('0', 64)")
    session.rollback()


def test_a_detached_cms_of_a_trusted_root_signs_and_others_do_not(
    case: Case, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, stranger = signing.authority(), signing.authority("Stranger")
    made = signing.offered(case, awarding.awarded(case))
    buyer, winner = case.parties.buyer, case.parties.suppliers[0]
    document = buyer.get(f"/v1/contracts/{made['id']}/document").content
    organisation = session.get(Organisation, winner.org_id)
    assert organisation is not None
    number = organisation.identifier_id
    awarding.advance(9)
    good = signing.signed_cms(document, root, number=number)
    bare = signing.sign(winner, made, method="cms", signature=good)
    assert (bare.status_code, bare.json()["code"]) == (403, "signature_method_unavailable")
    monkeypatch.setattr(settings.get(), "signature_trust_roots", signing.bundle(tmp_path, root))

    bad = {
        "of another root": signing.signed_cms(document, stranger, number=number),
        "over other bytes": signing.signed_cms(document + b" ", root, number=number),
        "of another organisation": signing.signed_cms(document, root, number="99999999999999"),
        "expired": signing.signed_cms(document, root, number=number, expired=True),
        "no CMS": "AAAA",
        "missing": None,
    }
    for what, signature in bad.items():
        answer = signing.sign(winner, made, method="cms", signature=signature)
        assert (answer.status_code, answer.json()["code"]) == (409, "signature_refused"), what
    assert session.exec(select(ContractSignature)).all() == []

    answer = signing.sign(winner, made, method="cms", signature=good)
    assert answer.status_code == 200, answer.text
    (kept,) = answer.json()["signatures"]
    assert (kept["method"], kept["side"]) == ("cms", "supplier")
    # SEC-24: a certificate has a number of whoever signs, too; only the name is kept.
    assert kept["signer"] == "Director"
    session.rollback()
    (stored,) = session.exec(select(ContractSignature)).all()
    assert stored.signature is not None


def test_the_paper_is_signed_by_pades_and_not_by_who_changed_it_or_is_revoked(
    case: Case, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, stranger = signing.authority(), signing.authority("Stranger")
    made = signing.offered(case, awarding.awarded(case))
    buyer, winner = case.parties.buyer, case.parties.suppliers[0]
    paper = winner.get(f"/v1/contracts/{made['id']}/paper").content
    assert buyer.get(f"/v1/contracts/{made['id']}/paper").content == paper
    document = buyer.get(f"/v1/contracts/{made['id']}/document").content
    names = PdfFileReader(io.BytesIO(paper)).root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert names[1].get_object()["/EF"]["/F"].data == document
    organisation = session.get(Organisation, winner.org_id)
    assert organisation is not None
    director, former = (signing.signer(root, number=organisation.identifier_id) for _ in "ab")
    awarding.advance(9)
    config = settings.get()
    monkeypatch.setattr(config, "signature_trust_roots", signing.bundle(tmp_path, root))
    monkeypatch.setattr(config, "signature_crls", signing.revoking(tmp_path, root, former))

    other = signing.signer(stranger, number=organisation.identifier_id)
    changed = signing.signed_pdf(paper, director, change="BT /F1 9 Tf (less) Tj ET")
    blank = render(b"{}", title="Another paper", sha256="0" * 64, at=datetime.now(UTC))
    bad = {
        "of another root": signing.signed_pdf(paper, other),
        "of another paper": signing.signed_pdf(blank, director),
        "changed before it was signed": changed,
        "revoked": signing.signed_pdf(paper, former),
        "not signed": base64.b64encode(paper).decode(),
        "no PDF": "AAAA",
        "of another organisation": signing.signed_pdf(
            paper, signing.signer(root, number="99999999999999")
        ),
    }
    for what, signature in bad.items():
        answer = signing.sign(winner, made, method="pades", signature=signature)
        assert (answer.status_code, answer.json()["code"]) == (409, "signature_refused"), what
    revoked = signing.signed_cms(document, root, number=organisation.identifier_id, by=former)
    assert signing.sign(winner, made, method="cms", signature=revoked).status_code == 409
    assert session.exec(select(ContractSignature)).all() == []

    good = signing.signed_pdf(paper, director)
    answer = signing.sign(winner, made, method="pades", signature=good)
    assert answer.status_code == 200, answer.text
    assert [each["method"] for each in answer.json()["signatures"]] == ["pades"]
    assert "Director" in answer.json()["signatures"][0]["signer"]


def test_click_to_sign_is_refused_in_production(
    case: Case, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = signing.offered(case, awarding.awarded(case))
    awarding.advance(9)
    monkeypatch.setattr("api.core.signatures.port.settings.Settings.sandbox", False)

    answer = signing.sign(case.parties.buyer, made)

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_method_unavailable")
    assert session.exec(select(ContractSignature)).all() == []


def test_changes_grow_a_contract_up_to_the_cap_and_need_the_other_side(
    case: Case, session: Session
) -> None:
    made = signing.in_force(case, awarding.awarded(case))
    buyer, winner = case.parties.buyer, case.parties.suppliers[0]
    url = f"/v1/contracts/{made['id']}/changes"

    def change(delta: str) -> Any:
        body = {"rationale_type": "taxRate", "rationale": "НДС", "value_delta": delta}
        return buyer.post(url, json=body)

    over = change("50000.01")
    assert (over.status_code, over.json()["code"]) == (409, "change_cap_exceeded")
    assert change("30000").status_code == 201
    own = buyer.post(f"{url}/1/agree")
    assert (own.status_code, own.json()["code"]) == (409, "own_change")
    agreed = winner.post(f"{url}/1/agree").json()
    assert (agreed["value"]["amount"], agreed["original_amount"]) == ("1030000", "1000000")
    assert change("20000.01").json()["code"] == "change_cap_exceeded"
    assert change("20000").status_code == 201
    assert winner.post(f"{url}/2/agree").json()["value"]["amount"] == "1050000"
    assert winner.post(f"{url}/2/agree").status_code == 409
    assert change("-1050000").status_code == 422
    assert signing.row(session, made).value_amount == 1_050_000


def test_a_supplier_ends_a_contract_for_what_the_policy_allows_once_its_notice_is_over(
    case: Case, session: Session
) -> None:
    made = signing.in_force(case, awarding.awarded(case))
    buyer, supplier, url = (
        case.parties.buyer,
        case.parties.suppliers[0],
        f"/v1/contracts/{made['id']}",
    )
    body = {"ground": "late_payment", "details": "Аванс не оплачен"}

    def refused(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    assert buyer.post(f"{url}/give-notice", json=body).status_code == 404
    assert refused(supplier.post(f"{url}/rescind")) == (409, "notice_missing")
    given = supplier.post(f"{url}/give-notice", json=body)
    assert given.status_code == 200, given.text
    assert given.json()["notice_ground"] == "late_payment"
    assert supplier.post(f"{url}/give-notice", json=body).status_code == 409
    assert refused(supplier.post(f"{url}/rescind")) == (409, "notice_runs")
    assert supplier.post(f"{url}/withdraw-notice").json()["notice_ground"] is None
    assert refused(supplier.post(f"{url}/withdraw-notice")) == (409, "notice_missing")
    supplier.post(f"{url}/give-notice", json={**body, "ground": "force_majeure"})
    assert signing.row(session, made).status is ContractStatus.ACTIVE

    awarding.advance(30)
    done = supplier.post(f"{url}/rescind")

    assert done.status_code == 200, done.text
    assert (done.json()["status"], done.json()["termination_reason"]) == (
        "terminated",
        "force_majeure",
    )
    assert done.json()["termination_details"] == body["details"]
    document = buyer.get(f"{url}/document").json()
    assert "late_payment" in document["supplier_termination"]["grounds"]


def test_a_contract_in_force_is_terminated_once_with_a_reason(case: Case, session: Session) -> None:
    made = signing.in_force(case, awarding.awarded(case))
    url = f"/v1/contracts/{made['id']}"
    body = {"reason": "completed", "details": "Всё принято"}

    assert case.parties.suppliers[0].post(f"{url}/terminate", json=body).status_code == 404
    for action in ("refuse", "cancel"):
        answer = case.parties.buyer.post(f"{url}/{action}", json={"reason": "x"})
        assert answer.status_code == 409
    assert case.parties.buyer.post(f"{url}/offer").status_code == 409
    done = case.parties.buyer.post(f"{url}/terminate", json=body)
    assert (done.json()["status"], done.json()["termination_reason"]) == (
        "terminated",
        "completed",
    )
    assert case.parties.buyer.post(f"{url}/terminate", json=body).status_code == 409
    assert signing.row(session, made).version == int(done.headers["ETag"].strip('"'))


def test_one_lot_signed_and_one_without_bids_left_make_a_complete_tender(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org, lots=2, suppliers=1)
    first, second = (lot["id"] for lot in case.tender["lots"])
    award = awarding.awarded(case, first)
    awarding.decided(case, awarding.proposed(case, second), "reject")
    url = f"/v1/tenders/{case.tender['id']}/lots/{second}/conclude"
    signing_case = signing.offered(case, award)
    early = case.parties.buyer.post(url)
    awarding.advance(9)
    late = case.parties.buyer.post(url)
    assert (early.status_code, late.status_code) == (409, 200)
    for side in (case.parties.buyer, case.parties.suppliers[0]):
        assert signing.sign(side, signing_case).status_code == 200

    row = samples.row(session, case.tender)
    assert (row.status, row.status_details) == (TenderStatus.COMPLETE, TenderStage.CONTRACT_SIGNED)
    shown = case.parties.buyer.get(f"/v1/tenders/{case.tender['id']}").json()
    assert [lot["status"] for lot in shown["lots"]] == [
        LotStatus.COMPLETE.value,
        LotStatus.UNSUCCESSFUL.value,
    ]


def test_a_debarred_winner_is_refused_at_award(case: Case, session: Session) -> None:
    proposed = awarding.proposed(case)
    register.debarred(session, case.parties.suppliers[0].org_id)

    answer = case.parties.chief.post(f"/v1/awards/{proposed['id']}/approve", json={"reason": "Да"})

    assert (answer.status_code, answer.json()["code"]) == (409, "supplier_debarred")
    assert awarding.award_row(session, proposed).status is AwardStatus.PENDING
