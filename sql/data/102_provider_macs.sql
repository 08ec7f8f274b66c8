-- Copyright (C) the Pupil authors
--
-- Of which session and subject of a provider a session is, is under its MAC
-- from here on: rows whose MAC is without it would be taken for forged.  Whoever
-- came by a provider logs in again.
--
-- compatible_from: 16

ALTER TABLE pupil.session NO FORCE ROW LEVEL SECURITY;

DELETE FROM pupil.session
    WHERE provider_session IS NOT NULL OR provider_subject IS NOT NULL;

ALTER TABLE pupil.session FORCE ROW LEVEL SECURITY;
