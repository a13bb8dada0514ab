"""Which tenders a list shows, and how it is searched."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.core import db
from tests import costs
from tests.contracts.test_downgrade import migrate
from tests.procurement import samples

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def stranger(as_org: AsOrg) -> Any:
    return as_org(["buyer", "supplier"])


def test_the_list_shows_ones_own_and_what_others_published(buyer: Any, stranger: Any) -> None:
    draft, public = samples.drafted(buyer), samples.published(buyer)
    own = samples.drafted(stranger)

    def listed(actor: Any, **params: Any) -> list[str]:
        return [t["id"] for t in actor.get("/v1/tenders", params=params).json()["items"]]

    assert listed(buyer) == [public["id"], draft["id"]]
    assert listed(stranger) == [own["id"], public["id"]]
    assert listed(stranger, status="active") == [public["id"]]
    assert listed(stranger, buyer=public["buyer_id"]) == [public["id"]]
    assert listed(stranger, buyer=own["buyer_id"], status="active") == []


def test_the_list_finds_words_and_codes(buyer: Any) -> None:
    item = samples.item(
        description={"ru": "Шприц 5 мл", "ky": "Шприц"},
        classification={"scheme": "CPV", "id": "33141310-6"},
    )
    medical = samples.published(
        buyer,
        title={"ru": "Расходные материалы 100%", "ky": "Сарпталуучу материалдар"},
        lots=[samples.lot(items=[item])],
    )
    desks = samples.published(buyer)

    def listed(**params: Any) -> list[str]:
        return [t["id"] for t in buyer.get("/v1/tenders", params=params).json()["items"]]

    assert listed(cpv="3314") == [medical["id"]]
    assert listed(cpv="39160000-1") == [desks["id"]]
    assert listed(cpv="45") == []
    assert listed(q="ШПРИЦ") == [medical["id"]]
    assert listed(q="мектеп") == [desks["id"]]
    assert listed(q="100%") == [medical["id"]]
    assert listed(q="%") == [medical["id"]]
    assert listed(q="_") == []
    assert listed(q=desks["ocid"]) == [desks["id"]]


def test_pages_follow_one_another(buyer: Any) -> None:
    made = [samples.drafted(buyer, lots=[])["id"] for _ in range(3)]

    first = buyer.get("/v1/tenders", params={"limit": 2}).json()
    rest = buyer.get("/v1/tenders", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [t["id"] for t in first["items"] + rest["items"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


def test_test_tenders_stand_in_a_list_of_their_own(as_org: AsOrg) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    live, test = samples.published(buyer), samples.published(buyer, mode="test")

    for actor in (buyer, supplier):
        usual = actor.get("/v1/tenders").json()["items"]
        tests = actor.get("/v1/tenders", params={"mode": "test"}).json()["items"]
        assert [each["id"] for each in usual] == [live["id"]]
        assert [each["id"] for each in tests] == [test["id"]]


def test_the_list_reads_no_rules_and_tells_in_which_zone_days_are_counted(
    buyer: Any, superuser: psycopg.Connection[Any]
) -> None:
    samples.published(buyer)

    def zone() -> str:
        [shown] = buyer.get("/v1/tenders").json()["items"]
        found: str = shown["time_zone"]
        return found

    with costs.asked() as statements:
        assert zone() == "Asia/Bishkek"
    [query] = [each for each, _ in statements if "FROM tender" in each]
    unread = ("tender.policy,", "tender.policy AS", "tender.description", "tender.search_text")
    assert "tender.zone" in query
    assert not any(each in query for each in unread), query

    superuser.execute(
        """UPDATE tender SET zone = NULL, policy = policy || '{"time_zone": "Asia/Almaty"}'"""
    )
    assert zone() == "Asia/Almaty", "as the release before has frozen it"
    with db.engine("owner").connect() as connection:
        migrate(connection, lambda script, now: script._downgrade_revs("0157", now))
        migrate(connection, lambda script, now: script._upgrade_revs("0158", now))
        connection.exec_driver_sql("ALTER TABLE tender NO FORCE ROW LEVEL SECURITY")
        zones = connection.exec_driver_sql("SELECT zone FROM tender").scalars().all()
        connection.rollback()
    assert zones == ["Asia/Almaty"]
