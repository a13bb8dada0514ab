"""The address of a file: signed, short-lived, for a browser that has no credentials to send."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response
from sqlmodel import select

from api.core import db
from api.core.errors import Forbidden, Unauthorized
from api.core.files import service as files
from api.core.files import store
from api.core.files.models import File
from api.core.files.problems import FileWithheld, LinkEnded, RangeNotSatisfiable
from api.core.http import documented, public_router
from api.identity import credentials, links, service
from api.identity.links import FILE_ANSWER, Part, requested_part

router = public_router("/files", "files")


@router.get(
    "/{link}",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        206: {"description": "The range that was asked for"},
        **documented(LinkEnded, FileWithheld, RangeNotSatisfiable),
    },
)
def download(
    request: Request,
    link: Annotated[str, Path(max_length=2_000, description="From an answer of `…/link`")],
    part: Annotated[Part, Depends(requested_part)],
) -> Response:
    """The bytes that a link leads to, for as long as who asked for it may read them."""
    with db.unit_of_work() as session:
        try:
            named = credentials.read_link(link)
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if given and service.authenticate(session, given).id != named.principal_id:
                raise LinkEnded
            service.authenticate_link(session, named)
        except (Unauthorized, Forbidden) as error:
            raise LinkEnded from error
        # What row-level security hides from them now is not there.
        file = session.exec(select(File).where(File.id == named.file_id)).one_or_none()
        if file is None or file.key is None:
            raise LinkEnded
        files.require_given(file)
        start, end = part.of(file)
        pieces = store.get().read(file.key, start, end)
        return links.sent(file, named.name, pieces, start, end)
