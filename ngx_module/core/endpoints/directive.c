/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/access.h"
#include "core/endpoints/database.h"
#include "core/endpoints/directive.h"
#include "core/endpoints/directive_login.h"
#include "core/endpoints/directive_tenant.h"
#include "core/endpoints/directive_url.h"
#include "core/endpoints/exercise.h"


#define PUPIL_SHA256    "sha256="
#define PUPIL_ZONE_MIN  (256 * 1024)    /* bytes */


static pupil_rc_t pupil_pool_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);
static pupil_rc_t pupil_key_cache_rule(const pupil_str_t *given,
    uint32_t count, pupil_words_t *words, pupil_error_t *error);
static pupil_rc_t pupil_zone_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error);


static const char *const  pupil_flags[] = { "off", "on", NULL };
static const char *const  pupil_durabilities[] = { "on", "local", "off", NULL };
static const char *const  pupil_holes[] = { "alarm", "refuse", NULL };
static const char *const  pupil_pools[] = { "data", "keys", NULL };


static const pupil_word_t  pupil_text_words[] = {
    [PUPIL_VALUE] = { .name = "", .kind = PUPIL_WORD_TEXT }
};

static const pupil_word_t  pupil_ledger_words[] = {
    [PUPIL_LEDGER_FILE] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_LEDGER_SIGNER] = { .name = "signer=", .kind = PUPIL_WORD_TEXT }
};

static const pupil_word_t  pupil_keystore_words[] = {
    [PUPIL_KEYSTORE_CONNINFO] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_KEYSTORE_SAME_CLUSTER] =
    { .name = "same_cluster", .kind = PUPIL_WORD_FLAG }
};

static const pupil_word_t  pupil_pool_words[] = {
    [PUPIL_POOL_NAME] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = pupil_pools },
    [PUPIL_POOL_CONNECTIONS] =
    { .name = "connections=", .kind = PUPIL_WORD_NUMBER, .min = 1,
      .max = 64 },
    [PUPIL_POOL_WRITERS] =
    { .name = "writers=", .kind = PUPIL_WORD_NUMBER, .min = 0, .max = 63 },
    [PUPIL_POOL_AUDIT] =
    { .name = "audit=", .kind = PUPIL_WORD_NUMBER, .min = 0, .max = 63 },
    [PUPIL_POOL_DEPTH] =
    { .name = "depth=", .kind = PUPIL_WORD_NUMBER, .min = 1, .max = 128 },
    [PUPIL_POOL_QUEUE] =
    { .name = "queue=", .kind = PUPIL_WORD_NUMBER, .min = 0, .max = 65536 },
    [PUPIL_POOL_SHARE] =
    { .name = "share=", .kind = PUPIL_WORD_NUMBER, .min = 1, .max = 100 },
    [PUPIL_POOL_STATEMENT_TIMEOUT] =
    { .name = "statement_timeout=", .kind = PUPIL_WORD_MSEC, .min = 100,
      .max = 600 * 1000 },
    [PUPIL_POOL_CONNECT_TIMEOUT] =
    { .name = "connect_timeout=", .kind = PUPIL_WORD_MSEC, .min = 1000,
      .max = 600 * 1000 }
};

static const pupil_word_t  pupil_key_cache_words[] = {
    [PUPIL_KEY_CACHE_OFF] =
    { .name = "off", .kind = PUPIL_WORD_FLAG },
    [PUPIL_KEY_CACHE_OWNERS] =
    { .name = "owners=", .kind = PUPIL_WORD_NUMBER,
      .min = PUPIL_KEY_CACHE_LEAST, .max = 1024 * 1024 },
    [PUPIL_KEY_CACHE_LIFETIME] =
    { .name = "lifetime=", .kind = PUPIL_WORD_MSEC, .min = 1000,
      .max = 86400 * 1000 },
    [PUPIL_KEY_CACHE_TENANTS] =
    { .name = "tenants=", .kind = PUPIL_WORD_NUMBER,
      .min = PUPIL_KEY_CACHE_TENANTS_LEAST, .max = 65536 }
};

static const pupil_word_t  pupil_homework_cache_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_BYTES, .off = 1, .min = 16 * 1024,
      .max = 1024 * 1024 * 1024 }
};

static const pupil_word_t  pupil_zone_words[] = {
    [PUPIL_ZONE_NAME] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_ZONE_VALID] =
    { .name = "valid=", .kind = PUPIL_WORD_MSEC, .min = 1000,
      .max = 300 * 1000 }
};

static const pupil_word_t  pupil_timeout_words[] = {
    [PUPIL_TIMEOUT_IDLE] =
    { .name = "idle=", .kind = PUPIL_WORD_SEC, .min = 300,
      .max = 31 * 86400 },
    [PUPIL_TIMEOUT_ABSOLUTE] =
    { .name = "absolute=", .kind = PUPIL_WORD_SEC, .min = 300,
      .max = 31 * 86400 }
};

static const pupil_word_t  pupil_session_limit_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_NUMBER, .min = 1,
      .max = PUPIL_SESSION_LIMIT_MOST }
};

static const pupil_word_t  pupil_support_grant_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_SEC, .min = 60,
      .max = PUPIL_SUPPORT_TIME_MOST }
};

static const pupil_word_t  pupil_durability_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = pupil_durabilities }
};

static const pupil_word_t  pupil_group_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_NUMBER, .min = 1,
      .max = PUPIL_AUDIT_GROUP_MOST }
};

static const pupil_word_t  pupil_holes_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = pupil_holes }
};

static const pupil_word_t  pupil_request_timeout_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_MSEC, .min = 100, .max = 600 * 1000 }
};

static const pupil_word_t  pupil_unsent_words[] = {
    [PUPIL_UNSENT_SESSION] =
    { .name = "session=", .kind = PUPIL_WORD_BYTES, .min = 64 * 1024,
      .max = 1024 * 1024 * 1024 },
    [PUPIL_UNSENT_WORKER] =
    { .name = "worker=", .kind = PUPIL_WORD_BYTES, .min = 64 * 1024,
      .max = 1024 * 1024 * 1024 }
};

static const pupil_word_t  pupil_flag_words[] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = pupil_flags }
};


#define PUPIL_TABLE(words)                                                    \
    .table = (words), .table_count = PUPIL_COUNT(words)

/* One word, once in a block. */
#define PUPIL_ONE_WORD(words)                                                 \
    .least = 1, .most = 1, .once = 1, PUPIL_TABLE(words)

#define PUPIL_DIRECTIVE_HANDLER(ID, endpoint_name)                            \
    [PUPIL_DIRECTIVE_##ID] = {                                                \
        .name = "pupil_" #endpoint_name,                                      \
        .where = PUPIL_IN_LOCATION,                                           \
        .handler = 1,                                                         \
        .endpoint = &pupil_##endpoint_name##_endpoint                         \
    },

const pupil_directive_t  pupil_directives[PUPIL_DIRECTIVE_COUNT] = {

    [PUPIL_DIRECTIVE_PLUGIN] = {
        .name = "pupil_plugin",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = UINT32_MAX
    },

    [PUPIL_DIRECTIVE_ACCEPTED] = {
        .name = "pupil_accepted",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_text_words)
    },

    [PUPIL_DIRECTIVE_LEDGER] = {
        .name = "pupil_ledger",
        .where = PUPIL_IN_HTTP,
        .least = 2,
        .most = 2,
        .once = 1,
        PUPIL_TABLE(pupil_ledger_words)
    },

    [PUPIL_DIRECTIVE_DATABASE] = {
        .name = "pupil_database",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_text_words)
    },

    [PUPIL_DIRECTIVE_KEYSTORE] = {
        .name = "pupil_keystore",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = 2,
        .once = 1,
        PUPIL_TABLE(pupil_keystore_words)
    },

    [PUPIL_DIRECTIVE_POOL] = {
        .name = "pupil_pool",
        .where = PUPIL_IN_HTTP,
        .least = 2,
        .most = UINT32_MAX,
        PUPIL_TABLE(pupil_pool_words),
        .rule = pupil_pool_rule
    },

    [PUPIL_DIRECTIVE_MASTER_KEY] = {
        .name = "pupil_master_key",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_text_words)
    },

    [PUPIL_DIRECTIVE_KEY_CACHE] = {
        .name = "pupil_key_cache",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = 3,
        .once = 1,
        PUPIL_TABLE(pupil_key_cache_words),
        .rule = pupil_key_cache_rule
    },

    [PUPIL_DIRECTIVE_HOMEWORK_CACHE] = {
        .name = "pupil_homework_cache",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_homework_cache_words)
    },

    [PUPIL_DIRECTIVE_SESSION_ZONE] = {
        .name = "pupil_session_zone",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = 2,
        .once = 1,
        PUPIL_TABLE(pupil_zone_words),
        .rule = pupil_zone_rule
    },

    [PUPIL_DIRECTIVE_SESSION_TIMEOUT] = {
        .name = "pupil_session_timeout",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = 2,
        PUPIL_TABLE(pupil_timeout_words)
    },

    [PUPIL_DIRECTIVE_SESSION_LIMIT] = {
        .name = "pupil_session_limit",
        .where = PUPIL_IN_ANY,
        PUPIL_ONE_WORD(pupil_session_limit_words)
    },

    [PUPIL_DIRECTIVE_SUPPORT_GRANT] = {
        .name = "pupil_support_grant",
        .where = PUPIL_IN_ANY,
        PUPIL_ONE_WORD(pupil_support_grant_words)
    },

    [PUPIL_DIRECTIVE_TENANT] = {
        .name = "pupil_tenant",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = 1,
        .once = 1,
        .rule = pupil_tenant_rule
    },

    [PUPIL_DIRECTIVE_DENY] = {
        .name = "pupil_deny",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = UINT32_MAX
    },

    [PUPIL_DIRECTIVE_LOGIN_PASSWORD] = {
        .name = "pupil_login_password",
        .where = PUPIL_IN_ANY,
        PUPIL_ONE_WORD(pupil_login_password_words)
    },

    [PUPIL_DIRECTIVE_LOGIN_NETWORK] = {
        .name = "pupil_login_network",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = 1,
        .once = 1,
        .rule = pupil_login_network_rule
    },

    [PUPIL_DIRECTIVE_MAIL] = {
        .name = "pupil_mail",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = PUPIL_MAIL_WORDS,
        .once = 1,
        PUPIL_TABLE(pupil_mail_words),
        .rule = pupil_mail_rule
    },

    [PUPIL_DIRECTIVE_SIGN_UP] = {
        .name = "pupil_sign_up",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = PUPIL_SIGN_UP_WORDS,
        .once = 1,
        PUPIL_TABLE(pupil_sign_up_words),
        .rule = pupil_sign_up_rule
    },

    [PUPIL_DIRECTIVE_LOGIN_PROVIDER] = {
        .name = "pupil_login_provider",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = UINT32_MAX,
        .table = pupil_provider_words,
        .table_count = PUPIL_PROVIDER_WORDS,
        .rule = pupil_provider_rule
    },

    [PUPIL_DIRECTIVE_LOGIN_TENANT] = {
        .name = "pupil_login_tenant",
        .where = PUPIL_IN_ANY,
        .least = 2,
        .most = PUPIL_LOGIN_TENANT_WORDS,
        .table = pupil_login_tenant_words,
        .table_count = PUPIL_LOGIN_TENANT_WORDS,
        .rule = pupil_login_tenant_rule
    },

    [PUPIL_DIRECTIVE_SECOND_FACTOR] = {
        .name = "pupil_second_factor",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = PUPIL_ROLE_NONE,
        .once = 1,
        PUPIL_TABLE(pupil_second_factor_words)
    },

    [PUPIL_DIRECTIVE_STEP_UP] = {
        .name = "pupil_step_up",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = PUPIL_ROLE_NONE,
        .once = 1,
        PUPIL_TABLE(pupil_step_up_words)
    },

    [PUPIL_DIRECTIVE_PASSWORD_HASH] = {
        .name = "pupil_password_hash",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = UINT32_MAX,
        .once = 1,
        PUPIL_TABLE(pupil_password_hash_words)
    },

    [PUPIL_DIRECTIVE_LOGIN_PACE] = {
        .name = "pupil_login_pace",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = 2,
        .once = 1,
        PUPIL_TABLE(pupil_login_pace_words)
    },

    [PUPIL_DIRECTIVE_PASSWORD_NEW] = {
        .name = "pupil_password_new",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = 2,
        .once = 1,
        PUPIL_TABLE(pupil_password_new_words)
    },

    [PUPIL_DIRECTIVE_AUDIT_DURABILITY] = {
        .name = "pupil_audit_durability",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_durability_words)
    },

    [PUPIL_DIRECTIVE_AUDIT_GROUP] = {
        .name = "pupil_audit_group",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_group_words)
    },

    [PUPIL_DIRECTIVE_AUDIT_HOLES] = {
        .name = "pupil_audit_holes",
        .where = PUPIL_IN_ANY,
        PUPIL_ONE_WORD(pupil_holes_words)
    },

    [PUPIL_DIRECTIVE_SCORE_CLAIMS] = {
        .name = "pupil_score_claims",
        .where = PUPIL_IN_ANY,
        PUPIL_ONE_WORD(pupil_score_claims_words)
    },

    [PUPIL_DIRECTIVE_REQUEST_TIMEOUT] = {
        .name = "pupil_request_timeout",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_request_timeout_words)
    },

    [PUPIL_DIRECTIVE_UNSENT_ANSWERS] = {
        .name = "pupil_unsent_answers",
        .where = PUPIL_IN_HTTP,
        .least = 1,
        .most = 2,
        .once = 1,
        PUPIL_TABLE(pupil_unsent_words)
    },

    [PUPIL_DIRECTIVE_PROBE] = {
        .name = "pupil_probe",
        .where = PUPIL_IN_HTTP,
        PUPIL_ONE_WORD(pupil_flag_words)
    },

    [PUPIL_DIRECTIVE_ALLOWED_ORIGIN] = {
        .name = "pupil_allowed_origin",
        .where = PUPIL_IN_ANY,
        .least = 1,
        .most = UINT32_MAX,
        .rule = pupil_origin_rule
    },

    [PUPIL_DIRECTIVE_BEHIND_PROXY] = {
        .name = "pupil_behind_proxy",
        .where = PUPIL_IN_ANY,
        PUPIL_ONE_WORD(pupil_flag_words)
    },

    PUPIL_ENDPOINTS(PUPIL_DIRECTIVE_HANDLER)

    [PUPIL_DIRECTIVE_STATUS] = {
        .name = "pupil_status",
        .where = PUPIL_IN_LOCATION,
        .handler = 1
    },

    [PUPIL_DIRECTIVE_ACCESS] = {
        .name = "pupil_access",
        .where = PUPIL_IN_LOCATION,
        .least = 1,
        .most = UINT32_MAX,
        .once = 1,
        .handler = 1,
        .endpoint = &pupil_access_endpoint,
        PUPIL_TABLE(pupil_access_words),
        .rule = pupil_access_rule
    }
};


const pupil_need_t  pupil_needs[PUPIL_NEED_COUNT] = {
    [PUPIL_NEED_DATABASE] = {
        .directive = PUPIL_DIRECTIVE_DATABASE,
        .words = "\"host=... dbname=pupil user=pupil_gateway\""
    },
    [PUPIL_NEED_KEYSTORE] = {
        .directive = PUPIL_DIRECTIVE_KEYSTORE,
        .words = "\"host=... dbname=pupil_keys user=pupil_keeper\""
    },
    [PUPIL_NEED_MASTER_KEY] = {
        .directive = PUPIL_DIRECTIVE_MASTER_KEY,
        .words = "FILE"
    },
    [PUPIL_NEED_PLUGIN] = {
        .directive = PUPIL_DIRECTIVE_PLUGIN,
        .words = "FILE, one for each category"
    },
    [PUPIL_NEED_PASSWORD_NEW] = {
        .directive = PUPIL_DIRECTIVE_PASSWORD_NEW,
        .handler = PUPIL_DIRECTIVE_PASSWORD,
        .words = "FILE"
    }
};


pupil_rc_t
pupil_directive_read(pupil_directive_id_t id, const pupil_str_t *given,
    uint32_t count, pupil_words_t *words, pupil_error_t *error)
{
    pupil_rc_t                rc;
    const pupil_directive_t  *d;

    d = &pupil_directives[id];

    rc = d->table != NULL
         ? pupil_words_read(d->table, d->table_count, given, count, words,
                            error)
         : PUPIL_OK;

    return rc == PUPIL_OK && d->rule != NULL
           ? d->rule(given, count, words, error) : rc;
}


static pupil_rc_t
pupil_pool_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    int64_t  connections, writers, audit;

    (void) given;
    (void) count;

    if (words->number[PUPIL_POOL_NAME] != PUPIL_DATABASE_DATA) {
        return words->number[PUPIL_POOL_WRITERS] == PUPIL_WORD_UNSET
               && words->number[PUPIL_POOL_AUDIT] == PUPIL_WORD_UNSET
               ? PUPIL_OK
               : pupil_error_set(error, "\"writers=\" and \"audit=\" are of"
                                 " pupil_pool data alone");
    }

    connections = pupil_words_number(words, PUPIL_POOL_CONNECTIONS,
                                     PUPIL_POOL_DATA_CONNECTIONS);
    writers = pupil_words_number(words, PUPIL_POOL_WRITERS, 0);
    audit = pupil_words_number(words, PUPIL_POOL_AUDIT, 0);

    if (writers + audit >= connections) {
        return pupil_error_set(error, "of %d connections, %d are writers and"
                               " %d for audit records: leave at least one for"
                               " reads", (int) connections, (int) writers,
                               (int) audit);
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_key_cache_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    (void) given;

    return count > 1 && words->number[PUPIL_KEY_CACHE_OFF] == 1
           ? pupil_error_set(error, "\"off\" stands alone") : PUPIL_OK;
}


/* name:size becomes both. */
static pupil_rc_t
pupil_zone_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    pupil_str_t     *name, size;
    const uint8_t   *colon;

    (void) given;
    (void) count;

    name = &words->text[PUPIL_ZONE_NAME];
    colon = memchr(name->data, ':', name->len);

    if (colon == NULL || colon == name->data) {
        return pupil_error_set(error, "it takes name:size, such as"
                               " pupil_sessions:10m");
    }

    size.data = colon + 1;
    size.len = name->len - (size_t) (size.data - name->data);
    name->len = (size_t) (colon - name->data);

    words->number[PUPIL_ZONE_NAME] = pupil_size_parse(size);

    if (words->number[PUPIL_ZONE_NAME] < PUPIL_ZONE_MIN) {
        return pupil_error_set(error, "the size is at least %dk, such as"
                               " %.*s:10m", PUPIL_ZONE_MIN / 1024,
                               (int) name->len, (const char *) name->data);
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_need_missing(pupil_need_id_t need, pupil_error_t *error)
{
    return pupil_error_set(error, "Pupil's handlers need a directive that is"
                           " missing: add \"%s %s;\" to http {}",
                           pupil_directives[pupil_needs[need].directive].name,
                           pupil_needs[need].words);
}


static int
pupil_directive_pins(pupil_str_t word)
{
    return word.len >= sizeof(PUPIL_SHA256) - 1
           && memcmp(word.data, PUPIL_SHA256, sizeof(PUPIL_SHA256) - 1) == 0;
}


/* The hash that the file must have.  *pinned: pin, or NULL without one. */
static pupil_rc_t
pupil_directive_pin(const pupil_str_t *words, uint32_t count,
    uint8_t pin[PUPIL_HASH_LEN], const uint8_t **pinned, pupil_error_t *error)
{
    size_t       len;
    uint32_t     i;
    pupil_str_t  hex;

    *pinned = NULL;

    for (i = 0; i < count; i++) {
        if (!pupil_directive_pins(words[i])) {
            continue;
        }

        hex.data = words[i].data + sizeof(PUPIL_SHA256) - 1;
        hex.len = words[i].len - (sizeof(PUPIL_SHA256) - 1);

        if (*pinned != NULL
            || pupil_hex_decode(hex.data, hex.len, pin, PUPIL_HASH_LEN, &len)
               != PUPIL_OK
            || len != PUPIL_HASH_LEN)
        {
            return pupil_error_set(error, PUPIL_SHA256 " takes the 64 hex"
                                   " digits that sha256sum prints, once");
        }

        *pinned = pin;
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_directive_options(pupil_category_t *category, const pupil_str_t *words,
    uint32_t count, pupil_error_t *error)
{
    uint32_t    i;
    pupil_rc_t  rc;

    for (i = 0, rc = PUPIL_OK; i < count && rc == PUPIL_OK; i++) {
        if (!pupil_directive_pins(words[i])) {
            rc = pupil_category_option(category, words[i], error);
        }
    }

    return rc;
}


pupil_rc_t
pupil_directive_plugin(pupil_policy_t *policy, const char *file,
    const pupil_str_t *words, uint32_t count, const pupil_alloc_t *alloc,
    pupil_category_t **category, pupil_error_t *error)
{
    uint8_t         pin[PUPIL_HASH_LEN];
    pupil_rc_t      rc;
    const uint8_t  *pinned;

    *category = NULL;

    rc = pupil_directive_pin(words, count, pin, &pinned, error);

    if (rc == PUPIL_OK) {
        rc = pupil_category_load(file, pinned, alloc, category, error);
    }

    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = pupil_directive_options(*category, words, count, error);

    if (rc == PUPIL_OK) {
        rc = pupil_policy_add(policy, *category, error);
    }

    if (rc != PUPIL_OK) {
        pupil_category_unload(*category);
        *category = NULL;
    }

    return rc;
}
