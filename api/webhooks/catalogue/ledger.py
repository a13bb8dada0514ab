"""Events of the books, for the operator's treasury alone."""

from datetime import date

from pydantic import Field

from api.rules.corrections import CorrectionKind, CorrectionStatus
from api.webhooks.catalogue.kinds import Data, Kind


class CorrectionEventData(Data):
    """A correction of the books."""

    kind: CorrectionKind
    status: CorrectionStatus


class ReconciliationEventData(Data):
    """How a clearing account compares with its provider."""

    clearing: str
    currency: str
    difference: str = Field(description="By how much the ledger has more than the provider")
    overdue: int = Field(default=0, description="Lines and entries that are open for too long")
    oldest_on: date | None = None


TYPES = (
    *Kind(
        "ledger_correction",
        "ledgercorrection",
        "treasury:read",
        CorrectionEventData,
        {"kind": CorrectionKind.WRITE_OFF, "status": CorrectionStatus.PROPOSED},
    ).types(
        proposed="A correction of the books waits for a second pair of eyes.",
        carried_out="A correction of the books was carried out.",
        refused="A correction of the books was refused, or taken back.",
    ),
    *Kind(
        "reconciliation",
        "reconciliation",
        "treasury:read",
        ReconciliationEventData,
        {
            "clearing": "bank_clearing",
            "currency": "KGS",
            "difference": "-4.000000",
            "overdue": 1,
            "oldest_on": "2026-11-20",
        },
    ).types(
        difference_found="A clearing account differs from what its provider says, otherwise than before.",
        overdue="More lines and entries than before are open for longer than they may be.",
    ),
)
INTERNAL = ("ledger.night_due",)
