-- Copyright (C) the Pupil authors
--
-- A provider that logs somebody out names its own session or its own subject
-- (OpenID Connect Back-Channel Logout): of a session that was made by its word
-- both are kept, as keyed hashes.  Of others there is nothing.
--
-- compatible_from: 16

ALTER TABLE pupil.session
    ADD COLUMN provider_session bytea,
    ADD COLUMN provider_subject bytea,
    ADD CONSTRAINT provider_bounded CHECK (octet_length(provider_session) = 32
        AND octet_length(provider_subject) = 32);

CREATE INDEX session_provider_session
    ON pupil.session (tenant, provider_session)
    WHERE provider_session IS NOT NULL;
CREATE INDEX session_provider_subject
    ON pupil.session (tenant, provider_subject)
    WHERE provider_subject IS NOT NULL;
