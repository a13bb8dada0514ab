-- title: Suppliers had less than seven days to answer
-- source: OCP, Red flags in public procurement (2024): the submission period is too short (R003)
-- reading: few can answer so soon who did not know before; requests for quotations are as short by law
SELECT source, ocid,
       jsonb_build_object('days', round(days, 1)) AS evidence
FROM (
  SELECT source, ocid, release,
         extract(epoch FROM (release #>> '{tender,tenderPeriod,endDate}')::timestamptz
                          - (release #>> '{tender,tenderPeriod,startDate}')::timestamptz)
         / 86400 AS days
  FROM compiled_release
) AS timed
WHERE days < 7 AND release #>> '{tender,procurementMethod}' IN ('open', 'selective')
