-- Copyright (C) the Pupil authors
--
-- Who learns or teaches where: a view, as the rows themselves authorise and so
-- belong to the host.  Titles are sealed by their class and their school.
-- The view reads with the rights, and under the row-level security, of whoever
-- asks.  Its sub-queries are not flattened: a class and a school are looked up
-- for each enrolment found, whatever the planner believes of the sizes.

CREATE OR REPLACE VIEW data.enrolment WITH (security_invoker = true) AS
    SELECT e.tenant,
           e.subject AS owner,
           e.enrolment AS record,
           1 AS key_version,
           e.source,
           greatest(c.updated_at, i.updated_at) AS updated_at,
           e.class AS class_id,
           c.title AS class_title,
           e.institution AS school_id,
           i.title AS school_title,
           e.role,
           e.valid_from AS "from",
           e.valid_to AS "to",
           c.group_type,
           c.department
      FROM pupil.enrolment e
      JOIN LATERAL (SELECT c.title, c.group_type, c.department,
                           c.updated_at FROM pupil.class c
                     WHERE c.tenant = e.tenant AND c.class = e.class
                    OFFSET 0) c ON true
      JOIN LATERAL (SELECT i.title, i.updated_at FROM pupil.institution i
                     WHERE i.tenant = e.tenant
                       AND i.institution = e.institution OFFSET 0) i ON true;

GRANT SELECT ON data.enrolment TO pupil_gateway, pupil_operator;
