"""A certificate that runs out while bids are judged is a flag for the buyer, and excludes nobody."""

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.catalog.models import Certificate
from api.core import db, ids
from api.core.outbox import OutboxEvent
from api.procurement.service import bid_certificates
from api.rules.bid_certificates import lapsed
from api.rules.clock import local_date
from tests.catalog.samples import CERTIFICATE
from tests.procurement import bidding

TODAY = date(2027, 5, 1)
held = st.lists(
    st.builds(
        lambda scheme, number, left: SimpleNamespace(
            scheme=scheme,
            number=number,
            expires_on=None if left is None else TODAY + timedelta(days=left),
        ),
        st.sampled_from(["ISO9001", "CCC"]),
        st.sampled_from(["1", "2"]),
        st.none() | st.integers(-30, 30),
    ),
    max_size=5,
)


@given(held)
def test_a_scheme_has_lapsed_exactly_when_all_that_was_shown_of_it_has(
    held: list[SimpleNamespace],
) -> None:
    found = {each.scheme: each for each in lapsed(["ISO9001", "CCC", "CE"], held, TODAY)}
    for scheme in ("ISO9001", "CCC", "CE"):
        shown = [each.expires_on for each in held if each.scheme == scheme]
        over = bool(shown) and all(end is not None and end < TODAY for end in shown)
        assert (scheme in found) is over
        if over:
            assert found[scheme].expired_on == max(shown)


def test_the_buyer_of_opened_bids_sees_what_has_run_out_and_is_told_once(
    as_org: Callable[..., Any], session: Session
) -> None:
    buyer, good, late = as_org(["buyer"]), as_org(["supplier"]), as_org(["supplier"])
    for each in (good, late):
        assert each.post("/v1/certificates", json=CERTIFICATE).status_code == 201
    made = bidding.opened(as_org, buyer, [(good, "9850.00"), (late, "9840.00")])
    row = session.exec(select(Certificate).where(Certificate.org_id == late.org_id)).one()
    row.expires_on = local_date(db.now(session)) - timedelta(days=1)
    session.commit()

    kept, flagged = (buyer.get(f"/v1/bids/{bid['id']}").json() for bid in made.bids)
    assert kept["lapsed_certificates"] == []
    (flag,) = flagged["lapsed_certificates"]
    assert (flag["scheme"], flag["number"]) == ("ISO9001", CERTIFICATE["number"])
    assert flag["expired_on"] == row.expires_on.isoformat()
    assert flagged["status"] == made.bids[1]["status"]
    own = late.get(f"/v1/bids/{flagged['id']}").json()
    assert own["lapsed_certificates"] == [flag]
    stranger = good.get(f"/v1/bids/{flagged['id']}").json()
    assert stranger["lapsed_certificates"] == []

    bid_certificates.announce(session, row.id)
    session.commit()
    told = session.exec(
        select(OutboxEvent).where(OutboxEvent.type == "bid.certificate_lapsed")
    ).one()
    assert (told.resource_id, told.org_id) == (ids.parse("bid", flagged["id"]), buyer.org_id)


def test_a_buyer_sees_of_bidders_only_the_certificates_that_its_lots_ask_for(
    as_org: Callable[..., Any],
) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    asked = supplier.post("/v1/certificates", json=CERTIFICATE).json()
    other = supplier.post(
        "/v1/certificates", json={**CERTIFICATE, "scheme": "CCC", "number": "C-1"}
    ).json()
    assert buyer.get(f"/v1/certificates/{asked['id']}").status_code == 404

    bidding.opened(as_org, buyer, [(supplier, "9850.00")])

    assert buyer.get(f"/v1/certificates/{asked['id']}").status_code == 200
    assert buyer.get(f"/v1/certificates/{other['id']}").status_code == 404
    assert as_org(["buyer"]).get(f"/v1/certificates/{asked['id']}").status_code == 404
