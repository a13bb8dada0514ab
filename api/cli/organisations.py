"""Commands for the operator of an installation."""

from typing import Annotated, cast

import typer
from rich.console import Console

from api.core import db
from api.core.ids import show
from api.identity import service
from api.identity.schemas import ClientIn, IdentifierIn, Language, OrganisationIn
from api.rules.identifiers import IdentifierScheme
from api.rules.permissions import OrgRole
from api.rules.policy import ProcurementRegime

app = typer.Typer(help="Organisations and their first credentials.", no_args_is_help=True)
console = Console()
ACTOR = "cli"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Legal name.")],
    identifier: Annotated[str, typer.Option(help="Number in the register.")],
    role: Annotated[list[OrgRole], typer.Option(help="May be repeated.")],
    scheme: Annotated[
        str, typer.Option(help="CN-USCC, KG-INN, or a register of a loaded region.")
    ] = IdentifierScheme.KG_INN.value,
    language: Annotated[str, typer.Option(help="Language of the name.")] = "ru",
    regime: Annotated[
        ProcurementRegime | None,
        typer.Option(help="Whose rules a buyer follows; else the state's."),
    ] = None,
    level: Annotated[int, typer.Option(min=0, max=3, help="Verification level.")] = 1,
) -> None:
    """Create an organisation and its first API key, which is shown once."""
    data = OrganisationIn(
        roles=role,
        legal_name={cast(Language, language): name},
        identifier=IdentifierIn(scheme=scheme, id=identifier),
        procurement_regime=regime,
    )
    with db.worker_unit_of_work() as session:
        organisation = service.create_organisation(session, actor=ACTOR, data=data)
        if level:
            service.verify(session, actor=ACTOR, org_id=organisation.id, level=level)
        scopes = service.full_scopes(organisation)
        _, secret = service.create_client(
            session,
            org_id=organisation.id,
            actor=ACTOR,
            data=ClientIn(name="first key", scopes=scopes),
            grantable=scopes,
        )
    console.print(show("organisation", organisation.id))
    console.print(secret)


app.callback()(lambda: None)
