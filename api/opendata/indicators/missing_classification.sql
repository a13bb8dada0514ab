-- title: What is bought is not classified
-- source: OCP, Red flags in public procurement (2024): key information is missing
-- reading: suppliers search by code, and who does not find it cannot answer
SELECT source, ocid,
       jsonb_build_object('items', count(*)) AS evidence
FROM compiled_release, jsonb_array_elements(release #> '{tender,items}') AS item
WHERE item #>> '{classification,id}' IS NULL
GROUP BY source, ocid
