"""What Alibaba's open platform pushes to the installation, by the one intake of webhooks.

The platform signs with the secret of the app, which is the installation's: its operator connects
the source, and a message finds the seller by the account that it names. A push tells a state; what
else there is to an order is asked for at once. What it tells of things that we do not know is kept
by the intake, byte for byte, and has no effect.
"""

import hmac
from typing import Any

from sqlmodel import Session, col, select

from api.channels.adapters import alibaba_trade, iop
from api.channels.adapters.port import Order
from api.channels.models import ChannelConnection
from api.channels.service import polling, returns
from api.core.jobs import Job
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource
from api.intake.providers import Provider
from api.intake.schemes import SignatureHeader
from api.rules.channel_listings import ConnectionStatus
from api.rules.permissions import STAFF

_ORDER_IDS = ("trade_id", "trade_order_id", "order_id")
_RFQ_IDS = ("unique_rfq_id", "rfq_id")
_STATES = ("trade_status", "order_status", "status")
_MOMENTS = ("modify_date", "status_update_time", "gmt_modified")


def signature(body: bytes, secret: bytes) -> str:
    """Hexadecimal HMAC-SHA256 of app key and body; the secret is given as `{app key}:{secret}`."""
    key, _, own = secret.partition(b":")
    return hmac.digest(own, key + body, "sha256").hex()


def work(session: Session, job: Job, source: IntakeSource, message: IntakeMessage) -> bool:
    """Take in what a message tells of the sellers whom it names."""
    told = iop.document(intake.content(message)) or {}
    seller, data = told.get("seller_id"), _object(told.get("data"))
    if seller is None:
        return True
    query = select(ChannelConnection).where(
        ChannelConnection.channel == "alibaba",
        ChannelConnection.account == str(seller),
        ChannelConnection.status != ConnectionStatus.DISCONNECTED,
    )
    for connection in session.exec(query.order_by(col(ChannelConnection.id)).with_for_update()):
        _take(session, connection, told, data)
    return True


def _take(
    session: Session,
    connection: ChannelConnection,
    told: dict[str, Any],
    data: dict[str, Any],
) -> None:
    if any(data.get(name) for name in _RFQ_IDS):
        returns.take_inquiry(session, connection, alibaba_trade.rfq(data))
        return
    external_id = _first(data, _ORDER_IDS)
    status = _first(data, _STATES)
    if external_id is None or status is None:
        return
    moment = alibaba_trade.moment(_first(data, _MOMENTS) or told.get("timestamp"))
    order = Order(
        external_id=external_id[:100],
        status=status[:60],
        state=alibaba_trade.state(status),
        modified_at=moment,
        raw={"message_type": told.get("message_type"), "site": told.get("site")},
        whole=False,
    )
    returns.take_order(session, connection, order)
    polling.look_now(session, connection)


def _first(data: dict[str, Any], names: tuple[str, ...]) -> str | None:
    found = (data.get(name) for name in names)
    return next((str(each) for each in found if isinstance(each, str | int) and str(each)), None)


def _object(told: object) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


PROVIDER = Provider(
    "alibaba", {"iop_push": SignatureHeader("Authorization", signature)}, work, roles=STAFF
)
