"""The main job on the shipped demonstration, through the real services and tasks."""

from collections.abc import Callable

from sqlmodel import Session, col, func, select

from api.catalog.models import Offer
from api.core import db
from api.core.jobs import Job
from api.demo import story
from api.identity.models import Organisation
from api.matching import service as matching
from api.matching.models import Match
from api.matching.text.language import Language
from api.procurement.models import Item
from api.reference import service as reference

DESK = "Эки орундуу окуучу партасы"
LAMP = "ветильник"


def sellers_and_offers(session: Session, country: str) -> tuple[int, int]:
    query = (
        select(func.count(func.distinct(Offer.seller_id)), func.count())
        .join(Organisation, col(Organisation.id) == col(Offer.seller_id))
        .where(Organisation.country == country, Offer.status == "active")
    )
    return session.exec(query).one()


def best(session: Session, item: Item) -> list[Match]:
    query = select(Match).where(Match.item_id == item.id).order_by(col(Match.rank)).limit(3)
    return list(session.exec(query).all())


def test_five_requests_in_two_languages_find_their_suppliers(
    session: Session, drain: Callable[[], int]
) -> None:
    with db.worker_unit_of_work() as unit:
        reference.load_demo_rates(unit)
        matching.ensure_model(unit)
        ids = story.load_organisations(unit, story.organisations(), lambda _: None)
    for seller, rows in story.each_seller(ids):
        with db.worker_unit_of_work() as unit:
            story.load_offers(unit, seller, rows)
    drain()
    requests = story.requests()
    for request in requests:
        with db.worker_unit_of_work() as unit:
            story.publish(unit, ids[request["buyer"]], request)
    drain()

    sellers, offers = sellers_and_offers(session, "CN")
    assert sellers >= 40
    assert offers >= 300
    makers, home_offers = sellers_and_offers(session, "KG")
    assert makers >= 10
    assert home_offers >= 60
    assert {request["language"] for request in requests} == {"ru", "ky"}
    assert session.exec(select(func.count()).where(col(Job.failed_at).is_not(None))).one() == 0

    items = session.exec(select(Item)).all()
    assert len(items) >= 20
    for item in items:
        matches = best(session, item)
        assert matches, item.description
        for match in matches:
            assert matching.replay(session, match).score == match.score
            for language in Language:
                assert len(matching.explained(session, match, language)) > 40

    desk = next(i for i in items if DESK in i.description.get("ky", ""))
    assert any("课桌" in str(m.matched["offer_names"]) for m in best(session, desk))
    lamp = next(i for i in items if LAMP in i.description.get("ru", ""))
    assert any("路灯" in str(m.matched["offer_names"]) for m in best(session, lamp))
    domestic = session.exec(select(func.count()).where(col(Match.domestic))).one()
    blocked = session.exec(select(func.count()).where(Match.blockers != [])).one()
    assert domestic > 0
    assert blocked > 0


def test_loading_the_demonstration_again_adds_nothing(session: Session) -> None:
    entries = story.organisations()[:3]
    for _ in range(2):
        with db.worker_unit_of_work() as unit:
            ids = story.load_organisations(unit, entries, lambda _: None)
    rows = story.offers_by_seller()[entries[0]["key"]]
    changed = []
    for _ in range(2):
        with db.worker_unit_of_work() as unit:
            changed.append(story.load_offers(unit, ids[entries[0]["key"]], rows))

    assert changed == [len(rows), 0]
    assert session.exec(select(func.count()).select_from(Organisation)).one() == len(entries)
