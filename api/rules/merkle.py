"""The Merkle tree of RFC 9162, section 2.1 (the tree of RFC 6962), over SHA-256.

A list of leaves has one root; that a leaf is in the list, and that a list only grew, is proven
by about log2(n) hashes. A hash over leaf data begins with 0x00 and one over two nodes with 0x01,
so that neither can be taken for the other.

Whoever keeps the hashes of complete subtrees asks `inclusion_ranges` or `consistency_ranges`
which ranges of leaves a proof is made of, `pieces` of which complete subtrees each consists, and
joins them by `join`: about log2(n) reads in all, however many leaves there are. The functions
that take every leaf need as much time as there are leaves.
"""

import hashlib
from collections.abc import Iterator, Sequence

type Range = tuple[int, int]
"""Leaves from the first number up to, and without, the second."""

type Node = tuple[int, int]
"""A complete subtree: (level, index) covers the leaves from index * 2**level, 2**level of them."""

EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in order; of no leaves, the hash of nothing."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        alone = level[-1:] if len(level) % 2 else []
        level = [node_hash(left, right) for left, right in pairs] + alone
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What proves that the leaf at `index` (from 0) is in the tree over all `leaves`."""
    return [root(leaves[begin:end]) for begin, end in inclusion_ranges(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """What proves that the tree over `leaves` begins with the one over the first `old_size`."""
    return [root(leaves[begin:end]) for begin, end in consistency_ranges(old_size, len(leaves))]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots are the inclusion proof of a leaf, the nearest first.

    Raises ValueError when no such leaf exists.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    begin, end, ranges = 0, size, list[Range]()
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    """The ranges whose roots are the consistency proof between two sizes of a tree.

    None are needed from the empty tree or between equal sizes. Raises ValueError when the tree
    would have shrunk.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {new_size} does not begin with one of {old_size}")
    if old_size in (0, new_size):
        return []
    begin, end, known, ranges = 0, new_size, True, list[Range]()
    while old_size < end:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, known = middle, False
    if not known:
        ranges.append((begin, end))
    return ranges[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """True if `proof` shows the leaf hash `leaf` at `index` in the tree of `size` with this root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """True if `proof` shows that the newer tree begins with every leaf of the older one."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root and (old_size > 0 or old_root == EMPTY_ROOT)
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [*proof] if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    place, last = old_size - 1, new_size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == (old_root, new_root)


def pieces(begin: int, end: int) -> list[Node]:
    """The complete subtrees of a range of a proof (or of a whole tree, from 0), left to right."""
    found = list[Node]()
    while begin < end:
        level = _split(end - begin + 1).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def join(hashes: Sequence[bytes]) -> bytes:
    """The root of a range from the hashes of its pieces, left to right; of none, the empty root."""
    if not hashes:
        return EMPTY_ROOT
    found = hashes[-1]
    for left in hashes[-2::-1]:
        found = node_hash(left, found)
    return found


def completed(old_size: int, new_size: int) -> Iterator[Node]:
    """The subtrees above the leaves that become complete as a tree grows, lower levels first."""
    level = 1
    while new_size >> level:
        for index in range(old_size >> level, new_size >> level):
            yield level, index
        level += 1


class Growing:
    """A tree that leaves are added to one by one; keeps about log2(n) hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self._pieces.append(leaf)
        carried = self.size
        while carried % 2:
            right = self._pieces.pop()
            self._pieces.append(node_hash(self._pieces.pop(), right))
            carried >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The root over the leaves so far."""
        return join(self._pieces)


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
