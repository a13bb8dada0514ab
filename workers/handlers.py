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
    "tender.published": (
        "matching.match_tender",
        "opendata.publish_tender",
        "opendata.publish_bidding",
    ),
    "tender.amended": (
        "matching.match_tender",
        "opendata.publish_tender",
        "procurement.ask_confirmation",
    ),
    "tender.cancelled": ("matching.forget_tender", "opendata.publish_tender"),
    "tender.closed": (
        "matching.close_tender",
        "opendata.publish_tender",
        "opendata.publish_bidding",
    ),
    "tender.bids_opened": ("opendata.publish_tender", "opendata.publish_bidding"),
    "tender.first_package_opened": ("opendata.publish_tender", "opendata.publish_bidding"),
    "tender.second_package_opened": ("opendata.publish_tender", "opendata.publish_bidding"),
    "opening.ready": ("procurement.open_bids",),
    "tender.period_ended": ("procurement.close_tender",),
}
"""Event type -> tasks, each called with the event's `resource_id`."""

BULK = frozenset({"matching.index_offers"})
"""Tasks that take the `resource_ids` of many events at once."""
