"""What is refused about files."""

from api.core.errors import Conflict, NotFound, Problem


class FileWithheld(Conflict):
    """A virus scanner has condemned the file, or has not cleared it yet."""

    code, title = "document_withheld", "The file is not given out"


class LinkEnded(NotFound):
    """The link was altered, is over, or who asked for it may not read the file any more."""

    code, title = "link_ended", "The link leads nowhere; ask for another"


class RangeNotSatisfiable(Problem):
    """The file has no such bytes."""

    status, code, title = 416, "range_not_satisfiable", "The file has no such bytes"
