"""The delivered cost of quotes: the port of sourcing's comparison, by the same computation that
evaluations of tenders use."""

from sqlmodel import Session

from api.delivery.landed_cost import files
from api.delivery.service import composing
from api.delivery.service.composing import Known, WrittenTerms
from api.sourcing.service.costing import Asked, Cost, Costing

_FIGURES = (
    "buyer_logistics",
    "insurance",
    "local_charges",
    "customs_value",
    "fee",
    "duty",
    "remedies",
    "excise",
    "vat",
)


def costing(session: Session) -> Costing:
    """Compute delivered costs of the quotes for one request; raises NotComputable for each alone."""
    known = Known(session)

    def cost(asked: Asked) -> Cost:
        inputs, result = composing.computed(known, _as_delivery_asks(asked))
        return Cost(
            currency=result.currency,
            total_gross=result.total_gross,
            total_net=result.total_net,
            figures={name: getattr(result, name) for name in _FIGURES},
            lines={line.id: line.total_gross for line in result.lines},
            route_code=inputs.route.code if inputs.route else None,
            notices=[files.document(notice) for notice in result.notices],
            unreviewed=result.unreviewed,
            inputs_sha256=files.inputs_sha256(inputs),
        )

    return cost


def _as_delivery_asks(asked: Asked) -> composing.Asked:
    """A sea rule counts as the land rule at the same place, with a flag, as it does for bids."""
    return composing.Asked(
        subject=asked.subject,
        destination=asked.destination,
        dispatch_country=asked.dispatch_country,
        terms=WrittenTerms(
            incoterm=asked.incoterm,
            place_code=asked.place_code,
            is_seller_premises=asked.is_seller_premises,
            importer_of_record=asked.importer_of_record,
            importer_tax_id=asked.importer_tax_id,
            vat_recovered_by=asked.vat_recovered_by,
            deemed=True,
        ),
        currency=asked.currency,
        price_includes_vat=asked.price_includes_vat,
        lines=asked.lines,
        day=asked.day,
        rates_source=None,
        rates_day=asked.day,
        stated=asked.stated,
    )
