"""``flask demo load``: the real units and targets of 2022 with sample figures, and a plan at every stage.

All of it is one transaction, signed documents included: a load that is cut short leaves an empty database, and the next
one begins anew. Nothing is loaded beside anything else.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import inspect, select

from allocapp import clock
from allocapp.config import Config
from allocapp.db import db, transaction
from allocapp.models.unit import Unit
from allocapp.services.demo import DemoAccess, write_demo_access

# weights are frozen before the province's plan is opened
FROZEN = datetime(2022, 5, 31, 9, tzinfo=clock.ZONE)

commands = AppGroup("demo")


def load_demo_if_empty(app: Flask) -> DemoAccess | None:
    """Load the demonstration into an empty database; its accounts, or None where nothing was loaded.

    Nothing is loaded where the settings do not allow it, or where there are units already. The tables must exist.
    """
    with app.app_context():
        return _load_if_empty(app.config["ALLOCAPP"])


def _load_if_empty(config: Config) -> DemoAccess | None:
    if not config.demo:
        return None
    with _quiet_queue(), transaction() as session:
        if session.scalar(select(Unit.id).limit(1)) is not None:
            return None
        return _load(config)


def _load(config: Config) -> DemoAccess:
    # imported when there is something to load: every start asks, and typesetting and signing take long to import
    from allocapp.cli.demo_accounts import add_demo_keys, add_demo_people, demo_passphrase
    from allocapp.cli.demo_campaign import add_sample_campaign
    from allocapp.cli.demo_stages import Stages
    from allocapp.cli.demo_units import add_sample_units

    units = add_sample_units()
    campaign = add_sample_campaign(units, frozen=FROZEN)
    people = add_demo_people(units, demo_passphrase(config.instance), now=clock.now())
    access = people.access
    # before keys are made and anything is committed: secrets that nobody was told would be of no use
    write_demo_access(config.instance, access)
    add_demo_keys(units.values(), config.keys, access.signing_passphrase)
    db.session.flush()  # the stages ask the database for accounts and keys
    Stages(campaign, units, people.accounts, config.keys, access.signing_passphrase).walk()
    return access


def describe_access(access: DemoAccess) -> str:
    """The accounts as the console shows them, once: login, password, whose it is."""
    head = ("Tên đăng nhập / Login", "Mật khẩu / Password", "Tài khoản / Account")
    lines = [head, *((account.login, account.password, account.name) for account in access.accounts)]
    widths = [max(_width(line[column]) for line in lines) for column in range(2)]
    table = [
        "  ".join([*(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=False)), line[2]])
        for line in lines
    ]
    return "\n".join(
        [
            "Tài khoản dùng thử (số liệu mẫu) / Demonstration accounts (sample figures)",
            *table,
            f"Mật khẩu khóa ký mẫu / Passphrase of the demo signing keys: {access.signing_passphrase}",
        ]
    )


@commands.command("load")
def load() -> None:
    """Load the demonstration into the empty database of a development installation."""
    config: Config = current_app.config["ALLOCAPP"]
    if not config.demo:
        raise click.ClickException(
            "dữ liệu mẫu chỉ nạp được khi không đặt DATABASE_URL, không chạy production và DEMO không phải 0 / "
            "the demo loads only without DATABASE_URL, outside production, and unless DEMO is 0"
        )
    if not inspect(db.engine).has_table(Unit.__tablename__):
        raise click.ClickException(
            "cơ sở dữ liệu chưa có bảng; hãy chạy: flask --app wsgi db upgrade / "
            "the database has no tables yet; run: flask --app wsgi db upgrade"
        )
    access = _load_if_empty(config)
    if access is None:
        click.echo("Cơ sở dữ liệu đã có đơn vị; không nạp gì. / There are units already; nothing was loaded.")
    else:
        click.echo(describe_access(access))


@contextmanager
def _quiet_queue() -> Iterator[None]:
    """The queue does not run yet at a first start, and need not: what is rendered is rendered here."""
    log = logging.getLogger("allocapp.services.job")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _width(text: str) -> int:
    """Columns on a terminal: an accent that stands by itself takes none."""
    return sum(not unicodedata.combining(letter) for letter in text)
