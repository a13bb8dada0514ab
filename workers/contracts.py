"""Tasks of contracts."""

from uuid import UUID

from sqlmodel import Session

from api.contracts import acceptances, call_offs, disputes, due, goods, order_moves, orders
from api.contracts import service as contracts
from workers.app import task


@task("contracts.cancel_fallen")
def cancel_fallen(session: Session, resource_id: str) -> None:
    """An award was cancelled: a contract about it that was not signed yet is cancelled too."""
    contracts.cancel_fallen(session, UUID(hex=resource_id))


@task("contracts.draft_call_off")
def draft_call_off(session: Session, resource_id: str) -> None:
    """An award was approved: one that was called off without competition gets its contract."""
    call_offs.draw_up(session, UUID(hex=resource_id))


@task("contracts.watch_deliveries")
def watch_deliveries(session: Session, resource_id: str) -> None:
    """The due days of a contract may have changed: the clock wakes for each of them."""
    due.arm(session, UUID(hex=resource_id))


@task("contracts.announce_delivery")
def announce_delivery(session: Session, resource_id: str) -> None:
    """A row of a delivery schedule may be at risk, or late."""
    due.announce(session, UUID(hex=resource_id))


@task("contracts.deem_acceptance")
def deem_acceptance(session: Session, resource_id: str) -> None:
    """The time of a buyer to say something about presented goods may be over."""
    acceptances.deem_due(session, UUID(hex=resource_id))


@task("contracts.advance_dispute")
def advance_dispute(session: Session, resource_id: str) -> None:
    """The stage of a dispute may have lasted as long as it may."""
    disputes.advance_due(session, UUID(hex=resource_id))


@task("contracts.watch_goods")
def watch_goods(session: Session, resource_id: str) -> None:
    """A contract was signed or changed: its goods are held against the lists."""
    goods.watch(session, UUID(hex=resource_id))


@task("contracts.pass_quotes_over")
def pass_quotes_over(session: Session, resource_id: str) -> None:
    """An order was confirmed: whoever else quoted is told."""
    order_moves.pass_others_over(session, UUID(hex=resource_id))


@task("contracts.reopen_request")
def reopen_request(session: Session, resource_id: str) -> None:
    """A seller refused an order: the buyer may order from another quote."""
    order_moves.reopen_request(session, UUID(hex=resource_id))


@task("contracts.lapse_order")
def lapse_order(session: Session, resource_id: str) -> None:
    """The quote of an order that nobody has answered may have lapsed."""
    orders.lapse_due(session, UUID(hex=resource_id))
