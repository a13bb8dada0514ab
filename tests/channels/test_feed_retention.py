"""Old builds of feeds: their documents go, what others need of them stays. Five builds take time."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select, text

from api.channels.models import FeedBuild
from api.channels.service import feed_retention
from api.core import db, settings
from api.core.files import service as files
from api.core.files import store
from api.core.files.models import File
from tests.channels import selling
from tests.channels.test_feeds import built, counts
from workers import housekeeper

BASE = "http://127.0.0.1:8000"


def test_of_old_builds_the_bytes_go_unless_somebody_else_has_the_same(
    client: TestClient,
    as_org: Callable[..., Any],
    drain: Callable[[], int],
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = store.local(tmp_path / "files")
    monkeypatch.setattr(store, "get", lambda: own)
    monkeypatch.setattr(settings.get(), "feed_keep_builds", 2)
    monkeypatch.setattr(files, "UNNAMED_FOR", timedelta(0))
    exporter = as_org(["manufacturer"])
    offer = selling.ready(exporter, as_org(["operator"]))
    feed = selling.feed(exporter)
    address = feed["url"].removeprefix(BASE)

    def sold_for(price: str) -> tuple[dict[str, Any], bytes, bytes]:
        terms = {"price_tiers": [{"min_quantity": "100", "unit_price": price}]}
        assert exporter.patch(f"/v1/offers/{offer['id']}", json=terms).status_code == 200
        build = built(exporter, feed, drain)
        return build, client.get(address).content, client.get(f"{address}/delta").content

    def builds() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = exporter.get(f"/v1/feeds/{feed['id']}/builds").json()["items"]
        return found

    def named(number: int) -> list[File]:
        session.rollback()
        session.expire_all()
        build = session.exec(select(FeedBuild).where(FeedBuild.number == number)).one()
        ids = (build.file_id, build.delta_id, build.manifest_id)
        return [session.get_one(File, each) for each in ids]

    def uploaded(content: bytes) -> str:
        answer = exporter.post("/v1/documents", params={"name": "feed.txt"}, content=content,
            headers={"Content-Type": "application/octet-stream"})  # fmt: skip
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def swept() -> set[str]:
        """The objects that are left by the sweep."""
        with db.worker_unit_of_work() as sweeping:
            files.sweep(sweeping)
        return {each.key for each in own.objects()}

    _, whole, _ = sold_for("7.1")
    _, _, second_delta = sold_for("7.2")
    sold_for("7.3")
    paper = uploaded(whole)
    keys = [file.key for file in named(1)]
    assert housekeeper.tidy() == 0, "somebody may still be reading"
    monkeypatch.setattr(feed_retention, "READ_FOR", timedelta(0))

    assert housekeeper.tidy() == 1

    told = [(file.key, file.expunged_at is None) for file in named(1)]
    assert told == [(keys[0], True), (keys[0], True), (None, False)], "a document has the first"
    assert {*keys} <= {each.key for each in own.objects()}, "a crash before the sweep loses nothing"
    left = swept()
    assert {*keys} & left == {keys[0]}
    assert {file.key for number in (2, 3) for file in named(number)} <= left
    assert exporter.get(f"/v1/documents/{paper}/content").content == whole
    assert [each["content_kept"] for each in builds()] == [True, True, False]
    reports = [exporter.get(f"/v1/feeds/{feed['id']}/builds/{n}/omissions") for n in (1, 2)]
    assert [each.status_code for each in reports] == [410, 200]
    assert reports[0].json()["code"] == "omissions_deleted"
    assert housekeeper.tidy() == 0

    again, same, _ = sold_for("7.1")

    assert (counts(again), len(same)) == ((1, 0, 0, 1, 0, 0), len(whole))
    manifest = named(4)[2]
    assert manifest.id == named(1)[2].id, "the digests are those of the first build"
    assert (manifest.key in swept(), manifest.expunged_at) == (True, None), "kept again"
    with db.worker_unit_of_work() as handing_in:
        lock = f"{manifest.org_id.hex}|{named(2)[1].sha256}"
        handing_in.connection().execute(files._LOCK, {"lock": lock})
        assert housekeeper.tidy() == 0, "somebody is handing these bytes in"
        assert all(file.key for file in named(2))
    assert housekeeper.tidy() == 1
    gone = named(2)[1]
    assert (gone.key, gone.key in swept()) == (None, False)
    forget = text("UPDATE file SET key = NULL, expunged_at = now() WHERE id = :id")
    with db.unit_of_work() as owner:
        db.scope(owner, org_id=str(gone.org_id))
        with pytest.raises(DBAPIError, match="let go by a worker"):
            owner.connection().execute(forget, {"id": manifest.id})
        owner.rollback()

    paper = uploaded(second_delta)

    assert exporter.get(f"/v1/documents/{paper}/content").content == second_delta
    assert named(2)[1].key in swept()
    assert counts(sold_for("7.4")[0]) == (1, 0, 0, 1, 0, 0), "compared by digests kept again"
    assert housekeeper.tidy() == 1
    assert named(4)[2].key is not None
    with db.worker_unit_of_work() as verifying:
        assert [*files.verify(verifying)] == []
