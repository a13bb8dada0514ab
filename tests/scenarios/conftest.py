"""Pages of docs, written or compared."""

from collections.abc import Callable

import pytest

from tests import remembered
from tests.scenarios.recorder import PROCEDURES, Page


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page shows does not depend on the tests before it."""
    remembered.forget(monkeypatch)


@pytest.fixture
def page(pytestconfig: pytest.Config) -> Callable[..., Page]:
    """Begin a page: `page(name, title, introduction)`; the test ends with its `finish`."""

    def begin(name: str, title: str, introduction: str, folder: str = PROCEDURES) -> Page:
        write = pytestconfig.getoption("--write-docs")
        return Page(name, title, introduction, write=write, folder=folder)

    return begin
