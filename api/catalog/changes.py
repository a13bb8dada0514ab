"""Changes of products that are proposed and looked through. Never commits: the caller owns the
transaction."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, exists, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import products, reviews
from api.catalog.change_models import ProductChange
from api.catalog.change_schemas import ProductChangeIn
from api.catalog.models import Product
from api.catalog.product_schemas import ProductPatch
from api.core import audit, db
from api.core.errors import AlreadyExists, Conflict, Invalid, NotFound, refused
from api.core.outbox import emit
from api.rules import product_changes
from api.rules.clock import local_date
from api.rules.product_changes import CHANGE, ProductChangeStatus
from api.rules.states import IllegalTransition

_EVENTS = {
    "propose": "proposed",
    "approve": "approved",
    "reject": "rejected",
    "withdraw": "withdrawn",
    "supersede": "withdrawn",
}


class OtherGoods(Conflict):
    """Others propose changes of a product only when they sell the same goods, by GTIN or master product."""

    code, title = "other_goods", "You do not sell these goods"


class ChangeReviewedAlone(Conflict):
    """Who has proposed a change does not decide it."""

    code, title = "change_reviewed_alone", "Another person must look through the change"


class ChangeStale(Conflict):
    """The product has changed since the change was proposed; propose it anew."""

    code, title = "change_stale", "The product has changed meanwhile"


def propose(
    session: Session,
    org_id: UUID,
    actor: str,
    product: Product,
    data: ProductChangeIn,
    *,
    operator: bool = False,
) -> ProductChange:
    """Propose a change of a product that the caller sees: of its own, or of the same goods; the
    `operator`, of any.

    Takes the place of what the caller proposed on a version that is no more. Raises Invalid,
    OtherGoods, and AlreadyExists while something it proposed is open.
    """
    if not (operator or product.org_id == org_id or _sells(session, org_id, product)):
        raise OtherGoods
    try:
        wanted = products.wanted(session, product, data.changes)
    except Invalid as wrong:
        raise _within_changes(wrong) from wrong
    after = data.changes.model_dump(mode="json", exclude_unset=True)
    before = products.shown(product, after)
    if before == wanted.model_dump(mode="json", include={*after}):
        raise refused("#/changes", "nothing_changes", "The product is so already.")
    known = session.exec(
        select(ProductChange)
        .where(
            ProductChange.product_id == product.id,
            ProductChange.proposer_id == org_id,
            ProductChange.status == ProductChangeStatus.PROPOSED,
        )
        .with_for_update()
    ).one_or_none()
    if known is not None:
        if not product_changes.is_stale(known.status, known.product_version, product.version):
            raise AlreadyExists("You have proposed a change of this product already.")
        _move(session, known, "supersede", org_id, actor)
        session.flush()
    today = local_date(db.now(session))
    change = ProductChange(
        org_id=product.org_id,
        proposer_id=org_id,
        product_id=product.id,
        product_version=product.version,
        before=before,
        after=after,
        reviewed_fields=reviews.reviewed(product, products.columns(wanted), today),
        cause=data.cause,
        proposed_by=actor,
    )
    session.add(change)
    session.flush()
    _traced(session, change, "propose", org_id, actor)
    return change


def approve(
    session: Session, change: ProductChange, product: Product, actor: str, reason: str
) -> ProductChange:
    """Make the change of the locked product, in the same transaction.

    Raises ChangeReviewedAlone, ChangeStale, Conflict, and Invalid where codes are no more known.
    """
    _decide(session, change, product, "approve", actor, reason)
    patch = ProductPatch.model_validate(change.after)
    products.update(session, product, actor, patch, change=change.id)
    return change


def reject(
    session: Session, change: ProductChange, product: Product, actor: str, reason: str
) -> ProductChange:
    """Leave the product as it is. Raises ChangeReviewedAlone and Conflict."""
    _decide(session, change, product, "reject", actor, reason)
    return change


def withdraw(session: Session, change: ProductChange, actor: str) -> ProductChange:
    """Its proposer takes it back. Raises Conflict."""
    _move(session, change, "withdraw", change.proposer_id, actor)
    return change


def own(org_id: UUID) -> SelectOfScalar[ProductChange]:
    """Query of the changes of the organisation's products, and of those that it proposed."""
    return select(ProductChange).where(
        or_(col(ProductChange.org_id) == org_id, col(ProductChange.proposer_id) == org_id)
    )


def get(session: Session, org_id: UUID, change_id: UUID) -> ProductChange:
    """A change that the caller proposed, or of its product; NotFound."""
    change = session.exec(own(org_id).where(ProductChange.id == change_id)).one_or_none()
    if change is None:
        raise NotFound
    return change


def locked(session: Session, change_id: UUID, **side: UUID) -> ProductChange:
    """The change, locked for its owner (`org_id`) or its proposer (`proposer_id`); NotFound."""
    query = select(ProductChange).where(ProductChange.id == change_id).filter_by(**side)
    change = session.exec(query.with_for_update()).one_or_none()
    if change is None:
        raise NotFound
    return change


def shown(session: Session, changes: list[ProductChange]) -> list[dict[str, Any]]:
    """Changes, and which of them are stale. Of a product that is no longer shown its proposer is
    told nothing more."""
    session.flush()
    ids = {change.product_id for change in changes}
    query = select(Product.id, Product.version).where(col(Product.id).in_(ids))
    versions = {key: version for key, version in session.exec(query)}
    return [
        {
            **change.model_dump(),
            "stale": product_changes.is_stale(
                change.status,
                change.product_version,
                versions.get(change.product_id, change.product_version),
            ),
        }
        for change in changes
    ]


def _within_changes(wrong: Invalid) -> Invalid:
    """The same findings, at their places in a proposal."""
    return Invalid(
        errors=[
            each.model_copy(update={"pointer": f"#/changes{each.pointer.removeprefix('#')}"})
            for each in wrong.errors
        ]
    )


def _sells(session: Session, org_id: UUID, product: Product) -> bool:
    goods = [
        column == value
        for column, value in (
            (col(Product.gtin), product.gtin),
            (col(Product.master_product_id), product.master_product_id),
        )
        if value is not None
    ]
    if not goods:
        return False
    same = select(Product.id).where(Product.org_id == org_id, or_(*goods))
    return bool(session.exec(select(exists(same))).one())


def _decide(
    session: Session,
    change: ProductChange,
    product: Product,
    action: str,
    actor: str,
    reason: str,
) -> None:
    if change.proposed_by == actor:
        raise ChangeReviewedAlone
    stale = product_changes.is_stale(change.status, change.product_version, product.version)
    if stale and action == "approve":
        raise ChangeStale
    change.reviewed_by, change.reviewed_at = actor, db.now(session)
    change.reason = reason
    _move(session, change, action, change.org_id, actor)


def _move(session: Session, change: ProductChange, action: str, acting: UUID, actor: str) -> None:
    """The one place that writes `change.status`."""
    try:
        change.status = CHANGE.apply(action, change.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    change.version += 1
    session.add(change)
    _traced(session, change, action, acting, actor)


def _traced(session: Session, change: ProductChange, action: str, acting: UUID, actor: str) -> None:
    """Owner and proposer write streams of their own, since they cannot read each other's."""
    stream = f"product_change:{change.id.hex}"
    if acting != change.proposer_id:
        stream += ":owner"
    content = {
        "product": change.product_id.hex,
        "fields": sorted(change.after),
        "status": change.status.value,
    }
    audit.record(session, stream, action, actor=actor, org_id=acting, change=content)
    others = {change.org_id, change.proposer_id} - {acting}
    emit(
        session,
        f"product_change.{_EVENTS[action]}",
        change.id,
        org_id=acting,
        also=others,
        product_id=change.product_id.hex,
        version=change.version,
    )
