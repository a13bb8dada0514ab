"""The database roles: what each is for, and which a process may not run as.

| role             | connection string             | may                                               |
|------------------|-------------------------------|---------------------------------------------------|
| kerben_owner     | KERBEN_OWNER_DATABASE_URL     | owns the tables and migrates them; no service does |
| kerben_app       | KERBEN_DATABASE_URL           | the API: what row-level security shows the caller |
| kerben_worker    | KERBEN_WORKER_DATABASE_URL    | workers, relay and clock: rows of everybody       |
| kerben_reporting | KERBEN_REPORTING_DATABASE_URL | reads published and reference data, writes nothing |

migrations/roles.sql makes them.
"""

from typing import Any

OWNER, APP, WORKER, REPORTING = "kerben_owner", "kerben_app", "kerben_worker", "kerben_reporting"
VARIABLES = {
    "app": "KERBEN_DATABASE_URL",
    "worker": "KERBEN_WORKER_DATABASE_URL",
    "replica": "KERBEN_REPLICA_DATABASE_URL",
    "reporting": "KERBEN_REPORTING_DATABASE_URL",
}
_MEANT = {"app": APP, "worker": WORKER, "replica": WORKER, "reporting": REPORTING}
_FORBIDDEN = {
    "app": (OWNER, WORKER),
    "worker": (OWNER,),
    "replica": (OWNER,),
    "reporting": (OWNER, APP, WORKER),
}
_FACTS = """
SELECT current_user::text,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  (SELECT bool_or(rolbypassrls) FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')),
  (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
     AND relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(relowner, 'MEMBER')),
  (SELECT coalesce(array_agg(rolname::text), '{}') FROM pg_roles
     WHERE rolname LIKE 'kerben\\_%' AND pg_has_role(oid, 'MEMBER'))
"""


class UnsafeRole(Exception):
    """A connection's database role that row-level security would not bind as it must."""


def require(connection: Any, role: str) -> None:
    """Raise UnsafeRole unless the psycopg connection is of the role meant for `role`, or a member
    of it, and is neither a superuser, nor exempt from row-level security, nor an owner."""
    user, superuser, bypasses, owned, member_of = connection.execute(_FACTS).fetchone()
    meant = _MEANT[role]
    if superuser:
        fault = "is a superuser, whom row-level security does not bind"
    elif bypasses:
        fault = "has BYPASSRLS, or may take a role that has it: row-level security does not bind it"
    elif owned:
        fault = f"owns {owned} of the tables, or may become their owner, who can change policies"
    elif wrong := [each for each in _FORBIDDEN[role] if each in member_of]:
        fault = f"is {wrong[0]}, or a member of it, and may do more than {meant}"
    elif meant not in member_of:
        fault = f"is not {meant} nor a member of it, so no policy lets it read anything"
    else:
        return
    raise UnsafeRole(
        f"The database role {user!r} of {VARIABLES[role]} {fault}. Connect as {meant}:"
        " migrations/roles.sql, run by a superuser, makes it."
    )
