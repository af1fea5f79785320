"""A stranger who may create in a schema of the search path overloads what the statements use: theirs is never run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind as Kind
from pglast.visitors import Visitor

from chatworkspace_postgres import PostgresStore, _schema, _statements, upgrade
from chatworkspace_postgres._schema import script
from chatworkspace_postgres._statements import Statement
from tests.adapters.postgres.calls import CALLS
from tests.adapters.postgres.server import Database

STATEMENTS = {name: it for module in (_statements, _schema) for name, it in vars(module).items() if isinstance(it, Statement)}
OURS = "pg_catalog"
NAMED = (Kind.AEXPR_OP, Kind.AEXPR_OP_ANY, Kind.AEXPR_OP_ALL)
"""Expressions whose operator can be written with its schema."""
EVIL = "evil"
TYPES = ("text", "text[]", "uuid", "name", "bytea", "oid", "boolean", "integer", "bigint", "numeric", "double precision", "interval", "timestamptz")
"""Of all values in the statements."""
TRAP = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$"


class Uses(Visitor):
    """What a statement names: functions, operators, types; bare: those that a path is searched for."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: set[str] = set()
        self.operators: set[str] = set()
        self.bare: set[str] = set()

    def _note(self, kind: set[str], names: Any) -> None:
        *schema, name = [it.sval for it in names]
        kind.add(name)
        if schema != [OURS]:
            self.bare.add(name)

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: D102, N802 # pglast's names, one for each kind of node
        self._note(self.functions, node.funcname)

    def visit_A_Expr(self, _: object, node: ast.A_Expr) -> None:  # noqa: D102, N802
        self._note(self.operators, node.name)
        if node.kind is not None and node.kind not in NAMED:
            self.bare.add(node.kind.name)

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: D102, N802
        self._note(set(), node.names)

    def visit_CollateClause(self, _: object, node: ast.CollateClause) -> None:  # noqa: D102, N802
        self._note(set(), node.collname)

    def visit_SubLink(self, _: object, node: ast.SubLink) -> None:  # noqa: D102, N802
        if node.testexpr is not None:
            self.bare.add("a row of a subquery that is compared")

    def visit_CaseExpr(self, _: object, node: ast.CaseExpr) -> None:  # noqa: D102, N802
        if node.arg is not None:
            self.bare.add("CASE that compares")

    def visit_JoinExpr(self, _: object, node: ast.JoinExpr) -> None:  # noqa: D102, N802
        if node.usingClause or node.isNatural:
            self.bare.add("JOIN USING")


def uses(text: str) -> Uses:
    """Read it with PostgreSQL's own parser."""
    found = Uses()
    found(parse_sql(text))
    return found


ALL: list[Uses] = [uses(it.within("s").text.decode()) for it in STATEMENTS.values()]
FUNCTIONS = sorted(set[str]().union(*(it.functions for it in ALL)))
OPERATORS = sorted(set[str]().union(*(it.operators for it in ALL)))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_says_where_all_that_it_uses_is(name: str) -> None:
    """Each function, operator and type is named with pg_catalog; nothing compares by an operator that cannot be."""
    assert uses(STATEMENTS[name].within("s").text.decode()).bare == set()


def test_what_is_written_bare_is_found_by_the_reader() -> None:
    """Of each kind one, so that the reader does not overlook it."""
    bare = uses("SELECT to_json(a || b), a IS DISTINCT FROM b, a IN (1), CASE a WHEN 1 THEN 2 END, a::text FROM c JOIN d USING (e)").bare
    assert bare >= {"to_json", "||", "AEXPR_DISTINCT", "AEXPR_IN", "CASE that compares", "text", "JOIN USING"}


def hostile() -> Iterator[str]:
    """Return what the stranger makes: an exact overload for all types of each, and types of their own."""
    for name in FUNCTIONS:
        yield f"CREATE FUNCTION {EVIL}.{name}() RETURNS text {TRAP}"
        for one in TYPES:
            yield f"CREATE FUNCTION {EVIL}.{name}({one}) RETURNS text {TRAP}"
            yield from (f"CREATE FUNCTION {EVIL}.{name}({one}, {other}) RETURNS text {TRAP}" for other in TYPES)
    for number, name in enumerate(OPERATORS):
        result = "boolean" if name.strip("<>=") == "" else "text"
        for one in TYPES:
            for other in TYPES:
                yield f"CREATE FUNCTION {EVIL}.trap_{number}({one}, {other}) RETURNS {result} {TRAP}"
                yield f"CREATE OPERATOR {EVIL}.{name} (FUNCTION = {EVIL}.trap_{number}, LEFTARG = {one}, RIGHTARG = {other})"
    yield from (f"CREATE DOMAIN {EVIL}.{name} AS pg_catalog.{name} CHECK (false)" for name in ("text", "uuid", "name", "int4", "int8", "timestamptz"))


@pytest.fixture(scope="module")
def planted(postgres: Database) -> Database:
    """Give a database with a schema of hostile overloads, which everybody may use."""
    it = postgres.another()
    it.execute(";\n".join([f"CREATE SCHEMA {EVIL}", f"GRANT USAGE ON SCHEMA {EVIL} TO PUBLIC", *hostile()]))
    return it


def lured(dsn: str) -> psycopg.Connection[Any]:
    """Connect with the stranger's schema before everything else."""
    return psycopg.connect(dsn, options=f"-c search_path={EVIL},pg_catalog")


@pytest.mark.parametrize("name", CALLS)
def test_a_call_runs_nothing_of_a_strangers(planted: Database, name: str) -> None:
    """Whatever they have overloaded; with notifications, too."""
    connect = partial(lured, planted.app)
    assert CALLS[name](planted.store(connect, listen=connect))() is not NotImplemented


def test_tables_are_made_and_checked_with_nothing_of_a_strangers(planted: Database) -> None:
    """upgrade(), what it would print, and check(); what is printed as well."""
    connect = partial(lured, planted.owner)
    with connect() as connection:
        connection.execute(script(connect, schema="printed").encode())
    assert len(upgrade(connect, schema="made")) == len(_schema.SCRIPTS)
    for schema in ("printed", "made"):
        assert upgrade(connect, schema=schema) == ()
        PostgresStore(connect, schema=schema).check()


@pytest.mark.parametrize(
    "bare", ["SELECT json_build_array(name) FROM {}.intent", "SELECT 1 FROM {}.chat WHERE id = 'a'::pg_catalog.text", "SELECT 'a'::text"]
)
def test_what_is_written_bare_is_the_strangers(planted: Database, bare: str) -> None:
    """The trap is one: the same words without a schema fall into it."""
    schema = planted.schema()
    CALLS["history"](planted.store(schema=schema))
    with lured(planted.owner) as connection, pytest.raises(psycopg.Error, match=r"hostile|check constraint"):
        connection.execute(bare.format(schema).encode())
