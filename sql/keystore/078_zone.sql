-- Copyright (C) the Pupil authors
--
-- In which time zone a tenant's days begin: roles and enrolments begin and end
-- with days.  It stands here, as it decides who may see what (invariant I18),
-- and comes to workers with the tenant's key.  Without a row it is UTC.
--
-- compatible_from: 10

CREATE TABLE keystore.zone (
    tenant  uuid PRIMARY KEY,
    zone    text NOT NULL
);
ALTER TABLE keystore.zone ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.zone FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.zone
    TO pupil_keeper, pupil_operator, CURRENT_USER
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT ON keystore.zone TO pupil_keeper, pupil_operator;
GRANT INSERT, UPDATE (zone) ON keystore.zone TO pupil_operator;


-- The day of a moment, since 1970-01-01, and when it begins and ends: it may
-- have 23 hours, or 25.
CREATE FUNCTION keystore.zone_day(zone text, at timestamptz)
    RETURNS TABLE (day integer, begins timestamptz, ends timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.day - DATE '1970-01-01', d.day::timestamp AT TIME ZONE $1,
           (d.day + 1)::timestamp AT TIME ZONE $1
      FROM (SELECT ($2 AT TIME ZONE $1)::date) AS d (day)
$$;


-- A name that there is, as it is written; workers ask which day it is then.  A
-- program that knows no zones is refused from the first one on.
CREATE FUNCTION keystore.zone_set() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_timezone_names AS n WHERE n.name = NEW.zone)
    THEN
        RAISE EXCEPTION 'no time zone of PostgreSQL is "%"', NEW.zone
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    UPDATE public.pupil_migration SET compatible_from = 78
     WHERE number = 78 AND compatible_from < 78;

    PERFORM pg_notify('pupil_keystore', 'zone ' || NEW.tenant);
    RETURN NEW;
END $$;
CREATE TRIGGER zone_set BEFORE INSERT OR UPDATE ON keystore.zone
    FOR EACH ROW EXECUTE FUNCTION keystore.zone_set();

CREATE FUNCTION keystore.forget_zone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.zone AS z WHERE z.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_zone AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_zone();

REVOKE ALL ON FUNCTION keystore.zone_day(text, timestamptz),
    keystore.zone_set(), keystore.forget_zone() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.zone_day(text, timestamptz)
    TO pupil_keeper, pupil_operator;
