/*
 * Copyright (C) the Pupil authors
 *
 * The plugin ABI of Pupil: the only public header.
 *
 * A plugin declares one category of personal data: its fields, who may touch
 * which of them for what purpose, how long it is kept, and a few pure
 * functions over its values.  It has no database handle and no key.  The host
 * reads the declaration and enforces it: it composes the SQL, seals and opens
 * the values, applies the grants and writes the audit record, so that a
 * plugin cannot forget any of it.
 *
 * The same shared object is loaded by the nginx module, by pupilctl, by unit
 * tests and by a fuzzer; nothing of nginx is visible here.
 *
 * PLUGINS ARE TRUSTED CODE.  A plugin runs inside the process that holds the
 * keys.  The host pins plugins by SHA-256; it does not confine them.
 *
 * A plugin exports exactly one symbol, the function pupil_plugin(), which
 * returns a constant descriptor.  It keeps no mutable global: over a reload
 * an old and a new configuration use the same object at once.
 *
 * Its records live in the table data.<name>, which its SQL file creates:
 *
 *     tenant       uuid         the controller
 *     owner        uuid         whose key seals the record
 *     record       uuid         primary key (tenant, owner, record)
 *     key_version  integer      of the owner's key
 *     source       text         where the record came from
 *     updated_at   timestamptz
 *     facts        bytea        the host's own, of a category with bound
 *                               fields; pupil.protect() adds it
 *     <field>      bytea        each sealed field
 *     <field>      its type     each plain field, see pupil_field_type_t
 *
 * A plain timestamp field that is called deleted_at marks a record as
 * withdrawn: the generic endpoint does not show it.
 *
 * The columns are followed by SELECT pupil.protect('<name>'), which switches
 * on row-level security and gives the gateway its privileges.  Blind indexes
 * need no column: they are rows of the host's own table.
 *
 * Changes
 *     1.0  first version
 *     1.1  PUPIL_FIELD_BOUND; retention says its size
 *     1.2  aggregate: what is left of records that are anonymised
 *
 * Later minors only append to the ends of structures; every addition is
 * marked "Added in 1.x".  The host accepts its own major with any minor up
 * to its own.
 */

#ifndef PUPIL_PLUGIN_H
#define PUPIL_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif


/*
 * Rows are written with the names of their members, so that what they say
 * stands beside it and no two values of one type change places unseen: GCC
 * warns of a row without names.
 */
#if defined(__has_attribute) && !defined(__cplusplus)
#if __has_attribute(designated_init)
#define PUPIL_NAMED  __attribute__((designated_init))
#endif
#endif
#ifndef PUPIL_NAMED
#define PUPIL_NAMED
#endif


#define PUPIL_PLUGIN_MAGIC  UINT32_C(0x50555031)    /* "PUP1" */
#define PUPIL_ABI_MAJOR     1
#define PUPIL_ABI_MINOR     2

#define PUPIL_MAX_NAME      32      /* bytes of a category or field name */
#define PUPIL_MAX_FIELDS    64
#define PUPIL_MAX_GRANTS    256
#define PUPIL_MAX_VALUE     65536   /* bytes of one value, in clear */


/*
 * Why data is touched (GDPR article 5(1)(b)).  The endpoint and the relation
 * fix the purpose of a request; a client never names it.  Commerce and
 * advertising do not exist.
 */
typedef enum {
    PUPIL_PURPOSE_NONE = 0,         /* refused */
    PUPIL_PURPOSE_AUTHENTICATION,
    PUPIL_PURPOSE_TEACHING,
    PUPIL_PURPOSE_LEARNING,
    PUPIL_PURPOSE_ROSTERING,
    PUPIL_PURPOSE_SECURITY,
    PUPIL_PURPOSE_ADMINISTRATION,
    PUPIL_PURPOSE_SUBJECT_ACCESS,
    PUPIL_PURPOSE_SUPPORT,
    PUPIL_PURPOSE_STATISTICS,
    PUPIL_PURPOSE_RESEARCH,
    PUPIL_PURPOSE_ACCOUNTABILITY,
    PUPIL_PURPOSE_LEGAL_OBLIGATION,
    PUPIL_PURPOSE_RECOVERY,
    PUPIL_PURPOSE_COUNT
} pupil_purpose_t;


/*
 * How the actor stands to the record.  Worked out in the database from live
 * enrolments, never taken from the client.
 */
typedef enum {
    PUPIL_RELATION_NONE = 0,        /* refused */
    PUPIL_RELATION_SELF,
    PUPIL_RELATION_TEACHES,         /* only records of that class */
    PUPIL_RELATION_TAUGHT_BY,
    PUPIL_RELATION_SCHOOL_ADMIN,
    PUPIL_RELATION_TENANT_ADMIN,
    PUPIL_RELATION_DPO,
    PUPIL_RELATION_SUPPORT_GRANT,
    PUPIL_RELATION_SYSTEM,
    PUPIL_RELATION_COUNT
} pupil_relation_t;


typedef enum {
    PUPIL_OPERATION_NONE = 0,       /* refused */
    PUPIL_OPERATION_READ,
    PUPIL_OPERATION_WRITE,
    PUPIL_OPERATION_COUNT
} pupil_operation_t;


/* Default legal basis (GDPR article 6(1)); a tenant can replace it. */
typedef enum {
    PUPIL_BASIS_NONE = 0,           /* refused */
    PUPIL_BASIS_CONSENT,            /* (a) */
    PUPIL_BASIS_CONTRACT,           /* (b) */
    PUPIL_BASIS_LEGAL_OBLIGATION,   /* (c) */
    PUPIL_BASIS_VITAL_INTEREST,     /* (d) */
    PUPIL_BASIS_PUBLIC_TASK,        /* (e) */
    PUPIL_BASIS_LEGITIMATE_INTEREST,/* (f) */
    PUPIL_BASIS_COUNT
} pupil_basis_t;


/*
 * The type of a field: what a client sends and sees as JSON, what the clear
 * value looks like to hooks, and the column type when the field is plain.
 * A sealed field's column is always bytea.
 *
 *     type       JSON                    clear value          plain column
 */
typedef enum {
    PUPIL_TYPE_NONE = 0,            /* refused */
    PUPIL_TYPE_TEXT,      /* string    UTF-8                   text */
    PUPIL_TYPE_JSON,      /* any       its bytes, verbatim     (sealed only) */
    PUPIL_TYPE_DECIMAL,   /* number    its bytes, verbatim     (sealed only) */
    PUPIL_TYPE_INTEGER,   /* integer   decimal digits          bigint */
    PUPIL_TYPE_BOOLEAN,   /* boolean   "true" or "false"       boolean */
    PUPIL_TYPE_UUID,      /* string    36 characters           uuid */
    PUPIL_TYPE_DATE,      /* string    YYYY-MM-DD              date */
    PUPIL_TYPE_TIMESTAMP, /* string    RFC 3339, UTC           timestamptz */
    PUPIL_TYPE_UUID_LIST, /* array     (plain only)            uuid[] */
    PUPIL_TYPE_COUNT
} pupil_field_type_t;


#define PUPIL_FIELD_SEALED    0x01u  /* ciphertext at rest */
#define PUPIL_FIELD_REQUIRED  0x02u  /* a record without it is refused */
#define PUPIL_FIELD_INDEXED   0x04u  /* has a blind index; TEXT, sealed */
#define PUPIL_FIELD_INTERNAL  0x08u  /* for the host alone: never in JSON */
#define PUPIL_FIELD_EMBARGO   0x10u  /* plain TIMESTAMP, at most one: until
                                        then, or while there is none, the
                                        record does not exist for those who
                                        are taught (taught_by), nor for whom
                                        it is about (self) */

/*
 * Added in 1.1.  The field decides something, and nobody but the host may
 * change it: for a plain one, the value is authentic; for a sealed one, that
 * there is none.  Once one field of a category is bound, so are all values
 * that the record's owner seals: no older one can be put beside newer ones.
 * A record that somebody has changed is not shown.  Not for what is sealed_by
 * another.  Fields keep their numbers: append new ones behind.
 */
#define PUPIL_FIELD_BOUND     0x20u


/*
 * One field.  Ownership: static memory of the plugin, constant for as long
 * as the object is loaded; so is everything that it points to.
 */
typedef struct pupil_field_s {
    const char  *name;       /* [a-z][a-z0-9_]*, at most PUPIL_MAX_NAME */
    uint32_t     type;       /* pupil_field_type_t */
    uint32_t     flags;      /* PUPIL_FIELD_* */
    uint32_t     max_size;   /* bytes in clear, 1 to PUPIL_MAX_VALUE */
    const char  *pattern;    /* PCRE2 the whole value must match, or NULL */
    const char  *why;        /* a sentence for the record of processing
                                (GDPR article 30) */
    const char  *sealed_by;  /* NULL: the record's owner.  Else the name of a
                                plain UUID field of this category: the value
                                belongs to that class or school, is sealed
                                by its key, and that id is its record id. */
} PUPIL_NAMED pupil_field_t;


#define PUPIL_GRANT_PROJECTED  0x01u /* values pass through hooks.project */


/*
 * One grant: these fields, for this purpose, through this relation, by this
 * operation.  What no grant names is refused.  Ownership: as pupil_field_t.
 */
typedef struct pupil_grant_s {
    const char  *fields;     /* names separated by single spaces */
    uint32_t     purpose;    /* pupil_purpose_t */
    uint32_t     relation;   /* pupil_relation_t */
    uint32_t     operation;  /* pupil_operation_t */
    uint32_t     basis;      /* pupil_basis_t */
    uint32_t     flags;      /* PUPIL_GRANT_* */
} PUPIL_NAMED pupil_grant_t;


typedef enum {
    PUPIL_EVENT_NONE = 0,           /* refused */
    PUPIL_EVENT_CREATED,            /* the record was stored */
    PUPIL_EVENT_ENROLMENT_ENDED,    /* the owner left the school or class */
    PUPIL_EVENT_ACCOUNT_CLOSED,
    PUPIL_EVENT_COUNT
} pupil_event_t;


typedef enum {
    PUPIL_EXPIRY_NONE = 0,          /* refused */
    PUPIL_EXPIRY_ERASE,
    PUPIL_EXPIRY_ANONYMISE,         /* needs hooks.anonymise and, since 1.2,
                                       an aggregate */
    PUPIL_EXPIRY_COUNT
} pupil_expiry_t;


/* How long a record is kept (GDPR article 5(1)(e)). */
typedef struct pupil_retention_s {
    uint32_t  from;          /* pupil_event_t */
    uint32_t  days;          /* 1 to 36500 */
    uint32_t  then;          /* pupil_expiry_t */
} PUPIL_NAMED pupil_retention_t;


/* Added in 1.2.  Of fewer persons nothing is said, whatever a plugin asks. */
#define PUPIL_THRESHOLD_LEAST  10

/*
 * Added in 1.2.  What is left when records are anonymised: of each group how
 * many persons it was, and of how many of them the newest record had which
 * value.  Group and value are what hooks.anonymise leaves of the fields, which
 * the system has to be granted to read for statistics.  On fixed days all that
 * has expired since the last is counted and deleted; groups that are too small,
 * and values that would give somebody away, are counted nowhere.
 *
 * What names a person is no group: ids of persons are refused.
 */
typedef struct pupil_aggregate_s {
    const char  *group;      /* names of plain fields, separated by single
                                blanks: TEXT, INTEGER, BOOLEAN, UUID, DATE */
    const char  *value;      /* the name of a field; few values: bands */
    uint32_t     threshold;  /* persons: PUPIL_THRESHOLD_LEAST to 1000000 */
    uint32_t     months;     /* between those days, the first of a month: 1, 3,
                                6 or 12 */
    const char  *why;        /* a sentence for the record of processing */
} PUPIL_NAMED pupil_aggregate_t;


typedef enum {
    PUPIL_OPTION_NONE = 0,          /* refused */
    PUPIL_OPTION_FLAG,              /* on | off */
    PUPIL_OPTION_INTEGER,           /* min to max */
    PUPIL_OPTION_DAYS,              /* min to max, written 30d */
    PUPIL_OPTION_COUNT
} pupil_option_type_t;


/* An option that the plugin takes from pupil_plugin ... name=value. */
typedef struct pupil_option_s {
    const char  *name;
    uint32_t     type;       /* pupil_option_type_t */
    int64_t      value;      /* default */
    int64_t      min, max;
    const char  *why;        /* a sentence for the operator */
} PUPIL_NAMED pupil_option_t;


/*
 * What the host hands to a hook.  Ownership: the host's, valid for the call.
 * call is opaque and passed back unchanged.
 */
typedef struct pupil_host_s {
    uint32_t  struct_size;   /* bytes, of the host's version */

    /*
     * Memory that lives as long as the request; NULL when there is none.
     * Never freed by the plugin.  Allowed: inside any hook.
     */
    void     *(*alloc)(void *call, size_t size);

    /*
     * Reports that a field breaks a rule; both static strings.  The first
     * report counts.  Allowed: inside normalise and validate.
     */
    void      (*error)(void *call, const char *field, const char *rule);

    /*
     * Finds a member of a JSON object: *value and *value_len become its raw
     * bytes inside json.  Returns 0, or -1 when json is no object or has no
     * such member.  Allowed: inside any hook.
     */
    int32_t   (*json_member)(void *call, const uint8_t *json, size_t len,
                             const char *name, const uint8_t **value,
                             size_t *value_len);

    /* The value of an option of this plugin, -1 for an unknown name. */
    int64_t   (*option)(void *call, const char *name);
} PUPIL_NAMED pupil_host_t;


/*
 * A value in clear.  Input: the host's, for the call.  Output: memory of
 * host->alloc or static memory; may point into the input.
 */
typedef struct pupil_value_s {
    const uint8_t  *data;
    size_t          len;     /* bytes */
} pupil_value_t;


/*
 * Hooks, all optional unless noted, all pure functions over buffers.
 * field is an index into the descriptor's fields.  Each returns 0, or -1 for
 * a refusal (normalise, validate: after host->error) or lack of memory.
 * Allowed context of all: on the event loop; they neither block nor call
 * anything that does, and touch neither files nor clocks.
 */
typedef struct pupil_hooks_s {
    /* The stored form of a value, such as trimmed text. */
    int32_t  (*normalise)(const pupil_host_t *host, void *call,
                          uint32_t field, pupil_value_t in,
                          pupil_value_t *out);

    /* Rules beyond type, size and pattern. */
    int32_t  (*validate)(const pupil_host_t *host, void *call,
                         uint32_t field, pupil_value_t value);

    /*
     * The term of a blind index: equal for what shall be found as equal.
     * Case and composition are the host's to fold, as Unicode has them.
     * Required when a field is PUPIL_FIELD_INDEXED.
     */
    int32_t  (*index_term)(const pupil_host_t *host, void *call,
                           uint32_t field, pupil_value_t value,
                           pupil_value_t *term);

    /*
     * A coarser value: an IP prefix, an initial.  Required when a grant is
     * PUPIL_GRANT_PROJECTED.
     */
    int32_t  (*project)(const pupil_host_t *host, void *call,
                        uint32_t field, uint32_t purpose,
                        pupil_value_t value, pupil_value_t *out);

    /*
     * What stays of a value when the person goes; len 0 for nothing: then
     * the record is not counted.  Required when retention anonymises.  now:
     * microseconds since 1970.
     */
    int32_t  (*anonymise)(const pupil_host_t *host, void *call,
                          uint32_t field, pupil_value_t value, int64_t now,
                          pupil_value_t *out);
} PUPIL_NAMED pupil_hooks_t;


typedef enum {
    PUPIL_OWNER_NONE = 0,           /* refused */
    PUPIL_OWNER_SUBJECT,
    PUPIL_OWNER_CLASS,
    PUPIL_OWNER_COUNT
} pupil_owner_kind_t;


typedef enum {
    PUPIL_CARDINALITY_NONE = 0,     /* refused */
    PUPIL_CARDINALITY_ONE,          /* one record an owner; its id is the
                                       owner's */
    PUPIL_CARDINALITY_MANY,
    PUPIL_CARDINALITY_COUNT
} pupil_cardinality_t;


#define PUPIL_PLUGIN_AUTOMATED_DECISION  0x01u /* refused: GDPR article 22 */
#define PUPIL_PLUGIN_NO_GENERIC_WRITE    0x02u /* written by the host's own
                                                  endpoints only */


/* The descriptor.  Ownership: static memory of the plugin. */
typedef struct pupil_plugin_s {
    /* Protecting fields: checked before anything else is read. */
    uint32_t                  magic;          /* PUPIL_PLUGIN_MAGIC */
    uint16_t                  abi_major;      /* PUPIL_ABI_MAJOR */
    uint16_t                  abi_minor;      /* PUPIL_ABI_MINOR */
    uint32_t                  struct_size;    /* sizeof(pupil_plugin_t) */
    uint32_t                  flags;          /* PUPIL_PLUGIN_* */

    const char               *name;           /* the category */
    const char               *version;        /* MAJOR.MINOR.PATCH */
    const char               *summary;        /* a sentence */
    const char               *source;         /* where the data comes from
                                                 (GDPR article 14(2)(f)) */
    const char               *recipients;     /* who receives it, or "none"
                                                 (GDPR article 13(1)(e)) */

    uint32_t                  owner;          /* pupil_owner_kind_t */
    uint32_t                  cardinality;    /* pupil_cardinality_t */

    const pupil_field_t      *fields;
    uint32_t                  fields_count;
    uint32_t                  field_size;     /* sizeof(pupil_field_t) */

    const pupil_grant_t      *grants;
    uint32_t                  grants_count;
    uint32_t                  grant_size;     /* sizeof(pupil_grant_t) */

    const pupil_option_t     *options;        /* or NULL */
    uint32_t                  options_count;
    uint32_t                  option_size;    /* sizeof(pupil_option_t) */

    const pupil_retention_t  *retention;

    const pupil_hooks_t      *hooks;          /* or NULL */
    uint32_t                  hooks_size;     /* sizeof(pupil_hooks_t) */

    /* Added in 1.1: what will be appended to it can be told from padding. */
    uint32_t                  retention_size; /* sizeof(pupil_retention_t) */

    /* Added in 1.2. */
    const pupil_aggregate_t  *aggregate;      /* or NULL */
    uint32_t                  aggregate_size; /* sizeof(pupil_aggregate_t) */
} PUPIL_NAMED pupil_plugin_t;


/*
 * What a descriptor begins with, and its tables with their counts and sizes:
 *
 *     static const pupil_plugin_t  shoe_plugin = {
 *         PUPIL_PLUGIN_HEADER,
 *         .name = "shoe",
 *         ...
 *         PUPIL_FIELDS(shoe_fields),
 *         PUPIL_GRANTS(shoe_grants),
 *         PUPIL_RETENTION(shoe_retention),
 *         PUPIL_HOOKS(shoe_hooks)
 *     };
 */
#define PUPIL_PLUGIN_HEADER                                                   \
    .magic = PUPIL_PLUGIN_MAGIC, .abi_major = PUPIL_ABI_MAJOR,                \
    .abi_minor = PUPIL_ABI_MINOR,                                             \
    .struct_size = (uint32_t) sizeof(pupil_plugin_t)

#define PUPIL_FIELDS(table)                                                   \
    .fields = (table), .fields_count = PUPIL_COUNT(table),                    \
    .field_size = (uint32_t) sizeof(pupil_field_t)

#define PUPIL_GRANTS(table)                                                   \
    .grants = (table), .grants_count = PUPIL_COUNT(table),                    \
    .grant_size = (uint32_t) sizeof(pupil_grant_t)

#define PUPIL_OPTIONS(table)                                                  \
    .options = (table), .options_count = PUPIL_COUNT(table),                  \
    .option_size = (uint32_t) sizeof(pupil_option_t)

#define PUPIL_RETENTION(row)                                                  \
    .retention = &(row),                                                      \
    .retention_size = (uint32_t) sizeof(pupil_retention_t)

#define PUPIL_AGGREGATE(row)                                                  \
    .aggregate = &(row),                                                      \
    .aggregate_size = (uint32_t) sizeof(pupil_aggregate_t)

#define PUPIL_HOOKS(table)                                                    \
    .hooks = &(table), .hooks_size = (uint32_t) sizeof(pupil_hooks_t)

#define PUPIL_COUNT(table)  ((uint32_t) (sizeof(table) / sizeof((table)[0])))

#define PUPIL_EXPORT  __attribute__((visibility("default")))


/*
 * The one exported symbol.  Called once per load, before any hook; returns
 * the same pointer each time.  Must not fail.
 */
PUPIL_EXPORT const pupil_plugin_t *pupil_plugin(void);

typedef const pupil_plugin_t *(*pupil_plugin_pt)(void);

#ifdef __cplusplus
}
#endif

#endif /* PUPIL_PLUGIN_H */
