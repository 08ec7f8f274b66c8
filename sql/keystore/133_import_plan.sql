-- Copyright (C) the Pupil authors
--
-- Whether a plan of an import may be applied, and the key that opens it: gone
-- once it was, or after four days.  The data database's word would let one that
-- was used come back (I18).  parts, digest: what it is stored in there.
--
-- compatible_from: 10

CREATE TABLE keystore.import_plan (
    tenant       uuid NOT NULL,
    id           uuid NOT NULL,
    plan         text,
    source       text CHECK (octet_length(source) <= 64),
    state        text NOT NULL DEFAULT 'making'
                 CHECK (state IN ('making', 'open', 'begun', 'used')),
    made_at      timestamptz NOT NULL DEFAULT now(),
    made_by      text NOT NULL,
    begun_at     timestamptz,
    accepted_by  text,
    parts        integer,
    digest       bytea,
    key          bytea,
    PRIMARY KEY (tenant, id)
);
ALTER TABLE keystore.import_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.import_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.import_plan
    TO pupil_operator, CURRENT_USER
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT, INSERT (tenant, id, made_by, key), DELETE,
      UPDATE (plan, source, state, begun_at, accepted_by, parts, digest, key)
   ON keystore.import_plan TO pupil_operator;

-- Which plan a run applies: one that was killed is taken up as that.
ALTER TABLE keystore.import_run ADD COLUMN plan text;
GRANT INSERT (plan) ON keystore.import_run TO pupil_operator;


-- Whoever is erased is in no plan any more: all of the tenant's go.
CREATE FUNCTION keystore.forget_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.import_plan AS p WHERE p.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_plans AFTER INSERT ON keystore.ledger
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_plans();

REVOKE ALL ON FUNCTION keystore.forget_plans() FROM PUBLIC;
