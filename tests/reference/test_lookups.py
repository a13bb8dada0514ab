from decimal import Decimal

import pytest
from sqlmodel import Session

from api.core.errors import FieldError, Invalid
from api.reference import locales, service
from api.rules.classifications import Scheme


def errors(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in refused.value.errors]


def test_known_codes_pass(session: Session) -> None:
    service.ensure_codes(session, "CPV", {"30197643-5": "#/a"})
    service.ensure_codes(session, "HS", {"010121": "#/a", "01": "#/b"})
    service.ensure_codes(session, "CPV", {})
    service.ensure_units(session, {"C62": "#/a"})
    service.ensure_places(session, {"cn-kashi": "#/a"})
    service.ensure_certificate_schemes(session, {"ISO9001": "#/a"})
    service.ensure_currency("KGS", "#/a")
    service.ensure_country("KG", "#/a")


def test_each_unknown_code_is_refused_at_its_field_with_a_hint(session: Session) -> None:
    given = {"30197643-4": "#/items/0", "30197643-5": "#/items/1", "x": "#/items/2"}

    with pytest.raises(Invalid) as refused:
        service.ensure_codes(session, "CPV", {**given, "99999999-8": "#/items/3"})

    found: list[FieldError] = refused.value.errors
    assert {error.code for error in found} == {"unknown_cpv_code"}
    assert {error.pointer: error.detail for error in found} == {
        "#/items/0": "There is no CPV code 30197643-4. Is 30197643-5 meant?",
        "#/items/2": "There is no CPV code x. Its codes have 8 digits, a hyphen and a check digit.",
        "#/items/3": "There is no CPV code 99999999-8. The CPV loaded here is an extract.",
    }


def test_a_scheme_that_is_not_loaded_or_not_known_has_no_codes(session: Session) -> None:
    with pytest.raises(Invalid, match="UNSPSC is not loaded"):
        service.ensure_codes(session, "UNSPSC", {"14111507": "#/a"})
    with pytest.raises(Invalid, match="Schemes are CPV, OKGZ, HS, TNVED, UNSPSC"):
        service.ensure_codes(session, "GPC", {"10000000": "#/a"})


def test_unknown_units_places_currencies_and_countries_are_refused(session: Session) -> None:
    with pytest.raises(Invalid) as unit:
        service.ensure_units(session, {"ZZZ": "#/unit"})
    with pytest.raises(Invalid) as place:
        service.ensure_places(session, {"cn-atlantis": "#/place"})
    with pytest.raises(Invalid) as scheme:
        service.ensure_certificate_schemes(session, {"ISO0": "#/scheme"})
    with pytest.raises(Invalid) as currency:
        service.ensure_currency("SUR", "#/currency")
    with pytest.raises(Invalid) as country:
        service.ensure_country("SU", "#/country")

    assert errors(unit) == [("#/unit", "unknown_unit")]
    assert errors(place) == [("#/place", "unknown_place")]
    assert errors(scheme) == [("#/scheme", "unknown_certificate_scheme")]
    assert errors(currency) == [("#/currency", "unknown_currency")]
    assert errors(country) == [("#/country", "unknown_country")]


@pytest.mark.parametrize(
    ("scheme", "q", "language", "code"),
    [
        (Scheme.CPV, "писчей бумаги", None, "30197620-8"),
        (Scheme.CPV, "Туалетную бумагу", "ru", "33761000-2"),
        (Scheme.CPV, "电脑桌", "zh", "39134100-1"),
        (Scheme.OKGZ, "басма кагазы", "ky", "30197630-1"),
        (Scheme.HS, "batteries", "en", "8506"),
        (Scheme.CPV, "30197643", None, "30197643-5"),
    ],
)
def test_a_word_in_any_language_and_form_finds_its_code(
    session: Session, scheme: Scheme, q: str, language: str | None, code: str
) -> None:
    assert service.search(session, scheme, q, language, limit=5)[0].code == code


@pytest.mark.parametrize("q", ["100%_", "\\", "'; DROP TABLE unit; --", "()", "%"])
def test_signs_in_a_query_are_only_signs(session: Session, q: str) -> None:
    assert service.search(session, Scheme.CPV, q) == []


def test_quantities_are_converted_within_a_dimension(session: Session) -> None:
    assert service.convert_quantity(session, Decimal("1.5"), "TNE", "KGM") == Decimal(1500)
    assert service.convert_quantity(session, Decimal(2), "DZN", "H87") == Decimal(24)
    assert service.convert_quantity(session, Decimal(1), "XBX", "C62") is None
    assert service.convert_quantity(session, Decimal(1), "ZZZ", "C62") is None


def test_countries_and_currencies_have_names_and_no_test_codes() -> None:
    assert locales.countries()["CN"].names == {
        "ky": "Кытай",
        "ru": "Китай",
        "en": "China",
        "zh": "中国",
    }
    assert set(locales.currencies()["KGS"].names) == {"ky", "ru", "en", "zh"}
    assert {"CNY", "USD", "EUR", "KZT", "RUB", "JPY"} <= locales.currencies().keys()
    assert locales.currencies().keys().isdisjoint({"XXX", "XTS", "XAU", "SUR", "BOV"})
    assert locales.currencies()["JPY"].minor_units == 0
