-- Copyright (C) the Pupil authors
--
-- When somebody last proved who they are, where that was not as their session
-- was created: by a step-up since, or at a provider before.  The session's MAC
-- covers it.
--
-- compatible_from: 16

ALTER TABLE pupil.session
    ADD COLUMN proved_at timestamptz NOT NULL DEFAULT 'epoch';
