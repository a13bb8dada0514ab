import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import merkle

# The test vectors of the certificate-transparency reference implementation.
DATA = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
LEAVES = [merkle.leaf_hash(bytes.fromhex(data)) for data in DATA]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = range(34)


def leaves(size: int) -> list[bytes]:
    return [merkle.leaf_hash(number.to_bytes(4)) for number in range(size)]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH as the RFC writes it, recursively."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    joined = b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])
    return hashlib.sha256(joined).digest()


def nodes(leaves: list[bytes]) -> dict[merkle.Node, bytes]:
    """Every complete subtree, as a store keeps them while a tree grows leaf by leaf."""
    kept: dict[merkle.Node, bytes] = {}
    for size, leaf in enumerate(leaves):
        kept[0, size] = leaf
        for level, index in merkle.completed(size, size + 1):
            below = kept[level - 1, 2 * index], kept[level - 1, 2 * index + 1]
            kept[level, index] = merkle.node_hash(*below)
    return kept


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_that_of_the_recursive_definition(size: int) -> None:
    assert merkle.root(leaves(size)) == by_definition(leaves(size))


def test_a_growing_tree_has_the_root_of_every_size() -> None:
    tree = merkle.Growing()
    for size in SIZES:
        assert (tree.size, tree.root()) == (size, merkle.root(leaves(size)))
        tree.append(leaves(size + 1)[-1])


def test_the_proofs_are_those_of_certificate_transparency() -> None:
    assert [each.hex() for each in merkle.inclusion_proof(LEAVES, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [each.hex() for each in merkle.consistency_proof(LEAVES, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_of_every_tree_is_proven_and_nowhere_else(size: int) -> None:
    tree = leaves(size)
    root = merkle.root(tree)
    for index, leaf in enumerate(tree):
        proof = merkle.inclusion_proof(tree, index)
        for place in range(-1, size + 1):
            accepted = merkle.verify_inclusion(leaf, place, size, proof, root)
            assert accepted == (place == index)


@pytest.mark.parametrize("size", SIZES)
def test_every_beginning_of_every_tree_is_proven(size: int) -> None:
    tree = leaves(size)
    new_root = merkle.root(tree)
    for old_size in range(size + 1):
        old_root = merkle.root(tree[:old_size])
        proof = merkle.consistency_proof(tree, old_size)
        assert merkle.verify_consistency(old_size, size, old_root, new_root, proof)
        assert not merkle.verify_consistency(size + 1, size, old_root, new_root, proof)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    for index, size in [(0, 0), (-1, 3), (3, 3)]:
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(leaves(size), index)
    with pytest.raises(ValueError, match="does not begin"):
        merkle.consistency_proof(leaves(3), 4)


@given(st.integers(1, 600).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_stored_subtrees_give_the_same_root_and_proofs(case: tuple[int, int]) -> None:
    size, index = case
    tree = leaves(size)
    kept = nodes(tree)

    def joined(begin: int, end: int) -> bytes:
        return merkle.join([kept[piece] for piece in merkle.pieces(begin, end)])

    assert joined(0, size) == merkle.root(tree)
    assert [joined(*each) for each in merkle.inclusion_ranges(index, size)] == (
        merkle.inclusion_proof(tree, index)
    )
    assert [joined(*each) for each in merkle.consistency_ranges(index, size)] == (
        merkle.consistency_proof(tree, index)
    )
    reads = [p for each in merkle.inclusion_ranges(index, size) for p in merkle.pieces(*each)]
    assert len(reads) <= 2 * size.bit_length()


@given(st.integers(0, 200), st.integers(0, 200))
def test_growing_completes_the_same_subtrees_at_once_as_leaf_by_leaf(old: int, more: int) -> None:
    at_once = set(merkle.completed(old, old + more))
    assert at_once == {
        node for size in range(old, old + more) for node in merkle.completed(size, size + 1)
    }


@given(st.integers(2, 70), st.data())
def test_a_proof_with_anything_changed_is_refused(size: int, data: st.DataObject) -> None:
    tree, index = leaves(size), data.draw(st.integers(0, size - 1))
    root = merkle.root(tree)
    proof = merkle.inclusion_proof(tree, index)
    assert not merkle.verify_inclusion(tree[index - 1], index, size, proof, root)
    assert not merkle.verify_inclusion(tree[index], index, size, proof, bytes(32))
    for wrong in changed(proof, data):
        assert not merkle.verify_inclusion(tree[index], index, size, wrong, root)


@given(st.integers(2, 70), st.data())
def test_a_history_with_anything_changed_is_refused(size: int, data: st.DataObject) -> None:
    tree, old = leaves(size), data.draw(st.integers(1, size - 1))
    roots = merkle.root(tree[:old]), merkle.root(tree)
    proof = merkle.consistency_proof(tree, old)
    assert not merkle.verify_consistency(old, size, bytes(32), roots[1], proof)
    assert not merkle.verify_consistency(old, size, roots[0], bytes(32), proof)
    rewritten = tree[: old - 1] + [merkle.leaf_hash(b"other")] + tree[old:]
    other = merkle.consistency_proof(rewritten, old)
    assert not merkle.verify_consistency(old, size, roots[0], merkle.root(rewritten), other)
    for wrong in changed(proof, data):
        assert not merkle.verify_consistency(old, size, *roots, wrong)


def test_from_nothing_and_to_itself_only_the_right_roots_are_taken() -> None:
    one, two = merkle.root(leaves(1)), merkle.root(leaves(2))
    assert merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    assert not merkle.verify_consistency(0, 0, one, one, [])
    assert not merkle.verify_consistency(0, 2, one, two, [])
    assert not merkle.verify_consistency(0, 2, merkle.EMPTY_ROOT, two, [one])
    assert not merkle.verify_consistency(2, 2, one, two, [])
    assert not merkle.verify_consistency(2, 2, two, two, [one])
    assert not merkle.verify_consistency(3, 4, one, two, [])


def changed(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """One hash too many, too few, altered or out of place."""
    place = data.draw(st.integers(0, len(proof) - 1))
    altered = bytes([proof[place][0] ^ 1]) + proof[place][1:]
    return [
        [*proof, bytes(32)],
        [*proof, proof[-1]],
        proof[:place] + proof[place + 1 :],
        [*proof[:place], altered, *proof[place + 1 :]],
        *([proof[::-1]] if proof[::-1] != proof else []),
    ]
