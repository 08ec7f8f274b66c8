-- Copyright (C) the Pupil authors
--
-- What the gateway writes and pupilctl reads is no longer than what there is of
-- it (invariant I18): with 6,000 bytes for a token's hash, which is more than a
-- NOTIFY takes, whoever has the gateway's role kept people from being revoked.
-- Records of accesses have no constraints, as each insert would plan them anew.
--
-- compatible_from: 10

ALTER TABLE pupil.session NO FORCE ROW LEVEL SECURITY;
ALTER TABLE pupil.revocation NO FORCE ROW LEVEL SECURITY;
ALTER TABLE pupil.login_throttle NO FORCE ROW LEVEL SECURITY;

-- Of no session that a worker has made.
DELETE FROM pupil.session WHERE octet_length(token_hash) <> 32
    OR octet_length(role) > 32 OR octet_length(mac) > 36;
DELETE FROM pupil.revocation WHERE octet_length(token_hash) <> 32;
DELETE FROM pupil.login_throttle WHERE octet_length(bucket) <> 32;

ALTER TABLE pupil.session FORCE ROW LEVEL SECURITY;
ALTER TABLE pupil.revocation FORCE ROW LEVEL SECURITY;
ALTER TABLE pupil.login_throttle FORCE ROW LEVEL SECURITY;

-- A MAC, and the number that it covers.
ALTER TABLE pupil.session
    ADD CONSTRAINT bounded CHECK (octet_length(token_hash) = 32
        AND octet_length(role) <= 32 AND octet_length(mac) <= 36);
ALTER TABLE pupil.revocation
    ADD CONSTRAINT bounded CHECK (octet_length(token_hash) = 32);
ALTER TABLE pupil.login_throttle
    ADD CONSTRAINT bounded CHECK (octet_length(bucket) = 32);
