"""What the answers of which routes can be expanded by: the one list of `expand[]`."""

from api.identity.answers import Read, Resource

_OF_TENDER = {"tender_id": "id"}
_OF_CONTRACT = {"contract_id": "id"}
_TENDER = Read("tenders_get", {"tender_id": "tender_id"})

RESOURCES = (
    Resource(
        "tender",
        ("tenders_get", "tenders_list"),
        {
            "buyer": Read("organisations_get", {"organisation_id": "buyer_id"}),
            "documents": Read("documents_list", _OF_TENDER),
            "submission_terms": Read("bidding_get_terms", _OF_TENDER),
            "award_terms": Read("evaluations_get_terms", _OF_TENDER),
            "enquiries": Read("enquiries_list", _OF_TENDER),
            "matches": Read("matches_list", _OF_TENDER),
            "awards": Read("awards_list", _OF_TENDER),
            "contracts": Read("contracts_list", _OF_TENDER),
            "metadata": Read("tenders_get_metadata", _OF_TENDER),
        },
    ),
    Resource("bid", ("bids_get", "bids_list"), {"tender": _TENDER}),
    Resource(
        "award",
        ("awards_get", "awards_list"),
        {"tender": _TENDER},
    ),
    Resource(
        "contract",
        ("contracts_get", "contracts_list"),
        {
            "tender": _TENDER,
            "schedules": Read("schedules_list", _OF_CONTRACT),
            "delivery_schedule": Read("schedules_rows", _OF_CONTRACT),
            "shipments": Read("shipments_list", {"contract_id": "id"}),
            "acceptances": Read("acceptances_list", _OF_CONTRACT),
            "metadata": Read("contracts_get_metadata", _OF_CONTRACT),
        },
    ),
    Resource(
        "match",
        ("matches_get", "matches_list"),
        {
            "offer": Read("offers_get", {"offer_id": "offer_id"}),
            "supplier": Read("organisations_get", {"organisation_id": "seller_id"}),
            "explanation": Read("matches_explain", {"match_id": "id"}),
        },
    ),
    Resource(
        "offer",
        ("offers_get", "offers_list"),
        {
            "supplier": Read("organisations_get", {"organisation_id": "seller_id"}),
            "metadata": Read("offers_get_metadata", {"offer_id": "id"}),
        },
    ),
    Resource(
        "product",
        ("products_get", "products_list"),
        {"metadata": Read("products_get_metadata", {"product_id": "id"})},
    ),
)
