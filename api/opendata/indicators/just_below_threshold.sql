-- title: The value lies just below the bound of a simpler method
-- source: OCP, Red flags in public procurement (2024): contract value just below a threshold
-- reading: 95 to 100 per cent of 1 000 000 KGS, bought without open competition
SELECT source, ocid,
       jsonb_build_object('amount', release #> '{tender,value,amount}', 'threshold', 1000000) AS evidence
FROM compiled_release
WHERE release #>> '{tender,procurementMethod}' IN ('direct', 'limited', 'selective')
  AND release #>> '{tender,value,currency}' = 'KGS'
  AND (release #>> '{tender,value,amount}')::numeric >= 950000
  AND (release #>> '{tender,value,amount}')::numeric < 1000000
