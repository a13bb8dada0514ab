"""What the sections of a release share: the process they tell of, and what one of them says."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session

from api.identity import service as identity
from api.identity.models import Organisation
from api.opendata.ocds.values import Json, reference
from api.procurement.models import Tender


@dataclass
class Section:
    """Members of the release, and the roles of the organisations they name."""

    members: Json
    parties: dict[UUID, set[str]] = field(default_factory=dict)


@dataclass
class Process:
    """The published tender that a release is about, and the organisations read of so far."""

    session: Session
    tender: Tender
    _known: dict[UUID, Organisation] = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.tender.language

    def organisation(self, org_id: UUID) -> Organisation:
        """An organisation that a section names."""
        if org_id not in self._known:
            self._known[org_id] = identity.get_organisation(self.session, org_id)
        return self._known[org_id]

    def reference(self, org_id: UUID) -> Json:
        """An OrganizationReference."""
        return reference(self.organisation(org_id), self.language)
