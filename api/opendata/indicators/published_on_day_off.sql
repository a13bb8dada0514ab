-- title: The tender opened on a day off
-- source: OCP, Red flags in public procurement (2024): notices that are hard to notice
-- reading: Saturdays, Sundays and holidays in Bishkek, less the Saturdays on which people work
SELECT c.source, c.ocid,
       jsonb_build_object('day', c.day, 'weekday', extract(isodow FROM c.day)) AS evidence
FROM (
  SELECT source, ocid, ((release #>> '{tender,tenderPeriod,startDate}')::timestamptz
                        AT TIME ZONE 'Asia/Bishkek')::date AS day
  FROM compiled_release
) AS c
LEFT JOIN work_calendar_day d ON d.calendar = 'KG' AND d.day = c.day
WHERE c.day IS NOT NULL AND NOT coalesce(d.working, extract(isodow FROM c.day) < 6)
