-- title: One supplier wins more than half of a buyer's awards
-- source: OCP, Red flags in public procurement (2024): high market concentration
-- reading: buyers with four awards or more; each award of that supplier is listed
WITH awarded AS (
  SELECT DISTINCT c.source, c.ocid, release #>> '{buyer,id}' AS buyer, a ->> 'id' AS award,
         s ->> 'id' AS supplier
  FROM compiled_release c, jsonb_array_elements(release -> 'awards') AS a,
       jsonb_array_elements(a -> 'suppliers') AS s
  WHERE a ->> 'status' = 'active'
), shares AS (
  SELECT *,
         count(*) OVER (PARTITION BY source, buyer, supplier)::numeric AS won,
         count(*) OVER (PARTITION BY source, buyer) AS awards
  FROM awarded
)
SELECT source, ocid,
       jsonb_build_object('supplier', min(supplier), 'won', max(won), 'awards', max(awards)) AS evidence
FROM shares
WHERE buyer IS NOT NULL AND awards >= 4 AND won / awards > 0.5
GROUP BY source, ocid
