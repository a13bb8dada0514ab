"""The schemas that a release must satisfy before it is committed.

Always: this publisher's own release schema (release-schema.json), which allows just the members,
codes and formats that are published and no others. Besides, when the operator has loaded OCDS's
whole schema (`kerben opendata schema FOLDER`): that one with the `kerben` extension applied. OCP's
files are not part of this package.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft4Validator, ReferencingError, ValidationError
from sqlalchemy import text
from sqlmodel import Session

from api.core import bulk
from api.core.errors import FieldError, Invalid, PublicationInvalid
from api.opendata.models import OcdsSchema

HERE = Path(__file__).parent
EXTENSION = HERE / "extension"
RELEASE = "release"
MAX_SHOWN = 20
_DIGEST = text("SELECT digest FROM ocds_schema WHERE name = :name")
_BODY = text("SELECT body FROM ocds_schema WHERE name = :name")


@cache
def own_release() -> dict[str, Any]:
    """This publisher's release schema."""
    found: dict[str, Any] = json.loads((HERE / "release-schema.json").read_text(encoding="utf-8"))
    return found


@cache
def extension() -> dict[str, Any]:
    """What the `kerben` extension adds to OCDS's release schema, as a JSON merge patch."""
    path = EXTENSION / "release-schema.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def patched(schema: Any, patch: Any) -> Any:
    """A document after an RFC 7396 merge patch."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = dict(schema) if isinstance(schema, dict) else {}
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), change)
    return result


def require_valid(session: Session, release: Mapping[str, Any]) -> None:
    """Raise PublicationInvalid, naming where, unless the release satisfies every schema."""
    found = [*_errors(_own(), release)]
    digest = session.connection().scalar(_DIGEST, {"name": RELEASE})
    if digest is not None:
        if digest not in _whole:
            body = session.connection().scalar(_BODY, {"name": RELEASE})
            _whole.clear()
            _whole[digest] = _validator(body)
        found += _errors(_whole[digest], release)
    if found:
        raise PublicationInvalid(
            f"The release {release.get('id')} is not valid OCDS.", errors=found[:MAX_SHOWN]
        )


def load(session: Session, folder: Path) -> str:
    """Keep OCDS's release schema, with the extension applied; its digest.

    `folder` holds release-schema.json: the standard's, or one with extensions already applied.
    Raises Invalid when there is none or it is no JSON Schema.
    """
    try:
        schema = json.loads((folder / "release-schema.json").read_text(encoding="utf-8"))
        whole = patched(schema, extension())
        _validator(whole)
    except (OSError, ValueError, ValidationError, ReferencingError) as error:
        raise Invalid(f"{folder} has no usable release-schema.json: {error}") from error
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    row = bulk.new_row(name=RELEASE, digest=digest, body=whole)
    bulk.insert(session, OcdsSchema, [row], key=("name",))
    return digest


def loaded(session: Session) -> dict[str, Any] | None:
    """OCDS's whole release schema, if the operator has loaded it."""
    found: dict[str, Any] | None = session.connection().scalar(_BODY, {"name": RELEASE})
    return found


_whole: dict[str, Draft4Validator] = {}


@lru_cache(maxsize=1)
def _own() -> Draft4Validator:
    return _validator(own_release())


def _validator(schema: Mapping[str, Any]) -> Draft4Validator:
    """Formats are checked. Draft 4, as OCDS; the identifier in the schema is no address here."""
    local = {name: value for name, value in schema.items() if name not in ("id", "$schema")}
    return Draft4Validator(local, validate_formats=True)


def _errors(validator: Draft4Validator, release: Mapping[str, Any]) -> Iterator[FieldError]:
    for error in validator.iter_errors(release):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        yield FieldError(
            pointer=f"#{pointer}", code="ocds_invalid", detail=error.message.strip()[:300]
        )
