"""Pages of docs/procedures, written or compared."""

from collections.abc import Callable

import pytest

from tests.scenarios.recorder import Page


@pytest.fixture
def page(pytestconfig: pytest.Config) -> Callable[[str, str, str], Page]:
    """Begin a page: `page(name, title, introduction)`; the test ends with its `finish`."""

    def begin(name: str, title: str, introduction: str) -> Page:
        return Page(name, title, introduction, write=pytestconfig.getoption("--write-docs"))

    return begin
