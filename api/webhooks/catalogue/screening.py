"""Events of screening, for the operator's desk alone: who is screened is told nothing."""

from api.rules.screening import CaseStatus
from api.webhooks.catalogue.kinds import Data, Kind
from api.webhooks.catalogue.procurement import ORGANISATION, OrganisationRef


class ScreeningCaseEventData(Data):
    """A case, and whom nothing is paid meanwhile."""

    organisation_id: OrganisationRef
    status: CaseStatus


TYPES = Kind(
    "screening_case",
    "screeningcase",
    "screening:read",
    ScreeningCaseEventData,
    {"organisation_id": ORGANISATION, "status": CaseStatus.OPEN},
).types(
    held="A case holds money back: it was opened, proposed for clearance, or confirmed.",
    settled="A case holds no money back any more: two people cleared it, or it lapsed.",
)
INTERNAL = ("screening.rescreen_due",)
