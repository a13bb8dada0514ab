"""Routes of translation."""

from typing import Annotated

from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.translation import service
from api.translation.schemas import TranslationIn

router = access.router("/translations", "translations")
ROUTERS = (router,)
Write = Annotated[Context, require("offers:write")]


@router.post("", status_code=202, response_model=JobOut)
def create(data: TranslationIn, ctx: Write) -> JobOut:
    """Have texts of your products made by the installation's engine; follow `GET /v1/jobs/{id}`.

    Names and descriptions that a language lacks are made from what you wrote, and those that a
    machine made from a text which has changed since are made anew. What a person has written or
    read stays. A text that the engine cannot render well enough is left out: the job's result
    says why, and of the glossary which share of the words it knew. What comes is of origin
    `machine` until somebody has read it (`POST /v1/products/{id}/texts/{field}/{language}/review`).
    """
    job = service.ask(ctx.session, ctx.org_id, ctx.actor, data)
    ctx.headers["Location"] = f"/v1/jobs/job_{job.id.hex}"
    return JobOut.of(job)
