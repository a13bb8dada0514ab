-- title: The price is within two per cent of the buyer's own estimate
-- source: OCP, Red flags in public procurement (2024): the winning price is very close to the estimate
-- reading: awards of a procedure together, in the currency of the estimate, where several could bid
SELECT source, ocid,
       jsonb_build_object('awarded', awarded, 'estimate', estimate) AS evidence
FROM (
  SELECT c.source, c.ocid, (release #>> '{tender,value,amount}')::numeric AS estimate,
         (SELECT sum((a #>> '{value,amount}')::numeric)
          FROM jsonb_array_elements(release -> 'awards') AS a
          WHERE a ->> 'status' = 'active'
            AND a #>> '{value,currency}' = release #>> '{tender,value,currency}') AS awarded
  FROM compiled_release c
  WHERE release #>> '{tender,procurementMethod}' IN ('open', 'selective')
) AS priced
WHERE awarded <= estimate AND awarded >= estimate * 0.98
