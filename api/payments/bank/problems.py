"""Why a file of a bank is not taken, as problems with stable codes."""

from api.core.errors import Conflict, FieldError, Invalid


class StatementUnreadable(Invalid):
    """The file is no statement that can be read, or is cut short; nothing of it was taken."""

    code, title = "statement_unreadable", "The statement cannot be read"


class StatementUnbalanced(Invalid):
    """The opening balance and the entries do not make the closing balance; nothing was taken."""

    code, title = "statement_unbalanced", "The balances and entries of the statement do not agree"


class StatementAccountUnknown(Conflict):
    """The statement is of an account that the platform does not have in its currency."""

    code, title = "statement_account_unknown", "The statement is of no account of the platform"


class ReportUnreadable(Invalid):
    """The file is no report on payments that can be read; nothing of it was taken."""

    code, title = "report_unreadable", "The report on payments cannot be read"


class ReportFileUnknown(Conflict):
    """The report is on a file of payments that the platform has not let out."""

    code, title = "report_file_unknown", "The report is on no file of the platform"


def unreadable(pointer: str, code: str, detail: str) -> StatementUnreadable:
    """A refusal that names one place of a file."""
    return StatementUnreadable(
        detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)]
    )
