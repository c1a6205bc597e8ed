"""What holds for the whole application, whoever adds to it: sign-in everywhere, nothing unused, nothing unspoken."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale
from jinja2 import nodes
from sqlalchemy import create_engine
from sqlalchemy import inspect as inspect_database
from werkzeug.routing import Rule

from allocapp import errors
from allocapp.access import ALLOWED, READABLE_BELOW, Action
from allocapp.config import ROOT
from allocapp.db import db
from allocapp.documents.signing import CertificateProblem
from allocapp.models.account import Role
from allocapp.models.campaign import Authority, StageName
from allocapp.models.event import Subject
from allocapp.queue import JOBS
from allocapp.rules.flag import FlagCode
from allocapp.rules.workflow import CampaignState, DecisionAction, DecisionState, PlanAction, PlanState
from allocapp.services import decision as decisions
from allocapp.services import road
from allocapp.services.campaign_road import Lack
from allocapp.services.task import TaskKind
from allocapp.views import campaign_words, flag_words, formatting, home, verdict_words
from allocapp.views.messages import MESSAGES, explain
from allocapp.views.navigation import ENTRIES
from allocapp.views.statuses import HTTP_MESSAGES
from tests.check_migrations import pieces
from tests.conftest import empty_postgres

# written out by hand: an endpoint that is opened to everybody is opened here too, or a test fails
WITHOUT_SIGN_IN = {"auth.sign_in", "auth.language", "health.healthz", "static", "bootstrap.static"}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
PLAUSIBLE = {"code": "en", "filename": "theme.css"}

VIEWS = ROOT / "allocapp" / "views"
TEMPLATES = ROOT / "templates"


# -- every address ---------------------------------------------------------------------------------------------------


def rules(app: Flask) -> Iterator[Rule]:
    found = list(app.url_map.iter_rules())
    assert len(found) > 25
    yield from found


def address(app: Flask, rule: Rule) -> str:
    """The rule's address with arguments that could well be somebody's."""
    values = {name: PLAUSIBLE.get(name, 1) for name in rule.arguments}
    with app.test_request_context():
        built = app.url_map.bind("").build(rule.endpoint, values)
    return str(built)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_address_asks_for_sign_in(app: Flask, accept: str) -> None:
    """Whatever the method: a page leads to the sign-in, a form is answered by it, and nothing is done or shown."""
    browser = app.test_client()
    methods: dict[str, set[str]] = {}
    for rule in rules(app):
        if rule.endpoint not in WITHOUT_SIGN_IN:
            methods.setdefault(address(app, rule), set()).update(rule.methods or ())
    wrong = []
    for url, allowed in methods.items():
        for method in METHODS:
            found = browser.open(url, method=method, headers={"Accept": accept})
            if method not in allowed:
                good = found.status_code == 405
            elif accept == "application/json" or method not in ("GET", "HEAD", "OPTIONS"):
                good = found.status_code == 401
            else:
                good = found.status_code == 302 and found.headers["Location"].startswith("/sign-in?next=")
            if not good:
                wrong.append(f"{method} {url}: {found.status_code}")
    assert not wrong


def test_a_made_up_cookie_opens_nothing(app: Flask) -> None:
    browser = app.test_client()
    browser.set_cookie("allocapp", "eyJfdXNlcl9pZCI6IjEifQ.made.up")
    for rule in rules(app):
        if rule.endpoint not in WITHOUT_SIGN_IN and "GET" in (rule.methods or ()):
            assert browser.get(address(app, rule)).status_code == 302, rule


def test_what_is_open_to_all_is_what_is_written_here(app: Flask) -> None:
    from allocapp.views.guard import OPEN_TO_ALL

    assert OPEN_TO_ALL == WITHOUT_SIGN_IN
    assert set(app.view_functions) >= WITHOUT_SIGN_IN


def test_no_view_is_left_out_of_the_csrf_check(app: Flask) -> None:
    csrf = app.extensions["csrf"]
    assert not csrf._exempt_views
    assert not csrf._exempt_blueprints
    assert app.config["WTF_CSRF_ENABLED"]
    assert set(app.config["WTF_CSRF_METHODS"]) == {"POST", "PUT", "PATCH", "DELETE"}


def test_whatever_changes_something_is_a_post(app: Flask) -> None:
    """Reading never writes: only the sign-in and the upload answer both ways."""
    both = {rule.endpoint for rule in rules(app) if {"GET", "POST"} <= (rule.methods or set())}
    assert both == {"auth.sign_in", "decision.verify"}
    for rule in rules(app):
        assert not {"PUT", "PATCH", "DELETE"} & (rule.methods or set()), rule


# -- templates -------------------------------------------------------------------------------------------------------


def parsed_templates(app: Flask) -> dict[str, nodes.Template]:
    environment = app.jinja_env
    names = [name for name in environment.list_templates() if (TEMPLATES / name).is_file()]
    assert names
    return {name: environment.parse((TEMPLATES / name).read_text(encoding="utf-8"), name) for name in names}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / "allocapp").rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def string_constants(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_template_is_used(app: Flask) -> None:
    templates = parsed_templates(app)
    named: set[str] = set()
    for tree in templates.values():
        for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
            named |= {constant.value for constant in node.find_all(nodes.Const) if isinstance(constant.value, str)}
    for _path, module in modules():
        named |= string_constants(module)
    unused = {name for name in templates if name not in named and Path(name).name not in named}
    assert not unused


def test_every_template_that_is_named_exists(app: Flask) -> None:
    """A page that is rarely shown fails when it is shown; here it fails today."""
    templates = set(parsed_templates(app))
    missing = {
        (path.name, text)
        for path, module in modules()
        for text in string_constants(module)
        if text.endswith(".html") and "/" in text and " " not in text and text not in templates
    }
    assert not missing


def test_every_endpoint_that_is_named_exists(app: Flask) -> None:
    """In templates and in views; also where one of two is chosen."""
    named: set[tuple[str, str]] = set()
    for name, tree in parsed_templates(app).items():
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "url_for" and call.args:
                first = call.args[0]
                consts = [first] if isinstance(first, nodes.Const) else _chosen(first)
                named |= {(name, constant.value) for constant in consts}
    for path, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "url_for":
                named |= {(path.name, text) for text in string_constants(node.args[0])}
    assert len(named) > 40
    assert not {(where, endpoint) for where, endpoint in named if endpoint not in app.view_functions}


def _chosen(expression: nodes.Node) -> list[nodes.Const]:
    """Both sides of ``a if x else b``; nothing where the endpoint is a value that was handed over."""
    if not isinstance(expression, nodes.CondExpr):
        return []
    sides = (expression.expr1, expression.expr2)
    return [side for side in sides if isinstance(side, nodes.Const)]


def test_the_menu_leads_somewhere(app: Flask) -> None:
    assert set(ENTRIES) <= set(app.view_functions)


def test_every_file_that_a_page_loads_is_there(app: Flask) -> None:
    for name, tree in parsed_templates(app).items():
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "asset_url":
                for constant in call.args:
                    if isinstance(constant, nodes.Const):
                        assert (ROOT / "allocapp" / "static" / str(constant.value)).is_file(), (name, constant.value)


# -- words -----------------------------------------------------------------------------------------------------------


def domain_errors() -> list[type[errors.AllocappError]]:
    found: list[type[errors.AllocappError]] = []
    waiting = [errors.AllocappError]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += below
        waiting += below
    assert len(found) > 25
    return sorted(set(found), key=lambda kind: kind.__name__)


# a value for every argument that a domain error takes, by its name
ARGUMENTS = {
    "text": "abc", "state": PlanState.DRAFT.value, "action": PlanAction.SUBMIT.value, "day": date(2026, 1, 5),
    "not_before": date(2026, 1, 1), "today": date(2026, 1, 3), "packages": ("a-font",), "path": "annex.title",
    "expected": "text", "reason": CertificateProblem.EXPIRED.value, "subject": "MẪU", "role": "person",
    "signed": ("person",), "name": "PORT", "current_version": 3, "keys": ((1, 2),), "balances": (),
    "indicators": ("Hồ sơ",), "unit_name": "Huyện A", "missing": ("Xã A",), "gone": ("Xã B",), "limit": 2000,
    "problems": (), "last": date(2026, 12, 31), "units": ("Xã A",),
    "number": 2, "people": ("a clerk",), "step": "Thể thức", "faults": ((1, "days"),),
    "problem": "past", "held_role": Role.CLERK.value, "valid_from": date(2026, 1, 1), "valid_to": date(2026, 1, 9),
    "plan_id": 1, "revision": 2, "decision_id": 1, "lacks": ("receivers",), "names": ("jump_rows", "ceiling-1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", domain_errors(), ids=lambda kind: kind.__name__)
def test_every_domain_error_has_a_status_and_words_in_both_languages(app: Flask, kind: type) -> None:
    assert kind in MESSAGES
    # that of the class or of an error above it; Exception's own constructor has no signature to read
    own = next((vars(above)["__init__"] for above in kind.__mro__ if "__init__" in vars(above)), None)
    own = own if inspect.isfunction(own) else None
    taken = list(inspect.signature(own).parameters)[1:] if own else []
    error = kind(**{name: ARGUMENTS[name] for name in taken})
    told = {}
    for language in ("vi", "en"):
        with app.test_request_context(), force_locale(language):
            told[language] = explain(error)
    assert 400 <= told["vi"].status < 600
    assert told["vi"].status == told["en"].status
    for part in ("title", "text", "next_step"):
        vietnamese, english = getattr(told["vi"], part), getattr(told["en"], part)
        assert vietnamese.strip(), part
        assert vietnamese != english, f"{part} is not translated"
        assert not vietnamese.isascii(), f"{part} is not Vietnamese: {vietnamese}"
        assert "%(" not in vietnamese


def test_no_message_is_kept_for_an_error_that_is_gone() -> None:
    assert set(MESSAGES) == set(domain_errors())


@pytest.mark.parametrize("problem", CertificateProblem)
def test_every_problem_of_a_certificate_is_told(app: Flask, problem: CertificateProblem) -> None:
    with app.test_request_context(), force_locale("vi"):
        assert not explain(errors.CertificateNotValid(problem.value, "MẪU")).text.isascii()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 500, 503])
def test_every_status_is_told_in_both_languages(app: Flask, status: int) -> None:
    told = []
    for language in ("vi", "en"):
        with app.test_request_context(), force_locale(language):
            told.append(HTTP_MESSAGES[status]())
    assert told[0].status == told[1].status == status
    assert told[0].text != told[1].text
    assert told[0].title != told[1].title


def test_every_state_act_role_and_task_has_its_words() -> None:
    assert set(formatting.PLAN_STATE_NAMES) == set(formatting.PLAN_TONES) == set(PlanState)
    assert set(formatting.DECISION_STATE_NAMES) == set(formatting.DECISION_TONES) == set(DecisionState)
    assert set(formatting.ROLE_NAMES) == set(home.TURNS) == set(Role)
    assert set(home.WORDS) == set(TaskKind)
    assert set(formatting.CAMPAIGN_STATE_NAMES) == set(campaign_words.STATE_TONES) == set(CampaignState)
    assert set(campaign_words.STAGE_NAMES) == set(StageName)
    assert set(campaign_words.AUTHORITY_NAMES) == set(campaign_words.AUTHORITY_MEANINGS) == set(Authority)
    assert set(campaign_words.LACKS) == set(Lack)
    assert set(flag_words.FLAG_NAMES) == set(FlagCode)
    assert set(home.WORDS) - set(home.NEXT_STEP) == {TaskKind.OPEN_PLAN}
    events = {("plan", action.value) for action in PlanAction if action is not PlanAction.SAVE}
    events |= {("decision", action.value) for action in DecisionAction}
    assert events <= set(formatting.ACTION_NAMES)


def test_every_act_that_the_journal_keeps_has_its_words() -> None:
    """The acts that services write as plain text beside the workflow's own."""
    written: set[tuple[str, str]] = set()
    for _path, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record_event":
                subject, _subject_id, action = node.args[:3]
                if (
                    isinstance(subject, ast.Attribute)
                    and isinstance(action, ast.Constant)
                    and type(action.value) is str
                ):
                    written.add((Subject[subject.attr].value, action.value))
    assert len(written) > 3
    assert written <= set(formatting.ACTION_NAMES)


def test_every_reason_of_a_verdict_has_its_words() -> None:
    from allocapp.documents.verdict import Reason
    from allocapp.services.verification import RegisterReason

    assert set(verdict_words.REASONS) == {*Reason, *RegisterReason}


# -- rights ----------------------------------------------------------------------------------------------------------


def test_every_role_stands_in_the_table_of_rights() -> None:
    assert set(ALLOWED) == set(Role)
    assert all(ALLOWED[role] for role in Role)


def test_everything_that_can_be_done_somebody_may_do() -> None:
    granted = {action for actions in ALLOWED.values() for action in actions}
    assert granted == set(Action)


def test_only_decisions_in_force_are_read_below() -> None:
    assert set(READABLE_BELOW) == {DecisionState.ISSUED, DecisionState.DISPATCHED}


def test_every_step_of_the_road_asks_for_a_right() -> None:
    """Steps without a right of their own are consequences of another: nobody can ask for them."""
    assert set(PlanAction) - set(road.RIGHTS) == {PlanAction.ISSUE, PlanAction.SUPERSEDE, PlanAction.REVOKE}
    without = {DecisionAction.RENDER, DecisionAction.DISPATCH, DecisionAction.WITHDRAW}
    assert set(DecisionAction) - set(decisions.RIGHTS) == without


def test_nobody_submits_and_approves_or_signs_and_seals_by_one_role() -> None:
    for role, actions in ALLOWED.items():
        assert not {Action.SUBMIT_PLAN, Action.APPROVE_PLAN} <= set(actions), role
        assert not {Action.SIGN_DECISION, Action.SEAL_DECISION} <= set(actions), role


# -- the house -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dotted", JOBS.values(), ids=list(JOBS))
def test_every_job_is_a_function_of_a_job_module(dotted: str) -> None:
    module, _, function = dotted.rpartition(".")
    found = getattr(import_module(module), function)
    assert inspect.isfunction(found)
    assert found.__module__ == module
    assert module.startswith("allocapp.jobs.")


def test_every_job_that_is_asked_for_is_on_the_list() -> None:
    assert decisions.RENDER_JOB in JOBS


# what a view may know of the database: that a transaction can be opened, and that it may be out of reach
KNOWN_TO_VIEWS = {
    "allocapp.db": {"transaction"},
    "sqlalchemy.exc": {"OperationalError"},
}


def test_views_ask_services_and_never_the_database() -> None:
    wrong = []
    for path in sorted(VIEWS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = {(alias.name, "") for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "", alias.name) for alias in node.names}
            else:
                continue
            for module, name in names:
                known = KNOWN_TO_VIEWS.get(module, set())
                if (module.split(".")[0] == "sqlalchemy" or module == "allocapp.db") and name not in known:
                    wrong.append((path.name, module, name))
    # an error page must come where the database does not answer: it gives the session up
    assert wrong == [("failures.py", "allocapp.db", "db")]


def test_services_and_rules_know_no_ambient_clock() -> None:
    """They are given the moment: nothing in them asks what time it is."""
    wrong: list[tuple[str, object]] = []
    for room in ("rules", "services"):
        for path in sorted((ROOT / "allocapp" / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
                    wrong.append((path.name, node.lineno))
                if isinstance(node, ast.ImportFrom) and node.module == "allocapp.clock":
                    wrong += [(path.name, alias.name) for alias in node.names if alias.name in ("now", "today")]
    assert not wrong


def test_no_decision_rests_on_a_float() -> None:
    wrong: list[tuple[str, object]] = []
    for path in sorted((ROOT / "allocapp" / "rules").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                wrong.append((path.name, node.lineno))
            if isinstance(node, ast.Name) and node.id in ("float", "round"):
                wrong.append((path.name, node.lineno))
    assert not wrong


def test_services_never_commit() -> None:
    for path in sorted((ROOT / "allocapp" / "services").glob("*.py")):
        calls = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        assert not calls & {"commit", "rollback", "begin"}, path.name


# -- the database ----------------------------------------------------------------------------------------------------


def test_migrations_make_what_the_models_describe(app: Flask, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Column by column and constraint by constraint, CHECKs with their names, on both databases."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'models.sqlite'}"
    else:
        url = empty_postgres(request.getfixturevalue("postgres_url"), "allocapp_models")
    with app.app_context(), db.engine.connect() as connection:
        by_migrations = pieces(connection)
    engine = create_engine(url)
    with engine.begin() as connection:
        db.metadata.create_all(connection)
        by_models = pieces(connection)
        checks = [
            check["name"]
            for table in db.metadata.sorted_tables
            for check in inspect_database(connection).get_check_constraints(table.name)
        ]
    engine.dispose()
    assert by_migrations - by_models == frozenset()
    assert by_models - by_migrations == frozenset()
    assert len(checks) > 20
    assert all(name and name.startswith("ck_") for name in checks)
    assert len(set(checks)) == len(checks)


def test_every_constraint_is_named_by_the_convention() -> None:
    for table in db.metadata.sorted_tables:
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"
