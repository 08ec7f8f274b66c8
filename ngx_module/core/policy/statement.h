/*
 * Copyright (C) the Pupil authors
 *
 * SQL that is composed once, at configuration time, from what is granted.
 * An endpoint is a table of templates; a template names the members that the
 * contract could show, each with the category, field, purpose and relation
 * that it comes from; what the policy does not grant is not in the SQL, not
 * opened, and not in the audit record's shape (invariant I3).
 *
 * Parameters that every statement has, binary but for $5 and $7:
 *
 *     $1 nonce bigint       echoed as the first column of each row (I12)
 *     $2 tenant uuid        $3 request uuid     $4 actor uuid or NULL
 *     $5 role text          $6 institution uuid $7 network text or NULL
 *
 * A statement's own begin at $8.  Every statement returns at least one row:
 * SELECT $1::bigint, d.* FROM (VALUES (1)) AS one LEFT JOIN d ON true.
 *
 * Placeholders in a template
 *
 *     {alias}         ", alias.column" for each granted want of this table;
 *                     of the table whose facts are read also these, and what
 *                     else they bind: it is checked, and not shown
 *     {audit}         the columns of pupil.audit_record that all share:
 *                     tenant, request, actor, role, institution, network,
 *                     shape, policy, and, where the template says how many
 *                     records it can write, at and writer; the template adds
 *                     number, mac and outcome, and subjects and note as it
 *                     needs them
 *     {audit_values}  their values, shape and policy as literals
 *     {number}        the first of the numbers that the statement was given
 *     {macs}          the MACs of the records that it can choose between
 *
 * An alias is [a-z_]+ ; {} stays as it is, an empty array.  Anything else
 * between braces, and an alias that no want has, is an error.  Result columns
 * count in the order of the placeholders in the text (one that comes twice, as
 * in a CTE and behind it, counts where it comes first), within a placeholder
 * in the order of the wants, from template->fixed on.
 */

#ifndef PUPIL_STATEMENT_H
#define PUPIL_STATEMENT_H

#include "core/policy/policy.h"


#define PUPIL_STATEMENT_WANTS   64
#define PUPIL_STATEMENT_PARAMS  32
#define PUPIL_STATEMENT_TABLES  5     /* with the NULL at the end */
#define PUPIL_STATEMENT_COMMON  7     /* parameters that all have */
#define PUPIL_STATEMENT_RECORD  4     /* behind a statement's own, where it
                                         writes records: at, writer, first
                                         number, MACs */
extern const uint8_t  pupil_record_params[PUPIL_STATEMENT_RECORD];

#define PUPIL_STATEMENT_ALL                                                   \
    (PUPIL_STATEMENT_COMMON + PUPIL_STATEMENT_PARAMS + PUPIL_STATEMENT_RECORD)


/*
 * When a record was made, by the clock of who made it; what differs too much
 * from the database's is refused.
 */
#define PUPIL_SQL_AT(at)                                                      \
    "CASE WHEN " at " BETWEEN now() - interval '1 minute'"                    \
    " AND now() + interval '1 minute' THEN " at                               \
    " ELSE pupil.clock_differs() END"


typedef enum {
    PUPIL_ABOUT_NONE = 0,       /* owned by a class */
    PUPIL_ABOUT_ACTOR,
    PUPIL_ABOUT_SUBJECTS        /* those that the record lists */
} pupil_about_t;


#define PUPIL_WANT_REQUIRED  0x01u  /* the endpoint cannot work without */
#define PUPIL_WANT_ASKED     0x02u  /* in the audit record's shape although
                                       it is not granted: a refusal */


typedef struct {
    const char    *alias;       /* SQL table alias; NULL: no column, it is
                                   written, or used in the SQL */
    const char    *category;
    const char    *field;       /* "": no field, for the record's shape alone */
    uint32_t       purpose, relation, operation;
    pupil_about_t  about;
    uint32_t       flags;       /* PUPIL_WANT_* */
} PUPIL_NAMED pupil_want_t;


/* The types of a statement's own parameters, from $8. */
typedef enum {
    PUPIL_PARAM_END = 0,
    PUPIL_PARAM_UUID,
    PUPIL_PARAM_INT4,
    PUPIL_PARAM_INT8,
    PUPIL_PARAM_BOOL,
    PUPIL_PARAM_BYTEA,
    PUPIL_PARAM_TEXT,
    PUPIL_PARAM_TIMESTAMPTZ,
    PUPIL_PARAM_UUID_ARRAY,
    PUPIL_PARAM_BYTEA_ARRAY,
    PUPIL_PARAM_TEXT_ARRAY,
    PUPIL_PARAM_INT4_ARRAY
} pupil_param_t;

/* PostgreSQL's object ids of these types, fixed for ever. */
enum {
    PUPIL_OID_BOOL        = 16,
    PUPIL_OID_BYTEA       = 17,
    PUPIL_OID_INT8        = 20,
    PUPIL_OID_INT4        = 23,
    PUPIL_OID_TEXT        = 25,
    PUPIL_OID_BYTEA_ARRAY = 1001,
    PUPIL_OID_INT4_ARRAY  = 1007,
    PUPIL_OID_TEXT_ARRAY  = 1009,
    PUPIL_OID_TIMESTAMPTZ = 1184,
    PUPIL_OID_UUID        = 2950,
    PUPIL_OID_UUID_ARRAY  = 2951
};


typedef struct {
    const char          *name;      /* for messages and pg_stat */
    const char          *sql;
    uint32_t             fixed;     /* result columns before the wants */
    const char          *tables[PUPIL_STATEMENT_TABLES];  /* categories whose
                                       tables the SQL names: data.<category>
                                       and those beside it */
    const char          *optional;  /* one of them, without whose plugin the
                                       statement is just not granted; NULL */
    const char          *facts;     /* alias of the table whose records' facts
                                       are read, or NULL */
    const char          *facts_of;  /* its category, or whose records are
                                       written with facts */
    const pupil_want_t  *wants;
    uint32_t             wants_count;
    uint8_t              params[PUPIL_STATEMENT_PARAMS];  /* pupil_param_t */
    uint32_t             records;   /* MACs of audit records that it is given,
                                       of which it chooses; 0: it writes none */
} PUPIL_NAMED pupil_template_t;

/* The wants of a template, with their count. */
#define PUPIL_WANTS(table)                                                    \
    .wants = (table), .wants_count = PUPIL_COUNT(table)


typedef struct {
    const pupil_template_t  *from;
    pupil_str_t              sql;       /* NUL behind it */
    uint32_t                 columns;   /* of the result */
    uint32_t                 params;    /* own ones */

    /* For each want: its result column, or -1 when it is not granted; the
     * category and field behind it; whether it is projected. */
    int32_t                  column[PUPIL_STATEMENT_WANTS];
    const pupil_category_t  *category[PUPIL_STATEMENT_WANTS];
    int32_t                  field[PUPIL_STATEMENT_WANTS];
    uint8_t                  granted[PUPIL_STATEMENT_WANTS];
    uint8_t                  projected[PUPIL_STATEMENT_WANTS];

    /* Of template->facts_of, or NULL; the column of the facts, and by the
     * category's fields the column of each that is read with them, or -1: see
     * core/plugin/bound.h. */
    const pupil_category_t  *bound;
    int32_t                  facts;
    int32_t                  cells[PUPIL_MAX_FIELDS];

    pupil_str_t              accesses;  /* canonical JSON */
    uint8_t                  shape[PUPIL_HASH_LEN];  /* its SHA-256 */
} pupil_statement_t;


/*
 * Composes.  policy_hash: of pupil_policy_document().  PUPIL_INVALID with
 * error set when a required want is not granted: the text names the field,
 * the purpose, and whether the plugin is missing or pupil_deny took it.
 * Identifiers are quoted.  Context: configuration, pupilctl.
 */
pupil_rc_t pupil_statement_compose(const pupil_template_t *template,
    const pupil_policy_t *policy, const uint8_t policy_hash[PUPIL_HASH_LEN],
    const pupil_alloc_t *alloc, pupil_statement_t *statement,
    pupil_error_t *error);

/* The column of a field of the records whose facts are read, or -1. */
int32_t pupil_statement_cell(const pupil_statement_t *statement,
    const char *field);

/* The PostgreSQL type OID of a parameter type. */
uint32_t pupil_param_oid(uint8_t param);

/* OIDs of all parameters, common ones first; returns their number. */
uint32_t pupil_statement_oids(const pupil_statement_t *statement,
    uint32_t oids[PUPIL_STATEMENT_ALL]);

#endif /* PUPIL_STATEMENT_H */
