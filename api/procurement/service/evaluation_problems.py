"""Why an evaluation cannot go on, as problems with stable codes."""

from api.core.errors import Conflict, Forbidden


class ConflictUndeclared(Forbidden):
    """Members see and decide nothing before they declare that they have no conflict of interest;
    where a commission was appointed, others decide nothing at all."""

    code, title = (
        "conflict_of_interest_undeclared",
        "Only members who declared no conflict of interest may do this",
    )


class ConflictDeclared(Forbidden):
    """The member has declared a conflict of interest and is excluded."""

    code, title = "conflict_of_interest", "You have declared a conflict of interest"


class BidsNotOpened(Conflict):
    """The bids are not open, or the evaluation is over."""

    code, title = "not_evaluating", "The tender is not being evaluated"


class FourEyes(Conflict):
    """What one person proposed, another must complete."""

    code, title = "four_eyes", "Another person must complete it"


class EvaluationStale(Conflict):
    """Something that the draft was computed from has changed since: propose another."""

    code, title = "evaluation_stale", "The draft no longer follows from what is decided"


class JustificationAwaited(Conflict):
    """An abnormally low price has not been decided about; `errors` names the bids."""

    code, title = "justification_awaited", "An abnormally low price must be decided about first"


class NotAbnormallyLow(Conflict):
    """The price of the bid is not abnormally low by the tender's policy."""

    code, title = "not_abnormally_low", "The price is not abnormally low"


class AnswerAwaited(Conflict):
    """The supplier may still answer."""

    code, title = "answer_awaited", "The supplier may still answer"


class AnswerLate(Conflict):
    """The time to explain the price is over, by the database's clock."""

    code, title = "answer_late", "The time to answer is over"


class ScoresMissing(Conflict):
    """Points of a member, a bid or a criterion are missing; `errors` says which."""

    code, title = "scores_missing", "Not every score has been submitted"


class ScoresSubmitted(Conflict):
    """Submitted scores are final."""

    code, title = "scores_submitted", "The scores were submitted and are final"


class NotEvaluable(Conflict):
    """The bids cannot be ranked by the published terms; `errors` says why."""

    code, title = "not_evaluable", "The bids cannot be ranked"


class AwardTermsStale(Conflict):
    """The terms of evaluation name a lot that the tender no longer has."""

    code, title = "award_terms_stale", "The terms of evaluation name a lot that is gone"
