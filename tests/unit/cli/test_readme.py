"""The README's table of commands against what the command line really has."""

from __future__ import annotations

import re

import click

from docsvc.cli.main import cli
from tests.support.workspace import CHECKOUT

README = (CHECKOUT / "README.md").read_text()


def test_every_command_stands_in_the_readme():
    context = click.Context(cli)
    names = set()
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        names |= {f"{name} {sub}" for sub in command.commands} if isinstance(command, click.Group) else {name}
    table = re.findall(
        r"`(?:docsvc )?([a-z][a-z0-9]*(?: [a-z]+)?)", "\n".join(re.findall(r"^\|.*docsvc .*", README, re.MULTILINE))
    )
    shown = {t if t in names else t.split()[0] for t in table}
    assert names <= shown


def test_the_chinese_readme_gives_no_other_commands():
    blocks = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    chinese, english = (
        {line for block in blocks.findall(text) for line in block.splitlines()}
        for text in ((CHECKOUT / "README.zh-CN.md").read_text(), README)
    )
    assert "make run" in chinese
    assert chinese <= english
