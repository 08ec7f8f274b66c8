-- Copyright (C) the Pupil authors
--
-- What a tenant's administrator decides of imports: a plan is accepted, or a run
-- undone.  A worker notes it, under a MAC, and pupilctl work carries it out; who
-- decided it says the audit's record of that request.  Runs have their notes
-- where plans have: what they were is under the same MAC.
--
-- compatible_from: 16

ALTER TABLE pupil.import_plan
    ADD COLUMN kind text NOT NULL DEFAULT 'plan' CHECK (kind IN ('plan', 'run')),
    ADD COLUMN state text NOT NULL DEFAULT 'open'
               CHECK (state IN ('open', 'done', 'undone'));
CREATE INDEX import_plan_made ON pupil.import_plan (tenant, made_at, id);
GRANT UPDATE (state) ON pupil.import_plan TO pupil_operator;
GRANT SELECT ON pupil.import_plan TO pupil_gateway;

CREATE TABLE pupil.import_decision (
    tenant      uuid NOT NULL,
    id          uuid NOT NULL,
    what        text NOT NULL CHECK (what IN ('accept', 'undo')),
    request     uuid NOT NULL,
    decided_at  timestamptz NOT NULL,
    mac         bytea NOT NULL CHECK (octet_length(mac) = 32),
    state       text NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'done', 'held', 'failed')),
    PRIMARY KEY (tenant, id)
);
SELECT pupil.isolate('pupil.import_decision');
GRANT SELECT, INSERT (tenant, id, what, request, decided_at, mac)
   ON pupil.import_decision TO pupil_gateway;
GRANT SELECT, DELETE, UPDATE (state) ON pupil.import_decision
   TO pupil_operator;
