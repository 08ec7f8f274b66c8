-- Copyright (C) the Pupil authors
--
-- Workers open the end of a session, and nothing that makes a floor rise, which
-- nothing takes back: whoever gets hold of their role must not revoke everybody
-- by the hand of pupilctl, nor take away what that has opened.
--
-- compatible_from: 16

CREATE POLICY sessions_only ON pupil.revocation AS RESTRICTIVE
    TO pupil_gateway
    USING (token_hash IS NOT NULL
           AND num_nonnulls(session, credential, authority) = 0);
