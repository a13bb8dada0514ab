-- title: The terms were changed in the last three days before the deadline
-- source: OCP, Red flags in public procurement (2024): changes of tender documents
-- reading: the deadline as it is after the change, so that an extension long enough clears the flag
SELECT source, ocid,
       jsonb_build_object('amended', max(amended), 'deadline', min(deadline)) AS evidence
FROM (
  SELECT source, ocid, (a ->> 'date')::timestamptz AS amended,
         (release #>> '{tender,tenderPeriod,endDate}')::timestamptz AS deadline
  FROM compiled_release, jsonb_array_elements(release #> '{tender,amendments}') AS a
) AS changed
WHERE amended < deadline AND amended > deadline - interval '3 days'
GROUP BY source, ocid
