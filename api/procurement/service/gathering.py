"""The inputs of an evaluation, gathered from the rows: what the rules need and nothing else."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from api.core import ids
from api.identity import service as identity
from api.identity.models import Organisation
from api.procurement.models import (
    Bid,
    BidEnvelope,
    BidItem,
    BidLot,
    BidOpening,
    BidTenderer,
    DomesticClaim,
    Item,
    Lot,
    PreferenceDecision,
    PriceJustification,
    RequirementResponse,
    Tender,
)
from api.procurement.service import auctions, award_terms, lot_prices, policies
from api.procurement.service.evaluation_problems import BidsNotOpened, NotEvaluable
from api.procurement.service.lot_prices import LotPrice
from api.reference import fx
from api.rules.bids import BidStage, OpeningStatus
from api.rules.clock import local_date
from api.rules.commissions import JustificationStatus
from api.rules.evaluation import ComparablePrice, Inputs, LotTerms, inputs, scoring, stated_price
from api.rules.evaluation.inputs import EAEU, Decision, VatStatement
from api.rules.evaluation.scoring import NUMBER
from api.rules.policy import Policy
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import TenderStage

_JUDGED = (BidStage.TECHNICAL_OPENED, BidStage.OPENED, BidStage.VALID, BidStage.DISQUALIFIED)

type PortOfLot = Callable[[Session, Tender, Lot, inputs.RateSet], ComparablePrice]
"""Gives the port for the bids of one lot, at the exchange rates of its evaluation."""


def _stated(_: Session, __: Tender, ___: Lot, ____: inputs.RateSet) -> ComparablePrice:
    return stated_price


_ports: list[PortOfLot] = [_stated]


def plug(port: ComparablePrice | None = None, *, of_lot: PortOfLot | None = None) -> None:
    """Make prices comparable by another port than the stated price, in this process; one port for
    all lots, or one that is made for each lot.

    For the start of every process that evaluates; what the port says must follow from the bid and
    what counted on the day of the opening, since a draft is computed again when it is completed.
    """
    if of_lot is not None:
        _ports.append(of_lot)
    if port is not None:
        _ports.append(lambda *_: port)


def bids_of(session: Session, tender: Tender, lot: Lot) -> Sequence[Bid]:
    """The opened bids for a lot in the order of their ids; of two envelopes, while the price is
    sealed nobody knows for which lots a bid is, and all are given."""
    query = select(Bid).where(Bid.tender_id == tender.id, col(Bid.status_details).in_(_JUDGED))
    if tender.status_details is not TenderStage.FIRST_PACKAGE_PENDING:
        query = query.where(col(Bid.id).in_(select(BidLot.bid_id).where(BidLot.lot_id == lot.id)))
    return session.exec(query.order_by(col(Bid.id))).all()


def gather(
    session: Session,
    tender: Tender,
    lot: Lot,
    *,
    scored: Mapping[UUID, Mapping[str, Mapping[str, Decimal]]],
    disqualified: Mapping[UUID, Sequence[Mapping[str, str]]],
    comparable: ComparablePrice | None = None,
) -> Inputs:
    """Everything that the ranking of a lot is computed from, prices made comparable by `comparable`
    or else by the port that is plugged in. Raises BidsNotOpened, or NotEvaluable while the lot is
    auctioned and when a currency has no rate on the day of the opening."""
    opening = session.exec(
        select(BidOpening).where(
            BidOpening.tender_id == tender.id,
            BidOpening.kind == EnvelopeKind.PRICE,
            BidOpening.status == OpeningStatus.OPENED,
        )
    ).one_or_none()
    if opening is None or opening.opened_at is None or opening.record is None:
        raise BidsNotOpened
    if auctions.unfinished(session, lot.id):
        raise NotEvaluable("The lot is still auctioned.")
    terms = award_terms.of_lot(session, tender, lot)
    policy = _policy(session, tender)
    day = local_date(opening.opened_at)
    auction = auctions.result(session, lot.id)
    rows = _Rows(session, tender, lot, auction)
    bids = [
        rows.bid(bid, terms, policy, scored, disqualified) for bid in bids_of(session, tender, lot)
    ]
    rates = _rates(session, terms, {bid.price.currency for bid in bids}, day)
    adjusted = comparable or _ports[-1](session, tender, lot, rates)
    return Inputs(
        lot=inputs.Lot(
            ocid=tender.ocid,
            tender=ids.show("tender", tender.id),
            lot=ids.show("lot", lot.id),
            root=opening.root,
            leaves=tuple(each["leaf"] for each in opening.record["content"]["leaves"]),
            auction=auction and inputs.AuctionReference(auction.id, auction.head_sha256),
        ),
        terms=terms,
        policy=policy,
        rates=rates,
        bids=tuple(replace(bid, adjustments=adjusted(bid, terms, policy)) for bid in bids),
    )


def _policy(session: Session, tender: Tender) -> inputs.PolicyTerms:
    policy: Policy = policies.policy_of(tender)
    home = identity.get_organisation(session, tender.buyer_id).country
    treated = EAEU if policy.eaeu_national_treatment and home in EAEU else (home,)
    low = policy.abnormally_low
    return inputs.PolicyTerms(
        policy_set=policies.snapshot_of(tender)["policy_set_id"],
        vat_rate_bp=policy.vat_rate_bp,
        nonresident_price_adjustment=policy.nonresident_price_adjustment,
        domestic_preference_bp=policy.domestic_preference_bp,
        preferred_origins=treated,
        below_mean_bp=low.below_mean_bp,
        below_next_bp=low.below_next_bp,
        alert_spread_bp=low.alert_spread_bp,
    )


def _rates(
    session: Session, terms: LotTerms, currencies: Collection[str], day: date
) -> inputs.RateSet:
    foreign = sorted({*currencies} - {terms.currency})
    found = fx.rates(session, foreign, terms.currency, day)
    unknown = [each for each in foreign if each not in found]
    if unknown:
        raise NotEvaluable(f"No rate of {', '.join(unknown)} is known on or before {day}.")
    rates = {
        code: inputs.Rate(each.value.normalize(), each.day, each.source)
        for code, each in found.items()
    }
    return inputs.RateSet("fx-rates", day, rates)


class _Rows:
    """The rows about the bids of a lot, read once and looked up by bid."""

    def __init__(
        self, session: Session, tender: Tender, lot: Lot, auction: auctions.Result | None
    ) -> None:
        self.session = session
        self.home = identity.get_organisation(session, tender.buyer_id).country
        of_lot = lot.id
        self.prices = lot_prices.of_lot(session, of_lot, auction)
        self.envelopes = {
            row.bid_id: row
            for row in session.exec(
                select(BidEnvelope).where(
                    BidEnvelope.tender_id == tender.id,
                    BidEnvelope.kind == EnvelopeKind.PRICE,
                    col(BidEnvelope.replaced_at).is_(None),
                    col(BidEnvelope.document).is_not(None),
                )
            )
        }
        self.origins = self._grouped(select(BidItem).where(BidItem.lot_id == of_lot))
        of_items = select(Item.id).where(Item.lot_id == of_lot)
        self.answers = self._grouped(
            select(RequirementResponse)
            .where(
                RequirementResponse.tender_id == tender.id,
                or_(
                    col(RequirementResponse.lot_id) == of_lot,
                    col(RequirementResponse.lot_id).is_(None),
                ),
                or_(
                    col(RequirementResponse.item_id).in_(of_items),
                    col(RequirementResponse.item_id).is_(None),
                ),
            )
            .order_by(col(RequirementResponse.item_id))
        )
        self.claims = self._grouped(
            select(DomesticClaim).where(
                DomesticClaim.tender_id == tender.id,
                (col(DomesticClaim.lot_id) == of_lot) | col(DomesticClaim.lot_id).is_(None),
            )
        )
        self.tenderers = self._grouped(
            select(BidTenderer).where(
                BidTenderer.tender_id == tender.id,
                col(BidTenderer.accepted_at).is_not(None),
                col(BidTenderer.released_at).is_(None),
            )
        )
        parties = {each.organisation_id for rows in self.tenderers.values() for each in rows}
        parties |= {*session.exec(select(Bid.supplier_id).where(Bid.tender_id == tender.id))}
        self.parties = {
            row.id: row
            for row in session.exec(select(Organisation).where(col(Organisation.id).in_(parties)))
        }
        self.accepted = {
            row.bid_id: row.accepted
            for row in session.exec(
                select(PreferenceDecision).where(PreferenceDecision.lot_id == of_lot)
            )
        }
        self.justified = {
            row.bid_id: row
            for row in session.exec(
                select(PriceJustification).where(PriceJustification.lot_id == of_lot)
            )
        }

    def bid(
        self,
        bid: Bid,
        terms: LotTerms,
        policy: inputs.PolicyTerms,
        scored: Mapping[UUID, Mapping[str, Mapping[str, Decimal]]],
        disqualified: Mapping[UUID, Sequence[Mapping[str, str]]],
    ) -> inputs.Bid:
        """A bid as the rules take it, with its answers for this lot."""
        price, envelope = self.prices[bid.id], self.envelopes[bid.id]
        supplier = self.parties[bid.supplier_id]
        resident = supplier.country == self.home
        said: dict[str, list[str]] = defaultdict(list)
        for each in self.answers[bid.id]:
            said[each.requirement_id].append(_text(each.value["value"]))
        return inputs.Bid(
            id=ids.show("bid", bid.id),
            tenderers=self._names(bid, supplier),
            resident=resident,
            received_at=envelope.received_at,
            commitment=envelope.commitment,
            ciphertext_sha256=envelope.ciphertext_sha256,
            price=_price(price, policy, resident=resident),
            answers=scoring.answers_of(terms, said),
            costs={
                name: sum(map(Decimal, values), Decimal())
                for name, values in said.items()
                if all(map(NUMBER.fullmatch, values))
            },
            scores=scored.get(bid.id, {}),
            delivery=inputs.DeliveryTerms(
                price.incoterm.value if price.incoterm else None,
                price.named_place,
                price.dispatch_country,
            ),
            preference=self._preference(bid.id, supplier, policy),
            disqualified=tuple(
                inputs.Reason(each["code"], each["detail"])
                for each in (*(bid.disqualification or ()), *disqualified.get(bid.id, ()))
            ),
            justification=self._justification(bid.id),
        )

    def _names(self, bid: Bid, supplier: Organisation) -> tuple[str, ...]:
        """The tenderers by their numbers in the official registers, the lead first."""
        others = sorted(
            _register(self.parties[each.organisation_id])
            for each in self.tenderers[bid.id]
            if each.organisation_id != bid.supplier_id
        )
        return (_register(supplier), *others)

    def _preference(
        self, bid_id: UUID, supplier: Organisation, policy: inputs.PolicyTerms
    ) -> inputs.PreferenceClaim | None:
        """The claim, by the origin of all items: one that is not preferred stands for all."""
        claims = self.claims[bid_id]
        if not claims:
            return None
        origins = sorted(
            {each.country_of_origin or supplier.country for each in self.origins[bid_id]}
        )
        foreign = [each for each in origins if each not in policy.preferred_origins]
        evidence = sorted(f"{each.certificate_scheme} {each.certificate_number}" for each in claims)
        origin = (foreign or origins or [supplier.country])[0]
        return inputs.PreferenceClaim(origin, self.accepted.get(bid_id, False), tuple(evidence))

    def _justification(self, bid_id: UUID) -> inputs.Justification | None:
        row = self.justified.get(bid_id)
        if row is None or row.decision is None:
            return None
        accepted = row.status is JustificationStatus.ACCEPTED
        return inputs.Justification(
            Decision.ACCEPTED if accepted else Decision.REJECTED, row.decision
        )

    def _grouped(self, query: Any) -> Mapping[UUID, list[Any]]:
        found: dict[UUID, list[Any]] = defaultdict(list)
        for row in self.session.exec(query):
            found[row.bid_id].append(row)
        return found


def _price(row: LotPrice, policy: inputs.PolicyTerms, *, resident: bool) -> inputs.Price:
    """The price as stated. Without VAT, a resident's has the policy's rate due on it, and a
    non-resident's none of the buyer's country."""
    if row.vat_included:
        vat, rate = VatStatement.GROSS, policy.vat_rate_bp
    elif resident:
        vat, rate = VatStatement.NET, policy.vat_rate_bp
    else:
        vat, rate = VatStatement.NONE, 0
    return inputs.Price(row.amount, row.currency, vat, rate)


def _register(organisation: Organisation) -> str:
    return f"{organisation.identifier_scheme}-{organisation.identifier_id}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
