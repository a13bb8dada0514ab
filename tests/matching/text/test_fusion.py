import numpy as np
import pytest

from api.matching.text import fusion, lexical


def test_rare_terms_weigh_more() -> None:
    weights = fusion.idf({"w:rare": 1, "w:common": 90}, 100)
    assert weights["w:rare"] > weights["w:common"] > 0


def facet(*variants: set[str]) -> lexical.Facet:
    return frozenset(map(frozenset, variants))


def test_rare_terms_and_short_documents_score_higher() -> None:
    weights = fusion.idf({"w:a": 1, "w:b": 50, "w:c": 2}, 100)
    index = fusion.TermIndex([{"w:a"}, {"w:a", "w:b", "w:c"}, {"w:b"}, {"w:x"}], weights)
    scores = index.scores([facet({"w:a"}), facet({"w:b"})])
    assert scores[0] > scores[2] > scores[3] == 0
    assert index.scores([facet({"w:a"})])[0] > index.scores([facet({"w:a"})])[1]


def test_the_best_wording_of_a_facet_counts_and_half_a_wording_less_than_half() -> None:
    index = fusion.TermIndex([{"w:a"}, {"w:a", "w:b"}, {"w:c"}], {"w:a": 1, "w:b": 1, "w:c": 1})
    half, whole, other = index.scores([facet({"w:a", "w:b"}, {"w:c"})])
    assert half < whole / 2
    assert other > 0


def test_concepts_agree_by_their_centre() -> None:
    assert fusion.concept({"a": 1.0, "b": 0.3}, {"a": 0.5, "b": 1.0}) == pytest.approx(0.5)
    assert fusion.concept({"a": 1.0}, {}) == 0


def test_scores_that_do_not_differ_say_nothing() -> None:
    flat = np.full(4, 0.7, np.float32)
    assert fusion.standard(flat, 4.0).tolist() == [0.0] * 4


def test_a_single_hit_is_capped() -> None:
    scores = np.zeros(10_000, np.float32)
    scores[3] = 5.0
    standard = fusion.standard(scores, 4.0)
    assert standard.argmax() == 3
    assert standard.max() == 4.0


def test_signals_are_added_by_weight_and_unknown_ones_refused() -> None:
    semantic = np.array([0.1, 0.5, 0.3], np.float32)
    words = np.array([0.0, 0.0, 2.0], np.float32)
    fused = fusion.fuse({"semantic": semantic, "lexical": words}, {"semantic": 1.0, "lexical": 0.0})
    assert fused.argmax() == 1
    with pytest.raises(KeyError):
        fusion.fuse({"astrology": semantic})


def test_a_document_near_every_query_is_a_hub() -> None:
    bank = np.array([[1, 0], [0.9, 0.436]], np.float32)
    views = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    hubs = fusion.hubness(views, np.array([0, 2]), bank)
    assert hubs[1] > hubs[0] > 0
    assert fusion.hubness(views, np.array([0, 2]), np.zeros((0, 2), np.float32)).tolist() == [0, 0]


def test_words_of_a_long_request_are_believed_more_than_those_of_a_label() -> None:
    documents = [{f"w:{letter}"} for letter in "abcdefgh"]
    index = fusion.TermIndex(documents, {f"w:{letter}": 2.0 for letter in "abcdefgh"})
    label = [facet({"w:a"})]
    line = [facet({f"w:{letter}"}) for letter in "abcdefgh"]
    assert index.trust(label) == pytest.approx(1 / fusion.MANY)
    assert index.trust(line) == 1.0
    assert index.evidence(label)[0] == pytest.approx(fusion.ENOUGH / fusion.MANY)


def test_words_that_no_document_has_earn_no_trust() -> None:
    index = fusion.TermIndex([{"w:a"}, {"w:b"}], {"w:a": 2.0, "w:b": 2.0})
    unknown = [facet({"w:x"}), facet({"w:y"}, {"w:z", "w:a"})]
    assert index.trust([facet({"w:a"}), *unknown]) == index.trust([facet({"w:a"})])


def test_one_faint_hit_among_zeros_is_no_great_deviation() -> None:
    scores = np.zeros(1000, np.float32)
    scores[3] = 0.01
    assert fusion.standard(scores, 12.0).max() == 12.0
    assert fusion.standard(scores, 12.0, least=0.03).max() < 1


def test_concepts_are_indexed_to_the_same_score() -> None:
    documents = [{"a": 0.5, "b": 1.0}, {}, {"b": 0.2, "c": 1.0}]
    query = {"a": 1.0, "b": 0.3}
    wanted = [fusion.concept(query, each) for each in documents]
    assert fusion.ConceptIndex(documents).scores(query).tolist() == pytest.approx(wanted)


def test_fusion_by_ranks_forgets_distances_and_shares_places_among_equals() -> None:
    near = np.array([0.9, 0.1, 0.1], np.float32)
    far = np.array([0.2, 0.1, 0.1], np.float32)
    one, other = (fusion.by_ranks({"semantic": each}) for each in (near, far))
    assert one.tolist() == other.tolist()
    assert one[0] > one[1] == one[2]


def test_cosines_that_lie_close_together_decide_no_more_than_their_differences() -> None:
    near = np.array([0.52, 0.50, 0.50, 0.50], np.float32)
    apart = np.array([0.82, 0.50, 0.20, 0.50], np.float32)
    close, far = (fusion.fuse({"semantic": each}) for each in (near, apart))
    assert close[0] - close[1] == pytest.approx(0.02 / fusion.SEMANTIC_SPREAD, rel=1e-4)
    assert far[0] - far[1] == pytest.approx(0.32 / fusion.SEMANTIC_SPREAD, rel=1e-4)
