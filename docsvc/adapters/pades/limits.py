"""The finding on a file that is more than a verification is given."""

from __future__ import annotations

from docsvc.domain.verdict import Check


def out_of_bounds() -> Check:
    """More time or memory than allowed: nothing can be said, so neither passed nor failed."""
    return Check.undecided(
        1,
        "limits",
        "GENERIC",
        "文件过于复杂，在限定的时间和内存内无法验证",
        "the file is too complex to be verified within the limits of time and memory",
    )


def too_large(size: int, limit: int) -> Check:
    """More octets than allowed."""
    return Check.undecided(
        1,
        "limits",
        "GENERIC",
        f"文件大小{size}字节，超过上限{limit}字节",
        f"the file has {size} octets, more than the {limit} that are examined",
    )
