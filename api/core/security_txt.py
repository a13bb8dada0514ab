"""/.well-known/security.txt (RFC 9116): whom to tell about a weakness."""

from datetime import timedelta

from fastapi.responses import PlainTextResponse

from api.core import settings
from api.core.errors import NotFound
from api.core.http import documented, public_router
from api.rules.clock import utcnow

VALID_DAYS = 180
"""RFC 9116, 2.5.5, advises less than a year."""
_PATH = "/.well-known/security.txt"

router = public_router("", "security")


@router.get(_PATH, response_class=PlainTextResponse, responses=documented(NotFound))
async def security_txt() -> str:
    """Whom to tell about a weakness of this service; 404 while no contact is set."""
    config = settings.get()
    if config.security_contact is None:
        raise NotFound
    expires = (utcnow() + timedelta(days=VALID_DAYS)).strftime("%Y-%m-%dT00:00:00Z")
    return (
        f"Contact: {config.security_contact}\n"
        f"Expires: {expires}\n"
        "Preferred-Languages: ky, ru, en, zh\n"
        f"Canonical: {config.base_url.rstrip('/')}{_PATH}\n"
    )
