-- Copyright (C) the Pupil authors
--
-- Which sources a tenant has rosters of, and how their last imports ended; and
-- what pupilctl source writes where people, classes and schools go from one to
-- another.
--
-- compatible_from: 16

CREATE TABLE pupil.source (
    tenant  uuid NOT NULL,
    source  text NOT NULL,
    format  text NOT NULL,
    ran_at  timestamptz NOT NULL,
    good_at timestamptz,
    ended   text NOT NULL CHECK (ended IN ('done', 'held', 'failed')),
    plan    text,
    PRIMARY KEY (tenant, source)
);
SELECT pupil.isolate('pupil.source');
GRANT SELECT, INSERT, DELETE ON pupil.source TO pupil_operator;
GRANT UPDATE (format, ran_at, good_at, ended, plan) ON pupil.source
    TO pupil_operator;

GRANT UPDATE (source) ON pupil.subject, pupil.institution, pupil.class
    TO pupil_operator;
