"""What can be done with images of products. Never commits: the caller owns the transaction."""

import io
import tempfile
from collections.abc import Sequence
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import pictures, products
from api.catalog.image_models import ProductImage, ProductRendition
from api.catalog.image_schemas import ImagePatch
from api.catalog.models import Product
from api.catalog.pictures import PictureRefused
from api.core import rows, settings
from api.core.errors import Conflict, NotFound, refused
from api.core.files import service as files
from api.core.files import store
from api.core.files.models import File
from api.core.trail import Trail
from api.rules.files import DocumentFormat, ScanState, format_of, may_be_given
from api.rules.images import IMAGE, MAX_IMAGES, ImageStatus, Refusal, Rendition
from api.rules.states import IllegalTransition

RECEIVED = "product_image.received"
WORKER = "worker"
_TAKEN = (DocumentFormat.JPEG, DocumentFormat.PNG)
_WHOLE = selectinload(ProductImage.renditions)  # type: ignore[arg-type]
_SAID = {
    Refusal.UNREADABLE: "The bytes are no whole JPEG or PNG picture.",
    Refusal.TOO_MANY_PIXELS: "The picture has too many pixels.",
    Refusal.TOO_SMALL: "The picture is too small to show anything.",
    Refusal.QUARANTINED: "The file is harmful.",
}


class TooManyImages(Conflict):
    """The product has as many images as a product may have; remove one first."""

    code, title = "too_many_images", "The product has too many images"


def upload(
    session: Session, product: Product, *, actor: str, file: BinaryIO, name: str
) -> ProductImage:
    """Add an image behind those of the locked product; a worker reads it, then buyers see it.

    Bytes that the product has already are answered with the image they became. Raises Invalid for
    what is no picture by its name, by its first bytes or by what its header says, and
    TooManyImages.
    """
    if format_of(name) not in _TAKEN:
        raise refused("#?query/name", "extension_refused", "The name must end in .jpg or .png.")
    try:
        pictures.require_header(file)
    except PictureRefused as error:
        raise refused("#/", error.refusal, _SAID[error.refusal]) from error
    stored = files.receive(session, org_id=product.org_id, actor=actor, file=file, name=name)
    # A scanner that is just clearing the same bytes finds the image, or is done and is seen here.
    stored = rows.locked(session, File, stored.id)
    there = session.exec(_of(product.id)).all()
    for image in there:
        if image.file_id == stored.id:
            return image
    if len(there) >= MAX_IMAGES:
        raise TooManyImages(f"A product may have {MAX_IMAGES} images.")
    image = ProductImage(
        org_id=product.org_id,
        product_id=product.id,
        file_id=stored.id,
        name=name,
        position=there[-1].position + 1 if there else 0,
        alt_texts={},
        alt_texts_origin={},
        renditions=[],
    )
    session.add(image)
    session.flush()
    trail = Trail(product.org_id, actor)
    _record(trail, image, "add_image", sha256=stored.sha256)
    if stored.scan_state is ScanState.QUARANTINED:
        _refuse(trail, image, Refusal.QUARANTINED)
    elif may_be_given(stored.scan_state, scanned=settings.get().files_scanned):
        trail.emit(RECEIVED, image.id)
    trail.write(session)
    return image


def read(session: Session, image_id: UUID) -> None:
    """Decode an image and store its copies, all of them or none; does nothing a second time, or
    while no scanner has cleared the file where files are scanned."""
    image = rows.locked(session, ProductImage, image_id)
    file = session.get_one(File, image.file_id)
    cleared = may_be_given(file.scan_state, scanned=settings.get().files_scanned)
    if image.status is not ImageStatus.RECEIVED or not cleared or file.key is None:
        return
    trail = Trail(image.org_id, WORKER)
    try:
        with tempfile.TemporaryFile() as spooled:
            for piece in store.get().read(file.key, 0, file.size):
                spooled.write(piece)
            picture = pictures.read(spooled)
    except PictureRefused as error:
        _refuse(trail, image, error.refusal)
    else:
        _accept(session, trail, image, picture)
    trail.write(session)


def read_of_file(session: Session, file_id: UUID) -> None:
    """A scanner has cleared a file: read the images that wait for that."""
    waiting = select(ProductImage.id).where(
        ProductImage.file_id == file_id, ProductImage.status == ImageStatus.RECEIVED
    )
    for image_id in session.exec(waiting.order_by(col(ProductImage.id))).all():
        read(session, image_id)


def refuse_of_file(session: Session, file_id: UUID) -> None:
    """A scanner has condemned a file: images of it are shown no more, nor copies of them."""
    query = (
        select(ProductImage)
        .where(ProductImage.file_id == file_id, ProductImage.status != ImageStatus.REFUSED)
        .options(_WHOLE)
        .order_by(col(ProductImage.id))
        .with_for_update(of=ProductImage)
    )
    for image in session.exec(query).all():
        trail = Trail(image.org_id, WORKER)
        image.renditions = []
        _refuse(trail, image, Refusal.QUARANTINED)
        trail.write(session)


def listed(session: Session, org_id: UUID, product_id: UUID) -> Sequence[ProductImage]:
    """The images of a product that the caller may see, in their order: of others' what is ready.

    Raises NotFound for a product that the caller may not see.
    """
    products.get(session, product_id)
    return session.exec(_of(product_id).where(_seen(org_id))).all()


def get(session: Session, org_id: UUID, product_id: UUID, image_id: UUID) -> ProductImage:
    """One image as `listed` would show it; NotFound."""
    query = _of(product_id).where(ProductImage.id == image_id, _seen(org_id))
    image = session.exec(query).one_or_none()
    if image is None:
        raise NotFound
    return image


def file_of(
    session: Session, org_id: UUID, image: ProductImage, rendition: Rendition | None
) -> File:
    """A copy's file; with None what was uploaded, which its owner alone is given. NotFound."""
    if rendition is None:
        if image.org_id != org_id:
            raise NotFound
        return session.get_one(File, image.file_id)
    for each in image.renditions:
        if each.name is rendition:
            return each.file
    raise NotFound


def locked(session: Session, org_id: UUID, product_id: UUID, image_id: UUID) -> ProductImage:
    """The organisation's image, locked for a change; NotFound for anybody else."""
    query = _of(product_id).where(ProductImage.id == image_id, ProductImage.org_id == org_id)
    image = session.exec(query.with_for_update(of=ProductImage)).one_or_none()
    if image is None:
        raise NotFound
    return image


def describe(session: Session, image: ProductImage, actor: str, data: ImagePatch) -> ProductImage:
    """Give an image alternative texts in place of those that it has."""
    given = data.alt_texts_origin
    image.alt_texts = dict(data.alt_texts.items())
    image.alt_texts_origin = {lang: given.get(lang, "source") for lang in data.alt_texts}
    image.version += 1
    trail = Trail(image.org_id, actor)
    _record(trail, image, "describe_image", alt_texts=image.alt_texts)
    trail.write(session)
    return image


def order(
    session: Session, product: Product, actor: str, image_ids: Sequence[UUID]
) -> Sequence[ProductImage]:
    """Put the images of the locked product in this order; the first is the primary one.

    Raises Invalid (`not_every_image`) unless each image is named, once.
    """
    there = {image.id: image for image in session.exec(_of(product.id))}
    if sorted(image_ids) != sorted(there):
        raise refused("#/image_ids", "not_every_image", "Name every image of the product, once.")
    for position, image_id in enumerate(image_ids):
        there[image_id].position = position
    product.version += 1
    trail = Trail(product.org_id, actor)
    shown = [image_id.hex for image_id in image_ids]
    trail.record(f"product:{product.id.hex}", "order_images", images=shown)
    trail.write(session)
    return [there[image_id] for image_id in image_ids]


def remove(session: Session, image: ProductImage, actor: str) -> None:
    """Take an image off its product, for good; the file stays its owner's."""
    trail = Trail(image.org_id, actor)
    _record(trail, image, "remove_image")
    # Copies go with it in the database: its owner may not delete what a worker has made.
    session.connection().execute(delete(ProductImage).where(col(ProductImage.id) == image.id))
    trail.write(session)


def _of(product_id: UUID) -> SelectOfScalar[ProductImage]:
    return (
        select(ProductImage)
        .where(ProductImage.product_id == product_id)
        .options(_WHOLE)
        .order_by(col(ProductImage.position), col(ProductImage.id))
    )


def _seen(org_id: UUID) -> Any:
    return or_(col(ProductImage.org_id) == org_id, col(ProductImage.status) == ImageStatus.READY)


def _accept(session: Session, trail: Trail, image: ProductImage, picture: pictures.Picture) -> None:
    image.width, image.height = picture.width, picture.height
    image.picture_hash = f"{picture.hash:064b}"
    for name, copy in picture.copies.items():
        stored = files.receive(
            session,
            org_id=image.org_id,
            actor=WORKER,
            file=io.BytesIO(copy.data),
            name=f"{name}.jpg",
        )
        session.add(
            ProductRendition(
                image_id=image.id,
                file_id=stored.id,
                name=name,
                width=copy.width,
                height=copy.height,
            )
        )
    _move(trail, image, "accept")


def _refuse(trail: Trail, image: ProductImage, refusal: Refusal) -> None:
    image.refusal = refusal
    _move(trail, image, "refuse", refusal=refusal)


def _move(trail: Trail, image: ProductImage, action: str, **change: Any) -> None:
    """The one place that writes `image.status`."""
    try:
        image.status = IMAGE.apply(action, image.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    image.version += 1
    _record(trail, image, f"{action}_image", **change)
    trail.emit(f"product_image.{image.status}", image.id, refusal=image.refusal)


def _record(trail: Trail, image: ProductImage, action: str, **change: Any) -> None:
    trail.record(f"product:{image.product_id.hex}", action, image=image.id.hex, **change)
