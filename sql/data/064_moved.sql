-- Copyright (C) the Pupil authors
--
-- Where a tenant was moved to, of an entry of that kind: as the key store has it
-- (sql/keystore/064_moved.sql).
--
-- compatible_from: 16

ALTER TABLE pupil.ledger ADD COLUMN place text;
