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
 *     {mark}          ", alias.column" for each granted want with this mark
 *     {audit}         the columns of pupil.audit_record that all share:
 *                     tenant, request, actor, role, institution, network,
 *                     shape, policy; the template adds outcome, subjects and
 *                     note as it needs them
 *     {audit_values}  their values, shape and policy as literals
 *
 * A mark is [a-z_]+ ; {} stays as it is, an empty array.  Anything else
 * between braces, and a mark that no want has, is an error.  Result columns
 * count in the order of the marks in the text (a mark that comes twice, as in
 * a CTE and behind it, counts where it comes first), within a mark in the
 * order of the wants, from template->fixed on.
 */

#ifndef PUPIL_STATEMENT_H
#define PUPIL_STATEMENT_H

#include "core/policy/policy.h"


#define PUPIL_STATEMENT_WANTS   64
#define PUPIL_STATEMENT_PARAMS  32
#define PUPIL_STATEMENT_COMMON  7     /* parameters that all have */


typedef enum {
    PUPIL_ABOUT_NONE = 0,       /* owned by a class */
    PUPIL_ABOUT_ACTOR,
    PUPIL_ABOUT_SUBJECTS        /* those that the record lists */
} pupil_about_t;


#define PUPIL_WANT_REQUIRED  0x01u  /* the endpoint cannot work without */
#define PUPIL_WANT_SILENT    0x02u  /* no column: written, or used in SQL */
#define PUPIL_WANT_ASKED     0x04u  /* in the audit record's shape although
                                       it is not granted: a refusal */


typedef struct {
    const char    *mark;        /* of the placeholder, "" when silent */
    const char    *alias;       /* SQL table alias */
    const char    *category;
    const char    *field;       /* "": no field, for the record's shape alone */
    uint32_t       purpose, relation, operation;
    pupil_about_t  about;
    uint32_t       flags;       /* PUPIL_WANT_* */
} pupil_want_t;


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
    PUPIL_PARAM_DATE,
    PUPIL_PARAM_UUID_ARRAY,
    PUPIL_PARAM_BYTEA_ARRAY,
    PUPIL_PARAM_TEXT_ARRAY,
    PUPIL_PARAM_BOOL_ARRAY,
    PUPIL_PARAM_INT4_ARRAY
} pupil_param_t;


typedef struct {
    const char          *name;      /* for messages and pg_stat */
    const char          *sql;
    uint32_t             fixed;     /* result columns before the first mark */
    const pupil_want_t  *wants;
    uint32_t             wants_count;
    uint8_t              params[PUPIL_STATEMENT_PARAMS];  /* pupil_param_t */
} pupil_template_t;


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

    pupil_str_t              accesses;  /* canonical JSON */
    uint8_t                  shape[32]; /* its SHA-256 */
} pupil_statement_t;


/*
 * Composes.  policy_hash: of pupil_policy_document().  PUPIL_INVALID with
 * error set when a required want is not granted: the text names the field,
 * the purpose, and whether the plugin is missing or pupil_deny took it.
 * Identifiers are quoted.  Context: configuration, pupilctl.
 */
pupil_rc_t pupil_statement_compose(const pupil_template_t *template,
    const pupil_policy_t *policy, const uint8_t policy_hash[32],
    const pupil_alloc_t *alloc, pupil_statement_t *statement,
    pupil_error_t *error);

/*
 * What every connection that runs these statements sets first, so that how a
 * statement is executed depends on its text and on the indexes, and not on
 * what PostgreSQL believes to know of the tables: see docs/architecture.md.
 */
extern const char  pupil_session_sql[];

/* The index of a want by category and field; -1 when there is none. */
int32_t pupil_statement_want(const pupil_template_t *template,
    const char *category, const char *field);

/* The PostgreSQL type OID of a parameter type. */
uint32_t pupil_param_oid(uint8_t param);

/* OIDs of all parameters, common ones first; returns their number. */
uint32_t pupil_statement_oids(const pupil_statement_t *statement,
    uint32_t oids[PUPIL_STATEMENT_COMMON + PUPIL_STATEMENT_PARAMS]);


/*
 * The statements of the endpoint that serves any category by its plugin's
 * grants, made up from the descriptor.  *generic is allocated.
 * PUPIL_NOT_FOUND, and NULL in *generic, when nothing is granted; also for
 * writes of a PUPIL_PLUGIN_NO_GENERIC_WRITE category, and for the relations
 * system and support_grant.  Fields that are PUPIL_FIELD_INTERNAL are left
 * out, and those whose sealed_by field is not granted; of a write also those
 * that are sealed_by another owner.
 *
 * $8, here "subject", is the id of the class for a category that classes own.
 * Relations are confirmed by the database: live enrolments through the
 * session's institution, $6; a record with a plain UUID field class_id (of a
 * school administrator: school_id, else class_id) only when it is of the
 * class (school) that relates; records whose plain timestamp deleted_at is set
 * are not shown, nor, through taught_by, before the time of a field that is
 * PUPIL_FIELD_EMBARGO.  Rows that authorise are authentic only when
 * the caller has checked them: see pupil_generic_evidence().
 *
 * Read.  $8 subject uuid, $9 after: record of the last page uuid or NULL,
 * $10 limit int4.  Audited: allowed or not_found.
 *
 *     0 nonce   1 related boolean: false means 404
 *     2 record  NULL when there is none     3 owner
 *     4 class   of the record, NULL when the category has no class_id: must be
 *               the class of an authentic evidence row, else leave it out
 *     5 ...     sealers times (owner uuid, state text, key_version int4); the
 *               first is the record's owner, a group may be NULL
 *     proof ... when it is not 0: the enrolment that the record is made of, 9
 *               columns as PUPIL_EVIDENCE_ACTOR_ENROLMENT; a record whose row
 *               is not authentic is left out
 *     fixed ... the fields, in the order of the wants: wants[i] is sealed by
 *               group sealer[i], with that owner's id as record id when
 *               sealer[i] is not 0
 *
 * Look, before a write: $8 subject, $9 record.  Not audited, shows nothing.
 *
 *     0 nonce   1 related   2 existed boolean: when false all required fields
 *     must be in the write  3 owner   4 state   5 key_version
 *
 * Write of one record.  All arrays of $11 to $13 have wants_count elements,
 * in the order of the wants.  Audited: allowed, not_found, conflict,
 * restricted; not when nothing was written for want of a required field,
 * because the owner's key version is not $10 any more, or because the record
 * is, or would be, of a class that does not relate.
 *
 *     $8 subject   $9 record (the subject's id when PUPIL_CARDINALITY_ONE)
 *     $10 key_version int4          $11 set int4[]: 1 where a value is given
 *     $12 sealed values bytea[]     $13 clear values of plain fields text[]
 *     $14 names of the blind-indexed fields that are set text[]
 *     $15 their terms bytea[], NULL: none any more    $16 their MACs bytea[]
 *     $17 the classes uuid[] of the authentic evidence: of the relations that
 *     are through a class, no other counts
 *
 *     0 nonce   1 related   2 existed   3 taken: a term is another owner's,
 *     409       4 state of the owner, NULL: no key       5 written
 */
typedef struct {
    pupil_template_t    template;
    pupil_template_t    look;           /* of a write */
    uint32_t            purpose, relation, operation;
    uint32_t            sealers;        /* groups of id, state, version */
    uint32_t            proof;          /* column of a read, or 0 */
    uint8_t             sealer[PUPIL_STATEMENT_WANTS];  /* of each want */
} pupil_generic_t;

pupil_rc_t pupil_generic_read(const pupil_policy_t *policy,
    uint32_t category, uint32_t relation, const pupil_alloc_t *alloc,
    pupil_generic_t **generic);
pupil_rc_t pupil_generic_write(const pupil_policy_t *policy,
    uint32_t category, uint32_t relation, const pupil_alloc_t *alloc,
    pupil_generic_t **generic);

/* The purpose that /v1/data/ has for a relation; 0: none. */
uint32_t pupil_generic_purpose(uint32_t relation);


/*
 * The rows that prove a relation, for the MACs to be checked; run it in the
 * same Sync, before the read or the look.  relation and owner (pupil_owner_
 * kind_t) as of the generic statement.  NULL when none is needed: self.
 * $8 subject.  Static.
 *
 * Each row is one proof: it holds when every group in it that is not NULL is
 * authentic.  No row that holds: 404.  Columns, nonce first:
 */
#define PUPIL_EVIDENCE_ACTOR_ROLE         1   /* role, 7 columns */
#define PUPIL_EVIDENCE_ACTOR_ENROLMENT    8   /* enrolment, 9 columns */
#define PUPIL_EVIDENCE_SUBJECT_ENROLMENT  17  /* enrolment, 9 columns */
#define PUPIL_EVIDENCE_SUBJECT_ROLE       26  /* role, 7 columns */
#define PUPIL_EVIDENCE_COLUMNS            33

const pupil_template_t *pupil_generic_evidence(uint32_t relation,
    uint32_t owner);

#endif /* PUPIL_STATEMENT_H */
