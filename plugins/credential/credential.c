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
    CREDENTIAL_LOGIN_ID = 0
};

static const pupil_field_t  credential_fields[] = {
    [CREDENTIAL_LOGIN_ID] =
    { "login_id", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_INDEXED, 200, "[^\\p{C}\\s]+",
      "The name that the school or a national log-in knows somebody by.",
      NULL },
    { "password_hash", PUPIL_TYPE_TEXT,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_INTERNAL, 256,
      "\\$argon2id\\$[!-~]+",
      "Checks a password without storing it.", NULL },
    { "second_factor", PUPIL_TYPE_JSON,
      PUPIL_FIELD_SEALED | PUPIL_FIELD_INTERNAL, 2048, NULL,
      "Checks a code from something that somebody has.", NULL }
};

static const pupil_grant_t  credential_grants[] = {
    { "login_id password_hash second_factor", PUPIL_PURPOSE_AUTHENTICATION,
      PUPIL_RELATION_SYSTEM, PUPIL_OPERATION_READ, PUPIL_BASIS_PUBLIC_TASK,
      0 },
    { "password_hash", PUPIL_PURPOSE_AUTHENTICATION, PUPIL_RELATION_SYSTEM,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "login_id", PUPIL_PURPOSE_SUBJECT_ACCESS, PUPIL_RELATION_SELF,
      PUPIL_OPERATION_READ, PUPIL_BASIS_LEGAL_OBLIGATION, 0 },
    { "login_id", PUPIL_PURPOSE_ROSTERING, PUPIL_RELATION_SYSTEM,
      PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK, 0 },
    { "login_id password_hash second_factor", PUPIL_PURPOSE_ADMINISTRATION,
      PUPIL_RELATION_SYSTEM, PUPIL_OPERATION_WRITE, PUPIL_BASIS_PUBLIC_TASK,
      0 }
};

static const pupil_retention_t  credential_retention = {
    PUPIL_EVENT_ACCOUNT_CLOSED, 1, PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  credential_hooks = {
    .normalise = credential_normalise,
    .index_term = credential_index_term
};

static const pupil_plugin_t  credential_plugin = {
    PUPIL_PLUGIN_HEADER,
    PUPIL_PLUGIN_NO_GENERIC_WRITE,
    "credential", "1.0.0",
    "Log-in name, password hash and second factor of an account.",
    "The roster of the school; the operator; the account's own user.",
    "none",
    PUPIL_OWNER_SUBJECT, PUPIL_CARDINALITY_ONE,
    credential_fields, PUPIL_COUNT(credential_fields), sizeof(pupil_field_t),
    credential_grants, PUPIL_COUNT(credential_grants), sizeof(pupil_grant_t),
    NULL, 0, 0,
    &credential_retention,
    &credential_hooks, sizeof(pupil_hooks_t)
};


static int32_t
credential_normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    (void) host;
    (void) call;

    *out = field == CREDENTIAL_LOGIN_ID ? pupil_spaces_trim(in) : in;

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
