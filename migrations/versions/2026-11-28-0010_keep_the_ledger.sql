-- Balances move only here, whoever inserts entries: neither role may update an account.
CREATE FUNCTION kerben_ledger_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public AS $$
BEGIN
  UPDATE ledger_account SET
    debits = debits + greatest(NEW.amount, 0),
    credits = credits + greatest(-NEW.amount, 0),
    entries = entries + 1,
    updated_at = NEW.created_at
  WHERE id = NEW.account_id
  RETURNING entries, CASE normal_side WHEN 'debit' THEN debits - credits ELSE credits - debits END
  INTO NEW.account_sequence, NEW.balance_after;
  RETURN NEW;
END $$;
CREATE TRIGGER move_balance BEFORE INSERT ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION kerben_ledger_entry();

-- An account begins empty; what follows is its entries'.
CREATE FUNCTION kerben_ledger_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.debits <> 0 OR NEW.credits <> 0 OR NEW.held <> 0 OR NEW.entries <> 0 THEN
    RAISE EXCEPTION 'an account begins empty' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER begin_empty BEFORE INSERT ON ledger_account
  FOR EACH ROW EXECUTE FUNCTION kerben_ledger_account();

-- A closed day takes nothing more. The lock is shared by all who post until their commit; closing
-- takes it alone, so that no posting of the day is still on its way.
CREATE FUNCTION kerben_ledger_transaction() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('kerben.ledger_day', 0));
  IF EXISTS (SELECT FROM ledger_day WHERE day >= NEW.booking_date) THEN
    RAISE EXCEPTION '% is closed', NEW.booking_date
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_day_open';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER day_open BEFORE INSERT ON ledger_transaction
  FOR EACH ROW EXECUTE FUNCTION kerben_ledger_transaction();

CREATE FUNCTION kerben_ledger_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('kerben.ledger_day', 0));
  RETURN NEW;
END $$;
CREATE TRIGGER wait_for_postings BEFORE INSERT ON ledger_day
  FOR EACH ROW EXECUTE FUNCTION kerben_ledger_day();

-- Once, at the commit: the entries are as many as announced, and each currency adds up to nothing.
CREATE FUNCTION kerben_ledger_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public AS $$
DECLARE counted int; currencies int; off int;
BEGIN
  SELECT coalesce(sum(n), 0), count(*), count(*) FILTER (WHERE total <> 0)
  INTO counted, currencies, off
  FROM (SELECT count(*) AS n, sum(amount) AS total FROM ledger_entry
        WHERE transaction_id = NEW.id GROUP BY currency) AS sums;
  IF counted <> NEW.entry_count OR off <> 0 THEN
    RAISE EXCEPTION 'transaction % is not balanced', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_balanced';
  END IF;
  IF currencies > 1 AND NEW.fx_rate IS NULL AND NEW.reverses_id IS NULL THEN
    RAISE EXCEPTION 'transaction % exchanges without a rate', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_rate';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transaction
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kerben_ledger_balanced();

-- A hold takes from what its debited account has free, and its one end gives it back.
CREATE FUNCTION kerben_ledger_hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public AS $$
BEGIN
  UPDATE ledger_account SET held = held + NEW.amount, updated_at = NEW.created_at
  WHERE id = NEW.debit_account_id AND normal_side = 'credit' AND no_overdraft;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'only a liability that cannot be overdrawn is held'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_hold_on_liability';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE INSERT ON ledger_hold
  FOR EACH ROW EXECUTE FUNCTION kerben_ledger_hold();

CREATE FUNCTION kerben_ledger_resolution() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public AS $$
DECLARE held_on uuid; paid_to uuid;
BEGIN
  SELECT debit_account_id, credit_account_id INTO held_on, paid_to
  FROM ledger_hold WHERE id = NEW.hold_id;
  -- Both, and in the order in which entries lock them.
  PERFORM FROM ledger_account WHERE id IN (held_on, paid_to) ORDER BY id FOR UPDATE;
  IF EXISTS (SELECT FROM ledger_hold_resolution WHERE hold_id = NEW.hold_id) THEN
    RAISE EXCEPTION 'hold % has ended', NEW.hold_id
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'uq_ledger_hold_resolution_hold_id';
  END IF;
  UPDATE ledger_account SET held = held - NEW.hold_amount, updated_at = NEW.created_at
  WHERE id = held_on;
  RETURN NEW;
END $$;
CREATE TRIGGER release BEFORE INSERT ON ledger_hold_resolution
  FOR EACH ROW EXECUTE FUNCTION kerben_ledger_resolution();

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['ledger_account', 'ledger_transaction', 'ledger_entry',
      'ledger_hold', 'ledger_hold_resolution', 'ledger_day'] LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM kerben_app, kerben_worker', name);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY ledger ON %I TO kerben_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('CREATE POLICY worker_read ON %I FOR SELECT TO kerben_worker USING (true)', name);
    EXECUTE format('CREATE POLICY worker_insert ON %I FOR INSERT TO kerben_worker WITH CHECK (true)', name);
    EXECUTE format('CREATE POLICY app_insert ON %I FOR INSERT TO kerben_app WITH CHECK (kerben_operator())', name);
    IF name <> 'ledger_account' THEN
      EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change()', name);
    END IF;
  END LOOP;
END $$;
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON ledger_account
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON ledger_account FOR SELECT TO kerben_app
  USING (kerben_operator() OR kerben_org() = ANY(parties));
CREATE POLICY app_read ON ledger_entry FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM ledger_account a WHERE a.id = account_id));
CREATE POLICY app_read ON ledger_transaction FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM ledger_entry e WHERE e.transaction_id = ledger_transaction.id));
CREATE POLICY app_read ON ledger_hold FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM ledger_account a WHERE a.id = debit_account_id));
CREATE POLICY app_read ON ledger_hold_resolution FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM ledger_hold h WHERE h.id = hold_id));
CREATE POLICY app_read ON ledger_day FOR SELECT TO kerben_app USING (true);
