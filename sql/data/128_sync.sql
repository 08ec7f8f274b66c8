-- Copyright (C) the Pupil authors
--
-- What a source's last import was of, as a keyed fingerprint of all of it, its
-- options and the day: the same again that day is not read again.  And since
-- when a timer imports it: workers show how old what it brought last is, and
-- how many are held.
--
-- compatible_from: 16

ALTER TABLE pupil.source ADD COLUMN input bytea,
    ADD COLUMN synced timestamptz;
GRANT UPDATE (input, synced) ON pupil.source TO pupil_operator;

CREATE POLICY any_tenant ON pupil.source FOR SELECT TO pupil_gateway
    USING (true);
GRANT SELECT (tenant, source, good_at, ended, synced) ON pupil.source
    TO pupil_gateway;
