"""The report of a large import: its pages cost the same however deep they lie."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.catalog.models import ImportFailure
from api.core import db, pages
from api.core.ids import parse
from tests import costs
from tests.catalog import samples
from tests.catalog.uploads import counted, counts, finished, sent


@pytest.fixture
def seller(as_org: Any) -> Any:
    return as_org(["manufacturer"])


def test_api_09_the_last_of_100000_refused_rows_is_read_by_as_few_blocks_as_the_first(
    seller: Any, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    """By the database's own count of the blocks that the statements of a request touch."""
    rows, limit = 100_000, 10
    job = finished(seller, sent(seller, samples.csv_file({"cpv_code": "39160000-9"})))
    assert counted(job) == counts(rejected=1)
    session.connection().execute(
        text(
            "INSERT INTO import_error (id, created_at, updated_at, org_id, job_id, row, "
            ' "column", code, detail) SELECT uuidv7(make_interval(secs => n)), now(), now(), '
            ' org_id, job_id, row + n, "column", code, detail'
            f" FROM import_error, generate_series(1, {rows - 1}) n"
        )
    )
    session.commit()
    superuser.execute("ANALYZE import_error")
    job_id = parse("job", job["id"])

    def page(cursor: str | None) -> tuple[list[int], int]:
        """The rows of a page, and the blocks that were read for it."""
        url = f"/v1/imports/{job['id']}/errors"
        with costs.asked() as statements:
            answer = seller.get(url, params={"limit": limit, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        [query] = [each for each in statements if each[0].startswith("SELECT import_error")]
        with db.unit_of_work(seller.org_id) as unit:
            read = costs.blocks(unit, [query])
        return [each["row"] for each in answer.json()["items"]], read

    def before(row: int) -> str:
        at = select(ImportFailure.id).where(ImportFailure.job_id == job_id)
        last = session.exec(at.where(ImportFailure.row == row)).one()
        return pages.seal(f"imports:{seller.org_id}:{job_id}", {}, [row, last])

    first, least = page(None)
    found, most = page(before(first[0] + rows - limit - 1))
    assert (len(first), found[-1]) == (limit, first[0] + rows - 1)
    assert most <= least * 1.2 + 1, (least, most)
    assert least < 20
