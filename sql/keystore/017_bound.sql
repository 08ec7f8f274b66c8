-- Copyright (C) the Pupil authors
--
-- compatible_from: 10
--
-- pupilctl check, with nginx's own roles, says which categories wait for
-- pupilctl facts.

GRANT SELECT ON keystore.bound TO pupil_keeper;
