#!/bin/sh
# Gives the four roles of roles.sql their passwords when the database is first created.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set app="$APP_PASSWORD" --set worker="$WORKER_PASSWORD" --set owner="$OWNER_PASSWORD" \
  --set reporting="$REPORTING_PASSWORD" <<'SQL'
ALTER ROLE kerben_app PASSWORD :'app';
ALTER ROLE kerben_worker PASSWORD :'worker';
ALTER ROLE kerben_owner PASSWORD :'owner';
ALTER ROLE kerben_reporting PASSWORD :'reporting';
SQL
