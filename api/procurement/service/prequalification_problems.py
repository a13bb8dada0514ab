"""Why an application, a qualification or an uninvited bid is refused, as problems."""

from api.core.errors import Conflict, Forbidden, Invalid


class NoPrequalification(Conflict):
    """The rules of the tender know no prequalification: whoever wants to bids."""

    code, title = "no_prequalification", "The tender has no prequalification"


class ApplicationPeriodEnded(Conflict):
    """The time to apply is over, by the database's clock."""

    code, title = "application_period_ended", "The time to apply has ended"


class SubmissionExists(Conflict):
    """The organisation, alone or in a consortium, has applied already."""

    code, title = "submission_exists", "There is an application of this organisation already"


class SubmissionUnfit(Invalid):
    """The criteria are not answered as they ask; `errors` says which."""

    code, title = "submission_unfit", "The application does not answer the criteria"


class FindingsUnfit(Invalid):
    """Findings that are missing, repeated, without a reason, or against the response."""

    code, title = "findings_unfit", "The findings do not fit the application"


class QualificationNotProposed(Conflict):
    """Nobody has recorded what was found: somebody proposes first, another decides."""

    code, title = "qualification_not_proposed", "Nothing has been found about the candidate yet"


class CriteriaUnmet(Conflict):
    """A candidate is qualified when every criterion is met, and only then; `errors` names those
    that the findings leave open."""

    code, title = "criteria_unmet", "The decision does not follow from the findings"


class QualificationsPending(Conflict):
    """Results are announced when every candidate has been decided about."""

    code, title = "qualifications_pending", "Some candidates have not been decided about"


class AlreadyAnnounced(Conflict):
    """What the candidates were told changes by a complaint alone."""

    code, title = "already_announced", "The result has been announced"


class NotInvited(Forbidden):
    """Only candidates that qualified and were invited take part, with the members of their
    consortium that qualified with them."""

    code, title = "not_invited", "Only invited candidates take part in this tender"
