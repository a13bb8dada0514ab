"""Tasks of payments."""

from uuid import UUID

from sqlmodel import Session

from api.contracts.models import Acceptance, Dispute, LdClaim
from api.core.jobs import Job
from api.payments.models import (
    Collection,
    ContractRefund,
    MilestonePayment,
    PayeeAccount,
    PaymentDispute,
    PaymentMilestone,
    PaymentOrder,
)
from api.payments.service import (
    clearing_balances,
    collections,
    commission_invoices,
    following,
    forfeiture_payouts,
    forfeitures,
    guarantees,
    holds,
    milestones,
    nights,
    reconciling,
    securities,
    security_cards,
    security_returns,
    sending,
    subscription_billing,
    suspense_decisions,
    tariffs,
)
from api.payments.stripe_rail import (
    authorisations,
    chargebacks,
    losses,
    polling,
    recovery,
    refunded,
    subscribing,
)
from api.payments.stripe_rail import payees as stripe_payees
from api.screening.models import ScreeningCase
from workers.app import batch_task, task


@task("payments.expire_hold")
def expire_hold(session: Session, resource_id: str) -> None:
    """The time of a hold is over: what nobody posted is free again."""
    holds.expire_due(session, UUID(hex=resource_id))


@task(sending.TASK)
def send(session: Session, resource_id: str) -> None:
    """An order was approved: its rail is asked to send it."""
    sending.send(UUID(hex=resource_id))


@task("payments.instruct")
def instruct(session: Session, resource_id: str) -> None:
    """Money is expected: its rail is asked how it is paid."""
    sending.instruct(UUID(hex=resource_id))


@task("payments.send_cleared")
def send_cleared(session: Session, resource_id: str) -> None:
    """A screening case holds no money back any more: what waits for its organisation may go."""
    case = session.get_one(ScreeningCase, UUID(hex=resource_id))
    sending.send_waiting(session, case.organisation_id)
    sending.hold_sent(session, case.organisation_id)


@task("payments.hold_sent")
def hold_sent(session: Session, resource_id: str) -> None:
    """A screening case holds money back: what no bank has executed yet is kept out of files."""
    case = session.get_one(ScreeningCase, UUID(hex=resource_id))
    sending.hold_sent(session, case.organisation_id)


@task("payments.invoice_commission")
def invoice_commission(session: Session, resource_id: str) -> None:
    """A payment has arrived: the supplier is told by an invoice what was kept of it."""
    commission_invoices.of_order(session, UUID(hex=resource_id))


@task("payments.send_waiting")
def send_waiting(session: Session, resource_id: str) -> None:
    """An account of a payee has changed: what waits for it is tried again."""
    account = session.get_one(PayeeAccount, UUID(hex=resource_id))
    sending.send_waiting(session, account.organisation_id)


@task("payments.send_to_organisation")
def send_to_organisation(session: Session, resource_id: str) -> None:
    """An organisation has changed, perhaps to verified: what waits for it is tried again."""
    sending.send_waiting(session, UUID(hex=resource_id))


@task("payments.close_ledger_day")
def close_ledger_day(session: Session, resource_id: str) -> None:
    """It is night: the day that is over is closed."""
    nights.close(session, resource_id)


@task("payments.check_ledger")
def check_ledger(session: Session, resource_id: str) -> None:
    """It is night: kept balances are compared with the fold of their entries."""
    nights.check(session)


@task("payments.expire_holds")
def expire_holds(session: Session, resource_id: str) -> None:
    """It is night: holds whose time is over are ended, should their own deadline be lost."""
    nights.expire_holds(session)


@task("payments.announce_overdue")
def announce_overdue(session: Session, resource_id: str) -> None:
    """Something has waited too long for its match: who may correct the books is written to."""
    clearing_balances.announce_overdue(session, UUID(hex=resource_id))


@batch_task(reconciling.TASK)
def reconcile(session: Session, job: Job) -> bool:
    """Match the next clearing account with what its providers say."""
    return reconciling.step(session, job)


@task("payments.freeze_commission")
def freeze_commission(session: Session, resource_id: str) -> None:
    """A contract was signed: what the platform asks of it is settled for ever."""
    tariffs.freeze(session, UUID(hex=resource_id))


@task("payments.bill_subscription")
def bill_subscription(session: Session, resource_id: str) -> None:
    """A subscription has begun, changed or been renewed: what it costs is invoiced and asked for."""
    subscription_billing.bill(session, UUID(hex=resource_id))


@task(subscribing.TASK)
def subscribe_at_stripe(session: Session, resource_id: str) -> None:
    """A subscription that Stripe renews has begun or changed: Stripe is told."""
    subscribing.follow_wish(UUID(hex=resource_id))


@task("payments.follow_charge")
def follow_charge(session: Session, resource_id: str) -> None:
    """Money has come: a subscription that it pays goes on."""
    subscription_billing.paid(session, UUID(hex=resource_id))


@task("payments.renew_subscription")
def renew_subscription(session: Session, resource_id: str) -> None:
    """The period of a subscription is over: the next one begins, or none."""
    subscription_billing.period_ended(session, UUID(hex=resource_id))


@task("payments.dun_charge")
def dun_charge(session: Session, resource_id: str) -> None:
    """The time to pay a charge is over."""
    subscription_billing.payment_due(session, UUID(hex=resource_id))


@task("payments.pause_subscription")
def pause_subscription(session: Session, resource_id: str) -> None:
    """The grace after an unpaid charge is over."""
    subscription_billing.grace_ended(session, UUID(hex=resource_id))


@task("payments.watch_guarantee")
def watch_guarantee(session: Session, resource_id: str) -> None:
    """A guarantee may be about to expire, or have expired."""
    guarantees.validity_due(session, UUID(hex=resource_id))


@task("payments.follow_guarantee")
def follow_guarantee(session: Session, resource_id: str) -> None:
    """Something has become of a guarantee: what it secures follows, and the advances under it."""
    securities.follow_guarantee(session, UUID(hex=resource_id))
    following.follow_guarantee(session, UUID(hex=resource_id))


@task("payments.book_guarantee")
def book_guarantee(session: Session, resource_id: str) -> None:
    """A guarantor has paid: it is owed to the beneficiary, and paid on."""
    guarantees.book_paid(session, UUID(hex=resource_id))
    forfeiture_payouts.of_guarantee(session, UUID(hex=resource_id))


@task(forfeiture_payouts.TASK)
def pay_forfeiture(session: Session, forfeiture_id: str, payee_account_id: str) -> None:
    """The beneficiary has said where what it kept is to be paid."""
    forfeiture_payouts.pay_to(session, UUID(hex=forfeiture_id), UUID(hex=payee_account_id))


@task(security_cards.CAPTURE)
def capture_authorisation(session: Session, resource_id: str) -> None:
    """It was decided to keep a security: a card is charged while that is possible."""
    authorisations.capture(UUID(hex=resource_id))


@task(security_cards.VOID)
def void_authorisation(session: Session, resource_id: str) -> None:
    """A security goes back, or is not wanted any more: the authorisation of a card is given up."""
    authorisations.void(UUID(hex=resource_id))


@task("payments.schedule_returns")
def schedule_returns(session: Session, resource_id: str) -> None:
    """Something has happened to a tender: its securities may have to go back."""
    security_returns.reschedule_tender(session, UUID(hex=resource_id))


@task("payments.schedule_returns_of_award")
def schedule_returns_of_award(session: Session, resource_id: str) -> None:
    """An award was decided, or has fallen: the securities of its tender may have to go back."""
    security_returns.reschedule_award(session, UUID(hex=resource_id))


@task("payments.schedule_return_of_bid")
def schedule_return_of_bid(session: Session, resource_id: str) -> None:
    """A bid is over: its security goes back."""
    security_returns.reschedule_bid(session, UUID(hex=resource_id))


@task("payments.schedule_returns_of_contract")
def schedule_returns_of_contract(session: Session, resource_id: str) -> None:
    """A contract was signed, or is over: securities may have to go back."""
    security_returns.reschedule_contract(session, UUID(hex=resource_id))


@task("payments.return_security")
def return_security(session: Session, resource_id: str) -> None:
    """The day of a security's return may have come."""
    security_returns.return_due(session, UUID(hex=resource_id))


@task("payments.execute_forfeiture")
def execute_forfeiture(session: Session, resource_id: str) -> None:
    """The time to contest a decision to keep a security may be over."""
    forfeitures.execute_due(session, UUID(hex=resource_id))


@task(milestones.FOLLOW)
def follow_contract(session: Session, resource_id: str) -> None:
    """Something has happened to a contract: its payments follow."""
    following.follow(session, UUID(hex=resource_id))


@task("payments.follow_acceptance")
def follow_acceptance(session: Session, resource_id: str) -> None:
    """Goods were accepted: what was to be paid for them is due."""
    following.follow(session, session.get_one(Acceptance, UUID(hex=resource_id)).contract_id)


@task("payments.follow_dispute")
def follow_dispute(session: Session, resource_id: str) -> None:
    """A dispute was opened or closed: it holds payments, or lets them go."""
    following.follow(session, session.get_one(Dispute, UUID(hex=resource_id)).contract_id)


@task("payments.follow_claim")
def follow_claim(session: Session, resource_id: str) -> None:
    """Damages were agreed: they are taken off payments."""
    following.follow(session, session.get_one(LdClaim, UUID(hex=resource_id)).contract_id)


@task("payments.follow_milestone")
def follow_milestone(session: Session, resource_id: str) -> None:
    """The days after a fact are over: something is due."""
    following.follow(session, session.get_one(PaymentMilestone, UUID(hex=resource_id)).contract_id)


@task("payments.follow_payment")
def follow_payment(session: Session, resource_id: str) -> None:
    """A payment was approved, or paid outside: it is made, or booked."""
    following.follow(session, session.get_one(MilestonePayment, UUID(hex=resource_id)).contract_id)


@task("payments.follow_refund")
def follow_refund(session: Session, resource_id: str) -> None:
    """A refund was approved: it is made."""
    following.follow(session, session.get_one(ContractRefund, UUID(hex=resource_id)).contract_id)


@task(collections.FOLLOW)
def follow_collection(session: Session, resource_id: str) -> None:
    """Money has come: what it is for can be paid."""
    following.follow_collection(session, session.get_one(Collection, UUID(hex=resource_id)))


@task("payments.follow_order")
def follow_order(session: Session, resource_id: str) -> None:
    """An order was settled, or was not: its payment, refund or return follows."""
    order = session.get_one(PaymentOrder, UUID(hex=resource_id))
    following.follow_order(session, order)
    suspense_decisions.follow_order(session, order)


@batch_task(polling.EVENTS)
def poll_stripe_events(session: Session, job: Job) -> bool:
    """Take in the events of Stripe that no webhook brought."""
    return polling.poll_events(session, job)


@batch_task(polling.LINES)
def fetch_stripe_lines(session: Session, job: Job) -> bool:
    """Keep the balance transactions of Stripe that are new."""
    return polling.fetch_lines(session, job)


@task("payments.warn_of_evidence")
def warn_of_evidence(session: Session, resource_id: str) -> None:
    """Evidence for a dispute of a payer is due soon."""
    chargebacks.warn(session, session.get_one(PaymentDispute, UUID(hex=resource_id)))


@task(recovery.TASK)
def take_back(session: Session, resource_id: str) -> None:
    """A supplier owes what it was paid: what its balance at Stripe has is reversed."""
    recovery.take_back(UUID(hex=resource_id))


@task(chargebacks.TAKE_BACK)
def take_back_loss(session: Session, resource_id: str) -> None:
    """A dispute was lost after its money was released: the seller's transfers are reversed."""
    losses.take_back_dispute(UUID(hex=resource_id))


@task(refunded.TAKE_BACK)
def take_back_refund(session: Session, resource_id: str) -> None:
    """Money was refunded in Stripe's dashboard after its release: the seller's transfers are
    reversed."""
    losses.take_back_refund(UUID(hex=resource_id))


@task(stripe_payees.ONBOARD)
def onboard_payee(session: Session, resource_id: str) -> None:
    """A payee account was added: it gets its account at Stripe, if it is of that rail."""
    stripe_payees.onboard(UUID(hex=resource_id))


@task(stripe_payees.INVITE)
def invite_payee(session: Session, resource_id: str) -> None:
    """Make a link by which a payee goes through Stripe's onboarding."""
    stripe_payees.invite(UUID(hex=resource_id))
