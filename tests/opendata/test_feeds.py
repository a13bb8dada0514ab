"""The OCDS feeds as a crawler sees them: valid packages, stored bytes, nothing missed or twice."""

import gzip
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.core import db, settings
from api.core.outbox import emit
from api.opendata.models import OcdsRelease
from tests.opendata import standard
from tests.procurement import samples

type AsOrg = Callable[..., Any]
RELEASES, RECORDS = "/public/ocds/releases", "/public/ocds/records"


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def three(buyer: Any) -> list[Any]:
    return [samples.published(buyer) for _ in range(3)]


def path_of(url: str) -> str:
    base = settings.get().base_url
    assert url.startswith(base)
    return url.removeprefix(base)


def onward(answer: Any) -> str:
    link: str = answer.headers["link"]
    assert link.endswith('>; rel="next"')
    return path_of(link[1:].partition(">")[0])


def ocids(answer: Any, kind: str) -> list[str]:
    return [each["ocid"] for each in answer.json()[kind]]


@pytest.mark.shared
@pytest.mark.parametrize("path", [RELEASES, RECORDS])
def test_every_package_is_valid_under_the_standards_own_schema(
    three: list[Any], client: Any, path: str, shared_data: Path
) -> None:
    judge = standard.load(shared_data / "ocds")
    page = client.get(path, params={"limit": 2})
    ocid = three[0]["ocid"]
    one = client.get(f"{RELEASES}/{ocid}/{ocid}-000001" if path == RELEASES else f"{path}/{ocid}")

    for answer in (page, one):
        assert answer.status_code == 200
        assert judge.package_faults(answer.json()) == []
        assert answer.json()["license"] == "https://creativecommons.org/licenses/by/4.0/"
        assert path_of(answer.json()["uri"]).startswith(path)


def test_pages_follow_each_other_in_the_order_of_commits(three: list[Any], client: Any) -> None:
    first = client.get(RELEASES, params={"limit": 2})
    second = client.get(path_of(first.json()["links"]["next"]))

    assert ocids(first, "releases") + ocids(second, "releases") == [made["ocid"] for made in three]
    assert onward(first) == path_of(first.json()["links"]["next"])
    assert "links" not in second.json()
    assert second.headers["cache-control"] == "no-cache"


def test_a_crawler_goes_on_later_where_it_has_stopped(
    buyer: Any, three: list[Any], client: Any
) -> None:
    last = client.get(RELEASES)
    later = onward(last)
    nothing = client.get(later)
    assert (nothing.status_code, nothing.content, onward(nothing)) == (204, b"", later)

    made = samples.published(buyer)

    assert ocids(client.get(later), "releases") == [made["ocid"]]


def test_before_anything_is_published_there_is_nothing_but_a_place_to_go_on(client: Any) -> None:
    for path in (RELEASES, RECORDS):
        answer = client.get(path)
        assert (answer.status_code, onward(answer)) == (204, path)


def test_a_record_that_changes_comes_again_at_the_end(
    buyer: Any, three: list[Any], client: Any
) -> None:
    first = client.get(RECORDS)
    samples.cancelled(buyer, three[0])

    again = client.get(onward(first))

    assert ocids(first, "records") == [made["ocid"] for made in three]
    assert ocids(again, "records") == [three[0]["ocid"]]
    (record,) = again.json()["records"]
    assert record["compiledRelease"]["tender"]["status"] == "cancelled"
    whole = client.get(RECORDS)
    assert ocids(whole, "records") == [three[n]["ocid"] for n in (1, 2, 0)]


def test_who_has_the_current_version_is_sent_no_body(three: list[Any], client: Any) -> None:
    ocid = three[0]["ocid"]
    for path in (RELEASES, RECORDS, f"{RECORDS}/{ocid}", f"{RELEASES}/{ocid}/{ocid}-000001"):
        full = client.get(path)
        answer = client.get(path, headers={"If-None-Match": full.headers["etag"]})
        assert (answer.status_code, answer.content) == (304, b"")
        assert client.get(path).content == full.content


def test_a_release_is_sent_as_it_is_stored_and_may_be_kept_for_ever(
    three: list[Any], client: Any, session: Session
) -> None:
    ocid = three[0]["ocid"]
    answer = client.get(f"{RELEASES}/{ocid}/{ocid}-000001")
    stored = session.exec(select(OcdsRelease).where(OcdsRelease.ocid == ocid)).one()
    assert answer.content.endswith(b'"releases":[' + stored.body + b"]}")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{RELEASES}/ocds-kerben0-999999/ocds-kerben0-999999-000001", 404),
        (f"{RECORDS}/ocds-kerben0-999999", 404),
        (f"{RECORDS}/%00", 422),
        (f"{RELEASES}/ocds-kerben0-000001/1", 422),
        (f"{RELEASES}?cursor=1", 422),
        (f"{RELEASES}?limit=0", 422),
        (f"{RELEASES}?limit=1001", 422),
        (f"{RECORDS}?cursor=1-%25", 422),
    ],
)
def test_what_is_not_there_or_malformed_is_refused(client: Any, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()["code"] in ("not_found", "invalid")


def test_a_transaction_that_is_still_open_hides_what_was_committed_after_it_began(
    buyer: Any, client: Any
) -> None:
    """What commits late must not end before a cursor, so the feed waits for it."""
    early, late = (samples.published(buyer) for _ in range(2))
    position = onward(client.get(RELEASES))
    with Session(db.engine("worker")) as open_one:
        emit(open_one, "tender.closed", samples.tender_id(early), org_id=None)
        open_one.connection().execute(text("SELECT pg_current_xact_id()"))
        with db.worker_unit_of_work() as quick:
            emit(quick, "tender.closed", samples.tender_id(late), org_id=None)
        assert client.get(position).status_code == 204
        open_one.commit()
    assert ocids(client.get(position), "releases") == [early["ocid"], late["ocid"]]


WRITERS, EACH = 4, 6


def test_under_parallel_writers_a_crawler_sees_every_release_exactly_once(
    buyer: Any, client: Any, session: Session
) -> None:
    made = [samples.published(buyer) for _ in range(WRITERS)]
    done = threading.Event()

    def write(mine: Any, other: Any) -> None:
        for n in range(EACH):
            with db.worker_unit_of_work() as worker:
                # The publisher takes the processes of a transaction in one order.
                for each in (mine, other) if n % 2 else (mine,):
                    emit(worker, "tender.closed", samples.tender_id(each), org_id=None)

    writers = [
        threading.Thread(target=write, args=(made[n], made[(n + 1) % WRITERS]))
        for n in range(WRITERS)
    ]
    seen: list[str] = []
    position = f"{RELEASES}?limit=3"

    def crawl() -> None:
        nonlocal position
        finished = False
        while True:
            answer = client.get(position)
            assert answer.status_code in (200, 204), answer.text
            if answer.status_code == 200:
                seen.extend(each["id"] for each in answer.json()["releases"])
            elif finished:
                return
            position = onward(answer)
            finished = done.is_set()

    crawler = threading.Thread(target=crawl)
    crawler.start()
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    done.set()
    crawler.join()

    every = {row for row in session.exec(select(OcdsRelease.release_id))}
    assert len(every) == WRITERS * (1 + EACH + EACH // 2)
    assert sorted(seen) == sorted(every)


def test_a_year_is_read_as_gzipped_lines_of_compiled_releases(
    three: list[Any], client: Any
) -> None:
    listed = client.get("/public/ocds/bulk").json()
    (year,) = listed["years"]
    assert year["processes"] == 3
    answer = client.get(path_of(year["files"][0]))
    lines = gzip.decompress(answer.content).decode().splitlines()
    records = {r["ocid"]: r["compiledRelease"] for r in client.get(RECORDS).json()["records"]}
    assert {json.loads(line)["ocid"]: json.loads(line) for line in lines} == records
    empty = client.get("/public/ocds/bulk/2001.jsonl.gz")
    assert gzip.decompress(empty.content) == b""


def test_our_extension_is_served_where_packages_name_it(three: list[Any], client: Any) -> None:
    named = client.get(RELEASES).json()["extensions"]
    own = client.get(path_of(named[-1])).json()
    base = path_of(named[-1]).rpartition("/")[0]
    for schema in own["schemas"]:
        assert "Complaint" in client.get(f"{base}/{schema}").json()["definitions"]
    for codes in own["codelists"]:
        assert client.get(f"{base}/codelists/{codes}").text.startswith("Code,Title,Description\n")
    assert client.get(f"{base}/codelists/none.csv").status_code == 404
    assert "tender" in client.get("/public/ocds/release-schema.json").json()["required"]
