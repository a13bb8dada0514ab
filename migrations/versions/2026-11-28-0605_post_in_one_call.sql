-- Locks accounts by id, the order of entries, when holds that end would take them in another.
CREATE FUNCTION kerben_ledger_lock(wanted uuid[], ended uuid[]) RETURNS void LANGUAGE sql
  SECURITY DEFINER SET search_path = public AS $$
  SELECT FROM ledger_account WHERE id IN (
    SELECT unnest(wanted) UNION SELECT debit_account_id FROM ledger_hold WHERE id = ANY(ended)
    UNION SELECT credit_account_id FROM ledger_hold WHERE id = ANY(ended)
  ) ORDER BY id FOR UPDATE
$$;
REVOKE ALL ON FUNCTION kerben_ledger_lock FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kerben_ledger_lock TO kerben_app, kerben_worker;

-- The ids of the accounts that `told` names, in its order; NULL for one that is not open yet.
CREATE FUNCTION kerben_ledger_accounts(told jsonb) RETURNS uuid[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(found.id ORDER BY a.n)
  FROM ROWS FROM (jsonb_to_recordset(told) AS (kind text, currency text, reference uuid))
    WITH ORDINALITY AS a(kind, currency, reference, n)
  LEFT JOIN LATERAL (
    SELECT id FROM ledger_account l
    WHERE l.kind = a.kind AND l.currency = a.currency AND l.reference = a.reference
    UNION ALL
    SELECT id FROM ledger_account l
    WHERE a.reference IS NULL AND l.kind = a.kind AND l.currency = a.currency
      AND l.reference IS NULL
  ) AS found ON true
$$;

-- Books business events: those whose key is new. Returns them and those that were booked before.
-- What may not be is refused by the constraints and triggers of the tables, as for any insert.
CREATE FUNCTION ledger_post(today date, transactions jsonb, accounts jsonb, entries jsonb)
  RETURNS SETOF ledger_transaction LANGUAGE plpgsql AS $$
DECLARE fresh uuid[]; found uuid[]; ended uuid[];
BEGIN
  WITH inserted AS (
    INSERT INTO ledger_transaction (id, created_at, updated_at, idempotency_key, kind,
      booking_date, resource_id, entry_count, content_sha256, reverses_id, fx_rate, fx_source,
      actor, details)
    SELECT t.id, t.at, t.at, t.key, t.kind, today, t.resource_id, t.entry_count,
      t.content_sha256, t.reverses_id, t.fx_rate, t.fx_source, t.actor, t.details
    FROM jsonb_to_recordset(transactions) AS t(id uuid, at timestamptz, key text, kind text,
      resource_id uuid, entry_count int, content_sha256 text, reverses_id uuid, fx_rate numeric,
      fx_source text, actor text, details jsonb)
    ORDER BY t.key
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING id
  ) SELECT array_agg(id) INTO fresh FROM inserted;

  IF fresh IS NOT NULL THEN
    found := kerben_ledger_accounts(accounts);
    IF array_position(found, NULL) IS NOT NULL THEN
      INSERT INTO ledger_account (id, created_at, updated_at, kind, currency, reference, parties,
        normal_side, no_overdraft, debits, credits, held, entries)
      SELECT a.id, a.at, a.at, a.kind, a.currency, a.reference, a.parties, a.normal_side,
        a.no_overdraft, 0, 0, 0, 0
      FROM ROWS FROM (jsonb_to_recordset(accounts) AS (id uuid, at timestamptz, kind text,
        currency text, reference uuid, parties uuid[], normal_side text, no_overdraft boolean))
        WITH ORDINALITY AS a(id, at, kind, currency, reference, parties, normal_side,
          no_overdraft, n)
      WHERE found[a.n] IS NULL
      ORDER BY a.kind, a.currency, a.reference
      ON CONFLICT DO NOTHING;
      found := kerben_ledger_accounts(accounts);
    END IF;

    SELECT array_agg(t.hold_id) INTO ended
    FROM jsonb_to_recordset(transactions) AS t(id uuid, hold_id uuid)
    WHERE t.id = ANY(fresh) AND t.hold_id IS NOT NULL;
    IF ended IS NOT NULL THEN
      PERFORM kerben_ledger_lock(found, ended);
      INSERT INTO ledger_hold_resolution (id, created_at, updated_at, hold_id, hold_amount,
        outcome, posted_amount, transaction_id, actor)
      SELECT t.resolution_id, t.at, t.at, t.hold_id, t.hold_amount, 'posted', t.posted_amount,
        t.id, t.actor
      FROM jsonb_to_recordset(transactions) AS t(id uuid, at timestamptz, resolution_id uuid,
        hold_id uuid, hold_amount numeric, posted_amount numeric, actor text)
      WHERE t.hold_id = ANY(ended) AND t.id = ANY(fresh)
      ORDER BY t.hold_id;
    END IF;

    INSERT INTO ledger_entry (id, created_at, updated_at, transaction_id, entry_count,
      booking_date, position, account_id, currency, amount)
    SELECT e.id, e.at, e.at, e.transaction_id, e.entry_count, today, e.position,
      found[e.account], e.currency, e.amount
    FROM jsonb_to_recordset(entries) AS e(id uuid, at timestamptz, transaction_id uuid,
      entry_count int, position int, account int, currency text, amount numeric)
    WHERE e.transaction_id = ANY(fresh)
    ORDER BY found[e.account], e.transaction_id, e.position;
  END IF;

  RETURN QUERY SELECT t.* FROM ledger_transaction t WHERE t.idempotency_key IN (
    SELECT each ->> 'key' FROM jsonb_array_elements(transactions) AS each);
END $$;

-- The operator sees a transaction from its first row on.
ALTER POLICY app_read ON ledger_transaction
  USING (kerben_operator() OR EXISTS (
    SELECT FROM ledger_entry e WHERE e.transaction_id = ledger_transaction.id));
