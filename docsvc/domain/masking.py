"""What the public may see of a name."""

from __future__ import annotations

from typing import Final

PERSON: Final = "natural_person"
OWN_NAME: Final = "individual_business"  # a shop is often called by its owner's name: 李四水果店
HIDDEN: Final = "＊＊"  # always as many: the length of a name says something about it
ENDS_KEPT: Final = 2
LONG_NAME: Final = 6


def masked_name(name: str, party_type: str) -> str:
    """A person's name down to its first character, an organisation's down to its first and last two, an individual
    business's to its first and its last two. An unknown type is masked as a person: less is shown.
    """
    if party_type == PERSON or len(name) < LONG_NAME or not party_type:
        return name[:1] + HIDDEN
    return name[: 1 if party_type == OWN_NAME else ENDS_KEPT] + HIDDEN + name[-ENDS_KEPT:]
