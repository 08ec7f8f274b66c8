-- Copyright (C) the Pupil authors
--
-- compatible_from: 10
--
-- For which categories of which tenant all records have facts.  Rows are added
-- and never changed: once it stands here, pupilctl facts makes none for a
-- record without, which then is one that somebody has changed.  It stands in
-- the key store, as whoever can write the data database must not be able to
-- have records of theirs bound.

CREATE TABLE keystore.bound (
    tenant    uuid NOT NULL,
    category  text NOT NULL,
    bound_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, category)
);

ALTER TABLE keystore.bound ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.bound FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.bound
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT, INSERT ON keystore.bound TO pupil_operator;

CREATE TRIGGER never_back BEFORE UPDATE OR DELETE ON keystore.bound
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();
