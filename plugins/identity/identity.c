/*
 * Copyright (C) the Pupil authors
 *
 * Category identity: what somebody is called.
 */

#include "pupil_plugin.h"
#include "../common/text.h"


#define IDENTITY_NAME_MAX  800      /* bytes: 200 letters of any script */
#define IDENTITY_LETTERS   "(?=.{0,200}+\\z)"


static int32_t identity_normalise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t in, pupil_value_t *out);


static const pupil_field_t  identity_fields[] = {
    { .name = "given_name", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED,
      .max_size = IDENTITY_NAME_MAX,
      .pattern = IDENTITY_LETTERS PUPIL_LINE,
      .why = "Teachers and pupils know each other by name." },
    { .name = "family_name", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED, .max_size = IDENTITY_NAME_MAX,
      .pattern = IDENTITY_LETTERS PUPIL_LINE_MAYBE,
      .why = "Tells pupils of one given name apart." }
};

#define IDENTITY_NAMES  "given_name family_name"

static const pupil_grant_t  identity_grants[] = {
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_AUTHENTICATION,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_TEACHING,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_LEARNING,
      .relation = PUPIL_RELATION_TAUGHT_BY, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_SCHOOL_ADMIN,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_TENANT_ADMIN,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
      .relation = PUPIL_RELATION_DPO, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_SUPPORT,
      .relation = PUPIL_RELATION_SUPPORT_GRANT,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = IDENTITY_NAMES, .purpose = PUPIL_PURPOSE_ROSTERING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  identity_retention = {
    .from = PUPIL_EVENT_ACCOUNT_CLOSED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  identity_hooks = {
    .normalise = identity_normalise
};

static const pupil_plugin_t  identity_plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "identity",
    .version = "1.1.0",
    .summary =
        "The given and the family name of a pupil or a member of staff.",
    .source = "The roster of the school.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(identity_fields),
    PUPIL_GRANTS(identity_grants),
    PUPIL_RETENTION(identity_retention),
    PUPIL_HOOKS(identity_hooks)
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
