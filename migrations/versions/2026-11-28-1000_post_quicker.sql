-- As the migration `post_in_one_call` has it, with fewer statements: what was booked is found by its
-- id, where a search by the keys of unknown number read all transactions; accounts are
-- opened, and holds ended, only where there are such.
CREATE OR REPLACE FUNCTION ledger_post(today date, transactions jsonb, accounts jsonb, entries jsonb)
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

    IF jsonb_path_exists(transactions, '$[*].hold_id') THEN
      SELECT array_agg(t.hold_id) INTO ended
      FROM jsonb_to_recordset(transactions) AS t(id uuid, hold_id uuid)
      WHERE t.id = ANY(fresh) AND t.hold_id IS NOT NULL;
    END IF;
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

  IF cardinality(fresh) = jsonb_array_length(transactions) THEN
    RETURN QUERY SELECT t.* FROM ledger_transaction t WHERE t.id = ANY(fresh);
  ELSE
    RETURN QUERY SELECT t.* FROM ledger_transaction t WHERE t.idempotency_key = ANY(ARRAY(
      SELECT each ->> 'key' FROM jsonb_array_elements(transactions) AS each));
  END IF;
END $$;
