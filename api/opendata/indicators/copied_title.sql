-- title: One buyer published the same title three times or more within 30 days
-- source: MKRAI of the Kyrgyz Republic: splitting of a purchase
-- reading: small letters and spaces do not matter; cancelled procedures do not count
WITH titled AS (
  SELECT source, ocid, release #>> '{buyer,id}' AS buyer,
         lower(regexp_replace(btrim(release #>> '{tender,title}'), '\s+', ' ', 'g')) AS title,
         (release #>> '{tender,tenderPeriod,startDate}')::timestamptz AS at
  FROM compiled_release
  WHERE release #>> '{tender,status}' IS DISTINCT FROM 'cancelled'
)
SELECT t.source, t.ocid,
       jsonb_build_object('title', t.title, 'times', count(*)) AS evidence
FROM titled t
JOIN titled o USING (source, buyer, title)
WHERE o.at BETWEEN t.at - interval '30 days' AND t.at + interval '30 days'
GROUP BY t.source, t.ocid, t.title
HAVING count(*) >= 3
