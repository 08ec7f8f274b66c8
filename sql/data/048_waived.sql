-- Copyright (C) the Pupil authors
--
-- A table that an erasure goes without is waived by a decision, whose reference
-- stands with it, in the receipt, too.
--
-- compatible_from: 16

ALTER TABLE pupil.erasure ADD COLUMN reference text;

-- Of what was waived before nobody asked for one.
ALTER TABLE pupil.erasure ADD CONSTRAINT waived
    CHECK ((state = 'waived') = (reference IS NOT NULL)) NOT VALID;

GRANT UPDATE (reference) ON pupil.erasure TO pupil_operator;
