-- Copyright (C) the Pupil authors
--
-- What kind of a group a class is, and of which department.  group_type,
-- department: sealed, category enrolment, fields of these names, owner and
-- record the class; NULL where its source says nothing.
--
-- compatible_from: 16

ALTER TABLE pupil.class ADD COLUMN group_type bytea,
    ADD COLUMN department bytea;
GRANT UPDATE (group_type, department) ON pupil.class TO pupil_operator;
