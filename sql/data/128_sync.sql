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

-- Of all tenants, as it names none.
CREATE FUNCTION pupil.rosters(OUT oldest timestamptz, OUT held bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(coalesce(s.good_at, s.synced)),
           count(*) FILTER (WHERE s.ended = 'held')
      FROM pupil.source AS s WHERE s.synced IS NOT NULL
$$;
REVOKE ALL ON FUNCTION pupil.rosters() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.rosters() TO pupil_gateway;
