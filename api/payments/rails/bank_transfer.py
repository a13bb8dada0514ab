"""Transfers by a bank: payers write a reference, the treasurer uploads files of payments."""

from sqlmodel import col, select

from api.core import db
from api.payments.models import PlatformAccount
from api.payments.rails import Instructions, OrderToSend, RailRefused, Sent, ToCollect
from api.rules.rails import RailName


class BankTransferRail:
    """Nothing is asked over a network: what is taken over here waits for the treasurer's file, and
    is settled by the bank's statement."""

    name = RailName.BANK_TRANSFER

    def instructions(self, collection: ToCollect) -> Instructions:
        """The platform's accounts in the currency. Raises RailRefused when there is none."""
        query = select(PlatformAccount).where(PlatformAccount.currency == collection.currency)
        with db.worker_unit_of_work() as session:
            accounts = [
                {
                    "holder_name": each.holder_name,
                    "bank_name": each.bank_name,
                    "bic": each.bic,
                    "number": each.number,
                }
                for each in session.exec(query.where(col(PlatformAccount.closed_at).is_(None)))
            ]
        if not accounts:
            raise RailRefused("no_bank_account", f"No account in {collection.currency}.")
        return Instructions(collection.reference, accounts=accounts)

    def send(self, order: OrderToSend) -> Sent:
        """Take an order over: the end-to-end id tells it apart in the file and the statement."""
        return Sent(provider_id=order.end_to_end_id)
