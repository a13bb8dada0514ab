"""OCDS packages around stored releases and records, put together as bytes."""

import hashlib
from collections.abc import Sequence

from api.core import settings
from api.opendata.ocds.merging import encoded
from api.opendata.ocds.values import Json

VERSION = "1.1"
EXTENSION_PATH = "/public/ocds/extension"
_REGISTRY = "https://raw.githubusercontent.com/open-contracting-extensions"
_REGISTERED = (
    "ocds_lots_extension/v1.1.5",
    "ocds_bid_extension/v1.1.5",
    "ocds_enquiry_extension/v1.1.5",
    "ocds_location_extension/v1.1.5",
    "ocds_bidOpening_extension/master",
    "ocds_requirements_extension/master",
    "ocds_techniques_extension/master",
    "ocds_awardCriteria_extension/master",
    "ocds_withheldInformation_extension/master",
    "ocds_pagination_extension/master",
)


def extensions() -> list[str]:
    """What the releases use beyond OCDS, the extension of this service last."""
    own = f"{settings.get().base_url}{EXTENSION_PATH}/extension.json"
    return [*(f"{_REGISTRY}/{each}/extension.json" for each in _REGISTERED), own]


def package(
    kind: str, path: str, bodies: Sequence[bytes], *, published: str, next_path: str | None = None
) -> bytes:
    """A package of `releases` or `records`; `published` is the instant of its newest content."""
    config = settings.get()
    head: Json = {
        "uri": f"{config.base_url}{path}",
        "version": VERSION,
        "extensions": extensions(),
        "publishedDate": published,
        "publisher": {"name": config.ocds_publisher, "uri": config.base_url},
        "license": config.ocds_license,
    }
    if config.ocds_policy:
        head["publicationPolicy"] = config.ocds_policy
    if next_path:
        head["links"] = {"next": f"{config.base_url}{next_path}"}
    return b"".join((encoded(head)[:-1], f',"{kind}":['.encode(), b",".join(bodies), b"]}"))


def etag_of(*parts: str) -> str:
    """The entity tag of what is put together from these parts, tags or addresses."""
    return f'"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"'
