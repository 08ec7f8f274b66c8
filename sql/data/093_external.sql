-- Copyright (C) the Pupil authors
--
-- An account that has a log-in name for passwords may have another one beside
-- it, by which a national log-in knows it.  Where the plugin is yet to come, its
-- own SQL makes the column.
--
-- compatible_from: 16

DO $$
BEGIN
    IF to_regclass('data.credential') IS NOT NULL THEN
        ALTER TABLE data.credential ADD COLUMN external_id bytea;
    END IF;
END $$;
