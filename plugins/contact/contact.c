/*
 * Copyright (C) the Pupil authors
 *
 * Category contact: the e-mail address of staff, with which they log in and at
 * which they are told of what changes in that.  Pupils have none: the roster's
 * import takes it for staff alone.
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
    { .name = "email", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED | PUPIL_FIELD_INDEXED,
      .max_size = CONTACT_EMAIL_MAX,
      .pattern = "[^\\s\\p{C}@\"<>(),:;\\\\\\[\\]]+@(?:[\\p{L}\\p{N}]"
                 "(?:[\\p{L}\\p{N}-]*[\\p{L}\\p{N}])?\\.)+"
                 "[\\p{L}\\p{N}-]*[\\p{L}\\p{N}]",
      .why = "Members of staff log in with it, and are told of what changes"
             " in their log-in." }
};

static const pupil_grant_t  contact_grants[] = {
    { .fields = "email", .purpose = PUPIL_PURPOSE_AUTHENTICATION,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "email", .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = "email", .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_SCHOOL_ADMIN,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "email", .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_TENANT_ADMIN,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "email", .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = "email", .purpose = PUPIL_PURPOSE_SUPPORT,
      .relation = PUPIL_RELATION_SUPPORT_GRANT,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "email", .purpose = PUPIL_PURPOSE_ROSTERING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  contact_retention = {
    .from = PUPIL_EVENT_ACCOUNT_CLOSED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  contact_hooks = {
    .normalise = contact_normalise,
    .validate = contact_validate,
    .index_term = contact_index_term
};

static const pupil_plugin_t  contact_plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "contact",
    .version = "1.1.0",
    .summary = "The e-mail address of a member of staff.",
    .source = "The roster of the school.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(contact_fields),
    PUPIL_GRANTS(contact_grants),
    PUPIL_RETENTION(contact_retention),
    PUPIL_HOOKS(contact_hooks)
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
