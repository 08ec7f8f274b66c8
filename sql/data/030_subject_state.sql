-- Copyright (C) the Pupil authors
--
-- pupilctl restricts whose data is processed (GDPR article 18), by the state of
-- the owner; the key store has it, too (sql/keystore/030_restrict.sql).
--
-- compatible_from: 16

GRANT UPDATE (state) ON pupil.owner TO pupil_operator;
