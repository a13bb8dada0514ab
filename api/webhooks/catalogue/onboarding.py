"""Events by which an organisation follows its verification, and appeals against suspensions."""

from datetime import date

from pydantic import Field

from api.webhooks.catalogue.kinds import Data, Kind
from api.webhooks.catalogue.procurement import ORGANISATION, TENDER, OfTenderData, OrganisationRef


class EvidenceEventData(Data):
    """Of which kind the document is."""

    kind: str


class EvidenceEndingEventData(EvidenceEventData):
    """A document that was accepted, and its end."""

    valid_through: date
    days_left: int = Field(description="Until its last day; 0 when it is over")


class CertificateEndingEventData(Data):
    """The last day of the certificate."""

    expires_on: date
    days_left: int


class BidCertificateEventData(OfTenderData):
    """The scheme of which nothing is in force any more."""

    scheme: str


class AppealEventData(Data):
    """Whose appeal it is."""

    organisation_id: OrganisationRef


_KIND = {"kind": "registry_extract"}
TYPES = (
    *Kind("evidence", "evidence", "organisation:read", EvidenceEventData, _KIND).types(
        accepted="Your document was accepted as evidence.",
        rejected="Your document was not accepted; it says why.",
        revoked="Your document proves nothing any more; it says why.",
    ),
    *Kind(
        "evidence",
        "evidence",
        "organisation:read",
        EvidenceEndingEventData,
        {**_KIND, "valid_through": "2027-10-31", "days_left": 30},
    ).types(
        expires_soon="Your evidence runs out in 90, 30 or 7 days, and nothing follows it yet.",
        expired="Your evidence has run out, and nothing follows it.",
    ),
    *Kind(
        "certificate",
        "certificate",
        "offers:read",
        CertificateEndingEventData,
        {"expires_on": "2027-10-31", "days_left": 30},
    ).types(expires_soon="Your certificate runs out in 90, 30 or 7 days."),
    *Kind(
        "bid",
        "bid",
        "tenders:read",
        BidCertificateEventData,
        {"tender_id": TENDER, "scheme": "ISO9001"},
    ).types(
        certificate_lapsed="A certificate that a lot asks for has run out for an opened bid.",
    ),
    *Kind(
        "appeal",
        "appeal",
        "organisation:read",
        AppealEventData,
        {"organisation_id": ORGANISATION},
    ).types(
        filed="A suspended organisation has appealed.",
        upheld="An appeal was upheld: the suspension is over.",
        dismissed="An appeal was dismissed: the suspension stands.",
        lapsed="The suspension ended before the appeal was decided.",
    ),
)
INTERNAL = ("organisation.level_lapsed", "evidence.notice_due", "certificate.notice_due")
