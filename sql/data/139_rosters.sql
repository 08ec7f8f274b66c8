-- Copyright (C) the Pupil authors
--
-- What timers import is counted of all tenants: row-level security is forced on
-- the table's owner, too, as whom pupil.rosters() saw nothing.
--
-- compatible_from: 16

CREATE POLICY counted ON pupil.source FOR SELECT TO CURRENT_USER USING (true);
