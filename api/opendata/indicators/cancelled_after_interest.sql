-- title: Cancelled after suppliers had asked or bid
-- source: OCP, Red flags in public procurement (2024): the tender is cancelled late
-- reading: a cancellation once it is known who is interested
SELECT source, ocid,
       jsonb_build_object('enquiries', enquiries, 'bids', bids) AS evidence
FROM (
  SELECT source, ocid, release,
         jsonb_array_length(coalesce(nullif(release #> '{tender,enquiries}', 'null'), '[]')) AS enquiries,
         jsonb_array_length(coalesce(nullif(release #> '{bids,details}', 'null'), '[]')) AS bids
  FROM compiled_release
) AS counted
WHERE release #>> '{tender,status}' = 'cancelled' AND enquiries + bids > 0
