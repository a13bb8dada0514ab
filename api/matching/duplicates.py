"""Likely duplicates: found, judged, and proposed to be joined. Nothing is merged by a machine.
Never commits: the caller owns the transaction."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import changes, masters
from api.catalog.change_models import ProductChange
from api.catalog.change_schemas import ProductChangeIn
from api.catalog.image_models import ProductImage
from api.catalog.models import Offer, Product
from api.catalog.product_schemas import ProductPatch
from api.core import audit, bulk, db, jobs
from api.core.errors import Conflict, NotFound
from api.core.jobs import Job
from api.matching import duplicate_wares, likeness
from api.matching.duplicate_models import ProductDuplicate
from api.matching.duplicate_wares import Ware
from api.rules.duplicates import DUPLICATE, DuplicateStatus, Verdict, compare
from api.rules.offers import OfferStatus
from api.rules.product_changes import ProductChangeStatus
from api.rules.states import IllegalTransition

TASK = "matching.find_duplicates"
MOST = 20
"""Likely duplicates of a product that one look at it adds, the likeliest."""
SYSTEM = "system:duplicates"
_STEP = 20
_JOIN = "master_product_id"


class JoinedElsewhere(Conflict):
    """The two products are joined to different master products already."""

    code, title = "joined_elsewhere", "The products belong to different goods"


def ask(session: Session, offer_ids: Collection[UUID]) -> None:
    """Have a job look for duplicates of what these offers sell, once this is committed."""
    if offer_ids:
        query = select(Offer.product_id).where(col(Offer.id).in_(offer_ids)).distinct()
        _enqueue(session, [*session.exec(query)])


def ask_of_image(session: Session, image_id: UUID) -> None:
    """The same for the product of an image."""
    query = select(ProductImage.product_id).where(ProductImage.id == image_id)
    _enqueue(session, [*session.exec(query)])


def step(session: Session, job: Job) -> bool:
    """The next products of a job, 20 at a time; True when none is left."""
    asked, done = job.args["product_ids"], job.progress_done
    find(session, [UUID(hex=each) for each in asked[done : done + _STEP]])
    job.progress_total, job.progress_done = len(asked), min(done + _STEP, len(asked))
    return job.progress_done == len(asked)


def find(session: Session, product_ids: Sequence[UUID], *, within: UUID | None = None) -> None:
    """Bring up to date what these products are likely the same as: of everybody, or of the seller
    `within`. What was judged stays so; what is not found again, and not judged, is forgotten.

    Of different sellers only products are paired that others see: nobody learns of drafts.
    """
    _lock(session, product_ids)
    wares = duplicate_wares.load(session, product_ids)
    near = {
        key: duplicate_wares.candidates(
            session, ware, ware.org_id if within is None and not ware.listed else within
        )
        for key, ware in wares.items()
    }
    others = duplicate_wares.load(session, frozenset[UUID]().union(*near.values()) - wares.keys())
    known = {**others, **wares}
    likely = {
        key: _likely(ware, [known[each] for each in near[key] if each in known])
        for key, ware in wares.items()
    }
    _write(session, [(wares[key], *each) for key, found in likely.items() for each in found[:MOST]])
    for key, found in likely.items():
        _forget(session, key, {other.id for other, _ in found}, within)


def visible(org_id: UUID, *, operator: bool) -> SelectOfScalar[ProductDuplicate]:
    """Query of the pairs that a caller judges: a seller's of its own goods, the operator's of goods
    of different sellers."""
    first, second = col(ProductDuplicate.first_org_id), col(ProductDuplicate.second_org_id)
    own = and_(first == org_id, second == org_id)
    return select(ProductDuplicate).where(or_(own, first != second) if operator else own)


def of_product(
    query: SelectOfScalar[ProductDuplicate], product_id: UUID
) -> SelectOfScalar[ProductDuplicate]:
    """Those of the pairs that a product is in."""
    return query.where(
        or_(
            col(ProductDuplicate.first_id) == product_id,
            col(ProductDuplicate.second_id) == product_id,
        )
    )


def get(session: Session, org_id: UUID, pair_id: UUID, *, operator: bool) -> ProductDuplicate:
    """A pair that the caller judges; NotFound."""
    query = visible(org_id, operator=operator).where(ProductDuplicate.id == pair_id)
    return _one(session, query)


def locked(session: Session, org_id: UUID, pair_id: UUID, *, operator: bool) -> ProductDuplicate:
    """The same, locked for a change."""
    query = visible(org_id, operator=operator).where(ProductDuplicate.id == pair_id)
    return _one(session, query.with_for_update())


def dismiss(session: Session, org_id: UUID, actor: str, pair: ProductDuplicate) -> ProductDuplicate:
    """Say that the two are not the same, for good. Raises Conflict."""
    return _move(session, pair, "dismiss", org_id, actor)


def restore(session: Session, org_id: UUID, actor: str, pair: ProductDuplicate) -> ProductDuplicate:
    """Take back what was said of the two; what was proposed to join them, and is not decided, is
    withdrawn. Raises Conflict."""
    _move(session, pair, "restore", org_id, actor)
    open_joins = (
        select(ProductChange)
        .where(
            col(ProductChange.product_id).in_((pair.first_id, pair.second_id)),
            ProductChange.proposer_id == org_id,
            ProductChange.status == ProductChangeStatus.PROPOSED,
        )
        .order_by(col(ProductChange.id))
    )
    for change in session.exec(open_joins.with_for_update()).all():
        if _JOIN in change.after:
            changes.withdraw(session, change, actor)
    return pair


def reopen(session: Session, change_id: UUID) -> None:
    """A change was rejected or withdrawn: if it was to join a product to another, the pair waits to
    be judged again, unless the same is proposed anew."""
    change = session.get_one(ProductChange, change_id)
    if _JOIN not in change.after:
        return
    proposed = of_product(
        select(ProductDuplicate).where(
            ProductDuplicate.status == DuplicateStatus.PROPOSED,
            ProductDuplicate.judged_by == change.proposed_by,
        ),
        change.product_id,
    )
    pairs = session.exec(proposed.order_by(col(ProductDuplicate.id)).with_for_update()).all()
    anew = select(ProductChange.id).where(
        ProductChange.product_id == change.product_id,
        ProductChange.proposer_id == change.proposer_id,
        ProductChange.status == ProductChangeStatus.PROPOSED,
    )
    if session.exec(anew).first() is None:
        for pair in pairs:
            restore(session, change.proposer_id, SYSTEM, pair)


def propose(
    session: Session, org_id: UUID, actor: str, pair: ProductDuplicate, cause: str
) -> list[ProductChange]:
    """The operator proposes to the owners of both to join one master product, new or that of one
    of them; each decides of its own by the proposed change.

    Raises JoinedElsewhere, Conflict, also where others see no offer of one of the two (its names
    would be told to them), and AlreadyExists while a change that it proposed is open.
    """
    first, second = (session.get_one(Product, each) for each in (pair.first_id, pair.second_id))
    seen = select(Offer.product_id).where(
        col(Offer.product_id).in_((first.id, second.id)), Offer.status == OfferStatus.ACTIVE
    )
    if first.org_id != second.org_id and len({*session.exec(seen)}) < 2:
        raise Conflict("One of the products is not offered.")
    joined = {each.master_product_id for each in (first, second)} - {None}
    if len(joined) > 1:
        raise JoinedElsewhere
    _move(session, pair, "propose", org_id, actor)
    master = joined.pop() if joined else masters.made(session, org_id, actor, first, second).id
    patch = ProductPatch(master_product_id=master)
    wanted = ProductChangeIn(changes=patch, cause=cause)
    return [
        changes.propose(session, org_id, actor, product, wanted, operator=True)
        for product in (first, second)
        if product.master_product_id is None
    ]


def shown(session: Session, pairs: Sequence[ProductDuplicate]) -> list[dict[str, Any]]:
    """Pairs with what people tell the products by."""
    ids = {each for pair in pairs for each in (pair.first_id, pair.second_id)}
    products = {
        each.id: each for each in session.exec(select(Product).where(col(Product.id).in_(ids)))
    }
    return [
        {
            **pair.model_dump(),
            "products": [products[pair.first_id], products[pair.second_id]],
        }
        for pair in pairs
    ]


def _enqueue(session: Session, product_ids: Sequence[UUID]) -> None:
    if product_ids:
        args = {"product_ids": sorted(each.hex for each in product_ids)}
        jobs.enqueue(session, TASK, args)


def _likely(ware: Ware, others: Sequence[Ware]) -> list[tuple[Ware, Verdict]]:
    """Those that are likely the same, the likeliest first; what is joined is known to be."""
    found = []
    for other in others:
        joined = ware.master_product_id is not None and (
            ware.master_product_id == other.master_product_id
        )
        hidden = ware.org_id != other.org_id and not (ware.listed and other.listed)
        if joined or hidden:
            continue
        verdict = compare(ware.goods, other.goods, likeness.near(ware.said, other.said))
        if verdict.likely:
            found.append((other, verdict))
    return sorted(found, key=lambda each: (-each[1].score, each[0].id))


def _write(session: Session, pairs: Sequence[tuple[Ware, Ware, Verdict]]) -> None:
    """Keep pairs with their verdicts, in one order whoever found them; one that says something else
    now has another version."""
    rows = {}
    for one, other, verdict in pairs:
        first, second = sorted((one, other), key=lambda each: each.id)
        rows[first.id, second.id] = bulk.new_row(
            first_id=first.id,
            second_id=second.id,
            first_org_id=first.org_id,
            second_org_id=second.org_id,
            score=verdict.score,
            reasons=[
                {"code": each.code.value, "points": each.points, "values": list(each.values)}
                for each in verdict.reasons
            ],
            status=DuplicateStatus.FOUND,
            version=1,
        )
    if not rows:
        return
    statement = upsert(ProductDuplicate).values([row for _, row in sorted(rows.items())])
    told = statement.excluded
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["first_id", "second_id"],
            set_={
                **{name: told[name] for name in ("score", "reasons", "updated_at")},
                "version": col(ProductDuplicate.version) + 1,
            },
            where=or_(
                col(ProductDuplicate.score) != told.score,
                col(ProductDuplicate.reasons) != told.reasons,
            ),
        )
    )
    session.expire_all()


def _forget(session: Session, product_id: UUID, found: set[UUID], within: UUID | None) -> None:
    """Drop a product's pairs that were not found again, unless somebody has judged them meanwhile."""
    stale = of_product(select(ProductDuplicate), product_id)
    if within is not None:
        stale = stale.where(
            ProductDuplicate.first_org_id == within, ProductDuplicate.second_org_id == within
        )
    gone = [
        each.id
        for each in session.exec(stale.where(ProductDuplicate.status == DuplicateStatus.FOUND))
        if not {each.first_id, each.second_id} & found
    ]
    session.exec(
        delete(ProductDuplicate).where(
            col(ProductDuplicate.id).in_(gone),
            col(ProductDuplicate.status) == DuplicateStatus.FOUND,
        )
    )


def _one(session: Session, query: SelectOfScalar[ProductDuplicate]) -> ProductDuplicate:
    pair = session.exec(query).one_or_none()
    if pair is None:
        raise NotFound
    return pair


def _move(
    session: Session, pair: ProductDuplicate, action: str, org_id: UUID, actor: str
) -> ProductDuplicate:
    """The one place that writes `pair.status`."""
    try:
        pair.status = DUPLICATE.apply(action, pair.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    pair.judged_by, pair.judged_at = actor, db.now(session)
    pair.version += 1
    products = [pair.first_id.hex, pair.second_id.hex]
    stream = f"product_duplicate:{pair.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change={"products": products})
    session.flush()
    return pair


def _lock(session: Session, product_ids: Sequence[UUID]) -> None:
    """Let two runs over the same product wait for each other, always in one order."""
    session.connection().execute(
        text(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, 14))"
            " FROM unnest(CAST(:keys AS text[])) AS product(key)"
        ),
        {"keys": sorted(product_id.hex for product_id in product_ids)},
    )
