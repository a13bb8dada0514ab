-- title: The terms or the deadline were changed three times or more
-- source: OCP, Red flags in public procurement (2024): changes of tender documents
-- reading: a procedure that is not ready, or that waits for somebody
SELECT source, ocid,
       jsonb_build_object('amendments', jsonb_array_length(release #> '{tender,amendments}')) AS evidence
FROM compiled_release
WHERE jsonb_array_length(coalesce(release #> '{tender,amendments}', '[]')) >= 3
