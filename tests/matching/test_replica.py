"""Candidates come from a streaming replica, as far as it is sure to know what the primary knows."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from api.core import db, replica, settings
from api.matching import demands, engine, service
from api.matching.models import DemandVector, Match, OfferTerms
from tests.catalog import samples as catalog
from tests.matching import samples
from tests.matching.standby import CannotRun, Standby
from tests.procurement import samples as procurement

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Standby]:
    try:
        made = Standby()
    except CannotRun as error:
        pytest.skip(f"the server programs cannot run here: {error}")
    try:
        made.copy()
        yield made
    finally:
        made.remove()


@pytest.fixture
def standby(cluster: Standby, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standby]:
    """The replica, running, and named in the settings."""
    cluster.start()
    url = SecretStr(cluster.url)
    config = settings.get().model_copy(update={"replica_database_url": url})
    monkeypatch.setattr(settings, "get", lambda: config)
    monkeypatch.setattr(replica, "_away_until", float("-inf"))
    db.dispose()
    yield cluster
    db.dispose()


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def reads(outcome: str) -> float:
    return REGISTRY.get_sample_value("kerben_replica_reads_total", {"outcome": outcome}) or 0.0


def catch_up(standby: Standby) -> None:
    """Wait until the replica has replayed what the primary has flushed by now."""
    with db.worker_unit_of_work() as session:
        standby.wait_for(f"pg_last_wal_replay_lsn() >= '{replica.position(session)}'")


def by_the_replica[T](standby: Standby, run: Callable[[], T]) -> T:
    """What `run` returns when the replica has served it.

    Whatever else the primary writes meanwhile sends a run to the primary, as it must.
    """
    for _ in range(20):
        catch_up(standby)
        before = reads("served")
        found = run()
        if reads("served") == before + 1:
            return found
    raise AssertionError("the replica has not served")


def found(session: Session, tender_id: UUID, position: str | None) -> dict[UUID, Any]:
    """The candidates of each item, with their ranks in each list."""
    items, _ = engine.prepared(session, demands.of_tender(session, tender_id), position)
    session.rollback()
    return {item.row.item_id: item.found for item in items}


def kept(session: Session, tender_id: UUID) -> list[tuple[UUID, int, Any]]:
    session.rollback()
    query = select(Match.offer_id, Match.rank, Match.score).where(Match.tender_id == tender_id)
    return [tuple(row) for row in session.exec(query.order_by(col(Match.item_id), col(Match.rank)))]


def rematch(tender_id: UUID) -> int:
    with db.worker_unit_of_work() as work:
        return service.match_tender(work, tender_id)


def test_what_the_primary_commits_appears_on_the_replica_which_takes_no_writes(
    standby: Standby, seller: Any, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    drain()
    catch_up(standby)
    query = select(OfferTerms.offer_id).order_by(col(OfferTerms.offer_id))
    with Session(db.engine("replica")) as copy:
        assert copy.exec(query).all() == session.exec(query).all()
        assert len(copy.exec(query).all()) == 4
        with pytest.raises(DBAPIError) as refused:
            copy.exec(delete(OfferTerms))
        assert getattr(refused.value.orig, "sqlstate", None) == "25006"
    session.rollback()
    assert len(session.exec(query).all()) == 4


def test_the_replica_finds_the_candidates_that_the_primary_finds(
    standby: Standby, buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    drain()
    tender_id = procurement.tender_id(samples.desks(buyer))
    drain()
    by_primary, matches = found(session, tender_id, None), kept(session, tender_id)
    assert [list(each) for each in by_primary.values()] != [[]]

    def search() -> dict[UUID, Any]:
        position = replica.position(session)
        return found(session, tender_id, position)

    assert by_the_replica(standby, search) == by_primary
    assert by_the_replica(standby, lambda: rematch(tender_id)) == len(matches) == 1
    assert kept(session, tender_id) == matches


def test_a_replica_that_lags_loses_no_offer(
    standby: Standby, buyer: Any, seller: Any, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    drain()
    catch_up(standby)
    standby.ask("SELECT pg_wal_replay_pause() IS NULL")
    standby.wait_for("pg_get_wal_replay_pause_state() = 'paused'")
    try:
        catalog.activated(as_org(["manufacturer"], country="KG"), **samples.DESK_KG)
        drain()
        before = reads("served"), reads("lagging")
        tender_id = procurement.tender_id(samples.desks(buyer))
        drain()
        assert (reads("served"), reads("lagging")) == (before[0], before[1] + 1)
        assert len(kept(session, tender_id)) == 2
    finally:
        standby.ask("SELECT pg_wal_replay_resume() IS NULL")
    assert by_the_replica(standby, lambda: rematch(tender_id)) == 2


def test_vectors_that_are_not_committed_are_looked_up_on_the_primary(
    standby: Standby, buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    tender_id = procurement.tender_id(samples.desks(buyer))
    drain()
    by_primary = found(session, tender_id, None)
    catch_up(standby)
    position, before = replica.position(session), reads("served")
    session.exec(delete(DemandVector))
    assert found(session, tender_id, position) == by_primary
    assert reads("served") == before


def test_the_primary_serves_while_the_replica_is_gone_and_the_replica_when_it_is_back(
    standby: Standby,
    buyer: Any,
    seller: Any,
    drain: Drain,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples.stock(seller)
    tender_id = procurement.tender_id(samples.desks(buyer))
    drain()
    by_the_replica(standby, lambda: rematch(tender_id))
    matches = kept(session, tender_id)

    standby.stop()
    before = reads("served"), reads("unavailable")
    assert rematch(tender_id) == rematch(tender_id) == len(matches) == 1
    assert (reads("served"), reads("unavailable")) == (before[0], before[1] + 2)
    assert kept(session, tender_id) == matches

    standby.start()
    monkeypatch.setattr(replica, "_away_until", float("-inf"))
    assert by_the_replica(standby, lambda: rematch(tender_id)) == 1
    assert kept(session, tender_id) == matches


def test_without_a_replica_nothing_is_asked_of_one(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    before = [reads(outcome) for outcome in ("served", "lagging", "unavailable")]
    samples.stock(seller)
    samples.desks(buyer)
    drain()
    assert replica.position(session) is None
    assert [reads(outcome) for outcome in ("served", "lagging", "unavailable")] == before
    assert db.url("replica") == db.url("worker")
