"""What the sections of a release share: the process they tell of, and what one of them says."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.identity import service as identity
from api.identity.models import Organisation
from api.opendata.ocds.values import Json, reference
from api.procurement.models import Tender

_PUBLISHER = text("SELECT set_config('kerben.publisher', 'on', true)")


def act_as_publisher(session: Session) -> None:
    """See, whoever acts, what everybody may read of published tenders, until the transaction ends."""
    session.connection().execute(_PUBLISHER)


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

    def learn(self, org_ids: Iterable[UUID]) -> None:
        """Read many organisations at once that a section is about to name."""
        unknown = {*org_ids} - self._known.keys()
        if unknown:
            query = select(Organisation).where(col(Organisation.id).in_(unknown))
            self._known |= {each.id: each for each in self.session.exec(query)}

    def organisation(self, org_id: UUID) -> Organisation:
        """An organisation that a section names."""
        if org_id not in self._known:
            self._known[org_id] = identity.get_organisation(self.session, org_id)
        return self._known[org_id]

    def reference(self, org_id: UUID) -> Json:
        """An OrganizationReference."""
        return reference(self.organisation(org_id), self.language)
