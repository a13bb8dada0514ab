"""`python -m tests.demo`: the payments of the demonstration, on a database of its own.

It is embedded in a temporary folder, and gone afterwards: nothing of it is in anybody's ledger.
"""

import os
import sys

from fastapi.testclient import TestClient
from rich.console import Console
from sqlmodel import Session

from tests import conftest
from tests.demo import money
from tests.payments import stripe_world
from tests.stripe_double import server


def main() -> int:
    """Tell it; 1 when the books are not in order."""
    from api.core import db
    from api.main import create_app

    os.environ["KERBEN_STRIPE_KEY"] = stripe_world.KEY
    os.environ["KERBEN_INVOICE_SELLER_NAME"] = "Kerben (demonstration)"
    os.environ["KERBEN_INVOICE_SELLER_IDENTIFIER"] = "KG-INN 01234567890123"
    conftest.prepare()
    with server.running() as double, TestClient(create_app()) as client:
        os.environ["KERBEN_STRIPE_API_URL"] = double.url
        as_org = conftest.acting(client)
        world = stripe_world.begun(double, client, as_org, conftest.draining())
        with Session(db.engine("worker"), expire_on_commit=False) as session:
            told = money.tell(Console(), world, session, as_org)
    db.dispose()
    return 0 if told.balanced and not told.unmatched else 1


if __name__ == "__main__":
    sys.exit(main())
