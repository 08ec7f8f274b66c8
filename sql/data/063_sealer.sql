-- Copyright (C) the Pupil authors
--
-- What a sealer says beside how far it is: how far of one tenant, where it seals
-- that alone; whether it ships checkpoints; and of whom some are not shipped.
--
-- compatible_from: 16

CREATE TABLE pupil.sealer_tenant (
    tenant  uuid PRIMARY KEY,
    until   timestamptz NOT NULL    -- what is older is sealed
);
SELECT pupil.isolate('pupil.sealer_tenant');
GRANT SELECT, INSERT ON pupil.sealer_tenant TO pupil_operator;
GRANT UPDATE (until) ON pupil.sealer_tenant TO pupil_operator;


ALTER TABLE pupil.sealer ADD COLUMN ships boolean NOT NULL DEFAULT false;
GRANT UPDATE (ships) ON pupil.sealer TO pupil_operator;


-- A row comes with a batch, and goes once its checkpoint was shipped: so whoever
-- stops the sealer does not stop the lag.
CREATE TABLE pupil.unshipped (
    tenant  uuid PRIMARY KEY,
    since   timestamptz NOT NULL    -- the oldest of its checkpoints
);
CREATE INDEX unshipped_since ON pupil.unshipped (since);
SELECT pupil.isolate('pupil.unshipped');
CREATE POLICY any_tenant ON pupil.unshipped FOR SELECT TO pupil_gateway
    USING (true);
GRANT SELECT ON pupil.unshipped TO pupil_gateway;
GRANT SELECT, INSERT, DELETE ON pupil.unshipped TO pupil_operator;
GRANT UPDATE (since) ON pupil.unshipped TO pupil_operator;
