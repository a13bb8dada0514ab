"""Whether products may be shown in a market: what the rules ask, from what is stored. Never commits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from api.catalog.models import Certificate, Offer, OfferCertificate, Product
from api.channels.models import ExportPermission, ProductLabel
from api.channels.schemas.markets import ProductLabelIn
from api.channels.service import requirements
from api.core import audit
from api.core.errors import NotFound
from api.core.outbox import emit
from api.payments.service import papers
from api.rules import markets
from api.rules.markets import Goods, Permission, PermissionStatus, Readiness, Requirement, Shown
from api.rules.offers import CertificateStatus, OfferStatus

_SHOWING = (OfferStatus.ACTIVE, OfferStatus.DRAFT)


def of_products(
    session: Session,
    org_id: UUID,
    products: Sequence[Product],
    market: str,
    needed: Iterable[Requirement],
    today: date,
) -> dict[UUID, Readiness]:
    """For each of an organisation's products; `needed` are the rows of the market. Three queries,
    however many products there are."""
    ids = [product.id for product in products]
    labels, certificates = _labels(session, ids, market), _certificates(session, org_id, ids)
    permissions = _permissions(session, org_id, market)
    rows = [*needed]
    return {
        product.id: markets.readiness(
            Goods(
                hs_code=product.hs_code,
                languages={
                    language: product.names_origin.get(language, "source")
                    for language in product.names
                },
                labels=frozenset(labels[product.id]),
                certificates=certificates[product.id],
                permissions=permissions,
            ),
            rows,
            today,
        )
        for product in products
    }


def of_product(session: Session, product: Product, market: str, today: date) -> Readiness:
    """For one product; Invalid for a market of which nothing is known."""
    needed = requirements.of_market(session, market)
    return of_products(session, product.org_id, [product], market, needed, today)[product.id]


def own_product(session: Session, org_id: UUID, product_id: UUID) -> Product:
    """The organisation's product; NotFound for anybody else, who may know of it all the same."""
    found = session.exec(
        select(Product).where(Product.id == product_id, Product.org_id == org_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def add_label(session: Session, product: Product, actor: str, data: ProductLabelIn) -> ProductLabel:
    """Keep the label of a product. Raises Invalid for an unknown market or document, FileWithheld."""
    requirements.of_market(session, data.market)
    paper = papers.own(
        session, org_id=product.org_id, document_id=data.document_id, pointer="#/document_id"
    )
    label = ProductLabel(
        org_id=product.org_id,
        product_id=product.id,
        entered_by=actor,
        document_sha256=paper.sha256,
        **dict(data),
    )
    session.add(label)
    change = {"market": data.market, "language": data.language, "document_sha256": paper.sha256}
    stream = f"product:{product.id.hex}"
    audit.record(session, stream, "label", actor=actor, org_id=product.org_id, change=change)
    emit(session, "product.labelled", product.id, org_id=product.org_id, market=data.market)
    return label


def labels_of(session: Session, product: Product) -> Sequence[ProductLabel]:
    """The labels of a product, the newest first."""
    return session.exec(
        select(ProductLabel)
        .where(ProductLabel.product_id == product.id)
        .order_by(col(ProductLabel.id).desc())
    ).all()


def _labels(session: Session, ids: Sequence[UUID], market: str) -> Mapping[UUID, set[str]]:
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    query = select(ProductLabel.product_id, ProductLabel.language).where(
        col(ProductLabel.product_id).in_(ids), ProductLabel.market == market
    )
    for product_id, language in session.exec(query):
        found[product_id].add(language)
    return found


def _certificates(
    session: Session, org_id: UUID, ids: Sequence[UUID]
) -> Mapping[UUID, list[Shown]]:
    """What the organisation's own offers of the products show, draft or active."""
    found: defaultdict[UUID, list[Shown]] = defaultdict(list)
    query = (
        select(Offer.product_id, Certificate)
        .join(OfferCertificate, col(OfferCertificate.offer_id) == Offer.id)
        .join(Certificate, col(Certificate.id) == OfferCertificate.certificate_id)
        .where(
            col(Offer.product_id).in_(ids),
            Offer.seller_id == org_id,
            col(Offer.status).in_(_SHOWING),
            Certificate.status != CertificateStatus.WITHDRAWN,
        )
    )
    for product_id, each in session.exec(query):
        verified = each.status is CertificateStatus.VERIFIED
        found[product_id].append(Shown(each.scheme, verified, each.valid_from, each.expires_on))
    return found


def _permissions(session: Session, org_id: UUID, market: str) -> list[Permission]:
    query = select(ExportPermission).where(
        ExportPermission.org_id == org_id,
        ExportPermission.market == market,
        col(ExportPermission.status).in_((PermissionStatus.CLAIMED, PermissionStatus.VERIFIED)),
    )
    return [
        Permission(each.authority, each.hs_codes, each.status, each.valid_from, each.valid_to)
        for each in session.exec(query)
    ]
