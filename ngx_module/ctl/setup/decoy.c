/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/setup/decoy.h"
#include "ctl/store/credential.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/subject.h"


#define SOURCE  "decoy"

/* As long as people's are, and nobody's. */
#define NAME_BYTES  5
#define DOMAIN      "@school.invalid"

enum {
    COLUMN_DECOY = 0,
    COLUMN_PASSWORD,
    COLUMN_LOGIN,
    COLUMN_ADDRESS
};

/* What is to be made. */
typedef struct {
    unsigned  password:1;
    unsigned  login:1;
    unsigned  address:1;
    unsigned  any:1;
} lacking_t;


static int decoy_rows(ctl_t *ctl, ctl_owner_t *decoy,
    const lacking_t *lacking);
static int decoy_lacks(ctl_t *ctl, pupil_uuid_t *decoy, lacking_t *lacking);
static int decoy_password(ctl_t *ctl, ctl_owner_t *decoy);
static int decoy_login(ctl_t *ctl, ctl_owner_t *decoy);
static int decoy_address(ctl_t *ctl, const ctl_owner_t *decoy);
static int address_write(ctl_t *ctl, const ctl_owner_t *decoy,
    pupil_str_t sealed);
static int decoy_seal(ctl_t *ctl, const ctl_owner_t *decoy,
    const char *category, const char *field, const char *domain,
    pupil_str_t *sealed);


static const ctl_access_t  credential_access = {
    .category = "credential",
    .fields = "login_id password_hash",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

static const ctl_access_t  contact_access = {
    .category = "contact",
    .fields = "email",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};

#define LACKING(address, contact)                                             \
    "SELECT t.decoy, c.password_hash IS NULL, c.login_id IS NULL, " address   \
    " FROM pupil.tenant AS t LEFT JOIN data.credential AS c"                  \
    " ON c.tenant = t.tenant AND c.owner = t.decoy" contact                   \
    " WHERE t.tenant = $1::uuid"

static const char  lacking_sql[] =
    LACKING("e.email IS NULL", " LEFT JOIN data.contact AS e"
                               " ON e.tenant = t.tenant AND e.owner = t.decoy");

/* Where the plugin contact is not, nobody has an address. */
static const char  without_contact_sql[] = LACKING("false", "");


int
ctl_decoy_make(ctl_t *ctl, ctl_owner_t *decoy)
{
    pupil_uuid_t  id;
    lacking_t     lacking;

    /* locked: even the right password would not let it in */

    return ctl_subject_add(ctl, &decoy->id, SOURCE, "locked") == 0
           && decoy_lacks(ctl, &id, &lacking) == 0
           ? decoy_rows(ctl, decoy, &lacking) : -1;
}


int
ctl_decoy_complete(ctl_t *ctl)
{
    lacking_t     lacking;
    ctl_owner_t   decoy;
    pupil_uuid_t  id;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || decoy_lacks(ctl, &id, &lacking) != 0
        || (lacking.any
            && (ctl_subject_owner(ctl, &id, &decoy) != 0
                || decoy_rows(ctl, &decoy, &lacking) != 0))
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return 0;
}


static int
decoy_rows(ctl_t *ctl, ctl_owner_t *decoy, const lacking_t *lacking)
{
    if ((lacking->password && decoy_password(ctl, decoy) != 0)
        || (lacking->login && decoy_login(ctl, decoy) != 0)
        || (lacking->address && decoy_address(ctl, decoy) != 0))
    {
        return -1;
    }

    if ((lacking->password || lacking->login)
        && ctl_record_one(ctl, &credential_access, "allowed", &decoy->id,
                          SOURCE) != 0)
    {
        return -1;
    }

    return lacking->address
           ? ctl_record_one(ctl, &contact_access, "allowed", &decoy->id,
                            SOURCE)
           : 0;
}


static int
decoy_lacks(ctl_t *ctl, pupil_uuid_t *decoy, lacking_t *lacking)
{
    int          rc, there;
    PGresult    *res;
    const char  *params[1];

    res = ctl_query_one(ctl->data, "SELECT to_regclass('data.contact')", 0,
                        NULL);
    if (res == NULL) {
        return -1;
    }

    there = !PQgetisnull(res, 0, 0) && ctl_plugin_find(ctl, "contact") != NULL;
    PQclear(res);

    params[0] = ctl->tenant_text;
    res = ctl_query_one(ctl->data, there ? lacking_sql : without_contact_sql,
                        1, params);
    if (res == NULL) {
        return -1;
    }

    lacking->password = *PQgetvalue(res, 0, COLUMN_PASSWORD) == 't';
    lacking->login = *PQgetvalue(res, 0, COLUMN_LOGIN) == 't';
    lacking->address = *PQgetvalue(res, 0, COLUMN_ADDRESS) == 't';
    lacking->any = lacking->password || lacking->login || lacking->address;
    rc = ctl_get_uuid(res, 0, COLUMN_DECOY, decoy);
    PQclear(res);

    return rc == 0 ? 0 : ctl_error("the tenant's decoy has no id");
}


/* One that nobody knows. */
static int
decoy_password(ctl_t *ctl, ctl_owner_t *decoy)
{
    int                      rc;
    uint8_t                  secret[32];
    pupil_str_t              password;
    pupil_password_stored_t  beside;

    memset(&beside, 0, sizeof(pupil_password_stored_t));
    randombytes_buf(secret, sizeof(secret));
    password.data = secret;
    password.len = sizeof(secret);

    rc = ctl_password_store(ctl, decoy, &beside, password);
    sodium_memzero(secret, sizeof(secret));

    return rc;
}


static int
decoy_login(ctl_t *ctl, ctl_owner_t *decoy)
{
    pupil_str_t  sealed;

    return decoy_seal(ctl, decoy, "credential", "login_id", "", &sealed) == 0
           ? ctl_credential_write(ctl, decoy, "login_id", sealed) : -1;
}


static int
decoy_address(ctl_t *ctl, const ctl_owner_t *decoy)
{
    pupil_str_t  sealed;

    return decoy_seal(ctl, decoy, "contact", "email", DOMAIN, &sealed) == 0
           ? address_write(ctl, decoy, sealed) : -1;
}


static int
address_write(ctl_t *ctl, const ctl_owner_t *decoy, pupil_str_t sealed)
{
    char        *text;
    char         version[16], id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[5];

    text = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(sealed.len));
    snprintf(version, sizeof(version), "%u", decoy->version);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&decoy->id, id);
    params[2] = version;
    params[3] = SOURCE;
    params[4] = ctl_bytea(sealed.data, sealed.len, text);

    return ctl_exec(ctl->data, "INSERT INTO data.contact (tenant, owner,"
                    " record, key_version, source, email) VALUES ($1::uuid,"
                    " $2::uuid, $2::uuid, $3::integer, $4, $5::bytea)", 5,
                    params);
}


static int
decoy_seal(ctl_t *ctl, const ctl_owner_t *decoy, const char *category,
    const char *field, const char *domain, pupil_str_t *sealed)
{
    char         name[2 * NAME_BYTES + sizeof(DOMAIN)];
    uint8_t      random[NAME_BYTES];
    ctl_place_t  place;
    pupil_str_t  value;

    randombytes_buf(random, sizeof(random));
    value.data = (const uint8_t *) name;
    value.len = pupil_hex_encode(random, sizeof(random), (uint8_t *) name);
    memcpy(name + value.len, domain, strlen(domain));
    value.len += strlen(domain);

    place.owner = decoy;
    place.category = category;
    place.field = field;
    place.record = &decoy->id;

    return ctl_seal(ctl, &ctl->pool, &place, value, sealed);
}
