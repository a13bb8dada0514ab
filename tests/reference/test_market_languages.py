"""Languages that markets want: what ships, and files of the operator."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session, select

from api.core import db
from api.reference import loaders
from api.reference.files import FileRefused
from api.reference.models import MarketLanguage

HEADER = "market\tfield\tlanguage\tvalid_from\tvalid_to\tsource\treviewed\n"


def stored(session: Session, market: str) -> list[tuple[str, str, date, date | None, bool]]:
    query = select(MarketLanguage).where(MarketLanguage.market == market)
    return sorted(
        (row.field.value, row.language, row.valid_from, row.valid_to, row.reviewed)
        for row in session.exec(query)
    )


def test_kyrgyzstan_wants_two_languages_and_china_its_own(session: Session) -> None:
    assert {row[1] for row in stored(session, "KG")} == {"ky", "ru"}
    assert {row[1] for row in stored(session, "CN")} == {"zh"}
    assert all(row.source for row in session.exec(select(MarketLanguage)))


def test_a_file_adds_a_market_and_ends_a_requirement(tmp_path: Path, session: Session) -> None:
    file = tmp_path / "languages.tsv"
    line = "TJ\tnames\tru\t2026-01-01\t{}\tLaw 1, art. 2\tyes\n"
    for ends, end in (("", None), ("2027-01-01", date(2027, 1, 1))):
        file.write_text(HEADER + line.format(ends), encoding="utf-8")
        with db.worker_unit_of_work() as writing:
            loaders.load_market_languages(writing, file)
        session.expire_all()
        assert stored(session, "TJ") == [("names", "ru", date(2026, 1, 1), end, True)]


@pytest.mark.parametrize(
    "row",
    [
        "XX\tnames\tru\t2026-01-01\t\tLaw\tno",
        "TJ\ttitles\tru\t2026-01-01\t\tLaw\tno",
        "TJ\tnames\ttg\t2026-01-01\t\tLaw\tno",
        "TJ\tnames\tru\t01.01.2026\t\tLaw\tno",
        "TJ\tnames\tru\t2026-01-01\t2026-01-01\tLaw\tno",
        "TJ\tnames\tru\t2026-01-01\t\t\tno",
        "TJ\tnames\tru\t2026-01-01\t\tLaw\tmaybe",
    ],
)
def test_a_bad_row_is_refused_and_nothing_is_loaded(
    tmp_path: Path, session: Session, row: str
) -> None:
    file = tmp_path / "languages.tsv"
    file.write_text(f"{HEADER}UZ\tnames\tru\t2026-01-01\t\tLaw\tno\n{row}\n", encoding="utf-8")
    with pytest.raises(FileRefused):
        loaders.load_market_languages(session, file)
    session.rollback()
    assert stored(session, "UZ") == stored(session, "TJ") == []
