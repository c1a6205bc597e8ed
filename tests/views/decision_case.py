"""District A's decision and its people, for the tests of the decision pages and of the verification."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask

from allocapp.config import Config
from allocapp.db import db, transaction
from allocapp.documents.demo_certificates import ROOT_FILE, DemoSubject, make_demo_certificates
from allocapp.documents.roles import Role as Signer
from allocapp.jobs.decision import render
from allocapp.models.decision import Decision, SignerRole, SigningKey
from allocapp.services.decision import read_file, render_job
from tests.factories import PASSWORD, World
from tests.views.client import Answer, Client
from tests.views.conftest import Visit

PASSPHRASE = "a passphrase for tests only"
AUTHENTIC = "Xác thực: đã ký đủ, không bị sửa sau khi ký, có trong sổ và đang có hiệu lực."
SUBJECT = DemoSubject("A", "Ủy ban nhân dân huyện A", "Lãnh đạo ký")


@dataclass
class Case:
    """District A's decision, prepared, with its signing keys in place."""

    app: Flask
    world: World
    plan_id: int
    visit: Visit

    @property
    def decision(self) -> Decision:
        """The newest decision on the plan, as it is stored now."""
        db.session.rollback()
        return self.world.decision_on(self.plan_id)

    @property
    def url(self) -> str:
        """Its page."""
        return f"/decisions/{self.decision.id}"

    def at(self, login: str) -> Client:
        """Somebody at the decision's page."""
        client = self.visit(login)
        client.open(self.url)
        return client

    def number(self) -> Case:
        """The clerk takes the number."""
        clerk = self.at("a.clerk")
        clerk.send(f"{self.url}/number")
        return self

    def render(self) -> Case:
        """A worker makes the file."""
        job = render_job(self.decision)
        assert job is not None
        render(job.id)
        return self

    def sign(self, client: Client, step: str = "sign", *, expect: int = 303, **secrets: str) -> Answer:
        """Send the form for a signature from the page that the client shows."""
        given = {"password": PASSWORD, "passphrase": PASSPHRASE} | secrets
        return client.send(f"{self.url}/{step}", given, expect=expect)

    def issue(self) -> Case:
        """The whole road."""
        self.number().render()
        self.sign(self.at("a.leader"))
        self.sign(self.at("a.clerk"), "seal")
        return self

    def content(self) -> bytes:
        """Its file, as it was made last."""
        found = read_file(self.decision)
        assert found is not None, "there is no file yet"
        return found.content


@contextmanager
def prepared_case(database: Flask, world: World, visit: Visit) -> Iterator[Case]:
    """The decision prepared by the approval; the keys folder is emptied afterwards."""
    world.issue_province()
    plan_id = world.approved("A")
    config: Config = database.config["ALLOCAPP"]
    made = make_demo_certificates(config.keys, [SUBJECT], passphrase=PASSPHRASE)
    shutil.copy(config.keys / ROOT_FILE, config.keys / "trusted.pem")  # not a demonstration here
    with transaction() as session:
        for role in SignerRole:
            path = made.key_files["A", Signer(role.value)]
            session.add(SigningKey(unit_id=world.units["A"], role=role, filename=path.name))
    yield Case(database, world, plan_id, visit)
    shutil.rmtree(config.keys)
