-- Copyright (C) the Pupil authors
--
-- Who was erased and is in the school's system still would come back as a new
-- person with its next roster.  What is kept of them is the keyed hash of their
-- id there, as pupil.blind_index had it; it goes when a controller accepts that
-- they are taken again.
--
-- compatible_from: 16

CREATE TABLE pupil.erased_source (
    tenant  uuid NOT NULL,
    term    bytea NOT NULL,
    PRIMARY KEY (tenant, term)
);
SELECT pupil.isolate('pupil.erased_source');
GRANT SELECT, INSERT, DELETE ON pupil.erased_source TO pupil_operator;
