"""The index of offers: written once, counted right, embedded anew in the background."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import Session, select

from api.core import db, jobs
from api.core.ids import parse
from api.core.jobs import Job
from api.matching import index, service, vectors
from api.matching.models import (
    DemandVector,
    EmbeddingModel,
    Match,
    OfferTerms,
    OfferVector,
    TermFrequency,
)
from api.matching.text import encoder as encoders
from tests.catalog import samples as catalog
from tests.matching import samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


class Mirrored:
    """Another encoder, as good as the first: its vectors point the other way."""

    name, version, dimensions = "mirrored", "1", 512

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return -encoders.default_encoder().encode(texts)


class Broken:
    """An encoder that must not be asked."""

    name = encoders.UseEncoder.name
    version = encoders.default_encoder().version
    dimensions = 512

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(texts)


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def counted(session: Session) -> dict[str, int]:
    rows = session.exec(select(TermFrequency).where(TermFrequency.offers != 0))
    return {row.term: row.offers for row in rows}


def expected(session: Session) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in session.exec(select(OfferTerms)):
        found.update([index.ALL, *row.terms])
    return dict(found)


def offer_id(made: Any) -> Any:
    return parse("offer", made["id"])


def test_an_offer_has_views_terms_and_concepts_in_both_languages(
    seller: Any, drain: Drain, session: Session
) -> None:
    made = catalog.activated(seller)
    drain()
    row = session.exec(select(OfferTerms)).one()
    assert (row.offer_id, row.seller_id) == (offer_id(made), seller.org_id)
    assert {"w:desk", "w:课桌"} <= set(row.terms)
    assert row.concepts
    assert set(row.mentions) <= set(row.concepts)
    shown = session.exec(select(OfferVector).order_by(OfferVector.place)).all()  # type: ignore[arg-type]
    assert {"noun", "title"} <= {view.kind for view in shown}
    lengths = [np.linalg.norm(view.embedding) for view in shown]
    assert np.allclose(lengths, 1, atol=0.01)
    assert {view.model_name for view in shown} == {encoders.UseEncoder.name}


def test_frequencies_are_those_of_the_index_whatever_comes_and_goes(
    seller: Any, drain: Drain, session: Session
) -> None:
    desk = samples.stock(seller)
    drain()
    assert counted(session) == expected(session)
    assert counted(session)[index.ALL] == 4
    session.rollback()
    seller.post(f"/v1/offers/{desk['id']}/suspend")
    product = session.exec(select(OfferTerms.offer_id)).first()
    assert product is not None
    drain()
    session.expire_all()
    assert counted(session) == expected(session)
    assert counted(session)[index.ALL] == 3


def test_an_unchanged_offer_is_not_embedded_again(
    seller: Any, drain: Drain, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = catalog.activated(seller)
    drain()
    monkeypatch.setattr(vectors, "encoder", Broken)
    done = service.index_offers(session, [offer_id(made)])
    assert (done.active, done.written) == ([offer_id(made)], [])
    cheaper = {"price_tiers": [{"min_quantity": "100", "unit_price": "1"}]}
    seller.patch(f"/v1/offers/{made['id']}", json=cheaper)
    assert service.index_offers(session, [offer_id(made)]).written == []


def test_matching_a_request_embeds_no_offer(
    buyer: Any, seller: Any, drain: Drain, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    monkeypatch.setattr(vectors, "encoder", Broken)
    assert service.match_tender(session, parse("tender", tender["id"])) == 1


def test_all_is_embedded_anew_with_another_encoder_while_the_old_one_serves(
    buyer: Any, seller: Any, drain: Drain, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.stock(seller)
    drain()
    samples.desks(buyer)
    drain()
    before = session.exec(select(Match.offer_id, Match.score)).one()
    old = len(session.exec(select(OfferVector)).all())
    session.rollback()
    monkeypatch.setattr(vectors, "encoder", Mirrored)
    with db.worker_unit_of_work() as work:
        job = service.start_reindex(work, org_id=None, actor="test")
        service.reindex_step(work, job)
        assert (job.progress_done, job.progress_total) == (4, 5)
    assert len(session.exec(select(OfferVector)).all()) == 2 * old
    current = select(EmbeddingModel.name).where(EmbeddingModel.current)
    assert session.exec(current).one() == encoders.UseEncoder.name
    session.rollback()
    with db.worker_unit_of_work() as work:
        again = work.get_one(Job, job.id)
        while not service.reindex_step(work, again):
            pass
        jobs.finish(work, again, again.result)
        assert again.progress_done == 5
    for table in (OfferVector, DemandVector):
        assert set(session.exec(select(table.model_name))) == {"mirrored"}
    assert session.exec(current).one() == "mirrored"
    after = session.exec(select(Match.offer_id, Match.score)).one()
    assert (after[0], float(after[1])) == (before[0], pytest.approx(float(before[1]), abs=0.01))
    assert counted(session) == expected(session)


def test_the_operator_asks_for_a_new_index_and_watches_it(
    as_org: AsOrg, seller: Any, drain: Drain
) -> None:
    samples.stock(seller)
    drain()
    operator = as_org(["operator"])
    asked = operator.post("/v1/matching/reindex")
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    drain()
    done = operator.get(f"/v1/jobs/{asked.json()['id']}").json()
    assert (done["status"], done["progress"]) == ("succeeded", {"done": 4, "total": 4})
    assert done["result"]["encoder"] == encoders.UseEncoder.name
    assert seller.post("/v1/matching/reindex").status_code == 403


def test_models_can_be_read_by_everybody(seller: Any, drain: Drain) -> None:
    drain()
    (model,) = seller.get("/v1/matching/models").json()
    assert (model["name"], model["active"]) == ("kerben-default", True)
    assert model["weights"]["domestic"] == "0"
    assert "ASSUMPTION" in model["parameters"]["notes"]["routes"]


@pytest.mark.parametrize("offer_first", [True, False])
def test_an_offer_indexed_between_two_steps_of_a_request_is_not_missed(
    buyer: Any, seller: Any, drain: Drain, session: Session, offer_first: bool
) -> None:
    """The request is registered, the offer is indexed, then both look for each other."""
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    late = offer_id(catalog.activated(seller, **samples.DESK_KG))
    tender_id = parse("tender", tender["id"])
    with db.worker_unit_of_work() as work:
        service.index_offers(work, [late])
    steps = [
        lambda work: service.match_offer_to_open(work, late),
        lambda work: service.match_tender(work, tender_id),
    ]
    for step in steps if offer_first else reversed(steps):
        with db.worker_unit_of_work() as work:
            step(work)
    assert late in set(session.exec(select(Match.offer_id)))
    assert sorted(session.exec(select(Match.rank))) == [1, 2]
