"""The ``flask`` commands. Each group's module is imported when one of its commands is wanted, and not before."""

from __future__ import annotations

from importlib import import_module

import click
from flask import Flask


class LateGroup(click.Group):
    """A group whose commands stand in ``commands``, a click group in ``module``."""

    def __init__(self, name: str, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.module = module

    def _group(self) -> click.Group:
        group = import_module(self.module).commands
        assert isinstance(group, click.Group)
        return group

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._group().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._group().get_command(ctx, cmd_name)


def register_commands(app: Flask) -> None:
    """Make the commands known: ``flask demo …``, ``flask decisions …`` and ``flask journal …``."""
    app.cli.add_command(LateGroup("demo", "allocapp.cli.demo", "The demonstration of 2022, with sample figures."))
    app.cli.add_command(LateGroup("decisions", "allocapp.cli.decisions", "Decisions as files."))
    app.cli.add_command(LateGroup("journal", "allocapp.cli.journal", "The journal and its chain."))
