-- Copyright (C) the Pupil authors
--
-- pupilctl adds keys and changes none (t/privileges.t has the whole as a
-- table).  Who changes the state of an owner, or wraps keys anew, will be given
-- what that needs.
--
-- compatible_from: 10

REVOKE UPDATE ON keystore.kek_epoch, keystore.tenant_key,
    keystore.service_key, keystore.owner_key, keystore.setting, keystore.size
    FROM pupil_operator;

GRANT UPDATE (keys_a_minute) ON keystore.setting TO pupil_operator;
GRANT UPDATE (owners) ON keystore.size TO pupil_operator;
