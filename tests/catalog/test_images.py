"""Images of products through the API and the real tasks."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.catalog import images, products
from api.catalog.image_models import ProductImage, ProductRendition
from api.core import db, settings
from api.core.files.models import File
from api.core.ids import parse
from api.core.outbox import OutboxEvent
from api.rules.images import MAX_IMAGES
from tests.catalog import photos, samples
from tests.core.files import clamav

type AsOrg = Callable[..., Any]


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def product(seller: Any) -> str:
    found: str = seller.post("/v1/products", json=samples.product()).json()["id"]
    return found


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = clamav.over_tcp()
    with clamav.running(server):
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setattr(settings.get(), "clamd_url", address)
        yield


def listed(actor: Any, product_id: str) -> list[dict[str, Any]]:
    answer = actor.get(f"/v1/products/{product_id}/images")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def link(actor: Any, image: dict[str, Any], **params: str) -> Any:
    url = f"/v1/products/{image['product_id']}/images/{image['id']}/link"
    return actor.post(url, params=params)


def told(session: Session) -> list[str]:
    session.rollback()
    found = select(OutboxEvent.type).where(OutboxEvent.type.startswith("product_image."))  # type: ignore[attr-defined]
    return [*session.exec(found.order_by(OutboxEvent.id))]  # type: ignore[arg-type]


def test_an_image_is_read_by_a_worker_and_shown_with_its_copies(
    seller: Any, product: str, session: Session, drain: Callable[[], int]
) -> None:
    made = photos.added(seller, product, photos.png(size=(800, 600)))
    assert (made["status"], made["renditions"], made["width"]) == ("received", [], None)
    drain()

    (shown,) = listed(seller, product)

    assert (shown["status"], shown["width"], shown["height"]) == ("ready", 800, 600)
    assert shown["renditions"] == [
        {"name": "small", "width": 320, "height": 240},
        {"name": "large", "width": 800, "height": 600},
    ]
    assert seller.get(f"/v1/products/{product}/images/{made['id']}").json() == shown
    assert told(session) == ["product_image.received", "product_image.ready"]
    (kept,) = session.exec(select(ProductImage)).all()
    assert kept.picture_hash is not None
    assert len(kept.picture_hash) == 64


def test_reading_an_image_a_second_time_does_nothing(
    seller: Any, product: str, session: Session, drain: Callable[[], int]
) -> None:
    made = photos.added(seller, product, photos.png())
    drain()

    images.read(session, photos.uuid_of(made))
    session.commit()

    assert told(session).count("product_image.ready") == 1
    assert len(session.exec(select(ProductRendition)).all()) == 2


def test_others_are_given_copies_by_a_short_link_and_never_what_was_uploaded(
    seller: Any, as_org: AsOrg, client: Any, drain: Callable[[], int]
) -> None:
    offer = samples.activated(seller)
    made = photos.added(seller, offer["product"]["id"], photos.png())
    buyer = as_org(["buyer"])
    assert listed(buyer, offer["product"]["id"]) == []
    drain()
    (seen,) = listed(buyer, offer["product"]["id"])

    address = link(buyer, seen, rendition="small").json()["url"]
    given = client.get(address.removeprefix("http://localhost:8000"))

    assert given.content.startswith(b"\xff\xd8\xff")
    assert link(buyer, made).status_code == 404
    whole = link(seller, made).json()["url"].removeprefix("http://localhost:8000")
    assert client.get(whole).content == photos.png()
    seller.post(f"/v1/offers/{offer['id']}/suspend")
    assert client.get(address.removeprefix("http://localhost:8000")).status_code == 404
    assert buyer.get(f"/v1/products/{offer['product']['id']}/images").status_code == 404


def test_a_picture_that_breaks_off_is_refused_whole_with_a_reason(
    seller: Any, product: str, session: Session, drain: Callable[[], int]
) -> None:
    content = photos.png(size=(900, 700))
    photos.added(seller, product, content[: len(content) // 2])
    files = len(session.exec(select(File.id)).all())
    drain()

    (shown,) = listed(seller, product)

    assert (shown["status"], shown["refusal"]) == ("refused", "image_unreadable")
    assert (shown["width"], shown["renditions"]) == (None, [])
    assert told(session)[-1] == "product_image.refused"
    assert len(session.exec(select(File.id)).all()) == files


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (photos.bomb(30_000, 30_000), "a.png", "image_too_many_pixels"),
        (photos.png(size=(60, 60)), "a.png", "image_too_small"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "a.png", "image_unreadable"),
        (photos.png(), "a.jpg", "format_mismatch"),
        (photos.png(), "a.pdf", "extension_refused"),
        (b"%PDF-1.7", "a.png", "image_unreadable"),
        (b"", "a.png", "image_unreadable"),
    ],
)
def test_what_cannot_be_an_image_is_refused_at_once(
    seller: Any, product: str, session: Session, content: bytes, name: str, code: str
) -> None:
    answer = photos.sent(seller, product, content, name)

    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert session.exec(select(ProductImage)).all() == []
    assert session.exec(select(File)).all() == []


def test_an_image_larger_than_the_limit_is_not_read(
    seller: Any, product: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "max_image_bytes", 1_000)

    assert photos.sent(seller, product, photos.png()).status_code == 413
    assert session.exec(select(ProductImage)).all() == []


def test_a_product_has_a_stated_number_of_images_and_each_once(
    seller: Any, product: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_IMAGES", 2)
    first, _ = (photos.added(seller, product, photos.png(n)) for n in (1, 2))

    assert photos.added(seller, product, photos.png(1))["id"] == first["id"]
    answer = photos.sent(seller, product, photos.png(3))

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_images")
    assert len(session.exec(select(ProductImage)).all()) == 2
    assert MAX_IMAGES == 20


def test_of_two_images_at_once_the_last_place_takes_one(
    seller: Any, product: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_IMAGES", 1)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda n: photos.sent(seller, product, photos.png(n)), (1, 2)))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(session.exec(select(ProductImage)).all()) == 1


def test_the_seller_puts_images_in_order_and_the_first_is_primary(
    seller: Any, product: str, session: Session
) -> None:
    ids = [photos.added(seller, product, photos.png(n))["id"] for n in (1, 2, 3)]
    url = f"/v1/products/{product}/order-images"

    answer = seller.post(url, json={"image_ids": [ids[2], ids[0], ids[1]]})

    assert [image["id"] for image in answer.json()["items"]] == [ids[2], ids[0], ids[1]]
    assert [i["id"] for i in listed(seller, product)] == [ids[2], ids[0], ids[1]]
    assert answer.headers["ETag"] == '"2"'
    for bad in (ids[:2], [*ids, ids[0]], [ids[0], ids[0], ids[1]]):
        again = seller.post(url, json={"image_ids": bad})
        assert [e["code"] for e in again.json()["errors"]] == ["not_every_image"]
    late = seller.post(url, json={"image_ids": ids}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert [i["id"] for i in listed(seller, product)] == [ids[2], ids[0], ids[1]]


def test_an_image_is_told_in_words(seller: Any, product: str) -> None:
    made = photos.added(seller, product, photos.png())
    url = f"/v1/products/{product}/images/{made['id']}"
    texts = {"ky": "Парта", "zh": "课桌"}

    answer = seller.patch(url, json={"alt_texts": texts, "alt_texts_origin": {"zh": "machine"}})

    assert answer.json()["alt_texts"] == texts
    assert answer.json()["alt_texts_origin"] == {"ky": "source", "zh": "machine"}
    assert seller.patch(url, json={"alt_texts": {"de": "Tisch"}}).status_code == 422
    late = seller.patch(url, json={"alt_texts": {}}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert seller.get(url).json() == answer.json()


def test_an_image_is_taken_off_with_its_copies(
    seller: Any, product: str, session: Session, drain: Callable[[], int]
) -> None:
    made = photos.added(seller, product, photos.png())
    drain()

    answer = seller.post(f"/v1/products/{product}/images/{made['id']}/remove")

    assert answer.status_code == 204
    assert listed(seller, product) == []
    assert session.exec(select(ProductRendition)).all() == []


def test_a_stranger_changes_no_image(
    seller: Any, as_org: AsOrg, session: Session, drain: Callable[[], int]
) -> None:
    offer = samples.activated(seller)
    product = offer["product"]["id"]
    made = photos.added(seller, product, photos.png())
    drain()
    before = listed(seller, product)
    other = as_org(["supplier"])
    url = f"/v1/products/{product}/images"

    answers = [
        photos.sent(other, product, photos.png(2)),
        other.post(f"/v1/products/{product}/order-images", json={"image_ids": [made["id"]]}),
        other.patch(f"{url}/{made['id']}", json={"alt_texts": {}}),
        other.post(f"{url}/{made['id']}/remove"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert listed(seller, product) == before


@pytest.mark.usefixtures("scanned")
def test_where_files_are_scanned_no_image_is_read_before_it_is_cleared(
    seller: Any, product: str, session: Session, drain: Callable[[], int]
) -> None:
    clean = photos.png()
    photos.added(seller, product, clean)
    photos.added(seller, product, photos.png(2) + clamav.EICAR, "bad.png")
    assert told(session) == []
    drain()

    shown = {image["name"]: image for image in listed(seller, product)}

    assert shown["desk.png"]["status"] == "ready"
    assert (shown["bad.png"]["status"], shown["bad.png"]["refusal"]) == (
        "refused",
        "image_quarantined",
    )
    again = photos.added(seller, product, photos.png(2) + clamav.EICAR, "bad.png")
    assert again["status"] == "refused"


def test_while_an_image_is_added_no_scanner_moves_its_file(seller: Any, product: str) -> None:
    """It would clear the file, and tell of it, before the image is there to be read."""
    photos.added(seller, product, photos.png(7))
    other = seller.post("/v1/products", json=samples.product()).json()["id"]

    with db.unit_of_work(seller.org_id) as adding, Session(db.engine("worker")) as scanning:
        own = products.locked(adding, seller.org_id, parse("product", other))
        images.upload(adding, own, actor="test", file=io.BytesIO(photos.png(7)), name="a.png")
        with pytest.raises(DBAPIError, match="could not obtain lock"):
            scanning.exec(select(File.id).with_for_update(nowait=True)).all()


def test_copies_of_an_image_that_is_condemned_later_are_shown_no_more(
    seller: Any, as_org: AsOrg, product: str, session: Session, drain: Callable[[], int]
) -> None:
    made = photos.added(seller, product, photos.png())
    drain()
    (image,) = session.exec(select(ProductImage)).all()

    images.refuse_of_file(session, image.file_id)
    session.commit()

    (shown,) = listed(seller, product)
    assert (shown["refusal"], shown["renditions"]) == ("image_quarantined", [])
    assert link(seller, made, rendition="small").status_code == 404
