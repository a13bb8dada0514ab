-- title: Every bid but the winner's was disqualified
-- source: OCP, Red flags in public procurement (2024): all except the winning bid disqualified (R035)
-- reading: two disqualified bids or more, and an award
SELECT source, ocid,
       jsonb_build_object('disqualified', disqualified) AS evidence
FROM (
  SELECT c.source, c.ocid, release,
         (SELECT count(*) FROM jsonb_array_elements(release #> '{bids,details}') AS b
          WHERE b ->> 'status' = 'disqualified') AS disqualified,
         (SELECT count(*) FROM jsonb_array_elements(release #> '{bids,details}') AS b
          WHERE b ->> 'status' = 'valid') AS valid
  FROM compiled_release c
) AS counted
WHERE valid = 1 AND disqualified >= 2
  AND EXISTS (SELECT FROM jsonb_array_elements(release -> 'awards') AS a WHERE a ->> 'status' = 'active')
