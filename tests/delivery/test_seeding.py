"""Files of rate cards, tariffs and parameters: loaded as a whole, or refused by row and column."""

from collections.abc import Iterator
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest
from sqlmodel import Session, select

from api.delivery.models import ImportParameter, RateCharge, TariffRate
from api.delivery.service import seeding
from api.delivery.service.seeding import What
from api.reference.files import FileRefused

HEADER = "tnved_code,kind,ad_valorem,specific_amount,specific_currency,specific_unit,"
HEADER += "valid_from,valid_to,source,reviewed\n"
GOOD = "0101210000,combined_max,0.05,1.5,EUR,KGM,2026-02-01,,Common Customs Tariff,yes\n"


@pytest.fixture
def kept(session: Session) -> Iterator[Session]:
    """A session whose work is undone: these tables keep their rows between tests."""
    yield session
    session.rollback()


def test_everything_that_the_package_ships_names_its_source_and_is_unreviewed(
    session: Session,
) -> None:
    for what in What:
        model = seeding.SHAPES[what].model
        rows = session.exec(select(model)).all()
        assert rows, what
        assert all(row.source and not row.reviewed for row in rows), what  # type: ignore[attr-defined]


def test_a_file_of_the_operator_replaces_what_was_shipped_and_a_repeated_load_does_not(
    kept: Session, tmp_path: Path
) -> None:
    file = tmp_path / "parameters.csv"
    file.write_text(
        "country,code,value,valid_from,valid_to,source,reviewed\n"
        "KG,customs_fee_rate,0.0025,2026-01-01,,Law,yes\n"
    )
    loaded = seeding.load(kept, What.IMPORT_PARAMETERS, file)
    assert (loaded.created, loaded.changed) == (0, 1)
    seeding.load_bundled(kept)
    row = kept.exec(
        select(ImportParameter).where(
            ImportParameter.country == "KG", ImportParameter.code == "customs_fee_rate"
        )
    ).one()
    assert (row.value, row.reviewed) == (Decimal("0.0025"), True)


def test_a_tariff_is_loaded_with_every_column(kept: Session, tmp_path: Path) -> None:
    file = tmp_path / "tariff.csv"
    file.write_text(HEADER + GOOD)
    seeding.load(kept, What.TARIFF_RATES, file)
    row = kept.exec(select(TariffRate).where(TariffRate.tnved_code == "0101210000")).one()
    assert (row.ad_valorem, row.specific_amount, row.specific_unit) == (
        Decimal("0.05"),
        Decimal("1.5"),
        "KGM",
    )


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("01012,ad_valorem,0.05,,,,2026-02-01,,x,yes", "tnved_code"),
        ("0101210000,flat,0.05,,,,2026-02-01,,x,yes", "kind"),
        ("0101210000,ad_valorem,-0.05,,,,2026-02-01,,x,yes", "ad_valorem"),
        ("0101210000,specific,,1.5,EURO,KGM,2026-02-01,,x,yes", "specific_currency"),
        ("0101210000,ad_valorem,0.05,,,,1 Feb,,x,yes", "valid_from"),
        ("0101210000,ad_valorem,0.05,,,,2026-02-01,,,yes", "source"),
        ("0101210000,ad_valorem,0.05,,,,2026-02-01,,x,perhaps", "reviewed"),
    ],
)
def test_a_bad_row_is_named_by_line_and_column_and_nothing_is_loaded(
    kept: Session, tmp_path: Path, line: str, column: str
) -> None:
    file = tmp_path / "tariff.csv"
    file.write_text(f"{HEADER}{GOOD}{line}\n")
    with pytest.raises(FileRefused) as refused:
        seeding.load(kept, What.TARIFF_RATES, file)
    assert [each.pointer for each in refused.value.errors] == [f"#/3/{column}"]
    found = kept.exec(select(TariffRate).where(TariffRate.tnved_code == "0101210000")).all()
    assert found == []


def test_negative_freight_is_no_rate(kept: Session, tmp_path: Path) -> None:
    shipped = resources.files("api.delivery").joinpath("data/rate_charges.tsv").read_text("utf-8")
    header, haul = (shipped.splitlines()[n].split("\t") for n in (0, 2))
    haul[header.index("amount")] = "-26000"
    file = tmp_path / "charges.tsv"
    file.write_text("\n".join("\t".join(each) for each in (header, haul)), "utf-8")
    with pytest.raises(FileRefused) as refused:
        seeding.load(kept, What.RATE_CHARGES, file)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("#/2/amount", "range")]
    assert kept.exec(select(RateCharge).where(RateCharge.amount < 0)).all() == []


def test_a_route_over_a_place_that_does_not_exist_is_refused(kept: Session, tmp_path: Path) -> None:
    file = tmp_path / "routes.csv"
    file.write_text(
        "code,crossing,mode,places,capacity_kg,capacity_m3,en,source,reviewed\n"
        "x,torugart,ROAD,cn-yiwu kg-atlantis,22000,86,X,x,no\n"
    )
    with pytest.raises(FileRefused) as refused:
        seeding.load(kept, What.ROUTES, file)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [
        ("#/2/places", "unknown_place")
    ]
