"""What is refused about signatures."""

from api.core.errors import Conflict, Forbidden


class SignatureRefused(Conflict):
    """The signature does not prove that the organisation signed these bytes; `detail` says why."""

    code, title = "signature_refused", "The signature is not accepted"


class MethodUnavailable(Forbidden):
    """This installation takes no such signatures: click-to-sign is for sandboxes, CMS and PAdES
    need trusted roots (KERBEN_SIGNATURE_TRUST_ROOTS)."""

    code, title = "signature_method_unavailable", "Signatures of this kind are not taken here"


class AlreadySigned(Conflict):
    """This side has signed."""

    code, title = "already_signed", "You have signed already"


class DocumentDiffers(Conflict):
    """What was signed is not the document that lies before the parties."""

    code, title = "document_differs", "Another document was signed"
