"""Routes of images of products."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request

from api.catalog import images, products
from api.catalog.image_models import ProductImage
from api.catalog.image_schemas import ImageId, ImageOrderIn, ImageOut, ImagePatch
from api.catalog.images import TooManyImages
from api.catalog.types import Line, ProductId
from api.core.errors import PayloadTooLarge, PreconditionFailed, UnsupportedMediaType
from api.core.files.problems import FileWithheld
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, links, uploads
from api.identity.access import Context, require
from api.identity.links import BYTES, FileLinkOut
from api.rules.images import Rendition

router = access.router("/products/{product_id}/images", "product-images")
ordering = access.router("/products/{product_id}/order-images", "product-images")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]
_BODY = uploads.described("\x89PNG\r\n")


async def uploaded(request: Request, ctx: Write) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte; its digest stands for it in idempotency."""
    async with uploads.spooled(request, ctx, media_type=BYTES) as file:
        yield file


@router.get("", response_model=Page[ImageOut])
def list(product_id: ProductId, ctx: Read) -> Page[Any]:
    """The images of a product, in their order: the first is the primary one. Of others' products
    only those that are ready."""
    found = images.listed(ctx.session, ctx.org_id, product_id)
    return Page(items=[*found], has_more=False, next_cursor=None)


@router.post(
    "",
    status_code=201,
    response_model=ImageOut,
    responses=documented(PayloadTooLarge, UnsupportedMediaType, TooManyImages),
    openapi_extra=_BODY,
)
def create(
    product_id: ProductId,
    ctx: Write,
    file: Annotated[BinaryIO, Depends(uploaded)],
    name: Annotated[Line, Query(description="Of the file; its end must be what the bytes are")],
) -> ProductImage:
    """Add a JPEG or PNG image to a product of yours. It is `received` until a worker has read it:
    then `ready`, with copies for buyers, or `refused`."""
    product = products.locked(ctx.session, ctx.org_id, product_id)
    image = images.upload(ctx.session, product, actor=ctx.actor, file=file, name=name)
    ctx.tag(image)
    return image


@ordering.post("", response_model=Page[ImageOut], responses=documented(PreconditionFailed))
def order(product_id: ProductId, data: ImageOrderIn, ctx: Write) -> Page[Any]:
    """Put the images of a product in another order; the first becomes the primary one. `If-Match`
    names the version of the product."""
    product = products.locked(ctx.session, ctx.org_id, product_id)
    ctx.check_version(product)
    found = images.order(ctx.session, product, ctx.actor, data.image_ids)
    ctx.tag(product)
    return Page(items=[*found], has_more=False, next_cursor=None)


@router.get("/{image_id}", response_model=ImageOut)
def get(product_id: ProductId, image_id: ImageId, ctx: Read) -> ProductImage:
    """An image of a product of yours, or one that is ready of a product that is offered."""
    image = images.get(ctx.session, ctx.org_id, product_id, image_id)
    ctx.tag(image)
    return image


@router.patch("/{image_id}", response_model=ImageOut, responses=documented(PreconditionFailed))
def update(product_id: ProductId, image_id: ImageId, data: ImagePatch, ctx: Write) -> ProductImage:
    """Say in words what an image shows, for those who do not see it."""
    image = images.locked(ctx.session, ctx.org_id, product_id, image_id)
    ctx.check_version(image)
    images.describe(ctx.session, image, ctx.actor, data)
    ctx.tag(image)
    return image


@router.post(
    "/{image_id}/link",
    status_code=201,
    response_model=FileLinkOut,
    responses=documented(FileWithheld),
)
def link(
    product_id: ProductId,
    image_id: ImageId,
    ctx: Read,
    rendition: Annotated[
        Rendition | None,
        Query(description="The copy; without it what was uploaded, for its owner alone"),
    ] = None,
) -> FileLinkOut:
    """A short-lived address of an image; it ends with your right to see it."""
    image = images.get(ctx.session, ctx.org_id, product_id, image_id)
    file = images.file_of(ctx.session, ctx.org_id, image, rendition)
    name = image.name if rendition is None else f"{image.id.hex}-{rendition}.jpg"
    return links.made(ctx, file, name)


@router.post("/{image_id}/remove", status_code=204, responses=documented(PreconditionFailed))
def remove(product_id: ProductId, image_id: ImageId, ctx: Write) -> None:
    """Take an image off a product of yours, for good."""
    image = images.locked(ctx.session, ctx.org_id, product_id, image_id)
    ctx.check_version(image)
    images.remove(ctx.session, image, ctx.actor)
