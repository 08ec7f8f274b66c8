-- Copyright (C) the Pupil authors
--
-- When the last backup is gone that has a key of an erasure, as receipts were
-- told: two of them that were signed say the same.  And what workers say of
-- themselves, which anybody may say who has their role, ends, and has bounds.
--
-- compatible_from: 10

CREATE TABLE keystore.backups (
    tenant   uuid NOT NULL,
    number   bigint NOT NULL,           -- of the entry in the ledger
    gone_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, number) REFERENCES keystore.ledger (tenant, number)
);
ALTER TABLE keystore.backups ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.backups FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.backups
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
CREATE TRIGGER never_back BEFORE DELETE ON keystore.backups
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();

-- What a receipt of the entry says: the latest that one was told.  NULL: none
-- was, nor is this one.
CREATE FUNCTION keystore.backups_gone(number bigint, told timestamptz)
    RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    IF told IS NOT NULL THEN
        INSERT INTO keystore.backups AS b (tenant, number, gone_at)
        VALUES (this, backups_gone.number, told)
            ON CONFLICT (tenant, number) DO UPDATE
           SET gone_at = greatest(b.gone_at, EXCLUDED.gone_at);
    END IF;

    RETURN (SELECT b.gone_at FROM keystore.backups AS b
             WHERE b.tenant = this AND b.number = backups_gone.number);
END $$;
REVOKE ALL ON FUNCTION keystore.backups_gone(bigint, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.backups_gone(bigint, timestamptz)
    TO pupil_operator;


-- As in 042_fleet.sql.  Nobody begins in the future; whoever was not heard of for
-- two reports loses a row to its worker; and of rows there are so many at most,
-- those that were heard of last.
CREATE OR REPLACE FUNCTION keystore.report(host text, slot integer,
    started timestamptz, epochs text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM keystore.worker AS w
                    WHERE w.host = report.host AND w.slot = report.slot)
    THEN
        DELETE FROM keystore.worker AS w USING (
            SELECT k.host, k.slot FROM keystore.worker AS k
             ORDER BY k.seen_at DESC OFFSET 4095) AS o
         WHERE w.host = o.host AND w.slot = o.slot;
    END IF;

    INSERT INTO keystore.worker AS w (host, slot, started_at, seen_at, epochs)
    VALUES (report.host, report.slot,
            least(report.started, clock_timestamp()), clock_timestamp(),
            string_to_array(report.epochs, ',')::integer[])
        ON CONFLICT (host, slot) DO UPDATE SET
           started_at = EXCLUDED.started_at, seen_at = EXCLUDED.seen_at,
           epochs = EXCLUDED.epochs
     WHERE w.started_at <= EXCLUDED.started_at
        OR w.seen_at < clock_timestamp() - interval '30 seconds';

    DELETE FROM keystore.worker AS w
     WHERE w.seen_at < now() - interval '1 day';
END $$;
