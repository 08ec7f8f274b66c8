-- Copyright (C) the Pupil authors
--
-- A link to a new password ends with what was revoked of the account since it
-- was asked for: beside the number of the credential the row of its mail has the
-- floors of sessions and of the address then, as a sum, under its MAC.
--
-- compatible_from: 16

ALTER TABLE pupil.outbox ADD COLUMN floors bigint NOT NULL DEFAULT 0
    CHECK (floors BETWEEN 0 AND 4294967295);
