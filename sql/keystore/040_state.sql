-- Copyright (C) the Pupil authors
--
-- Workers ask for the state of an owner where they ask for the floors of the
-- person who acts: who is erased acts no more, whatever the data database says.
-- Its key is still given for a ticket alone.
--
-- compatible_from: 10

GRANT SELECT (tenant, owner, state) ON keystore.owner_key TO pupil_keeper;
