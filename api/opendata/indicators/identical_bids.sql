-- title: Two bids of different suppliers have the same price
-- source: OCP, Red flags in public procurement (2024): identical bid prices (R028)
-- reading: bids for the same lots, in the same currency
SELECT source, ocid,
       jsonb_build_object('amount', min(amount), 'bids', max(bids)) AS evidence
FROM (
  SELECT c.source, c.ocid, (b #>> '{value,amount}')::numeric AS amount,
         count(DISTINCT b #>> '{tenderers,0,id}') AS bids
  FROM compiled_release c, jsonb_array_elements(release #> '{bids,details}') AS b
  WHERE b #>> '{value,amount}' IS NOT NULL AND b ->> 'status' IS DISTINCT FROM 'withdrawn'
  GROUP BY c.source, c.ocid, b #> '{relatedLots}', b #>> '{value,currency}', 3
) AS priced
WHERE bids >= 2
GROUP BY source, ocid
