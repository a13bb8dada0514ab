-- title: Three or more direct purchases of one kind by one buyer within 30 days
-- source: OCP, Red flags in public procurement (2024): splitting purchases; MKRAI of the Kyrgyz Republic
-- reading: each below 1 000 000 KGS, together above it; kind: the first three digits of CPV or OKGZ
WITH purchases AS (
  SELECT source, ocid, release #>> '{buyer,id}' AS buyer,
         left(release #>> '{tender,items,0,classification,id}', 3) AS kind,
         (release #>> '{tender,value,amount}')::numeric AS amount,
         (release #>> '{tender,tenderPeriod,startDate}')::timestamptz AS at
  FROM compiled_release
  WHERE release #>> '{tender,procurementMethod}' IN ('direct', 'limited')
    AND release #>> '{tender,value,currency}' = 'KGS'
    AND (release #>> '{tender,value,amount}')::numeric < 1000000
    AND release #>> '{tender,status}' IS DISTINCT FROM 'cancelled'
)
SELECT p.source, p.ocid,
       jsonb_build_object('purchases', count(*), 'sum', sum(o.amount), 'kind', p.kind) AS evidence
FROM purchases p
JOIN purchases o USING (source, buyer, kind)
WHERE o.at BETWEEN p.at - interval '30 days' AND p.at + interval '30 days'
GROUP BY p.source, p.ocid, p.kind
HAVING count(*) >= 3 AND sum(o.amount) >= 1000000
