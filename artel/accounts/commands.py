"""Accounts: the command line. It is the operator's, and asks nobody for a role."""

import sys
from functools import partial
from typing import Annotated, Final

import typer

from artel.accounts import rules, service
from artel.accounts.hashing import Hasher
from artel.accounts.model import SCOPES, Account, Registration, TokenMade, TokenWanted
from artel.db import Database
from artel.edge.decode import checked
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, work
from artel.kernel.actor import ROLES, Actor
from artel.kernel.errors import Malformed
from artel.settings import load

account_app: Final = typer.Typer(help="Accounts: create.", no_args_is_help=True)
token_app: Final = typer.Typer(help="API tokens: create.", no_args_is_help=True)

DAY_S: Final = 86_400


@account_app.callback()
def _accounts() -> None:
    """Accounts."""


@token_app.callback()
def _tokens() -> None:
    """API tokens."""


@account_app.command("create", epilog="Example: artel account create anna --role owner --data demo")
def create_account(
    login: Annotated[str, typer.Argument(help="Unique; upper and lower case are one.")],
    role: Annotated[list[str], typer.Option(help="customer, executor, staff or owner; repeatable.")] = [  # noqa: B006
        "customer"
    ],
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Create an account, with any roles. The password is asked for, or read from standard input."""
    wrong = sorted(set(role) - set(ROLES))
    if wrong:
        raise Malformed(field="--role", problem=f"{wrong[0]} is none; there are " + ", ".join(ROLES))
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    wanted = checked(Registration, {"login": login, "password": password, "name": name, "email": email})
    account = work(load(data=data, database=database), partial(create_with_roles, wanted, frozenset(role)), anew=True)
    if as_json:
        print_json(account)
    else:
        out.print(f"Account {account.id}: {account.login} ({', '.join(account.roles)})", markup=False)


@token_app.command("create", epilog="Example: artel token create anna --scope traffic:read --data demo")
def create_token(
    login: Annotated[str, typer.Argument(help="Whose token it shall be.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeatable: " + ", ".join(SCOPES))],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=3660)] = 90,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Create an API token. It is printed once; the database keeps only its hash."""
    wanted = checked(TokenWanted, {"name": name, "scopes": scope, "ttl_s": days * DAY_S})

    async def make(db: Database) -> TokenMade:
        account_id = await db.read(service.by_login, login)
        who = Actor(account_id, login, frozenset())
        return await db.write(service.make_token, who, wanted)

    made = work(load(data=data, database=database), make)
    if as_json:
        print_json(made)
    else:
        out.print(made.token, markup=False)
        err.print(f"Ends {made.expires_at}. Keep it: it is not shown again.", markup=False)


async def create_with_roles(wanted: Registration, roles: frozenset[str], db: Database) -> Account:
    """Open an account with any roles, as the operator may."""
    rules.check_login(wanted.login)
    rules.check_password(wanted.password, wanted.login)
    hasher = Hasher()
    try:
        hashed = service.Hashed(await hasher.hash(wanted.password))
    finally:
        hasher.close()
    return await db.write(service.create, wanted, hashed, roles)
