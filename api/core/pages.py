"""Keyset pages: the next page costs what the first one costs, however deep it lies."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from api.core import settings
from api.core.errors import InvalidCursor
from api.core.tables import Table

MAX_LIMIT = 100


class PageQuery(BaseModel):
    """`limit` (1-100) and the opaque `cursor` of the page before."""

    limit: int = 20
    cursor: str | None = None


class Page[T](BaseModel):
    """One page of a list, newest first."""

    items: list[T]
    has_more: bool
    next_cursor: str | None


def seal(scope: str, filters: Mapping[str, Any], position: Sequence[Any]) -> str:
    """An opaque cursor that only the same caller, list and filters can use."""
    body = json.dumps([str(part) for part in position]).encode()
    return base64.urlsafe_b64encode(_tag(scope, filters, body) + body).decode().rstrip("=")


def unseal(scope: str, filters: Mapping[str, Any], cursor: str) -> list[str]:
    """The position in a cursor; InvalidCursor when it was altered or is of another list."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        tag, body = raw[:16], raw[16:]
        if not hmac.compare_digest(tag, _tag(scope, filters, body)):
            raise InvalidCursor
        return [str(part) for part in json.loads(body)]
    except ValueError as error:
        raise InvalidCursor from error


def newest_first[T: Table](
    session: Session,
    query: SelectOfScalar[T],
    model: type[T],
    page: PageQuery,
    *,
    scope: str,
    filters: Mapping[str, Any],
) -> tuple[Sequence[T], str | None]:
    """Rows of `query` ordered by id (UUIDv7, so by creation) and the cursor of the next page."""
    if page.cursor:
        (last,) = unseal(scope, filters, page.cursor)
        query = query.where(model.id < UUID(last))
    rows = session.exec(query.order_by(model.id.desc()).limit(page.limit + 1)).all()  # type: ignore[attr-defined]
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, seal(scope, filters, [rows[-1].id])


def _tag(scope: str, filters: Mapping[str, Any], body: bytes) -> bytes:
    known = {k: str(v) for k, v in sorted(filters.items()) if v is not None}
    content = json.dumps([scope, known]).encode() + b"\0" + body
    key = settings.get().secret_key.get_secret_value().encode()
    return hmac.new(key, content, hashlib.sha256).digest()[:16]
