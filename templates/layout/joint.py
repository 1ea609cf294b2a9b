"""The sign-off of several agencies: a line a row of names, centred on tab stops, the date under the last."""

from __future__ import annotations

from templates.layout.elements import each, run, when

# Of the width of the type area: where the middles of two or three cells stand.
MIDDLES = {2: (1 / 4, 3 / 4), 3: (1 / 6, 3 / 6, 5 / 6)}
# Kind of line, as docsvc.domain.joint has it → its style's name, cells, width of its characters in per cent.
KINDS = {
    "half": ("联合署名·二列", 2, 100),
    "half_narrow": ("联合署名·二列·窄", 2, 80),
    "half_tight": ("联合署名·二列·紧", 2, 65),
    "third": ("联合署名·三列", 3, 100),
    "third_narrow": ("联合署名·三列·窄", 3, 80),
}


def style_key(kind: str) -> str:
    """Id of a kind's style."""
    return "Joint" + kind.title().replace("_", "")


def tabs(cells: int, width: int) -> str:
    """Tab stops on which the cells of a line are centred."""
    stops = "".join(f'<w:tab w:val="center" w:pos="{round(width * at)}"/>' for at in MIDDLES[cells])
    return f"<w:tabs>{stops}</w:tabs>"


def narrowed(per_cent: int) -> str:
    """Run property: characters drawn narrower (7.3.5.5 lets what would not fit be fitted so)."""
    return "" if per_cent == 100 else f'<w:w w:val="{per_cent}"/>'  # noqa: PLR2004 - as they are


def joint_signoff() -> str:
    """All lines as the context gives them; each keeps to the next, and the first to the text before it."""
    lines = [when("line.kind == 'blank'", _line("JointBlank", 0))]
    lines += [
        when(f"line.kind == '{kind}'", _line(style_key(kind), cells)) for kind, (_, cells, _) in KINDS.items()
    ]
    return each("line", "joint", *lines)


def _line(style: str, cells: int) -> str:
    texts = "".join(f"<w:r><w:tab/></w:r>{run(f'{{{{ line.cells[{n}] }}}}')}" for n in range(cells))
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{texts}</w:p>'
