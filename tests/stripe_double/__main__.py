"""`python -m tests.stripe_double --port N`: the double as a program, on 127.0.0.1 only."""

import argparse

import uvicorn

from tests.stripe_double.server import config
from tests.stripe_double.webhooks import Habits


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stripe_double", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    settings = config(parser.parse_args().port)
    settings.app.state.api.post.always = Habits(automatic=True)  # type: ignore[union-attr]
    settings.app.state.api.reset()  # type: ignore[union-attr]
    uvicorn.Server(settings).run()


if __name__ == "__main__":
    main()
