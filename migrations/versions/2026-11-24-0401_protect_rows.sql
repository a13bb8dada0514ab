-- Row-level security as the second wall behind the queries' own scope. The API's role
-- (kerben_app) sees what the caller's organisation may see; the workers' role sees every row.
-- kerben.org_id and kerben.operator are set for one transaction by api/core/db.py.

CREATE FUNCTION kerben_org() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('kerben.org_id', true), '')::uuid $$;
CREATE FUNCTION kerben_operator() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('kerben.operator', true), '') = 'on' $$;
CREATE FUNCTION kerben_notify() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN PERFORM pg_notify(TG_ARGV[0], ''); RETURN NULL; END $$;
CREATE FUNCTION kerben_refuse_change() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;

CREATE TRIGGER wake_relay AFTER INSERT ON outbox_event
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_notify('kerben_outbox');
CREATE TRIGGER wake_relay AFTER INSERT ON job
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_notify('kerben_outbox');
CREATE TRIGGER wake_clock AFTER INSERT OR UPDATE OR DELETE ON deadline
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_notify('kerben_deadline');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- Core and identity.
ALTER TABLE outbox_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON outbox_event FOR SELECT TO kerben_app USING (org_id IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_insert ON outbox_event FOR INSERT TO kerben_app WITH CHECK (true);
CREATE POLICY app_update ON outbox_event FOR UPDATE TO kerben_app USING (true);
CREATE POLICY app_delete ON outbox_event FOR DELETE TO kerben_app USING (true);
CREATE POLICY worker ON outbox_event TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE job ENABLE ROW LEVEL SECURITY;
ALTER TABLE job FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON job FOR SELECT TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_insert ON job FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_update ON job FOR UPDATE TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_delete ON job FOR DELETE TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY worker ON job TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE deadline ENABLE ROW LEVEL SECURITY;
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON deadline FOR SELECT TO kerben_app USING (org_id IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_insert ON deadline FOR INSERT TO kerben_app WITH CHECK (org_id IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_update ON deadline FOR UPDATE TO kerben_app USING (org_id IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_delete ON deadline FOR DELETE TO kerben_app USING (org_id IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY worker ON deadline TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE idempotency_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_record FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON idempotency_record FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY app_insert ON idempotency_record FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON idempotency_record FOR UPDATE TO kerben_app USING (org_id = kerben_org());
CREATE POLICY app_delete ON idempotency_record FOR DELETE TO kerben_app USING (org_id = kerben_org());
CREATE POLICY worker ON idempotency_record TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE organisation ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisation FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON organisation FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON organisation FOR INSERT TO kerben_app WITH CHECK (id = kerben_org() OR kerben_operator());
CREATE POLICY app_update ON organisation FOR UPDATE TO kerben_app USING (id = kerben_org() OR kerben_operator());
CREATE POLICY app_delete ON organisation FOR DELETE TO kerben_app USING (id = kerben_org() OR kerben_operator());
CREATE POLICY worker ON organisation TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON member FOR SELECT TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_insert ON member FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_update ON member FOR UPDATE TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_delete ON member FOR DELETE TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY worker ON member TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE api_client ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_client FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON api_client FOR SELECT TO kerben_app USING (org_id = kerben_org() OR kerben_operator() OR prefix = current_setting('kerben.key_prefix', true));
CREATE POLICY app_insert ON api_client FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_update ON api_client FOR UPDATE TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_delete ON api_client FOR DELETE TO kerben_app USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY worker ON api_client TO kerben_worker USING (true) WITH CHECK (true);

-- The audit trail has no UPDATE or DELETE policy, and the trigger above binds every role.
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON audit_entry FOR SELECT TO kerben_app
  USING (org_id IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY app_insert ON audit_entry FOR INSERT TO kerben_app WITH CHECK (true);
CREATE POLICY worker_read ON audit_entry FOR SELECT TO kerben_worker USING (true);
CREATE POLICY worker_insert ON audit_entry FOR INSERT TO kerben_worker WITH CHECK (true);

-- Row-level security of the catalogue. Order matters only for the functions it uses
-- (kerben_org, kerben_operator). "kerben_org() IS NOT NULL" = every authenticated organisation.

-- offer: the seller all its own; others only what is active; the operator reads all.
ALTER TABLE offer ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON offer TO kerben_app
  USING (seller_id = kerben_org()) WITH CHECK (seller_id = kerben_org());
CREATE POLICY visible ON offer FOR SELECT TO kerben_app
  USING ((status = 'active' AND kerben_org() IS NOT NULL) OR kerben_operator());
CREATE POLICY worker ON offer TO kerben_worker USING (true) WITH CHECK (true);

-- product: its owner; others while one of its offers is visible to them.
ALTER TABLE product ENABLE ROW LEVEL SECURITY;
ALTER TABLE product FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON product TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY visible ON product FOR SELECT TO kerben_app
  USING (kerben_operator() OR EXISTS (SELECT FROM offer WHERE offer.product_id = product.id));
CREATE POLICY worker ON product TO kerben_worker USING (true) WITH CHECK (true);

-- Tiers: read with their offer (whose own policies apply inside EXISTS), written by its seller.
ALTER TABLE price_tier ENABLE ROW LEVEL SECURITY;
ALTER TABLE price_tier FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON price_tier FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM offer WHERE offer.id = offer_id));
CREATE POLICY owner ON price_tier TO kerben_app
  USING (EXISTS (SELECT FROM offer WHERE offer.id = offer_id AND offer.seller_id = kerben_org()))
  WITH CHECK (
    EXISTS (SELECT FROM offer WHERE offer.id = offer_id AND offer.seller_id = kerben_org()));
CREATE POLICY worker ON price_tier TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE lead_time_tier ENABLE ROW LEVEL SECURITY;
ALTER TABLE lead_time_tier FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON lead_time_tier FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM offer WHERE offer.id = offer_id));
CREATE POLICY owner ON lead_time_tier TO kerben_app
  USING (EXISTS (SELECT FROM offer WHERE offer.id = offer_id AND offer.seller_id = kerben_org()))
  WITH CHECK (
    EXISTS (SELECT FROM offer WHERE offer.id = offer_id AND offer.seller_id = kerben_org()));
CREATE POLICY worker ON lead_time_tier TO kerben_worker USING (true) WITH CHECK (true);

-- Certificates shown for an offer: read with the offer, written by its seller. (That the
-- certificate is the seller's own is kept by the service: a policy about `certificate` here and
-- one about this table there would be an endless recursion.)
ALTER TABLE offer_certificate ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer_certificate FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON offer_certificate FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM offer WHERE offer.id = offer_id));
CREATE POLICY owner ON offer_certificate TO kerben_app
  USING (EXISTS (SELECT FROM offer WHERE offer.id = offer_id AND offer.seller_id = kerben_org()))
  WITH CHECK (
    EXISTS (SELECT FROM offer WHERE offer.id = offer_id AND offer.seller_id = kerben_org()));
CREATE POLICY worker ON offer_certificate TO kerben_worker USING (true) WITH CHECK (true);

-- certificate: its owner; the operator reads and verifies; others while a visible offer shows it.
ALTER TABLE certificate ENABLE ROW LEVEL SECURITY;
ALTER TABLE certificate FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON certificate TO kerben_app
  USING (org_id = kerben_org() OR kerben_operator())
  WITH CHECK (org_id = kerben_org() OR kerben_operator());
CREATE POLICY visible ON certificate FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM offer_certificate WHERE offer_certificate.certificate_id = certificate.id));
CREATE POLICY worker ON certificate TO kerben_worker USING (true) WITH CHECK (true);

-- Uploaded files and refused rows: only the organisation that imports.
ALTER TABLE import_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_chunk FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON import_chunk TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY worker ON import_chunk TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE import_error ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_error FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON import_error FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY worker ON import_error TO kerben_worker USING (true) WITH CHECK (true);
-- Row-level security of matching. All indexes (HNSW halfvec_cosine_ops, GIN, trigram, unique NULLS
-- NOT DISTINCT of invitation) are expressed in api/matching/models.py. Needs vector and pg_trgm.

-- The index tells nothing that an active offer does not; only the workers write it.
ALTER TABLE offer_vector ENABLE ROW LEVEL SECURITY; ALTER TABLE offer_vector FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON offer_vector FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY worker ON offer_vector TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE offer_terms ENABLE ROW LEVEL SECURITY; ALTER TABLE offer_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON offer_terms FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY worker ON offer_terms TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE term_frequency ENABLE ROW LEVEL SECURITY; ALTER TABLE term_frequency FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON term_frequency FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY worker ON term_frequency TO kerben_worker USING (true) WITH CHECK (true);

-- Models are public to every organisation: a score must be explainable.
ALTER TABLE matching_model ENABLE ROW LEVEL SECURITY; ALTER TABLE matching_model FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON matching_model FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY worker ON matching_model TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE embedding_model ENABLE ROW LEVEL SECURITY; ALTER TABLE embedding_model FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON embedding_model FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY worker ON embedding_model TO kerben_worker USING (true) WITH CHECK (true);

-- A request: its buyer; every organisation when it is public.
ALTER TABLE demand_item ENABLE ROW LEVEL SECURITY; ALTER TABLE demand_item FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON demand_item FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org() OR (public AND kerben_org() IS NOT NULL));
CREATE POLICY worker ON demand_item TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE demand_vector ENABLE ROW LEVEL SECURITY; ALTER TABLE demand_vector FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON demand_vector FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM demand_item WHERE demand_item.item_id = demand_vector.item_id));
CREATE POLICY worker ON demand_vector TO kerben_worker USING (true) WITH CHECK (true);

-- A match: the buyer; the seller of its offer when the request is public.
ALTER TABLE "match" ENABLE ROW LEVEL SECURITY; ALTER TABLE "match" FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON "match" FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org() OR (seller_id = kerben_org() AND public));
CREATE POLICY worker ON "match" TO kerben_worker USING (true) WITH CHECK (true);

-- A verdict: the buyer who gave it. Sellers never see it.
ALTER TABLE match_feedback ENABLE ROW LEVEL SECURITY; ALTER TABLE match_feedback FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON match_feedback TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY worker ON match_feedback TO kerben_worker USING (true) WITH CHECK (true);

-- An invitation: both sides read and move it, only the buyer enters one.
ALTER TABLE invitation ENABLE ROW LEVEL SECURITY; ALTER TABLE invitation FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON invitation FOR SELECT TO kerben_app
  USING (kerben_org() IN (buyer_id, seller_id));
CREATE POLICY enter ON invitation FOR INSERT TO kerben_app WITH CHECK (buyer_id = kerben_org());
CREATE POLICY move ON invitation FOR UPDATE TO kerben_app
  USING (kerben_org() IN (buyer_id, seller_id)) WITH CHECK (kerben_org() IN (buyer_id, seller_id));
CREATE POLICY worker ON invitation TO kerben_worker USING (true) WITH CHECK (true);
-- Beside the models: the sequence that numbers OCIDs, policies, and append-only amendments.
-- Needs kerben_org() and kerben_refuse_change(). Tables: tender, tender_lot, tender_item, tender_amendment.
CREATE SEQUENCE IF NOT EXISTS tender_number_seq;

ALTER TABLE tender ENABLE ROW LEVEL SECURITY; ALTER TABLE tender FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org() OR (published_at IS NOT NULL AND kerben_org() IS NOT NULL));
CREATE POLICY app_insert ON tender FOR INSERT TO kerben_app WITH CHECK (buyer_id = kerben_org());
CREATE POLICY app_update ON tender FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org()) WITH CHECK (buyer_id = kerben_org());
CREATE POLICY worker ON tender TO kerben_worker USING (true) WITH CHECK (true);
-- No DELETE policy: a draft is cancelled, never removed.

-- Children follow their tender: the subquery sees it through tender's own policies.
ALTER TABLE tender_lot ENABLE ROW LEVEL SECURITY; ALTER TABLE tender_lot FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_lot FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id));
CREATE POLICY app_insert ON tender_lot FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY app_update ON tender_lot FOR UPDATE TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY app_delete ON tender_lot FOR DELETE TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()
                 AND t.published_at IS NULL));
CREATE POLICY worker ON tender_lot TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE tender_item ENABLE ROW LEVEL SECURITY; ALTER TABLE tender_item FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_item FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id));
CREATE POLICY app_insert ON tender_item FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY app_update ON tender_item FOR UPDATE TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY app_delete ON tender_item FOR DELETE TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()
                 AND t.published_at IS NULL));
CREATE POLICY worker ON tender_item TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE tender_amendment ENABLE ROW LEVEL SECURITY; ALTER TABLE tender_amendment FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_amendment FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id));
CREATE POLICY app_insert ON tender_amendment FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY worker ON tender_amendment TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tender_amendment
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- The audit trail of a published tender is public to everybody authenticated (further SELECT
-- policies are OR-ed with audit_entry's own).
CREATE POLICY published_tender ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'tender:%' THEN EXISTS (
    SELECT FROM tender t WHERE t.id = substr(stream, 8)::uuid AND t.published_at IS NOT NULL
  ) ELSE false END);
-- Reference tables: everybody reads, the workers' role and the operator write.
-- Needs extension pg_trgm (roles.sql has it). All indexes are expressed in the models;
-- ix_classification_search is GIN with gin_trgm_ops (postgresql_ops in the model).
ALTER TABLE classification_scheme ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification_scheme FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON classification_scheme FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON classification_scheme TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE classification ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON classification FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON classification TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE unit ENABLE ROW LEVEL SECURITY;
ALTER TABLE unit FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON unit FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON unit TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE place ENABLE ROW LEVEL SECURITY;
ALTER TABLE place FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON place FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON place TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE certificate_scheme ENABLE ROW LEVEL SECURITY;
ALTER TABLE certificate_scheme FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON certificate_scheme FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON certificate_scheme TO kerben_worker USING (true) WITH CHECK (true);

-- The operator enters rates through the API (POST /v1/fx-rates); rates are never changed or
-- deleted there, so kerben_app has no UPDATE or DELETE policy.
ALTER TABLE fx_rate ENABLE ROW LEVEL SECURITY;
ALTER TABLE fx_rate FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON fx_rate FOR SELECT TO kerben_app USING (true);
CREATE POLICY operator_enters ON fx_rate FOR INSERT TO kerben_app WITH CHECK (kerben_operator());
CREATE POLICY worker ON fx_rate TO kerben_worker USING (true) WITH CHECK (true);
