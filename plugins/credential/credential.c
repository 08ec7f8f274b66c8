/*
 * Copyright (C) the Pupil authors
 *
 * Category credential: what somebody proves to be somebody with.  Hashes are
 * for the host alone; no grant but log-in's and the operator's names them.
 */

#include "pupil_plugin.h"
#include "../common/text.h"


static int32_t credential_normalise(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t in, pupil_value_t *out);
static int32_t credential_index_term(const pupil_host_t *host, void *call,
    uint32_t field, pupil_value_t value, pupil_value_t *term);


enum {
    CREDENTIAL_LOGIN_ID = 0,
    CREDENTIAL_PASSWORD_HASH,
    CREDENTIAL_SECOND_FACTOR,
    CREDENTIAL_EXTERNAL_ID
};

static const pupil_field_t  credential_fields[] = {
    [CREDENTIAL_LOGIN_ID] =
    { .name = "login_id", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED, .max_size = 200,
      .pattern = "[^\\p{C}\\s]+",
      .why = "The name that the school or a national log-in knows somebody"
             " by." },
    [CREDENTIAL_PASSWORD_HASH] =
    { .name = "password_hash", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INTERNAL, .max_size = 256,
      .pattern = "\\$argon2id\\$[!-~]+",
      .why = "Checks a password without storing it." },
    [CREDENTIAL_SECOND_FACTOR] =
    { .name = "second_factor", .type = PUPIL_TYPE_JSON,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INTERNAL | PUPIL_FIELD_BOUND,
      .max_size = 2048,
      .why = "Checks a code from something that somebody has." },
    [CREDENTIAL_EXTERNAL_ID] =
    { .name = "external_id", .type = PUPIL_TYPE_TEXT,
      .flags = PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED, .max_size = 200,
      .pattern = "[^\\p{C}\\s]+",
      .why = "The name that a national log-in knows somebody by who has"
             " another one for passwords." }
};

static const pupil_grant_t  credential_grants[] = {
    { .fields = "login_id password_hash second_factor external_id",
      .purpose = PUPIL_PURPOSE_AUTHENTICATION,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "password_hash second_factor",
      .purpose = PUPIL_PURPOSE_AUTHENTICATION,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "login_id external_id",
      .purpose = PUPIL_PURPOSE_SUBJECT_ACCESS,
      .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_LEGAL_OBLIGATION },
    { .fields = "login_id", .purpose = PUPIL_PURPOSE_AUTHENTICATION,
      .relation = PUPIL_RELATION_TEACHES, .operation = PUPIL_OPERATION_READ,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "login_id", .purpose = PUPIL_PURPOSE_ROSTERING,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK },
    { .fields = "login_id password_hash second_factor external_id",
      .purpose = PUPIL_PURPOSE_ADMINISTRATION,
      .relation = PUPIL_RELATION_SYSTEM, .operation = PUPIL_OPERATION_WRITE,
      .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  credential_retention = {
    .from = PUPIL_EVENT_ACCOUNT_CLOSED,
    .days = 1,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  credential_hooks = {
    .normalise = credential_normalise,
    .index_term = credential_index_term
};

static const pupil_plugin_t  credential_plugin = {
    PUPIL_PLUGIN_HEADER,
    .flags = PUPIL_PLUGIN_NO_GENERIC_WRITE,
    .name = "credential",
    .version = "1.4.0",
    .summary = "Log-in names, password hash and second factor of an account.",
    .source =
        "The roster of the school; the operator; the account's own user.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_ONE,
    PUPIL_FIELDS(credential_fields),
    PUPIL_GRANTS(credential_grants),
    PUPIL_RETENTION(credential_retention),
    PUPIL_HOOKS(credential_hooks)
};


static int32_t
credential_normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    (void) host;
    (void) call;

    *out = field == CREDENTIAL_LOGIN_ID || field == CREDENTIAL_EXTERNAL_ID
           ? pupil_spaces_trim(in) : in;

    return 0;
}


/* A name is found whatever the case of its ASCII letters. */
static int32_t
credential_index_term(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value, pupil_value_t *term)
{
    (void) credential_normalise(host, call, field, value, &value);

    return pupil_term_fold(host, call, value, term);
}


const pupil_plugin_t *
pupil_plugin(void)
{
    return &credential_plugin;
}
