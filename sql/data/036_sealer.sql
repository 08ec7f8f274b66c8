-- Copyright (C) the Pupil authors
--
-- How far the sealer of this cell is: one row, once there is one.  Workers show
-- it in /status, and pupilctl check finds one that stands still.
--
-- compatible_from: 16

CREATE TABLE pupil.sealer (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    until  timestamptz NOT NULL     -- what is older is sealed, of every tenant
);
GRANT SELECT ON pupil.sealer TO pupil_gateway;
GRANT SELECT, INSERT ON pupil.sealer TO pupil_operator;
GRANT UPDATE (until) ON pupil.sealer TO pupil_operator;
