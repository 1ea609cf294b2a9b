"""RFC 6962 and RFC 9162 hashing and proofs: known answers, and any tree at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsvc.domain.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    MissingHashError,
    complete_ranges,
    completed,
    consistency_proof,
    fold,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    sibling_sides,
    verify_consistency,
    verify_inclusion,
)

# The eight entries and roots that Certificate Transparency's own tests have used since 2012.
ENTRIES = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
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
# (leaf, size, path) of the same tests.
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
GROWTH = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


class Stored:
    """Stored hashes of a tree, grown in steps."""

    def __init__(self, leaves, steps=()):
        self.hashes = {}
        self.leaves = leaves
        at = 0
        for step in (*steps, len(leaves)):
            end = min(at + step, len(leaves))
            self.hashes |= completed(at, leaves[at:end], {i: self.hashes[i] for i in complete_ranges(0, at)})
            at = end

    def read(self, ids):
        return {i: self.hashes[i] for i in ids if i in self.hashes}


def naive_root(leaves):
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def flipped(data, bit):
    out = bytearray(data)
    out[bit // 8 % len(out)] ^= 1 << bit % 8
    return bytes(out)


@pytest.fixture
def eight():
    return Stored([leaf_hash(e) for e in ENTRIES])


@pytest.mark.parametrize("size", range(9))
def test_known_roots(eight, size):
    assert root(size, eight.read).hex() == ROOTS[size]


@pytest.mark.parametrize(("leaf", "size", "path"), PATHS)
def test_known_inclusion_proofs(eight, leaf, size, path):
    proof = inclusion_proof(leaf, size, eight.read)
    assert [h.hex() for h in proof] == path
    assert verify_inclusion(leaf_hash(ENTRIES[leaf]), leaf, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "path"), GROWTH)
def test_known_consistency_proofs(eight, old, new, path):
    proof = consistency_proof(old, new, eight.read)
    assert [h.hex() for h in proof] == path
    assert verify_consistency(old, new, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]), proof)


sizes = st.integers(1, 600)


@settings(deadline=None, max_examples=60)
@given(size=sizes, steps=st.lists(st.integers(1, 200), max_size=6), data=st.data())
def test_any_leaf_of_any_tree_is_proved(size, steps, data):
    stored = Stored([leaf_hash(b"%d" % i) for i in range(size)], steps)
    index = data.draw(st.integers(0, size - 1))
    tree_root = root(size, stored.read)
    assert tree_root == naive_root(stored.leaves)
    proof = inclusion_proof(index, size, stored.read)
    leaf = stored.leaves[index]
    assert verify_inclusion(leaf, index, size, proof, tree_root)
    assert len(sibling_sides(index, size, len(proof))) == len(proof)

    bit = data.draw(st.integers(0, 255))
    assert not verify_inclusion(flipped(leaf, bit), index, size, proof, tree_root)
    assert not verify_inclusion(leaf, index, size, proof, flipped(tree_root, bit))
    assert not verify_inclusion(leaf, index, size, [*proof, leaf], tree_root)
    assert not verify_inclusion(leaf, index ^ 1, size, proof, tree_root) or size == 1
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
        assert not verify_inclusion(leaf, index, size, wrong, tree_root)
        assert not verify_inclusion(leaf, index, size, proof[:-1], tree_root)
        assert not verify_inclusion(leaf, index, size, [*proof[:-1], proof[-1][:-1]], tree_root)


@settings(deadline=None, max_examples=60)
@given(new=sizes, data=st.data())
def test_any_tree_is_the_beginning_of_its_continuation(new, data):
    stored = Stored([leaf_hash(b"%d" % i) for i in range(new)])
    old = data.draw(st.integers(0, new))
    old_root, new_root = root(old, stored.read), root(new, stored.read)
    proof = consistency_proof(old, new, stored.read)
    assert verify_consistency(old, new, old_root, new_root, proof)

    bit = data.draw(st.integers(0, 255))
    assert not verify_consistency(old, new, flipped(old_root, bit), new_root, proof)
    assert not verify_consistency(old, new, old_root, new_root, [*proof, new_root])
    if old:
        assert not verify_consistency(old, new, old_root, flipped(new_root, bit), proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
        assert not verify_consistency(old, new, old_root, new_root, wrong)
        assert not verify_consistency(old, new, old_root, new_root, proof[:-1])


def test_a_fork_is_not_consistent():
    ours = Stored([leaf_hash(b"%d" % i) for i in range(40)])
    theirs = Stored([leaf_hash(b"%d" % i if i != 7 else b"forged") for i in range(40)])
    proof = consistency_proof(20, 40, theirs.read)
    assert not verify_consistency(20, 40, root(20, ours.read), root(40, theirs.read), proof)


@given(size=st.integers(0, 300))
@settings(deadline=None, max_examples=30)
def test_a_growing_tree_has_the_same_root(size):
    tree = GrowingTree()
    leaves = [leaf_hash(b"%d" % i) for i in range(size)]
    for leaf in leaves:
        tree.add(leaf)
    assert (tree.size, tree.root()) == (size, naive_root(leaves))


def test_two_hashes_a_leaf_at_most_are_stored():
    for size in (1, 2, 255, 256, 1000):
        assert len(Stored([leaf_hash(b"%d" % i) for i in range(size)]).hashes) <= 2 * size


def test_what_lies_outside_is_refused(eight):
    with pytest.raises(ValueError, match="no leaf 8"):
        inclusion_proof(8, 8, eight.read)
    with pytest.raises(ValueError, match="no leaf -1"):
        inclusion_proof(-1, 8, eight.read)
    with pytest.raises(ValueError, match="no tree of 9"):
        consistency_proof(9, 8, eight.read)
    leaf = leaf_hash(ENTRIES[0])
    assert not verify_inclusion(leaf, 1, 1, [], leaf)
    assert not verify_inclusion(leaf, -1, 1, [], leaf)
    assert not verify_consistency(2, 1, leaf, leaf, [])
    assert not verify_consistency(3, 8, leaf, leaf, [])
    assert not verify_consistency(0, 0, EMPTY_ROOT, leaf, [])


def test_a_missing_hash_is_named(eight):
    with pytest.raises(MissingHashError, match="level 2 index 2"):
        root(12, eight.read)
    with pytest.raises(MissingHashError, match="level 0 index 0"):
        completed(1, [leaf_hash(b"")], {})
    assert fold([]) == EMPTY_ROOT
