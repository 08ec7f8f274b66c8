-- Copyright (C) the Pupil authors
--
-- Of what people are told of their account the newest fifty of each kind are
-- kept: whoever logs in over and over, from browsers that are not known, makes
-- no more of them than that, and takes nothing of another kind away.
--
-- compatible_from: 16

-- A time to come, by a clock that was set back since, is older than any.  Of
-- whom the law lets nobody delete anything, nothing goes.
CREATE FUNCTION pupil.newest_notices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM pupil.notice AS n
     USING (SELECT o.notice FROM pupil.notice AS o
             WHERE o.tenant = NEW.tenant AND o.subject = NEW.subject
               AND o.kind = NEW.kind
             ORDER BY o.at > now() + interval '1 minute', o.at DESC, o.notice
            OFFSET 50) AS o
     WHERE n.tenant = NEW.tenant AND n.notice = o.notice
       AND NOT EXISTS (SELECT FROM pupil.owner AS w
                        WHERE w.tenant = NEW.tenant AND w.owner = NEW.subject
                          AND w.state = 'restricted');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION pupil.newest_notices() FROM PUBLIC;

CREATE TRIGGER newest_notices AFTER INSERT ON pupil.notice
    FOR EACH ROW EXECUTE FUNCTION pupil.newest_notices();
