/*
 * Copyright (C) the Pupil authors
 *
 * Category identity: what somebody is called.
 */

#include "pupil_plugin.h"
#include "../common/text.h"


#define IDENTITY_NAME_MAX  200      /* bytes */


static int32_t identity_normalise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t in, pupil_value_t *out);


static const pupil_field_t  identity_fields[] = {
    { "given_name", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED, IDENTITY_NAME_MAX,
      "[^\\p{C}\\p{Zl}\\p{Zp}]+",
      "Teachers and pupils know each other by name.", NULL },
    { "family_name", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED, IDENTITY_NAME_MAX,
      "[^\\p{C}\\p{Zl}\\p{Zp}]*",
      "Tells pupils of one given name apart.", NULL }
};

#define IDENTITY_NAMES  "given_name family_name"

static const pupil_grant_t  identity_grants[] = {
    { IDENTITY_NAMES, PUPIL_PURPOSE_AUTHENTICATION, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_SUBJECT_ACCESS, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_TEACHING, PUPIL_RELATION_TEACHES,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_LEARNING, PUPIL_RELATION_TAUGHT_BY,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_ADMINISTRATION,
      PUPIL_RELATION_SCHOOL_ADMIN, PUPIL_OPERATION_READ,
      PUPIL_BASIS_PUBLIC_TASK, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_ADMINISTRATION,
      PUPIL_RELATION_TENANT_ADMIN, PUPIL_OPERATION_READ,
      PUPIL_BASIS_PUBLIC_TASK, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_ACCOUNTABILITY, PUPIL_RELATION_DPO,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { IDENTITY_NAMES, PUPIL_PURPOSE_ROSTERING, PUPIL_RELATION_SYSTEM,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 }
};

static const pupil_retention_t  identity_retention = {
    PUPIL_EVENT_ACCOUNT_CLOSED, 30, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  identity_hooks = {
    .normalise = identity_normalise
};

static const pupil_plugin_t  identity_plugin = {
    PUPIL_PLUGIN_HEADER,
    0,
    "identity", "1.0.0",
    "The given and the family name of a pupil or a member of staff.",
    "The roster of the school.",
    "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_ONE,
    identity_fields, PUPIL_COUNT(identity_fields), sizeof(pupil_field_t),
    identity_grants, PUPIL_COUNT(identity_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &identity_retention,
    &identity_hooks, sizeof(pupil_hooks_t)
};


/* Without the spaces that rosters leave around a name. */
static int32_t
identity_normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) field;

    *out = pupil_spaces_trim(in);

    return 0;
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &identity_plugin;
}
