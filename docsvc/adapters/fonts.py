"""Which font draws which character: font chains by role, read from the files' own name and character tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from docsvc.domain.errors import SetupError

BODY: Final = "fangsong"
FALLBACK: Final = ("NotoSerifCJK-Regular.ttc", "HanaMinA.ttf", "HanaMinB.ttf")

# Role → files in order. No free 小标宋 exists: the bold Noto Serif CJK SC stands in for it.
DEFAULT_FILES: Final[Mapping[str, Sequence[str]]] = {
    "fangsong": ("FandolFang-Regular.otf", *FALLBACK),
    "kai": ("LXGWWenKai-Regular.ttf", *FALLBACK),
    "hei": ("NotoSansCJK-Regular.ttc", *FALLBACK),
    "song": FALLBACK,
    "title": ("NotoSerifCJK-Bold.ttc", *FALLBACK),
}

# What a Word template calls its fonts → role. A template is written with the names that every Chinese Word has.
ROLE_OF_NAME: Final[Mapping[str, str]] = {
    "仿宋": "fangsong",
    "仿宋_GB2312": "fangsong",
    "FangSong": "fangsong",
    "楷体": "kai",
    "楷体_GB2312": "kai",
    "KaiTi": "kai",
    "黑体": "hei",
    "SimHei": "hei",
    "宋体": "song",
    "SimSun": "song",
    "小标宋": "title",
    "方正小标宋简体": "title",
    "方正小标宋_GBK": "title",
}

ORDINARY_WEIGHTS: Final = (400, 500, 700)  # those that a family name with or without "bold" can select
BOLD_WEIGHT: Final = 600


class Face(NamedTuple):
    """One face of a font file, as an office finds it: by family name and boldness."""

    path: Path
    number: int  # within a collection
    family: str
    bold: bool


class Fonts:
    """Font chains by role. Raises SetupError where a file is missing or is no font."""

    def __init__(self, roles: Mapping[str, Sequence[Path]]) -> None:
        if not roles.get(BODY):
            raise SetupError(f"字体设置缺少角色 {BODY}（仿宋） / no fonts are set for the role {BODY}")
        self._chains = {role: tuple(_face(path) for path in paths) for role, paths in roles.items() if paths}
        self._roles = {name: role for name, role in ROLE_OF_NAME.items() if role in self._chains}
        self._roles |= {chain[0].family: role for role, chain in reversed(self._chains.items())}

    @property
    def families(self) -> Sequence[str]:
        """Every family of every chain, once."""
        return list(dict.fromkeys(face.family for chain in self._chains.values() for face in chain))

    def undrawable(self, text: str) -> Sequence[str]:
        """Characters of `text` that no font of the body's chain has, in order, once each."""
        missing = "".join(piece for family, piece in self.split(BODY, text) if family is None)
        return list(dict.fromkeys(missing))

    def role(self, name: str) -> str | None:
        """The role that a template means by the font `name`; None where it names no font of ours."""
        return self._roles.get(name)

    def family(self, role: str) -> tuple[str, bool]:
        """Family of the role's own font, and whether that font is a bold one."""
        head = self._chains[role][0]
        return head.family, head.bold

    def split(self, role: str, text: str) -> list[tuple[str | None, str]]:
        """`text` cut into pieces, each with the family of the first font of the chain that has all of it.

        A character and the variation selector after it stay together; None stands for no font. White space and
        other controls are drawn by no glyph and stay with their neighbours.
        """
        pieces: list[tuple[str | None, str]] = []
        for cluster in _clusters(text):
            family = self._first(role, cluster, pieces[-1][0] if pieces else self._chains[role][0].family)
            if pieces and pieces[-1][0] == family:
                pieces[-1] = (family, pieces[-1][1] + cluster)
            else:
                pieces.append((family, cluster))
        return pieces

    def _first(self, role: str, cluster: str, neighbour: str | None) -> str | None:
        if cluster in "\t\n\r":
            return neighbour
        for face in self._chains[role]:
            characters, variants = _coverage(face.path, face.number)
            if ord(cluster[0]) in characters and (len(cluster) == 1 or tuple(map(ord, cluster)) in variants):
                return face.family
        return None


def default_chain(
    dirs: Iterable[Path], files: Mapping[str, Sequence[str]] | None = None
) -> Mapping[str, Sequence[Path]]:
    """Role → files, each looked for by name in `dirs` and below, in their order.

    `files` (role → file names or paths) replaces the default of the roles it names. Raises SetupError naming the
    file that is nowhere.
    """
    places = list(dirs)
    wanted = {**DEFAULT_FILES, **(files or {})}
    names = {name for chain in wanted.values() for name in chain}
    found = {name: Path(name) for name in names if Path(name).is_absolute() and Path(name).is_file()}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            if path.name in names and path.is_file():
                found.setdefault(path.name, path)
    for name in sorted(names - found.keys()):
        where = ", ".join(map(str, places))
        raise SetupError(f"找不到字体文件 {name}（查找位置：{where}） / font file {name} is in none of: {where}")
    return {role: [found[name] for name in chain] for role, chain in wanted.items()}


def _clusters(text: str) -> Iterator[str]:
    """Characters, each with the variation selector that follows it."""
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or not _selector(text[i]) or i - start > 1:
            yield text[start:i]
            start = i


def _selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


@cache
def _face(path: Path) -> Face:
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        with path.open("rb") as stream:
            if path.suffix.lower() == ".ttc":
                families = [_family(font) for font in TTCollection(stream, lazy=True).fonts]
            else:
                families = [_family(TTFont(stream, lazy=True))]
    except (OSError, TTLibError) as e:
        raise SetupError(f"字体文件 {path} 无法读取 / font file {path} can't be read") from e
    # A collection has a face a region; ours is the one for simplified characters.
    index = next((i for i, (family, _) in enumerate(families) if " SC" in family), 0)
    return Face(path, index, *families[index])


def _family(font: Any) -> tuple[str, bool]:
    names, weight = font["name"], int(font["OS/2"].usWeightClass)
    typographic = names.getDebugName(16) if weight in ORDINARY_WEIGHTS else None
    return str(typographic or names.getDebugName(1)), weight >= BOLD_WEIGHT and "Bold" in str(names.getDebugName(2))


@cache
def _coverage(path: Path, index: int) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """Code points that the face draws, and the (character, variation selector) pairs that it knows."""
    from fontTools.ttLib import TTFont

    with path.open("rb") as stream:
        table = TTFont(stream, fontNumber=index, lazy=True)["cmap"]
        characters = frozenset(code for code, glyph in table.getBestCmap().items() if glyph != ".notdef")
        variants = frozenset(
            (code, selector)
            for sub in table.tables
            if sub.format == 14  # noqa: PLR2004 - cmap format 14 is the one for variation sequences
            for selector, pairs in sub.uvsDict.items()
            for code, _ in pairs
        )
    return characters, variants
