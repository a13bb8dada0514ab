"""Translating products' texts, in the background. Never commits: each step is one transaction.

A step is one product in one language, with a request to the engine for each source language,
which is made before the product is locked. What a person has written or read is never overwritten.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.catalog import products, texts
from api.catalog.models import Product
from api.core import audit, db, jobs
from api.core.errors import FieldError, Invalid
from api.core.ids import show
from api.core.jobs import Job
from api.matching.text.language import Language
from api.reference.models import MarketLanguage
from api.rules import product_texts
from api.rules.clock import local_date
from api.rules.product_texts import FIELDS, Requirement, TextField, TextStatus
from api.translation import engines
from api.translation.port import Engine, Reason, Rendering
from api.translation.schemas import TranslationIn

TASK = "translation.translate_products"
MOST_TOLD = 200
COUNTS = ("translated", "unchanged", "left_out")


class _Wanted(NamedTuple):
    """A text to be made: its field, and the source text that it is made from, if there is one."""

    field: str
    source: Language | None
    text: str


def ask(session: Session, org_id: UUID, actor: str, data: TranslationIn) -> Job:
    """Have products translated; follow the job. Invalid for products that are not the caller's,
    and for a market of which nobody has entered the languages."""
    wanted = list(dict.fromkeys(data.product_ids))
    query = select(Product.id).where(Product.org_id == org_id, col(Product.id).in_(wanted))
    own = {*session.exec(query)}
    errors = [
        FieldError(pointer=f"#/product_ids/{n}", code="unknown", detail="No product of yours.")
        for n, each in enumerate(data.product_ids)
        if each not in own
    ]
    languages = data.languages or _of_market(session, data.market or "")
    if not languages:
        errors.append(
            FieldError(pointer="#/market", code="unknown", detail="No languages are entered.")
        )
    if errors:
        raise Invalid(errors=errors)
    engine = engines.chosen()
    args = {
        "products": [each.hex for each in wanted],
        "languages": list(dict.fromkeys(languages)),
        "actor": actor,
    }
    job = jobs.enqueue(session, TASK, args, org_id=org_id)
    job.progress_total = len(args["products"]) * len(args["languages"])
    job.result = {**dict.fromkeys(COUNTS, 0), "engine": engine.name, "reasons": {}, "refusals": []}
    session.flush()
    change = {"job": job.id.hex, "products": len(wanted), "languages": args["languages"]}
    audit.record(
        session, f"translation:{job.id.hex}", "ask", actor=actor, org_id=org_id, change=change
    )
    return job


def step(session: Session, job: Job) -> bool:
    """Translate the next product into the next language; True after the last. Raises
    EngineUnavailable, after which the same is tried again."""
    assert job.org_id is not None, "a translation belongs to an organisation"
    languages = job.args["languages"]
    at, into = divmod(job.progress_done, len(languages))
    if at == len(job.args["products"]):
        return True
    product_id = UUID(hex=job.args["products"][at])
    outcomes = _translate(
        session, job.org_id, job.args["actor"], product_id, Language(languages[into])
    )
    job.result = _told(job.result or {}, product_id, languages[into], outcomes)
    job.progress_done += 1
    return job.progress_done == job.progress_total


def _translate(
    session: Session, org_id: UUID, actor: str, product_id: UUID, into: Language
) -> list[tuple[str, Rendering | None]]:
    """What became of each field; None where the text is there already."""
    product = session.get(Product, product_id)
    if product is None:
        return []
    outcomes = dict(_settled(session, product, into))
    wanted = [each for each in _wanted(product, into) if each.field not in outcomes]
    if not wanted:
        return [*outcomes.items()]
    engine = engines.chosen()
    found = _rendered(engine, wanted, into)
    session.expire(product)
    product = products.locked(session, org_id, product_id)
    # Whoever wrote or read a text while the engine was asked goes before.
    meanwhile = dict(_settled(session, product, into))
    for each, rendering in zip(wanted, found, strict=True):
        if each.field in meanwhile:
            outcomes[each.field] = meanwhile[each.field]
        else:
            made_by = texts.Engine(engine.name, engine.version, rendering.coverage)
            outcomes[each.field] = _put(session, product, actor, each, into, rendering, made_by)
    return [*outcomes.items()]


def _wanted(product: Product, into: Language) -> Iterator[_Wanted]:
    """The texts of a product, each with what it is to be made from."""
    for field in FIELDS:
        written, origins = texts.texts_of(product, field)
        source = product_texts.source_language(origins, into)
        if source is not None:
            yield _Wanted(field, Language(source), written[source])
        elif written:
            yield _Wanted(field, None, "")


def _rendered(engine: Engine, wanted: Sequence[_Wanted], into: Language) -> list[Rendering]:
    """A rendering for each text, asked for in one request a source language."""
    found = {each: Rendering(None, reason=Reason.NO_SOURCE) for each in wanted}
    for source in dict.fromkeys(each.source for each in wanted):
        if source is not None:
            asked = [each for each in wanted if each.source is source]
            answers = engine.translate([each.text for each in asked], source, into)
            found |= dict(zip(asked, answers, strict=True))
    return [found[each] for each in wanted]


def _put(
    session: Session,
    product: Product,
    actor: str,
    wanted: _Wanted,
    into: Language,
    rendering: Rendering,
    engine: texts.Engine,
) -> Rendering:
    """Give the locked product a text, unless there is none or its source says something else."""
    if rendering.text is None or wanted.source is None:
        return rendering
    if texts.texts_of(product, wanted.field)[0].get(wanted.source) != wanted.text:
        return Rendering(None, reason=Reason.SOURCE_CHANGED)
    try:
        texts.put(
            session,
            product,
            actor,
            field=TextField(wanted.field),
            language=into,
            text=rendering.text,
            origin="machine",
            engine=engine,
        )
    except Invalid:
        return Rendering(None, reason=Reason.NOT_TAKEN)
    return rendering


def _settled(
    session: Session, product: Product, into: Language
) -> Iterator[tuple[str, Rendering | None]]:
    """The fields that need no translation, or may have none: what became of them."""
    for standing in texts.standings(session, product):
        if standing.language != into:
            continue
        if standing.status != TextStatus.STALE:
            yield standing.field, None
        elif standing.origin != "machine" or (standing.note and standing.note.reviewed):
            yield standing.field, Rendering(None, reason=Reason.WRITTEN_BY_A_PERSON)


def _of_market(session: Session, market: str) -> Sequence[str]:
    rows = session.exec(select(MarketLanguage).where(MarketLanguage.market == market))
    required = [Requirement(r.field, r.language, r.valid_from, r.valid_to) for r in rows]
    counting = product_texts.in_force(required, local_date(db.now(session)))
    return [*dict.fromkeys(row.language for row in counting)]


def _told(
    result: dict[str, Any],
    product_id: UUID,
    language: str,
    outcomes: Sequence[tuple[str, Rendering | None]],
) -> dict[str, Any]:
    """A job's result with what a step did: counts, reasons, and the first refusals one by one."""
    counts = Counter({name: result[name] for name in COUNTS})
    reasons, refusals = Counter(result["reasons"]), [*result["refusals"]]
    for field, rendering in outcomes:
        if rendering is None:
            counts["unchanged"] += 1
        elif rendering.reason is None:
            counts["translated"] += 1
        else:
            counts["left_out"] += 1
            reasons[rendering.reason.value] += 1
            refusals.append(
                {
                    "product_id": show("product", product_id),
                    "field": field,
                    "language": language,
                    "reason": rendering.reason.value,
                    "coverage": str(rendering.coverage) if rendering.coverage is not None else None,
                }
            )
    return {
        **result,
        **counts,
        "reasons": dict(reasons),
        "refusals": refusals[:MOST_TOLD],
    }
