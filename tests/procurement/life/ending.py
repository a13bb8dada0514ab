"""Rules of contracts in force: both sides give one up, and neither does so alone."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from api.contracts.models import Contract
from api.core import ids
from api.rules.contracts import ContractStatus, TerminationReason
from api.rules.tenders import TenderStage
from tests.procurement.life.after import After


class Ending(After):
    """What happens to a contract after it was signed."""

    def __init__(self) -> None:
        super().__init__()
        self.given_up: set[UUID] = set()

    @precondition(lambda self: self.stage is TenderStage.CONTRACT_SIGNED and bool(self.in_force()))
    @rule(agreed=st.booleans())
    def give_up(self, agreed: bool) -> None:
        """The buyer proposes it, and withdraws or the supplier agrees."""
        contract, buyer = self.in_force()[-1], self.parties.buyer
        url = f"/v1/contracts/{ids.show('contract', contract.id)}"
        supplier = next(firm for firm in self.firms if firm.org_id == contract.supplier_id)

        def agree(by: Any) -> Any:
            return self.attempt("agree_termination", by, f"{url}/agree-termination")

        assert agree(supplier).json()["code"] == "termination_not_proposed"
        body = {"reason": "mutual", "details": "Потребности больше нет"}
        alone = self.attempt("propose_termination", buyer, f"{url}/terminate", **body)
        assert (alone.status_code, alone.json()["status"]) == (200, "active"), alone.text
        others = [by for by in (buyer, *self.firms) if by != supplier]
        assert {agree(by).status_code for by in others} <= {403, 404}
        if not agreed:
            taken_back = self.attempt("withdraw_termination", buyer, f"{url}/withdraw-termination")
            assert taken_back.status_code == 200, taken_back.text
            assert agree(supplier).status_code == 409
            return
        done = agree(supplier)
        assert (done.status_code, done.json()["status"]) == (200, "terminated"), done.text
        self.given_up.add(contract.id)
        assert agree(supplier).status_code == 409

    def in_force(self) -> list[Contract]:
        found = [each for each in self.rows(Contract) if each.status is ContractStatus.ACTIVE]
        return sorted(found, key=lambda each: each.id)

    @invariant()
    def nobody_gives_a_contract_up_alone(self) -> None:
        if self.stage is TenderStage.CONTRACT_SIGNED:
            mutual = TerminationReason.MUTUAL
            ended = {e.id for e in self.rows(Contract) if e.termination_reason is mutual}
            assert ended == self.given_up
