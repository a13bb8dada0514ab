"""What matching does for the features above it, for the workers and for the command line."""

import gc
from uuid import UUID

from sqlmodel import Session

from api.matching import demands, invitations, vectors
from api.matching.demands import close, register
from api.matching.engine import match_demands, match_tender
from api.matching.explain import explain
from api.matching.feedback import give as give_feedback
from api.matching.index import index_offers
from api.matching.invitations import answer, invite, list_invitations, withdraw
from api.matching.model import active, ensure_model, list_models
from api.matching.queries import (
    explained,
    get_match,
    list_matches,
    matches_of,
    model_of,
    replay,
    request_fields,
    requests_for,
)
from api.matching.reindex import start as start_reindex
from api.matching.reindex import step as reindex_step
from api.matching.reverse import match_offer_to_open
from api.matching.supplies import ids_of_seller
from api.matching.text import glossary, lexical
from api.matching.text.language import Language
from api.matching.why_not import why_not


def warm_up() -> None:
    """Load the encoder, the glossary and the segmenter, so that the first request need not wait.

    They stay as long as the process: a full garbage collection need not look at them again.
    """
    vectors.encode([glossary.default().to_russian("мектеп партасы").text])
    lexical.terms("双人课桌椅", Language.ZH)
    gc.collect()
    gc.freeze()


__all__ = [
    "active",
    "answer",
    "close",
    "ensure_model",
    "explain",
    "explained",
    "forget_tender",
    "get_match",
    "give_feedback",
    "ids_of_seller",
    "index_offers",
    "invite",
    "list_invitations",
    "list_matches",
    "list_models",
    "match_demands",
    "match_offer_to_open",
    "match_tender",
    "matches_of",
    "model_of",
    "register",
    "reindex_step",
    "replay",
    "request_fields",
    "requests_for",
    "start_reindex",
    "warm_up",
    "why_not",
    "withdraw",
]


def forget_tender(session: Session, tender_id: UUID) -> None:
    """A tender was cancelled: its matches go, its open invitations are taken back."""
    invitations.withdraw_all(session, tender_id, actor="worker", reason="tender cancelled")
    demands.forget(session, tender_id)
