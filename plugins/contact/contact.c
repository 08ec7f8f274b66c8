/*
 * Copyright (C) the Pupil authors
 *
 * Category contact: the e-mail address of staff, with which they log in.
 * Pupils have none: the roster's import takes it for staff alone.
 */

#include <string.h>

#include "pupil_plugin.h"
#include "../common/text.h"


#define CONTACT_EMAIL_MAX   254     /* bytes, RFC 5321 errata 1690 */
#define CONTACT_LOCAL_MAX   64      /* bytes before the @ */


static int32_t contact_normalise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t in, pupil_value_t *out);
static int32_t contact_validate(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value);
static int32_t contact_index_term(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value, pupil_value_t *term);


static const pupil_field_t  contact_fields[] = {
    { "email", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED | PUPIL_FIELD_INDEXED,
      CONTACT_EMAIL_MAX,
      "[^\\s\\p{C}@\"<>(),:;\\\\\\[\\]]+@(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]*"
      "[\\p{L}\\p{N}])?\\.)+[\\p{L}\\p{N}-]*[\\p{L}\\p{N}]",
      "Members of staff log in with it.", NULL }
};

static const pupil_grant_t  contact_grants[] = {
    { "email", PUPIL_PURPOSE_AUTHENTICATION, PUPIL_RELATION_SYSTEM,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "email", PUPIL_PURPOSE_SUBJECT_ACCESS, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { "email", PUPIL_PURPOSE_ADMINISTRATION, PUPIL_RELATION_SCHOOL_ADMIN,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "email", PUPIL_PURPOSE_ADMINISTRATION, PUPIL_RELATION_TENANT_ADMIN,
      PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "email", PUPIL_PURPOSE_ACCOUNTABILITY, PUPIL_RELATION_DPO,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { "email", PUPIL_PURPOSE_ROSTERING, PUPIL_RELATION_SYSTEM,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 }
};

static const pupil_retention_t  contact_retention = {
    PUPIL_EVENT_ACCOUNT_CLOSED, 30, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  contact_hooks = {
    .normalise = contact_normalise,
    .validate = contact_validate,
    .index_term = contact_index_term
};

static const pupil_plugin_t  contact_plugin = {
    PUPIL_PLUGIN_HEADER,
    0,
    "contact", "1.0.0",
    "The e-mail address of a member of staff.",
    "The roster of the school.",
    "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_ONE,
    contact_fields, PUPIL_COUNT(contact_fields), sizeof(pupil_field_t),
    contact_grants, PUPIL_COUNT(contact_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &contact_retention,
    &contact_hooks, sizeof(pupil_hooks_t)
};


static int32_t
contact_normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) field;

    *out = pupil_spaces_trim(in);

    return 0;
}


/* The pattern has seen that there is exactly one @. */
static int32_t
contact_validate(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value)
{
    size_t          local;
    const uint8_t  *at;

    at = value.len != 0 ? memchr(value.data, '@', value.len) : NULL;
    local = at != NULL ? (size_t) (at - value.data) : 0;

    if (local == 0 || local > CONTACT_LOCAL_MAX || value.data[0] == '.'
        || at[-1] == '.')
    {
        host->error(call, contact_fields[field].name, "email");
        return -1;
    }

    return 0;
}


/* An address is found whatever the case of its ASCII letters. */
static int32_t
contact_index_term(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, pupil_value_t *term)
{
    (void) contact_normalise(host, call, field, value, &value);

    return pupil_term_fold(host, call, value, term);
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &contact_plugin;
}
