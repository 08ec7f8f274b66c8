-- Copyright (C) the Pupil authors
--
-- Whether an end of a tenant's audit (061_audit_end.sql) is one that a command
-- has written: with it came an entry in the ledger.  A worker is told that, and
-- of no entry whose it is.
--
-- compatible_from: 16

GRANT SELECT (tenant, kind) ON pupil.ledger TO pupil_gateway;
