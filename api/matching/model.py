"""The model of the score: rows of weights and parameters, of which one is active."""

from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.core.errors import Unavailable
from api.matching import codec
from api.matching.models import MatchingModel
from api.matching.text import fusion
from api.rules.matching import Parameters

NAME, VERSION = "kerben-default", "2"

# One standard deviation of meaning weighs 1; the other features are in the same measure.
_COMMERCIAL = {
    "code": "2.0",
    "quantity": "0.6",
    "price": "0.8",
    "lead_time": "0.6",
    "incoterm": "0.4",
    "certificates": "0.6",
    "verification": "0.4",
    "performance": "0.2",
    "domestic": "0",
}
_PARAMETERS = Parameters(
    caps={name: Decimal(str(cap)) for name, cap in fusion.CAP.items()},
    routes={
        "CN>KG": ("road", 16),
        "KZ>KG": ("road", 5),
        "KG>KG": ("road", 3),
        "KG>CN": ("road", 16),
        "CN>CN": ("road", 5),
        "UZ>KG": ("road", 6),
        "RU>KG": ("road", 12),
        "TR>KG": ("road", 22),
    },
    places={"cn-kashi": 6, "cn-urumqi": 9, "cn-horgos": 8},
)
_NOTES = {
    "routes": "ASSUMPTION: usual days door to door by road, until routes are measured.",
    "places": "ASSUMPTION: days from places near the border.",
    "caps": "Largest standard scores of the text layer (api/matching/text/fusion.py).",
}


def default_weights() -> dict[str, Decimal]:
    """The text layer's weights times its caps, since features are shares of the caps."""
    text = {
        name: Decimal(str(round(weight * fusion.CAP[name], 6)))
        for name, weight in fusion.WEIGHTS.items()
    }
    return {**text, **{name: Decimal(weight) for name, weight in _COMMERCIAL.items()}}


def ensure_model(session: Session) -> MatchingModel:
    """The active model; the default row is entered when there is none. Seeds call this."""
    if (found := _active(session)) is not None:
        return found
    session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('kerben.matching.model', 0))")
    )
    if (found := _active(session)) is not None:
        return found
    row = MatchingModel(
        name=NAME,
        version=VERSION,
        weights={name: str(weight) for name, weight in default_weights().items()},
        parameters={**codec.parameters_out(_PARAMETERS), "notes": _NOTES},
        active=True,
    )
    session.add(row)
    session.flush()
    return row


def active(session: Session) -> MatchingModel:
    """The model that scores now; Unavailable before the first one was entered."""
    found = _active(session)
    if found is None:
        raise Unavailable("No matching model has been entered yet.")
    return found


def weights_of(model: MatchingModel) -> dict[str, Decimal]:
    """The weights of a row."""
    return {name: Decimal(weight) for name, weight in model.weights.items()}


def parameters_of(model: MatchingModel) -> Parameters:
    """The parameters of a row."""
    return codec.parameters_in(model.parameters)


def list_models(session: Session) -> list[MatchingModel]:
    """Every model, newest first."""
    return list(session.exec(select(MatchingModel).order_by(col(MatchingModel.id).desc())).all())


def _active(session: Session) -> MatchingModel | None:
    return session.exec(select(MatchingModel).where(col(MatchingModel.active))).one_or_none()
