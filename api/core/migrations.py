"""Running Alembic from code: `kerben migrate`, tests and the readiness check."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).parents[2]


def config() -> Config:
    """Alembic's configuration, the `[tool.alembic]` table of pyproject.toml."""
    found = Config(toml_file=ROOT / "pyproject.toml")
    found.set_main_option("script_location", str(ROOT / "migrations"))
    return found


@cache
def head() -> str | None:
    """The newest revision in migrations/versions."""
    return ScriptDirectory.from_config(config()).get_current_head()


def is_behind(revision: str | None) -> bool:
    """True for a database that lacks migrations of this release; one it does not know is newer."""
    return revision is None or (revision != head() and revision in _known())


@cache
def _known() -> frozenset[str]:
    script = ScriptDirectory.from_config(config())
    return frozenset(each.revision for each in script.walk_revisions())


def upgrade(revision: str = "head") -> None:
    """Bring the database to `revision`; safe to run again, and by several processes at once."""
    command.upgrade(config(), revision)
