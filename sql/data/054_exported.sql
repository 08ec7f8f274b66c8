-- Copyright (C) the Pupil authors
--
-- That a tenant was handed what is held of it is what pupilctl says, under the
-- tenant's key: a row that somebody inserts lets nobody end it.
--
-- compatible_from: 16

-- What was handed back before this is handed back again.
ALTER TABLE pupil.exported ADD COLUMN mac bytea CHECK (octet_length(mac) = 32);
