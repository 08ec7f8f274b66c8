-- Copyright (C) the Pupil authors
--
-- Who is restricted (GDPR article 18), beside the state of their key: counts of
-- a class leave them out by one walk along this, whose length is theirs.
--
-- compatible_from: 16

CREATE TABLE pupil.restricted (
    tenant  uuid NOT NULL,
    owner   uuid NOT NULL,
    PRIMARY KEY (tenant, owner)
);

-- Without the tenants' policies, which hide what this has to copy.
ALTER TABLE pupil.owner NO FORCE ROW LEVEL SECURITY;
INSERT INTO pupil.restricted (tenant, owner)
SELECT o.tenant, o.owner FROM pupil.owner AS o WHERE o.state = 'restricted';
ALTER TABLE pupil.owner FORCE ROW LEVEL SECURITY;

SELECT pupil.isolate('pupil.restricted');
GRANT SELECT ON pupil.restricted TO pupil_gateway;
GRANT SELECT, INSERT, DELETE ON pupil.restricted TO pupil_operator;


CREATE FUNCTION pupil.note_restricted() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.state = 'restricted' THEN
        INSERT INTO pupil.restricted (tenant, owner)
        VALUES (NEW.tenant, NEW.owner) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM pupil.restricted AS r
         WHERE r.tenant = NEW.tenant AND r.owner = NEW.owner;
    END IF;

    RETURN NULL;
END $$;
CREATE TRIGGER note_restricted AFTER UPDATE OF state ON pupil.owner
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION pupil.note_restricted();
CREATE TRIGGER note_restricted_new AFTER INSERT ON pupil.owner
    FOR EACH ROW WHEN (NEW.state = 'restricted')
    EXECUTE FUNCTION pupil.note_restricted();

REVOKE ALL ON FUNCTION pupil.note_restricted() FROM PUBLIC;
