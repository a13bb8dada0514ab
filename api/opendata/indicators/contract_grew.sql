-- title: The contract is worth a tenth more than its award, or more
-- source: OCP, Red flags in public procurement (2024): the contract value grew after the award
-- reading: contracts under one award, in the currency of the award
SELECT source, ocid,
       jsonb_build_object('contract', max(contract), 'award', max(award)) AS evidence
FROM (
  SELECT c.source, c.ocid, (k #>> '{value,amount}')::numeric AS contract,
         (a #>> '{value,amount}')::numeric AS award
  FROM compiled_release c, jsonb_array_elements(release -> 'contracts') AS k,
       jsonb_array_elements(release -> 'awards') AS a
  WHERE a ->> 'id' = k ->> 'awardID'
    AND a #>> '{value,currency}' = k #>> '{value,currency}'
    AND jsonb_array_length(coalesce(nullif(k -> 'awardIDs', 'null'), '[]')) <= 1
) AS priced
WHERE contract >= award * 1.1 AND award > 0
GROUP BY source, ocid
