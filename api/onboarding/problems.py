"""What is refused while an organisation is verified."""

from api.core.errors import Conflict


class ReviewedAlone(Conflict):
    """Who has uploaded a document does not review it."""

    code, title = "reviewed_alone", "Another person must review the document"


class EvidenceMissing(Conflict):
    """Documents that the first level asks for are not there; `detail` names them."""

    code, title = "evidence_missing", "Evidence is missing"


class EvidenceLapsed(Conflict):
    """The document has run out already, or begins after its end: it proves nothing today."""

    code, title = "evidence_lapsed", "The document is out of date"
