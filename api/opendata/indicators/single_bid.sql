-- title: One bid in a procedure that was open to several
-- source: OCP, Red flags in public procurement (2024): single bid received (R018)
-- reading: bids that were opened; withdrawn ones do not count
SELECT source, ocid,
       jsonb_build_object('bids', 1, 'lots', jsonb_array_length(release #> '{tender,lots}')) AS evidence
FROM (
  SELECT c.source, c.ocid, c.release,
         (SELECT count(*) FROM jsonb_array_elements(c.release #> '{bids,details}') AS b
          WHERE b ->> 'status' IS DISTINCT FROM 'withdrawn'
            AND b ->> 'status' IS DISTINCT FROM 'invited') AS bids
  FROM compiled_release c
) AS counted
WHERE bids = 1 AND release #>> '{tender,procurementMethod}' IN ('open', 'selective')
