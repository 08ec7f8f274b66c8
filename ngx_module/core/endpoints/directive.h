/*
 * Copyright (C) the Pupil authors
 *
 * Directives, a row each: what nginx -t and pupilctl check both say of their
 * words, and of what is missing or cannot be where it is.  Who reads the file,
 * and what the words are then used for, is the caller's.
 */

#ifndef PUPIL_DIRECTIVE_H
#define PUPIL_DIRECTIVE_H

#include "core/endpoints/endpoints.h"
#include "core/endpoints/words.h"


/* Defaults that both sides reckon with. */
#define PUPIL_SESSION_IDLE              7200      /* seconds */
#define PUPIL_SESSION_ABSOLUTE          43200
#define PUPIL_SESSION_LIMIT             50        /* of somebody */
#define PUPIL_SUPPORT_TIME              3600      /* seconds, of a grant */
/* By pupil_database_id_t. */
#define PUPIL_POOL_DATA_CONNECTIONS  6
#define PUPIL_POOL_KEYS_CONNECTIONS  4

/* Bounds that something else is measured for. */
#define PUPIL_KEY_CACHE_LEAST           1024      /* owners */
#define PUPIL_KEY_CACHE_TENANTS_LEAST   16
#define PUPIL_AUDIT_GROUP_MOST          128       /* records */
#define PUPIL_HASH_PARALLEL_MOST        64
#define PUPIL_SESSION_LIMIT_MOST        1000
#define PUPIL_SUPPORT_TIME_MOST         86400


/* Handlers come last, in the order of the endpoints. */
#define PUPIL_DIRECTIVE_ID(ID, name)  PUPIL_DIRECTIVE_##ID,

typedef enum {
    PUPIL_DIRECTIVE_PLUGIN = 0,
    PUPIL_DIRECTIVE_ACCEPTED,
    PUPIL_DIRECTIVE_LEDGER,
    PUPIL_DIRECTIVE_DATABASE,
    PUPIL_DIRECTIVE_KEYSTORE,
    PUPIL_DIRECTIVE_POOL,
    PUPIL_DIRECTIVE_MASTER_KEY,
    PUPIL_DIRECTIVE_KEY_CACHE,
    PUPIL_DIRECTIVE_HOMEWORK_CACHE,
    PUPIL_DIRECTIVE_SESSION_ZONE,
    PUPIL_DIRECTIVE_SESSION_TIMEOUT,
    PUPIL_DIRECTIVE_SESSION_LIMIT,
    PUPIL_DIRECTIVE_SUPPORT_GRANT,
    PUPIL_DIRECTIVE_TENANT,
    PUPIL_DIRECTIVE_DENY,
    PUPIL_DIRECTIVE_LOGIN_PASSWORD,
    PUPIL_DIRECTIVE_LOGIN_NETWORK,
    PUPIL_DIRECTIVE_MAIL,
    PUPIL_DIRECTIVE_SIGN_UP,
    PUPIL_DIRECTIVE_LOGIN_PROVIDER,
    PUPIL_DIRECTIVE_LOGIN_TENANT,
    PUPIL_DIRECTIVE_SECOND_FACTOR,
    PUPIL_DIRECTIVE_STEP_UP,
    PUPIL_DIRECTIVE_PASSWORD_HASH,
    PUPIL_DIRECTIVE_PASSWORD_NEW,
    PUPIL_DIRECTIVE_LOGIN_PACE,
    PUPIL_DIRECTIVE_AUDIT_DURABILITY,
    PUPIL_DIRECTIVE_AUDIT_GROUP,
    PUPIL_DIRECTIVE_AUDIT_HOLES,
    PUPIL_DIRECTIVE_SCORE_CLAIMS,
    PUPIL_DIRECTIVE_REQUEST_TIMEOUT,
    PUPIL_DIRECTIVE_UNSENT_ANSWERS,
    PUPIL_DIRECTIVE_PROBE,
    PUPIL_DIRECTIVE_ALLOWED_ORIGIN,
    PUPIL_DIRECTIVE_BEHIND_PROXY,
    PUPIL_ENDPOINTS(PUPIL_DIRECTIVE_ID)
    PUPIL_DIRECTIVE_STATUS,
    PUPIL_DIRECTIVE_ACCESS,
    PUPIL_DIRECTIVE_COUNT
} pupil_directive_id_t;

/* Where it may stand. */
#define PUPIL_IN_HTTP      0x01u
#define PUPIL_IN_SERVER    0x02u
#define PUPIL_IN_LOCATION  0x04u
#define PUPIL_IN_ANY       (PUPIL_IN_HTTP | PUPIL_IN_SERVER | PUPIL_IN_LOCATION)

/* What a table of words cannot say. */
typedef pupil_rc_t (*pupil_directive_rule_pt)(const pupil_str_t *given,
    uint32_t count, pupil_words_t *words, pupil_error_t *error);

typedef struct {
    const char               *name;         /* "pupil_pool" */
    uint32_t                  where;        /* PUPIL_IN_* */
    uint32_t                  least, most;  /* words behind it */
    unsigned                  once:1;       /* in a block */
    unsigned                  handler:1;    /* of a location */
    const pupil_endpoint_t   *endpoint;     /* of the handler; NULL: it needs
                                               nothing, such as pupil_status */
    const pupil_word_t       *table;        /* NULL: any words */
    uint32_t                  table_count;
    pupil_directive_rule_pt   rule;         /* NULL: none */
} PUPIL_NAMED pupil_directive_t;

/* By pupil_directive_id_t. */
extern const pupil_directive_t  pupil_directives[PUPIL_DIRECTIVE_COUNT];

/*
 * Reads the words behind a directive.  words: initialised; of
 * pupil_session_timeout that of the same block, so that each timeout is there
 * once.  PUPIL_INVALID with error set.
 */
pupil_rc_t pupil_directive_read(pupil_directive_id_t id,
    const pupil_str_t *given, uint32_t count, pupil_words_t *words,
    pupil_error_t *error);


/* The rows of what is read. */

enum {
    PUPIL_VALUE = 0             /* of a directive that has one word */
};

enum {
    PUPIL_LEDGER_FILE = 0,
    PUPIL_LEDGER_SIGNER
};

enum {
    PUPIL_KEYSTORE_CONNINFO = 0,
    PUPIL_KEYSTORE_SAME_CLUSTER
};

enum {
    PUPIL_POOL_NAME = 0,        /* pupil_database_id_t */
    PUPIL_POOL_CONNECTIONS,
    PUPIL_POOL_WRITERS,
    PUPIL_POOL_AUDIT,           /* connections for audit records */
    PUPIL_POOL_DEPTH,
    PUPIL_POOL_QUEUE,
    PUPIL_POOL_SHARE,           /* of a tenant, percent */
    PUPIL_POOL_STATEMENT_TIMEOUT,   /* ms */
    PUPIL_POOL_CONNECT_TIMEOUT      /* ms */
};

enum {
    PUPIL_KEY_CACHE_OFF = 0,    /* set: off */
    PUPIL_KEY_CACHE_OWNERS,
    PUPIL_KEY_CACHE_LIFETIME,   /* ms */
    PUPIL_KEY_CACHE_TENANTS
};

enum {
    PUPIL_ZONE_NAME = 0,        /* without the size, which is the number */
    PUPIL_ZONE_VALID            /* ms */
};

enum {
    PUPIL_PROVIDER_NAME = 0,
    PUPIL_PROVIDER_ISSUER,
    PUPIL_PROVIDER_CLIENT,
    PUPIL_PROVIDER_SECRET,      /* a file */
    PUPIL_PROVIDER_THROUGH,     /* a location with proxy_pass */
    PUPIL_PROVIDER_PROFILE,
    PUPIL_PROVIDER_CLAIM,
    PUPIL_PROVIDER_PREFIX,
    PUPIL_PROVIDER_SCOPE,
    PUPIL_PROVIDER_LOA,
    PUPIL_PROVIDER_SCHOOLS,
    PUPIL_PROVIDER_ACR,
    PUPIL_PROVIDER_MAX_AGE,     /* seconds */
    PUPIL_PROVIDER_PROMPT,
    PUPIL_PROVIDER_AFTER,       /* a path */
    PUPIL_PROVIDER_FAILED,      /* a path */
    PUPIL_PROVIDER_FORM_POST,
    PUPIL_PROVIDER_CHOOSE,      /* a path */
    PUPIL_PROVIDER_SHARED,      /* names are those of another provider */
    PUPIL_PROVIDER_LICENSED,    /* who has no licence is not let in */
    PUPIL_PROVIDER_TITLE        /* what people call it */
};

enum {
    PUPIL_LOGIN_TENANT_NAME = 0,
    PUPIL_LOGIN_TENANT_ID,
    PUPIL_LOGIN_TENANT_SCHOOLS,
    PUPIL_LOGIN_TENANT_TITLE,   /* what people call it */
    PUPIL_LOGIN_TENANT_WORDS
};

enum {
    PUPIL_UNSENT_SESSION = 0,   /* bytes */
    PUPIL_UNSENT_WORKER
};

enum {
    PUPIL_TIMEOUT_IDLE = 0,     /* seconds */
    PUPIL_TIMEOUT_ABSOLUTE
};

enum {
    PUPIL_HASH_MEMORY = 0,      /* KiB */
    PUPIL_HASH_ITERATIONS,
    PUPIL_HASH_POOL,
    PUPIL_HASH_QUEUE,
    PUPIL_HASH_PARALLEL
};

enum {
    PUPIL_NEW_COMMON = 0,       /* a file */
    PUPIL_NEW_LENGTH            /* characters */
};

/* pupil_login_pace */
enum {
    PUPIL_PACE_RATE = 0,        /* log-ins a minute */
    PUPIL_PACE_QUEUE
};

/* pupil_login_password: who may log in with one. */
enum {
    PUPIL_PASSWORD_OFF = 0,
    PUPIL_PASSWORD_STAFF,
    PUPIL_PASSWORD_ALL
};

enum {
    PUPIL_MAIL_LANGUAGE = 0,
    PUPIL_MAIL_FORGOTTEN,       /* a URL */
    PUPIL_MAIL_SECOND_FACTOR,   /* 1: codes, too */
    PUPIL_MAIL_WORDS
};

#define PUPIL_MAIL_PAGE_MAX  160        /* bytes of a URL */
#define PUPIL_MAIL_LINK_MAX  200        /* of that with a tenant's name */

enum {
    PUPIL_SIGN_UP_OFF = 0,
    PUPIL_SIGN_UP_TENANT,
    PUPIL_SIGN_UP_INSTITUTION,
    PUPIL_SIGN_UP_PAGE,         /* a URL */
    PUPIL_SIGN_UP_TRIAL_OF,     /* seconds, of whole days */
    PUPIL_SIGN_UP_WORDS
};

/* pupil_mail: in which language. */
enum {
    PUPIL_MAIL_OFF = 0,
    PUPIL_MAIL_SV,
    PUPIL_MAIL_DA,
    PUPIL_MAIL_EN
};

/* pupil_audit_durability. */
enum {
    PUPIL_DURABLE_ON = 0,
    PUPIL_DURABLE_LOCAL,
    PUPIL_DURABLE_OFF
};

/* pupil_audit_holes: what a tenant is answered whose audit has some. */
enum {
    PUPIL_HOLES_ALARM = 0,
    PUPIL_HOLES_REFUSE
};


/* What http {} needs as soon as a location has a handler with an endpoint. */
typedef enum {
    PUPIL_NEED_DATABASE = 0,
    PUPIL_NEED_KEYSTORE,
    PUPIL_NEED_MASTER_KEY,
    PUPIL_NEED_PLUGIN,
    PUPIL_NEED_PASSWORD_NEW,
    PUPIL_NEED_COUNT
} pupil_need_id_t;

typedef struct {
    pupil_directive_id_t   directive;
    pupil_directive_id_t   handler; /* that needs it; 0: each of them */
    const char            *words;   /* an example of what to write behind it */
} pupil_need_t;

extern const pupil_need_t  pupil_needs[PUPIL_NEED_COUNT];

/* It is missing: says so, and what to add.  Always PUPIL_INVALID. */
pupil_rc_t pupil_need_missing(pupil_need_id_t need, pupil_error_t *error);


/* A location, as a handler meets it. */
typedef struct {
    pupil_str_t  name;
    unsigned     named:1;       /* location @name */
    unsigned     regex:1;
    unsigned     handled:1;     /* has a handler of Pupil's already */
    unsigned     guard:1;       /* stands before another's handler */
} pupil_handler_at_t;

/* A handler has a location of its own, with a prefix; a guard any. */
pupil_rc_t pupil_handler_place(const char *directive,
    const pupil_handler_at_t *place, pupil_error_t *error);

/* What holds in a location, its own or of what is around it. */
typedef struct {
    int64_t   idle, absolute;   /* seconds */
    unsigned  tenant:1;         /* pupil_tenant is there */
    unsigned  body_in_file:1;   /* client_body_in_file_only is not off */
    unsigned  guard:1;          /* bodies are another's */
} pupil_handler_around_t;

/* Can a handler with an endpoint work in it? */
pupil_rc_t pupil_handler_around(const pupil_handler_around_t *around,
    pupil_error_t *error);


/*
 * pupil_plugin FILE [sha256=HEX] [option=value]...: loads the plugin, sets its
 * options and adds it to the policy.  file: absolute; words: those behind it.
 * *category: to be unloaded by the caller; NULL after a refusal.  Context:
 * configuration, pupilctl.
 */
pupil_rc_t pupil_directive_plugin(pupil_policy_t *policy, const char *file,
    const pupil_str_t *words, uint32_t count, const pupil_alloc_t *alloc,
    pupil_category_t **category, pupil_error_t *error);

#endif /* PUPIL_DIRECTIVE_H */
