-- Copyright (C) the Pupil authors
--
-- Mail with a link, to who has forgotten their password: where its page is, and,
-- behind the MAC, the number of the credential that it was asked for.  What makes
-- the link worth something stands in no row: who sends it makes that of the
-- tenant's key.
--
-- compatible_from: 16

ALTER TABLE pupil.outbox
    ADD COLUMN link text NOT NULL DEFAULT '' CHECK (octet_length(link) <= 200),
    DROP CONSTRAINT outbox_mac_check,
    ADD CONSTRAINT outbox_mac_check CHECK (octet_length(mac) IN (32, 36));
