-- Copyright (C) the Pupil authors
--
-- A day begins at the first of its moments.  Where clocks are put back over an
-- hour after midnight there are two midnights, and PostgreSQL takes a time of
-- day that there is twice for the later one: a moment between both was before
-- the beginning of its own day.
--
-- compatible_from: 10

-- The first moment that is of the day, or of one behind it.  Clocks are put
-- forward and back at quarters of an hour, by four hours at most.
CREATE FUNCTION keystore.zone_begins(zone text, day date)
    RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(min(m.at) FILTER (WHERE (m.at AT TIME ZONE $1)::date
                                            >= $2),
                    min(n.at))
      FROM (SELECT $2::timestamp AT TIME ZONE $1) AS n (at),
           generate_series(n.at - interval '4 hours',
                           n.at + interval '4 hours',
                           interval '15 minutes') AS m (at)
$$;

CREATE OR REPLACE FUNCTION keystore.zone_day(zone text, at timestamptz)
    RETURNS TABLE (day integer, begins timestamptz, ends timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.day - DATE '1970-01-01', keystore.zone_begins($1, d.day),
           keystore.zone_begins($1, d.day + 1)
      FROM (SELECT ($2 AT TIME ZONE $1)::date) AS d (day)
$$;

REVOKE ALL ON FUNCTION keystore.zone_begins(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.zone_begins(text, date)
    TO pupil_keeper, pupil_operator;
