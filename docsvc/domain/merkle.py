"""The Merkle log: RFC 6962 hashing, stored subtree hashes, proofs, and the events that become leaves."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from docsvc.domain.errors import LogError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()  # RFC 9162, 2.1.1: the root over no leaves

# Where a stored hash stands: (level, index) is the root over the complete range
# [index << level, (index + 1) << level) of leaves. A complete range never changes again, so each is stored once.
HashId = tuple[int, int]
ReadHashes = Callable[[Sequence[HashId]], Mapping[HashId, bytes]]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Something that happened to a document. `entry` is the leaf; `opening` opens its salted commitment."""

    id: str
    document_id: str
    type: str
    at: dt.datetime
    entry: bytes
    opening: bytes
    leaf_index: int | None = None


class MissingHashError(LogError):
    """The store of hashes lacks one that a tree of that size has. `ids` names the first missing ones."""

    def __init__(self, ids: Sequence[HashId]) -> None:
        self.ids = tuple(ids[:5])
        where = ", ".join(f"level {lv} index {i}" for lv, i in self.ids)
        super().__init__(f"日志的子树哈希缺失；no stored hash at {where}")


def leaf_hash(entry: bytes) -> bytes:
    """RFC 9162, 2.1.1: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162, 2.1.1: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def complete_ranges(start: int, end: int) -> list[HashId]:
    """The complete ranges that leaves [start, end) fall into, left to right: at most two a level.

    Folded by `fold` they give MTH(D[start:end]) wherever `start` is where a node of the tree starts.
    """
    ids = []
    while start < end:
        # The widest power of two that `start` is aligned to and that still fits.
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        ids.append((level, start >> level))
        start += 1 << level
    return ids


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over adjoining complete ranges, widest first: RFC 9162, 2.1.1, joins from the right."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def completed(start: int, leaves: Sequence[bytes], edge: Mapping[HashId, bytes]) -> dict[HashId, bytes]:
    """All stored hashes that the leaf hashes `leaves`, put behind a tree of `start` leaves, bring into being.

    `edge` holds the hashes of `complete_ranges(0, start)`. A leaf costs two hashes on average, whatever the size.
    Raises MissingHashError where `edge` lacks one that is needed.
    """
    new: dict[HashId, bytes] = {}
    for index, leaf in enumerate(leaves, start):
        level, at, node = 0, index, leaf
        new[0, at] = node
        while at & 1:  # a right child completes its parent
            sibling = (level, at - 1)
            left = new.get(sibling) or edge.get(sibling)
            if left is None:
                raise MissingHashError([sibling])
            level, at, node = level + 1, at >> 1, node_hash(left, node)
            new[level, at] = node
    return new


class GrowingTree:
    """A tree that only its right edge is kept of: for roots over leaves that are read once, in order."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[tuple[int, bytes]] = []  # (level, hash) of complete_ranges(0, size)

    def add(self, leaf: bytes) -> None:
        """Put one leaf hash behind the others."""
        level, node = 0, leaf
        while self._edge and self._edge[-1][0] == level:
            node = node_hash(self._edge.pop()[1], node)
            level += 1
        self._edge.append((level, node))
        self.size += 1

    def root(self) -> bytes:
        return fold([node for _, node in self._edge])


def _gather(ranges: Sequence[tuple[int, int]], read: ReadHashes) -> list[bytes]:
    """The root over each range, with one reading of the stored hashes."""
    parts = [complete_ranges(start, end) for start, end in ranges]
    ids = [id_ for part in parts for id_ in part]
    stored = read(ids) if ids else {}
    if missing := [id_ for id_ in ids if id_ not in stored]:
        raise MissingHashError(missing)
    return [fold([stored[id_] for id_ in part]) for part in parts]


def root(size: int, read: ReadHashes) -> bytes:
    """The root over the first `size` leaves. Raises MissingHashError."""
    return _gather([(0, size)], read)[0]


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (RFC 9162, 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, read: ReadHashes) -> list[bytes]:
    """PATH(index, D[size]) of RFC 9162, 2.1.3.1: from the leaf's sibling up to the root's child.

    Raises ValueError unless 0 <= index < size, MissingHashError.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return _gather(ranges[::-1], read)


def consistency_proof(old: int, new: int, read: ReadHashes) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 9162, 2.1.4.1. Empty where old is 0 or new.

    Raises ValueError unless 0 <= old <= new, MissingHashError.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no tree of {old} leaves inside one of {new}")
    if old in {0, new}:
        return []
    ranges = []
    start, end = 0, new
    known = True  # the verifier knows MTH(D[start:end]) as the old root
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
            known = False
    if not known:
        ranges.append((start, end))
    return _gather(ranges[::-1], read)


def sibling_sides(index: int, size: int, steps: int) -> list[bool] | None:
    """For each hash of the inclusion proof of leaf `index`: does it stand on the left? None: not that many."""
    return _lefts(index, size - 1, steps)


def _lefts(at: int, last: int, steps: int) -> list[bool] | None:
    """For each sibling on the way up from node `at` of a level that ends at node `last`: does it stand on the left?

    None where the way to the root has not exactly `steps` siblings (RFC 9162, 2.1.3.2 steps 4 and 5).
    """
    lefts = []
    for _ in range(steps):
        if last == 0:
            return None
        left = bool(at & 1) or at == last
        lefts.append(left)
        while left and not at & 1 and at:  # levels on which the right edge has no sibling
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    return lefts if last == 0 else None


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """RFC 9162, 2.1.3.2: is `leaf` (a leaf hash) at `index` of the tree of `size` leaves under `tree_root`?"""
    if not 0 <= index < size or any(len(p) != HASH_BYTES for p in proof):
        return False
    lefts = _lefts(index, size - 1, len(proof))
    if lefts is None:
        return False
    node = leaf
    for left, sibling in zip(lefts, proof, strict=True):
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
    return hmac.compare_digest(node, tree_root)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: is the tree of `old` leaves the beginning of the tree of `new` leaves?"""
    if not 0 <= old <= new or any(len(p) != HASH_BYTES for p in proof):
        return False
    if old in {0, new}:
        return not proof and hmac.compare_digest(old_root, new_root if old == new else EMPTY_ROOT)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)  # the old tree is itself a node of the new one
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    lefts = _lefts(at, last, len(path) - 1)
    if lefts is None or not path:
        return False
    old_node = new_node = path[0]
    for left, sibling in zip(lefts, path[1:], strict=True):
        if left:
            old_node = node_hash(sibling, old_node)
        new_node = node_hash(sibling, new_node) if left else node_hash(new_node, sibling)
    return hmac.compare_digest(old_node, old_root) and hmac.compare_digest(new_node, new_root)
