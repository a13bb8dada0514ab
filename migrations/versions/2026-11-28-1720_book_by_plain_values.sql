-- The account of a name; NULL while it is not open. Two queries, as only equality finds by the index.
CREATE FUNCTION kerben_ledger_named(kind_told text, currency_told text, owner uuid) RETURNS uuid
  LANGUAGE plpgsql STABLE AS $$
DECLARE account uuid;
BEGIN
  IF owner IS NULL THEN
    SELECT id INTO account FROM ledger_account
    WHERE kind = kind_told AND currency = currency_told AND reference IS NULL;
  ELSE
    SELECT id INTO account FROM ledger_account
    WHERE kind = kind_told AND currency = currency_told AND reference = owner;
  END IF;
  RETURN account;
END $$;

-- Books business events: those whose key is new. Returns the ids of all, in the order in which they
-- are told. What may not be is refused by the constraints and triggers of the tables, as for any
-- insert. It differs from `ledger_post` in what it costs, not in what it does: values come as
-- arrays where they are many, what is seldom needed is not read, and no statement compares with an
-- array of unknown length, which PostgreSQL would plan anew each time.
--
-- `told`      transactions, in the order of their keys
-- `kinds`, `currencies`, `owners`   what names each account that is booked on
-- `unopened`  the same accounts as they are to be opened where they are not yet
-- `entry_ids`, `amounts`, `places`, `of_told`, `on_account`   each entry, its place in its transaction,
--             and by number (from 1) its transaction and its account
CREATE FUNCTION ledger_book(today date, at timestamptz, told jsonb, kinds text[], currencies text[],
    owners uuid[], unopened text, entry_ids uuid[], amounts numeric[], places int[], of_told int[],
    on_account int[])
  RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE each jsonb; booked uuid[]; fresh uuid[]; counts int[]; ends int[]; on_ids uuid[];
  account uuid; place int; opened boolean := false;
BEGIN
  FOR place IN 1 .. jsonb_array_length(told) LOOP
    each := told -> (place - 1);
    booked[place] := (each ->> 'id')::uuid;
    INSERT INTO ledger_transaction (id, created_at, updated_at, idempotency_key, kind,
      booking_date, resource_id, entry_count, content_sha256, reverses_id, fx_rate, fx_source,
      actor, details)
    VALUES (booked[place], at, at, each ->> 'key', each ->> 'kind', today,
      (each ->> 'resource_id')::uuid, (each ->> 'entry_count')::int, each ->> 'content_sha256',
      (each ->> 'reverses_id')::uuid, (each ->> 'fx_rate')::numeric, each ->> 'fx_source',
      each ->> 'actor', each -> 'details')
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF FOUND THEN
      fresh[place] := booked[place];
      counts[place] := (each ->> 'entry_count')::int;
      IF each ? 'hold_id' THEN
        ends := ends || place;
      END IF;
    ELSE
      SELECT id INTO STRICT account FROM ledger_transaction WHERE idempotency_key = each ->> 'key';
      booked[place] := account;
    END IF;
  END LOOP;
  IF fresh IS NULL THEN
    RETURN booked;
  END IF;

  FOR place IN 1 .. cardinality(kinds) LOOP
    account := kerben_ledger_named(kinds[place], currencies[place], owners[place]);
    IF account IS NULL AND NOT opened THEN
      opened := true;
      INSERT INTO ledger_account (id, created_at, updated_at, kind, currency, reference, parties,
        normal_side, no_overdraft, debits, credits, held, entries)
      SELECT a.id, at, at, a.kind, a.currency, a.reference, a.parties, a.normal_side,
        a.no_overdraft, 0, 0, 0, 0
      FROM jsonb_to_recordset(unopened::jsonb) AS a(id uuid, kind text, currency text,
        reference uuid, parties uuid[], normal_side text, no_overdraft boolean)
      WHERE kerben_ledger_named(a.kind, a.currency, a.reference) IS NULL
      ORDER BY a.kind, a.currency, a.reference
      ON CONFLICT DO NOTHING;
      account := kerben_ledger_named(kinds[place], currencies[place], owners[place]);
    END IF;
    on_ids[place] := account;
  END LOOP;

  IF ends IS NOT NULL THEN
    PERFORM kerben_ledger_lock(on_ids, ARRAY(
      SELECT (told -> (n - 1) ->> 'hold_id')::uuid FROM unnest(ends) AS n));
    INSERT INTO ledger_hold_resolution (id, created_at, updated_at, hold_id, hold_amount,
      outcome, posted_amount, transaction_id, actor)
    SELECT t.resolution_id, at, at, t.hold_id, t.hold_amount, 'posted', t.posted_amount,
      t.id, t.actor
    FROM jsonb_to_recordset(told) AS t(id uuid, resolution_id uuid, hold_id uuid,
      hold_amount numeric, posted_amount numeric, actor text)
    WHERE t.hold_id IS NOT NULL AND t.id = ANY(fresh)
    ORDER BY t.hold_id;
  END IF;

  INSERT INTO ledger_entry (id, created_at, updated_at, transaction_id, entry_count,
    booking_date, position, account_id, currency, amount)
  SELECT e.id, at, at, fresh[e.told_at], counts[e.told_at], today, e.place, on_ids[e.account_at],
    currencies[e.account_at], e.amount
  FROM unnest(entry_ids, amounts, places, of_told, on_account)
    AS e(id, amount, place, told_at, account_at)
  WHERE fresh[e.told_at] IS NOT NULL
  ORDER BY on_ids[e.account_at], e.told_at, e.place;
  RETURN booked;
END $$;

-- As the migration `keep_the_ledger` has it, with one plain sum where there is one currency.
CREATE OR REPLACE FUNCTION kerben_ledger_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public AS $$
DECLARE counted int; lowest text; highest text; total numeric; off int;
BEGIN
  SELECT count(*), min(currency), max(currency), sum(amount) INTO counted, lowest, highest, total
  FROM ledger_entry WHERE transaction_id = NEW.id;
  IF lowest = highest THEN
    off := (total <> 0)::int;
  ELSE
    SELECT count(*) INTO off FROM (
      SELECT FROM ledger_entry WHERE transaction_id = NEW.id
      GROUP BY currency HAVING sum(amount) <> 0) AS sums;
  END IF;
  IF counted <> NEW.entry_count OR off <> 0 THEN
    RAISE EXCEPTION 'transaction % is not balanced', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_balanced';
  END IF;
  IF lowest <> highest AND NEW.fx_rate IS NULL AND NEW.reverses_id IS NULL THEN
    RAISE EXCEPTION 'transaction % exchanges without a rate', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_rate';
  END IF;
  RETURN NULL;
END $$;
