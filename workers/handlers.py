"""What happens after what: the only place where features meet upstream."""

HANDLERS: dict[str, tuple[str, ...]] = {
    "offer.activated": ("matching.index_offers",),
    "offer.changed": ("matching.index_offers",),
    "offer.suspended": ("matching.index_offers",),
    "offer.expired": ("matching.index_offers",),
    "offer.validity_ended": ("catalog.expire_offer",),
    "certificate.expired": ("catalog.announce_certificate",),
    "certificate.withdrawn": ("catalog.announce_certificate",),
    "organisation.changed": ("matching.index_seller",),
    "debarment.began": ("identity.announce_debarment",),
    "debarment.ended": ("identity.announce_debarment",),
    "tender.published": ("matching.match_tender", "opendata.publish_tender"),
    "tender.amended": ("matching.match_tender", "opendata.publish_tender"),
    "tender.cancelled": ("matching.forget_tender", "opendata.publish_tender"),
    "tender.closed": ("matching.close_tender", "opendata.publish_tender"),
    "tender.suspended": ("opendata.publish_tender",),
    "tender.resumed": ("matching.match_tender", "opendata.publish_tender"),
    "tender.prolonged": ("matching.match_tender", "opendata.publish_tender"),
    "tender.unsuccessful": ("matching.close_tender", "opendata.publish_tender"),
    "enquiry.answered": ("opendata.publish_enquiry",),
    "tender.lots_changed": ("opendata.publish_tender",),
    "tender.awards_pending": ("opendata.publish_tender",),
    "tender.awards_settled": ("opendata.publish_tender",),
    "tender.evaluation_repeated": ("opendata.publish_tender",),
    "tender.completed": ("opendata.publish_tender",),
    "award.cancelled": ("contracts.cancel_fallen",),
    "award.standstill_ended": ("procurement.conclude_lot",),
    "complaint.window_ended": ("procurement.discard_complaint",),
    "complaint.review_due": ("procurement.mark_complaint_overdue",),
    "tender.period_ended": ("procurement.close_tender",),
}
"""Event type -> tasks, each called with the event's `resource_id`."""

BULK = frozenset({"matching.index_offers"})
"""Tasks that take the `resource_ids` of many events at once."""
