-- Copyright (C) the Pupil authors
--
-- The key that signs a tenant's checkpoints is a service key like others, but
-- for one thing: workers do not get it.  Who takes a worker over can write
-- records, and cannot sign a log.
--
-- compatible_from: 10

CREATE POLICY no_signing ON keystore.service_key AS RESTRICTIVE FOR SELECT
    TO pupil_keeper USING (name <> 'seal');
