"""Parameters of a policy that contradict each other, which bounds alone cannot say. Pure."""

from api.rules.policy import Policy
from api.rules.publication import OF_BIDS, withholds

_BOUNDS = "The lower bound must not be above the upper one, in the same unit."
_TWICE = "A field is withheld twice."
_TELLING = (
    "The public files of evaluations and the minutes tell of bids: where something of bids is"
    " withheld, publish_evaluation must be false."
)


def contradictions(policy: Policy) -> list[tuple[str, str]]:
    """Each parameter that is in a contradiction, and what is wrong: (name, detail)."""
    fee, step, terms = policy.complaint_fee, policy.auction, policy.framework
    low, high, people = policy.min_value, policy.max_value, policy.openers
    withheld = policy.withheld_information
    found = [
        ("openers", people.threshold > people.count, _BOUNDS),
        ("complaint_fee", fee is not None and fee.minimum > fee.maximum, _BOUNDS),
        ("auction", step is not None and step.minimum_bp > step.maximum_bp, _BOUNDS),
        ("framework", terms is not None and terms.minimum_days > terms.maximum_days, _BOUNDS),
        (
            "min_value",
            low is not None
            and high is not None
            and (low.currency != high.currency or low.amount > high.amount),
            _BOUNDS,
        ),
        ("withheld_information", len({each.field for each in withheld}) < len(withheld), _TWICE),
        (
            "publish_evaluation",
            policy.publish_evaluation and withholds(withheld, OF_BIDS),
            _TELLING,
        ),
    ]
    return [(name, detail) for name, wrong, detail in found if wrong]
