"""`kerben`: the command line, also `python -m api`."""

import typer

from api.cli import (
    audit,
    backup,
    bids,
    check,
    clock,
    demo,
    files,
    foreign,
    imports,
    match,
    opendata,
    openers,
    operations,
    organisations,
    people,
    reference,
    regions,
    sdk,
    server,
    translation,
    verify,
)

main = typer.Typer(
    name="kerben",
    help="Procurement and supplier matching between Kyrgyzstan and China.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
main.command("demo")(demo.demo)
main.command("serve")(server.serve)
main.command("worker")(server.worker)
main.command("relay")(server.relay)
main.command("migrate")(server.migrate)
main.command("openapi")(check.openapi)
main.command("ci")(check.ci)
main.command("check")(operations.check)
main.command("backup")(backup.backup)
main.command("restore")(backup.restore)
main.command("outbox")(operations.outbox)
main.add_typer(operations.job_commands, name="jobs")
main.add_typer(operations.webhook_commands, name="webhooks")
main.add_typer(operations.key_commands, name="keys")
main.command("sdk")(sdk.sdk)
main.add_typer(organisations.app, name="organisation")
main.add_typer(people.app, name="people")
main.add_typer(reference.app, name="reference")
main.add_typer(regions.app, name="region")
main.add_typer(clock.app, name="clock")
imports.app.command("ocds")(foreign.ocds)
imports.app.command("kg")(foreign.kg)
main.add_typer(imports.app, name="import")
main.add_typer(opendata.app, name="opendata")
main.add_typer(match.app, name="match")
main.add_typer(translation.app, name="translation")
main.add_typer(bids.app, name="bid")
main.add_typer(openers.app, name="opener")
main.add_typer(audit.app, name="audit")
main.add_typer(files.app, name="files")
main.add_typer(verify.app, name="verify")

if __name__ == "__main__":
    main()
