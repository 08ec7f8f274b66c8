-- Copyright (C) the Pupil authors
--
-- An address that took the place of another is under a number of the key store:
-- numbered is the MAC of the row with that number, NULL where none took any
-- place.  And to whom the old one was goes a mail, for which the address, sealed
-- as it was, waits in the outbox.
--
-- compatible_from: 16

ALTER TABLE pupil.blind_index
    ADD COLUMN numbered bytea CHECK (octet_length(numbered) = 36);
GRANT UPDATE (numbered) ON pupil.blind_index TO pupil_operator;

ALTER TABLE pupil.outbox
    ADD COLUMN sealed bytea CHECK (octet_length(sealed) <= 512);
