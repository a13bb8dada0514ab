"""What the golden files are computed from: five bids by each kind of terms."""

from dataclasses import replace

from api.rules.evaluation import Inputs
from api.rules.evaluation.inputs import Reason, VatStatement
from tests.rules.evaluation import samples
from tests.rules.evaluation.samples import D, bid

NAMES = ("lowest_price", "gross", "life_cycle_cost", "rated", "rated_cost")
_BIDS = (
    (1000, VatStatement.NET, "KGS", "24", "oak"),
    (1120, VatStatement.GROSS, "KGS", "36", "pine"),
    ("85.5", VatStatement.NONE, "CNY", "12", "oak"),
    (420, VatStatement.NET, "KGS", "18.5", "chipboard"),
    (990, VatStatement.NET, "KGS", "30", "oak"),
)


def golden(index: int) -> Inputs:
    """The inputs of NAMES[index]: one bid is preferred, one abnormally low, one disqualified."""
    terms = samples.TERMS[index]
    judged = any(each.id == "method" for each in terms.criteria)
    bids = [
        bid(
            n,
            amount,
            price=samples.price(amount, vat, currency=currency),
            resident=vat is not VatStatement.NONE,
            answers={"warranty": warranty, "wood": wood},
            scores={"method": {"commission_member_1": D(60 + n)}} if judged else {},
            costs={"kwh": D(300 + n), "service": D(50), "disposal": D(-9)},
            preference=samples.claim() if n == 1 else None,
        )
        for n, (amount, vat, currency, warranty, wood) in enumerate(_BIDS)
    ]
    bids[4] = replace(bids[4], disqualified=(Reason("certificate_missing", "Нет сертификата"),))
    return samples.inputs(
        *bids,
        terms=terms,
        policy=samples.policy(
            domestic_preference_bp=2000,
            below_mean_bp=4000,
            below_next_bp=3000,
            alert_spread_bp=3000,
        ),
    )
