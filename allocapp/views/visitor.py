"""Who is at the other end of a request: the signed-in session that the cookie's token opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Flask, current_app, g, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user

from allocapp.access import delegations_to, held_grants, own_grants
from allocapp.clock import now, today
from allocapp.config import Config
from allocapp.models.account import Account, Delegation, Grant, Role, SignIn
from allocapp.services.account import find_owner, find_sign_in
from allocapp.views.formatting import role_name


@dataclass(frozen=True)
class Acting:
    """In whose place the person may act: in which capacity, role and unit, and until when."""

    owner: str
    capacity: str
    role: Role
    unit: str
    until: date


@dataclass(eq=False)
class Visitor(UserMixin):
    """A signed-in person. Name, roles and language are plain values: an error page needs no database for them."""

    token: str
    sign_in: SignIn
    account: Account
    account_id: int
    name: str
    language: str
    roles: frozenset[Role]
    places: tuple[tuple[Role, str], ...]
    acting: tuple[Acting, ...]

    def get_id(self) -> str:
        """What the session cookie holds: the token, not the account."""
        return self.token

    @property
    def standing(self) -> str:
        """Roles and unit in words: `Preparer, Viewer · Huyện Bắc Sơn`."""
        by_unit: dict[str, list[str]] = {}
        for role, unit_name in self.places:
            by_unit.setdefault(unit_name, []).append(role_name(role))
        return "; ".join(f"{', '.join(names)} · {unit_name}" for unit_name, names in by_unit.items())


def init_sign_in(app: Flask) -> None:
    """Let Flask-Login find the visitor of a request by the session's token."""
    login = LoginManager()
    # the session is a row with its own ends; a phone that changes its address stays signed in
    login.session_protection = None
    login.user_loader(load_visitor)
    login.init_app(app)


def load_visitor(token: str) -> Visitor | None:
    """The visitor behind the token, None where the session has ended."""
    config: Config = current_app.config["ALLOCAPP"]
    found = find_sign_in(token, now=now(), idle=config.session_idle, end=config.session_end)
    return None if found is None else _visitor(token, found)


def session_owner() -> int | None:
    """Whose session the browser's cookie belongs to, also where it has ended meanwhile: the account's id."""
    token = session.get("_user_id")  # where Flask-Login keeps what get_id gives
    return find_owner(token) if isinstance(token, str) else None


def begin_session(token: str) -> None:
    """Start the browser's session anew for a person just admitted: nothing of the one before is kept."""
    session.clear()
    g.pop(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"), None)  # it belonged to the old session
    visitor = load_visitor(token)
    if visitor is not None:
        login_user(visitor)


def end_session() -> None:
    """Empty the browser's session."""
    session.clear()
    forget_visitor()


def forget_visitor() -> None:
    """Go on as with nobody signed in: after signing out, or where the database cannot tell who it is."""
    g._login_user = AnonymousUserMixin()


def signed_in_account() -> Account:
    """The account of the person signed in. Only for pages behind sign-in, which is all but a few."""
    account: Account = current_user.account
    return account


def _visitor(token: str, found: SignIn) -> Visitor:
    day = today()
    grants: list[Grant] = held_grants(found.account, day)
    return Visitor(
        token=token,
        sign_in=found,
        account=found.account,
        account_id=found.account.id,
        name=found.account.name,
        language=found.account.language,
        roles=frozenset(grant.role for grant in grants),
        places=tuple((grant.role, grant.unit.name) for grant in own_grants(found.account, day)),
        acting=tuple(_acting(lent) for lent in delegations_to(found.account, day)),
    )


def _acting(lent: Delegation) -> Acting:
    return Acting(
        owner=lent.grant.account.name,
        capacity=f"{lent.capacity.value} {lent.title}",
        role=lent.grant.role,
        unit=lent.grant.unit.name,
        until=lent.valid_to,
    )
