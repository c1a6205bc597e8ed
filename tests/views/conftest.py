"""People at their browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.factories import World
from tests.views.client import Client

Visit = Callable[[str], Client]


def pytest_configure(config: pytest.Config) -> None:
    """The typesetter leaves its colour profile to be closed by the garbage collector: nothing of ours to mend."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed file .*sRGB2014.icc:ResourceWarning")


@pytest.fixture
def visit(database: Flask, world: World) -> Visit:
    """Sign somebody in, each in a browser of their own."""
    return lambda login: Client(database).sign_in(login)


@pytest.fixture
def stranger(database: Flask) -> Client:
    """A browser that nobody has signed in with."""
    return Client(database)
