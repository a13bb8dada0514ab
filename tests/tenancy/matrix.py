"""The committed table: what each route needs, who uses it, and what each kind of caller is told.

`pytest tests/tenancy --write-matrix` adds the rows of new routes with what was observed and an
empty reason, and takes out those of routes that are gone; what is there is never changed by it.
"""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FILE = Path(__file__).with_name("matrix.csv")
REFUSED = {"401", "403", "404"}


@dataclass
class Row:
    """A route. `owner` is the one of the story who uses it; `shows` the tables whose rows of
    others an answer may name; `reason` why a caller is answered otherwise than 401, 403 or 404."""

    route: str
    scope: str
    owner: str
    anonymous: str
    revoked: str
    wrong_role: str
    other: str
    shows: str = ""
    reason: str = ""

    @property
    def refuses_everybody(self) -> bool:
        return {self.anonymous, self.revoked, self.wrong_role, self.other} <= REFUSED


def read() -> dict[str, Row]:
    """The rows by route."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {each["route"]: Row(**each) for each in csv.DictReader(file)}


def write(rows: dict[str, Row]) -> None:
    """Write the table in the order of the routes."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        to = csv.DictWriter(file, [each.name for each in fields(Row)], lineterminator="\n")
        to.writeheader()
        to.writerows(asdict(rows[route]) for route in sorted(rows))
