import os
import subprocess
import sys

from api.core import db

FORKED = """
import os
from sqlalchemy import text
from api.core import db

def backend():
    with db.worker_unit_of_work() as unit:
        return unit.connection().scalar(text("SELECT pg_backend_pid()"))

before = backend()
child = os.fork()
if child == 0:
    os._exit(0 if backend() != before else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, "the child spoke over its parent's connection"
assert backend() == before, "the parent has lost its connection"
"""


def test_a_forked_process_opens_connections_of_its_own() -> None:
    environment = {
        **os.environ,
        "KERBEN_DATABASE_URL": db.url("app"),
        "KERBEN_WORKER_DATABASE_URL": db.url("worker"),
    }
    subprocess.run([sys.executable, "-c", FORKED], env=environment, check=True, timeout=60)


def test_what_follows_a_commit_is_done_once_and_only_after_it() -> None:
    done = []
    with db.worker_unit_of_work() as unit:
        db.after_commit(unit, lambda: done.append(1))
        with unit.begin_nested():
            db.after_commit(unit, lambda: done.append(2))
        assert done == []
    assert done == [1, 2]
