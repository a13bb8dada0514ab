import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.screening import LIKE_ENOUGH, EntryKind
from api.screening import lists, names
from api.screening.lists import ListFormat, Unreadable
from tests.screening import files

O, P = EntryKind.ORGANISATION, EntryKind.PERSON
LETTERS = st.text(
    alphabet="абвгдежзиклмнопрстуabcdefghiklmnoprstu 义乌华强", min_size=1, max_size=40
)


def read(data: bytes, format: ListFormat) -> list[lists.Listed]:
    return [*lists.read(io.BytesIO(data), format)]


def test_the_simple_csv_of_opensanctions_gives_parties_and_passes_over_what_is_none() -> None:
    bank, person, company = read(files.SIMPLE, ListFormat.OPENSANCTIONS_CSV)
    assert bank == (
        "NK-1",
        O,
        ("Keremet Bank OJSC", "ОАО «Керемет Банк»", "«Керемет Банк» ААК"),
        ("KRBKKG22",),
        ("KG",),
        (),
        "OFAC SDN",
        date(2025, 1, 15),
    )
    assert (person.kind, person.names) == (P, ("Ivan Examplov",))
    assert company.identifiers == ("91330782MA28D5QX3P",)


def test_entities_of_followthemoney_give_the_targets_alone() -> None:
    (bank,) = read(files.NDJSON, ListFormat.OPENSANCTIONS_NDJSON)
    assert (bank.external_id, bank.identifiers, bank.programme) == (
        "NK-1",
        ("KRBKKG22",),
        "sanction",
    )


def test_the_xml_of_ofac_gives_names_numbers_and_programmes() -> None:
    bank, person = read(files.OFAC, ListFormat.OFAC_XML)
    assert bank.names == ("KEREMET BANK OJSC", "OAO KEREMET BANK")
    assert (bank.identifiers, bank.countries) == (("KRBKKG22",), ("Kyrgyzstan",))
    assert (person.kind, person.names) == (P, ("Ivan EXAMPLOV",))


def test_the_consolidated_list_of_the_united_nations_gives_persons_and_entities() -> None:
    person, entity = read(files.UN, ListFormat.UN_XML)
    assert person.names == ("IVAN EXAMPLOV", "Иван Примеров", "I. Examplov")
    assert (person.identifiers, person.listed_on) == (("AB123456",), date(2015, 2, 3))
    assert (entity.kind, entity.external_id, entity.countries) == (O, "6908002", ("Kyrgyzstan",))


def test_the_list_of_the_european_union_gives_entities_with_their_regulation() -> None:
    (bank,) = read(files.EU, ListFormat.EU_XML)
    assert bank.names == ("OJSC Tolubay Bank", "ОАО «Толубай Банк»")
    assert (bank.programme, bank.listed_on, bank.countries) == ("RUS", date(2025, 10, 23), ("KG",))


def test_a_table_gives_goods_by_the_digits_of_their_codes() -> None:
    machines, modems = read(files.GOODS, ListFormat.TABLE_CSV)
    assert (machines.hs_prefixes, modems.hs_prefixes) == (("845710", "8458"), ("851762",))


@pytest.mark.parametrize(
    ("data", "format", "place"),
    [
        (b"id,schema\n", ListFormat.OPENSANCTIONS_CSV, "line 1"),
        (b"\xff\xfe\x00", ListFormat.OPENSANCTIONS_CSV, "line 0"),
        (files.SIMPLE[:-60], ListFormat.OPENSANCTIONS_CSV, "line 5"),
        (b'{"id": "NK-1"}\n', ListFormat.OPENSANCTIONS_NDJSON, "line 1"),
        (files.NDJSON[:60], ListFormat.OPENSANCTIONS_NDJSON, "line 1"),
        (files.OFAC[:-40], ListFormat.OFAC_XML, "line 11"),
        (files.table("a,bank,X,,,,,,"), ListFormat.TABLE_CSV, "line 2"),
        (files.table("a,goods,X,,,,,,84A7"), ListFormat.TABLE_CSV, "line 2"),
        (files.table("a,goods,X,,,,,23.10.2025,8457"), ListFormat.TABLE_CSV, "line 2"),
        (files.table(",person,X,,,,,,"), ListFormat.TABLE_CSV, "an entry"),
    ],
)
def test_a_file_that_is_not_what_it_is_said_to_be_is_refused_by_its_place(
    data: bytes, format: ListFormat, place: str
) -> None:
    with pytest.raises(Unreadable) as error:
        read(data, format)
    assert error.value.place == place


def test_xml_entities_are_not_expanded() -> None:
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><sdnList><sdnEntry>'
        b"<uid>1</uid><lastName>&b;</lastName></sdnEntry></sdnList>"
    )
    assert read(bomb, ListFormat.OFAC_XML) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ОАО «Керемет Банк»", "KEREMET BANK OJSC"),
        ("«Керемет Банк» ачык акционердик коому", "Keremet Bank"),
        ("ОсОО «Капитал Банк»", "Capital Bank LLC"),
        ("义乌市华强进出口有限公司", "Yiwu Huaqiang Import & Export Co., Ltd."),
        ("Bank Tolubay", "Толубай Банк ААК"),
    ],
)
def test_one_party_in_two_scripts_is_alike(one: str, other: str) -> None:
    assert names.likeness(names.key(one), names.key(other)) >= LIKE_ENOUGH


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Кыргыз Банк", "Keremet Bank"),
        ("Yiwu Huaqiang Trading", "Yiwu Huamei Import & Export"),
        ("Ак-Суу", "Ак-Жол"),
    ],
)
def test_two_parties_are_not(one: str, other: str) -> None:
    assert names.likeness(names.key(one), names.key(other)) < LIKE_ENOUGH


@given(LETTERS, LETTERS)
def test_likeness_is_symmetric_whole_for_the_same_and_within_a_hundred(a: str, b: str) -> None:
    one, other = names.key(a), names.key(b)
    assert names.key(one) == one
    assert names.likeness(one, other) == names.likeness(other, one)
    assert 0 <= names.likeness(one, other) <= 100
    assert names.likeness(one, one) == 100


@given(st.text(max_size=30))
def test_an_identifier_is_compared_by_letters_and_digits_alone(text: str) -> None:
    assert names.identifier(f" {text}-") == names.identifier(text)
