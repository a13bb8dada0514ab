-- Roles and extensions that a superuser prepares once for a database; safe to run again.
-- kerben_owner owns the tables and migrates them; kerben_app, kerben_worker and kerben_reporting
-- never own any. kerben_reporting is granted each table that it may read by a migration.
DO $$
DECLARE role text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('kerben.roles'));
  FOREACH role IN ARRAY ARRAY['kerben_owner', 'kerben_app', 'kerben_worker', 'kerben_reporting'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', role);
    END IF;
  END LOOP;
  EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO kerben_owner', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO kerben_app, kerben_worker, kerben_reporting',
    current_database());
END $$;
GRANT CREATE, USAGE ON SCHEMA public TO kerben_owner;
GRANT USAGE ON SCHEMA public TO kerben_app, kerben_worker, kerben_reporting;
ALTER DEFAULT PRIVILEGES FOR ROLE kerben_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO kerben_app, kerben_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE kerben_owner IN SCHEMA public
  GRANT USAGE ON SEQUENCES TO kerben_app, kerben_worker;
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS ltree;
