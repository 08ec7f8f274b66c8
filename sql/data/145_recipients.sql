-- Copyright (C) the Pupil authors
--
-- Who receives personal data of a tenant (GDPR articles 13 to 15, 28 and 30),
-- and by which instruction of the controller.  Names are organisations'.
-- Nothing is changed: what is told of a recipient becomes another by the end
-- of the one and a new one, so that what an instruction was about stays.
--
-- compatible_from: 16

-- number: of one name the first, the second after the first has ended, and so
-- on.  fields: each as category.field.  evidence_hash: SHA-256 of the file.
CREATE TABLE pupil.recipient (
    tenant         uuid NOT NULL,
    recipient      text NOT NULL CHECK (recipient ~ '^[a-z][a-z0-9_-]{0,31}$'),
    number         integer NOT NULL CHECK (number > 0),
    title          text NOT NULL CHECK (octet_length(title) BETWEEN 1 AND 800),
    kind           text NOT NULL CHECK (kind IN ('hosting', 'sync', 'mail',
                       'analytics', 'monitoring', 'support', 'relations',
                       'application')),
    countries      text[] NOT NULL
                   CHECK (array_to_string(countries, ',')
                          ~ '^[A-Z]{2}(,[A-Z]{2})*$'),
    transfer       text CHECK (transfer IN ('adequacy', 'public_instrument',
                       'binding_rules', 'contractual_clauses',
                       'code_of_conduct', 'certification', 'derogation')),
    fields         text[] NOT NULL CHECK (cardinality(fields) > 0),
    applications   text[] NOT NULL,
    why            text NOT NULL CHECK (octet_length(why) BETWEEN 1 AND 2000),
    evidence       text NOT NULL
                   CHECK (octet_length(evidence) BETWEEN 1 AND 800),
    evidence_on    date NOT NULL,
    evidence_hash  bytea NOT NULL CHECK (octet_length(evidence_hash) = 32),
    added_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, recipient, number)
);
SELECT pupil.isolate('pupil.recipient');
GRANT SELECT, INSERT ON pupil.recipient TO pupil_operator;

-- For pupilctl check, which asks as nginx does.
GRANT SELECT (tenant, recipient, number, kind, applications)
    ON pupil.recipient TO pupil_gateway;


-- What was decided of it, step by step: the last one holds.  decided_on: the
-- day of the decision that the reference names.
CREATE TABLE pupil.recipient_step (
    tenant      uuid NOT NULL,
    recipient   text NOT NULL,
    number      integer NOT NULL,
    step        integer NOT NULL CHECK (step > 0),
    what        text NOT NULL
                CHECK (what IN ('instructed', 'withdrawn', 'ended')),
    reference   text NOT NULL
                CHECK (octet_length(reference) BETWEEN 1 AND 800),
    decided_on  date NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, recipient, number, step)
);
SELECT pupil.isolate('pupil.recipient_step');
GRANT SELECT, INSERT ON pupil.recipient_step TO pupil_operator;
GRANT SELECT (tenant, recipient, number, step, what)
    ON pupil.recipient_step TO pupil_gateway;
