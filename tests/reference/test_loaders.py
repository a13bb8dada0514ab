"""Nothing here commits: what a test loads is rolled back, and the bundled data stay."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from api.reference import loaders, service
from api.reference.files import FileRefused
from api.reference.models import Classification, ClassificationScheme, FxRate, Place, Unit
from api.rules.classifications import Scheme

type Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file to load."""

    def make(content: str) -> Path:
        file = tmp_path / "given.csv"
        file.write_text(content, encoding="utf-8")
        return file

    return make


def codes(session: Session, scheme: Scheme) -> int:
    query = select(func.count()).where(col(Classification.scheme) == scheme)
    return session.exec(query).one()


def refusals(load: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(FileRefused) as refused:
        load()
    return [(error.pointer, error.code) for error in refused.value.errors]


def test_the_bundled_data_load_again_without_a_change(session: Session) -> None:
    session.exec(select(Unit).where(Unit.code == "KGM")).one().symbol = "wrong"
    session.flush()
    reported: list[tuple[str, int, int]] = []

    loaded = loaders.load_bundled(session, lambda *step: reported.append(step))

    assert {name: (n.created, n.changed) for name, n in loaded.items()} == {
        "CPV": (0, 0),
        "OKGZ": (0, 0),
        "HS": (0, 0),
        "units": (0, 1),
        "places": (0, 0),
        "certificates": (0, 0),
        "work-years": (0, 0),
        "work-days": (0, 0),
        "market-languages": (0, 0),
        "policies": (0, 0),
    }
    assert reported == [("unit", 1, 1)]


def test_bundled_codes_stand_in_their_hierarchy(session: Session) -> None:
    paper = service.classification(session, Scheme.CPV, "30197643-5")
    horses = service.classification(session, Scheme.HS, "010121")

    assert paper.path.startswith("30000000-9/30100000-0/30190000-7/")
    assert set(paper.titles) == {"ky", "ru", "en", "zh"}
    assert [a.code for a in service.ancestors(session, horses)] == ["01", "0101"]
    assert (horses.parent_code, horses.level) == ("0101", 6)
    schemes = {s.code: s.complete for s in session.exec(select(ClassificationScheme))}
    assert schemes == {"CPV": False, "OKGZ": False, "HS": True}


def test_every_parent_exists_and_every_place_lies_in_the_world(session: Session) -> None:
    for scheme in (Scheme.CPV, Scheme.OKGZ, Scheme.HS):
        rows = session.exec(select(Classification).where(Classification.scheme == scheme)).all()
        known = {row.code for row in rows}
        assert {row.parent_code for row in rows} - {None} <= known
    assert all(-90 < p.latitude < 90 and p.names["ru"] for p in session.exec(select(Place)))


def test_an_official_file_adds_to_the_bundled_titles_and_survives_a_reload(
    session: Session, write: Write
) -> None:
    file = write("code,ru,de\n30197643-5,Бумага по регламенту,Papier\n30199999-6,Новый код,\n")

    loaded = loaders.load_classification(session, Scheme.CPV, file, version="2008 rev")
    loaders.load_bundled(session)

    assert (loaded.created, loaded.changed) == (1, 1)
    assert loaded.ignored_columns == ["de"]
    paper = service.classification(session, Scheme.CPV, "30197643-5")
    assert paper.titles["ru"] == "Бумага по регламенту"
    assert set(paper.titles) == {"ky", "ru", "en", "zh"}
    assert service.classification(session, Scheme.CPV, "30199999-6").parent_code == "30199000-0"
    scheme = session.exec(
        select(ClassificationScheme).where(ClassificationScheme.code == "CPV")
    ).one()
    assert (scheme.version, scheme.source) == ("2008 rev", "File given.csv")


def test_a_code_that_appears_between_two_others_takes_its_place(
    session: Session, write: Write
) -> None:
    header = "code,en\n"
    rows = ["14000000,Paper\n", "14111507,Printer paper\n", "14110000,Paper products\n"]

    loaders.load_classification(session, Scheme.UNSPSC, write(header + rows[0] + rows[1]))
    before = service.classification(session, Scheme.UNSPSC, "14111507").path
    loaded = loaders.load_classification(session, Scheme.UNSPSC, write(header + rows[2]))
    session.expire_all()

    assert before == "14000000/14111507"
    after = service.classification(session, Scheme.UNSPSC, "14111507").path
    assert after == "14000000/14110000/14111507"
    assert (loaded.created, loaded.changed) == (1, 1)


def test_every_bad_row_is_named_and_nothing_is_loaded(session: Session, write: Write) -> None:
    before = codes(session, Scheme.CPV)
    file = write(
        "code,ru\n30299999-7,Хороший\n3000,Плохой\n30299999-7,Повтор\n30298888-2,\na,b,c\n"
    )

    found = refusals(lambda: loaders.load_classification(session, Scheme.CPV, file))

    assert found == [
        ("#/3/code", "form"),
        ("#/4/code", "repeated"),
        ("#/5/ru", "missing"),
        ("#/6/", "row_length"),
    ]
    assert codes(session, Scheme.CPV) == before


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("", "#/1/code"),
        ("kode,ru\n1,2\n", "#/1/code"),
        ('code,ru\n30199999-6,"open\n', "#/2/"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    session: Session, write: Write, content: str, pointer: str
) -> None:
    file = write(content)

    found = refusals(lambda: loaders.load_classification(session, Scheme.CPV, file))

    assert [where for where, _ in found] == [pointer]


def test_a_file_in_another_encoding_is_refused_at_its_line(
    session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "old.csv"
    file.write_bytes("code,ru\n30199999-6,Бумага\n".encode("cp1251"))

    assert refusals(lambda: loaders.load_classification(session, Scheme.CPV, file)) == [
        ("#/2/", "encoding")
    ]


def test_a_file_without_titles_is_refused(session: Session, write: Write) -> None:
    file = write("code,de\n30199999-6,Papier\n")

    with pytest.raises(FileRefused, match="no column ky, ru, en, zh or name"):
        loaders.load_classification(session, Scheme.CPV, file)


def test_a_unit_keeps_what_the_file_does_not_say(session: Session, write: Write) -> None:
    file = write("code;name_en;symbol\nKGM;kilogramme;\nZ9;test unit;z\n")

    loaded = loaders.load_units(session, file)

    assert (loaded.created, loaded.changed) == (1, 1)
    kilogram = session.exec(select(Unit).where(Unit.code == "KGM")).one()
    assert (kilogram.symbol, kilogram.dimension, kilogram.factor) == ("kg", "mass", Decimal(1))
    assert kilogram.names["en"] == "kilogramme"
    assert kilogram.names["ru"] == "килограмм"


def test_a_place_needs_an_existing_parent(session: Session, write: Write) -> None:
    file = write(
        "code,kind,country,un_locode,latitude,longitude,parent,ru\n"
        "xx-test,city,KG,,42.1,74.2,xx-nowhere,Проба\n"
    )

    assert refusals(lambda: loaders.load_places(session, file)) == [("#/xx-test/parent", "unknown")]


def test_rates_load_once_and_a_correction_changes_them(session: Session, write: Write) -> None:
    row = "2020-01-15,CNY,KGS,{},Official\n"
    header = "day,base,quote,rate,source\n"

    first = loaders.load_rates(session, write(header + row.format("10.11")))
    same = loaders.load_rates(session, write(header + row.format("10.110")))
    corrected = loaders.load_rates(session, write(header + row.format("10.12")))

    counts = [(n.created, n.changed, n.unchanged) for n in (first, same, corrected)]
    assert counts == [(1, 0, 0), (0, 0, 1), (0, 1, 0)]
    assert session.exec(select(FxRate)).one().rate == Decimal("10.12")


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ("2020-1-5,CNY,KGS,10,X", "#/2/day"),
        ("2020-01-15,XXX,KGS,10,X", "#/2/base"),
        ("2020-01-15,KGS,KGS,10,X", "#/2/quote"),
        ("2020-01-15,CNY,KGS,0,X", "#/2/rate"),
        ("2020-01-15,CNY,KGS,NaN,X", "#/2/rate"),
        ("2020-01-15,CNY,KGS,1e10,X", "#/2/rate"),
        ("2020-01-15,CNY,KGS,10,", "#/2/source"),
    ],
)
def test_a_bad_rate_is_refused(session: Session, write: Write, row: str, pointer: str) -> None:
    file = write(f"day,base,quote,rate,source\n{row}\n")

    assert [where for where, _ in refusals(lambda: loaders.load_rates(session, file))] == [pointer]
    assert session.exec(select(FxRate)).all() == []


@pytest.mark.shared
def test_the_cpv_file_of_the_shared_data_loads_twice(session: Session, shared_data: Path) -> None:
    file = shared_data / "matching" / "dev" / "cpv_2008_en_ru_uk.tsv"

    first = loaders.load_classification(session, Scheme.CPV, file)
    again = loaders.load_classification(session, Scheme.CPV, file)

    assert first.created + first.changed + first.unchanged == codes(session, Scheme.CPV)
    assert first.created > 3000
    assert (again.created, again.changed, again.ignored_columns) == (0, 0, ["uk"])


@pytest.mark.shared
def test_the_tn_ved_file_of_the_shared_data_loads_with_its_headings(
    session: Session, shared_data: Path
) -> None:
    loaded = loaders.load_classification(session, Scheme.TNVED, shared_data / "tnved10_ru.tsv")

    horse = service.classification(session, Scheme.TNVED, "0101210000")
    assert loaded.created > 12_715
    assert horse.titles == {"ru": "чистопородные племенные животные"}
    assert [a.titles["ru"] for a in service.ancestors(session, horse)] == [
        "Лошади, ослы, мулы и лошаки живые"
    ]
