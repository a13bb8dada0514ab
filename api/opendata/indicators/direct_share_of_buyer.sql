-- title: More than half of what a buyer bought in the year was bought directly
-- source: OCP, Red flags in public procurement (2024): high use of non-competitive methods
-- reading: buyers with five procedures or more; each of the direct ones is listed
WITH bought AS (
  SELECT source, ocid, release #>> '{buyer,id}' AS buyer,
         release #>> '{tender,procurementMethod}' IN ('direct', 'limited') AS directly,
         (release #>> '{tender,value,amount}')::numeric AS amount,
         release #>> '{tender,value,currency}' AS currency,
         date_part('year', (release #>> '{tender,tenderPeriod,startDate}')::timestamptz
                           AT TIME ZONE 'Asia/Bishkek') AS year
  FROM compiled_release
), shares AS (
  SELECT *,
         count(*) OVER w AS procedures,
         sum(amount) FILTER (WHERE directly) OVER w / nullif(sum(amount) OVER w, 0) AS share
  FROM bought
  WINDOW w AS (PARTITION BY source, buyer, year, currency)
)
SELECT source, ocid,
       jsonb_build_object('share', round(share, 3), 'procedures', procedures) AS evidence
FROM shares
WHERE directly AND buyer IS NOT NULL AND procedures >= 5 AND share > 0.5
