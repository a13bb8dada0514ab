"""The procedures that the machine of a tender's life drives, one row each.

Another procedure is another row. What it does beside the steps of `before.py` and `after.py`
(applications, call-offs) is a machine of its own, named in `acts`; what must come before the draft
is `prepare`, which gives further fields of it.
"""

from collections.abc import Mapping
from typing import Any

from tests.procurement import prequalifying
from tests.procurement.life import shortlisted
from tests.procurement.life.candidates import Candidates
from tests.procurement.life.competition import Competition
from tests.procurement.life.kind import Kind

SMALL: Mapping[str, Any] = {"value": {"amount": "900000", "currency": "KGS"}}
TOGETHER = ("join", "leave", "agree_termination")
ALLIED = ("join_application", "leave_application", "join")
KINDS = (
    Kind("open", lots=2, sealed=True, reaches=("prolonged", "disqualify", "refuse", *TOGETHER)),
    Kind("open_of_generic_rules", lots=2, regime="generic", prolonged=False),
    Kind(
        "request_for_quotations",
        {"procedure": "rfq", **SMALL},
        quantity=60,
        lot_value="900000",
        reaches=TOGETHER,
    ),
    Kind(
        "single_source",
        {"procedure": "single_source", "procurement_method_ground": "naturalMonopoly"},
        prolonged=False,
    ),
    Kind("reverse_auction", {"auction_step_bp": 100}, lots=2, reaches=TOGETHER),
    Kind("two_envelopes", lots=2, two_envelopes=True, reaches=TOGETHER),
    Kind(
        "restricted",
        {"procedure": "restricted"},
        terms=prequalifying.TERMS,
        acts=(Candidates,),
        reaches=(
            "replace_application",
            "withdraw_application",
            "held_up_by_complaint",
            "agree_termination",
            *ALLIED,
        ),
        prepare=lambda life: prequalifying.periods(),
    ),
    Kind(
        "restricted_with_shortlist",
        {"procedure": "restricted"},
        country=shortlisted.COUNTRY,
        terms=shortlisted.TERMS,
        acts=(shortlisted.Shortlisted,),
        steps=5,
        reaches=("next_for_consortium", "held_up_by_complaint", *ALLIED),
        prepare=shortlisted.prepare,
    ),
    Kind(
        "framework_agreement",
        {"value": {"amount": "6000000", "currency": "KGS"}},
        lot_value="6000000",
        awards=3,
        steps=4,
        acts=(Competition,),
        reaches=(
            "conclude_agreement",
            "call_off",
            "reject_call_off",
            "cancel_call_off",
            "competition",
            "join",
        ),
    ),
)
