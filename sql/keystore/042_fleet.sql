-- Copyright (C) the Pupil authors
--
-- The workers of all hosts, and which epochs of the key file each has: whoever
-- wraps keys under a new one, or ends an old one, would leave a worker without
-- keys that lacks it, also one that is cut off at that moment.
--
-- compatible_from: 10

-- host: its name, and the configuration of nginx; slot: the worker's number.  A
-- worker that takes another's place after a reload takes its row.
CREATE TABLE keystore.worker (
    host        text NOT NULL CHECK (length(host) BETWEEN 1 AND 512),
    slot        integer NOT NULL CHECK (slot BETWEEN 0 AND 1023),
    started_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    epochs      integer[] NOT NULL,
    PRIMARY KEY (host, slot)
);
GRANT SELECT ON keystore.worker TO pupil_operator;


-- A worker says that it is there.  epochs: by commas.  One that ends after a
-- reload says nothing over who came after it.  What was not heard of for a day
-- goes.
CREATE FUNCTION keystore.report(host text, slot integer, started timestamptz,
    epochs text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO keystore.worker AS w (host, slot, started_at, seen_at, epochs)
    VALUES (report.host, report.slot, report.started, clock_timestamp(),
            string_to_array(report.epochs, ',')::integer[])
        ON CONFLICT (host, slot) DO UPDATE SET
           started_at = EXCLUDED.started_at, seen_at = EXCLUDED.seen_at,
           epochs = EXCLUDED.epochs
     WHERE w.started_at <= EXCLUDED.started_at;

    DELETE FROM keystore.worker AS w
     WHERE w.seen_at < now() - interval '1 day';
END $$;
REVOKE ALL ON FUNCTION keystore.report(text, integer, timestamptz, text)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.report(text, integer, timestamptz, text)
    TO pupil_keeper;
