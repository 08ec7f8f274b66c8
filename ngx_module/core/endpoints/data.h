/*
 * Copyright (C) the Pupil authors
 *
 * The endpoint /v1/data/, which serves any category by its plugin's grants:
 * what clients send, and the statements, made up from the descriptor.
 */

#ifndef PUPIL_DATA_H
#define PUPIL_DATA_H

#include "core/audit/audit.h"
#include "core/endpoints/columns.h"
#include "core/input/query.h"


/*
 * $8, here "subject", is the id of the class for a category that classes own.
 * Relations are confirmed by the database: live enrolments through the
 * session's institution, $6; a record with a plain UUID field class_id (of a
 * school administrator: school_id, else class_id) only when it is of the
 * class (school) that relates; records whose plain timestamp deleted_at is set
 * are not shown, nor, through taught_by, before the time of a field that is
 * PUPIL_FIELD_EMBARGO.  Rows that authorise are authentic only when the caller
 * has checked them: see pupil_generic_evidence() in relation.h.
 *
 * Read.  $8 subject uuid, $9 after: record of the last page uuid or NULL,
 * $10 limit int4.  Audited: allowed or not_found.  Columns PUPIL_DR_*, behind
 * them the fields, in the order of the wants: wants[i] is sealed by group
 * sealer[i], with that owner's id as record id when sealer[i] is not 0.
 *
 * Look, before a write: $8 subject, $9 record.  Not audited, shows nothing.
 * Columns PUPIL_DL_*.
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
 *     $18 facts of the record bytea, $19 those that it has bytea, NULL: it is
 *     a new one; of a category with bound fields alone
 *
 * Columns PUPIL_DW_*.
 */
typedef struct {
    pupil_template_t    template;
    pupil_template_t    look;           /* of a write */
    uint32_t            purpose, relation, operation;
    uint32_t            sealers;        /* groups of owners' columns */
    uint32_t            proof;          /* column of a read, or 0 */
    unsigned            of_class:1;     /* records have a class_id */
    uint8_t             sealer[PUPIL_STATEMENT_WANTS];  /* of each want */
    uint8_t             names[PUPIL_STATEMENT_WANTS];   /* of each group but
                                       the first, the want with its owner */
} pupil_generic_t;


/* Column 0 of all results is the nonce. */

/*
 * Of a read.  Behind the groups of the owners that seal, of which the first is
 * the record's and any may be NULL, stands the enrolment that the record is
 * made of when proof is not 0: a record whose row is not authentic is left out.
 */
enum {
    PUPIL_DR_RELATED = 1,       /* false: 404 */
    PUPIL_DR_RECORD,            /* NULL: there is none */
    PUPIL_DR_OWNER,
    PUPIL_DR_CLASS,             /* of the record; NULL: the category has no
                                   class_id; it must be that of an authentic
                                   evidence row, else leave the record out */
    PUPIL_DR_SOURCE,            /* who brought it (GDPR article 15(1)(g)), for
                                   the data subject; NULL: for others */
    PUPIL_DR_SEALERS            /* sealers times PUPIL_OWNER_COLUMNS */
};

/* The records of a write. */
#define PUPIL_GENERIC_CHOICES  4

extern const pupil_audit_choice_t pupil_generic_choices[PUPIL_GENERIC_CHOICES];

/* Of a look. */
enum {
    PUPIL_DL_RELATED = 1,
    PUPIL_DL_EXISTED,           /* false: the write has all required fields */
    PUPIL_DL_OWNER,
    PUPIL_DL_COLUMNS = PUPIL_DL_OWNER + PUPIL_OWNER_COLUMNS
};

/* Own parameters of a write, without the facts. */
#define PUPIL_DW_PARAMS  10

/* Of a write. */
enum {
    PUPIL_DW_RELATED = PUPIL_RECORDED + 1,
    PUPIL_DW_EXISTED,
    PUPIL_DW_TAKEN,             /* a term is another owner's: 409 */
    PUPIL_DW_STATE,             /* of the owner; NULL: no key */
    PUPIL_DW_WRITTEN,
    PUPIL_DW_COLUMNS
};


/*
 * Makes up the statements of a category through a relation; *generic is
 * allocated.  PUPIL_NOT_FOUND, and NULL in *generic, when nothing is granted;
 * also for writes of a PUPIL_PLUGIN_NO_GENERIC_WRITE category, and for the
 * relations system and support_grant.  Fields that are PUPIL_FIELD_INTERNAL
 * are left out, and those whose sealed_by field is not granted; of a write
 * also those that are sealed_by another owner.
 */
pupil_rc_t pupil_generic_read(const pupil_policy_t *policy,
    uint32_t category, uint32_t relation, const pupil_alloc_t *alloc,
    pupil_generic_t **generic);
pupil_rc_t pupil_generic_write(const pupil_policy_t *policy,
    uint32_t category, uint32_t relation, const pupil_alloc_t *alloc,
    pupil_generic_t **generic);

/* Are records of the category withdrawn by deleted_at?  1 or 0. */
int pupil_generic_withdraws(const pupil_category_t *category);

/*
 * The shape of a refused access that no grant names, so that there is no
 * statement of it: it tells category, purpose, relation and operation that
 * were asked for, and no field.
 */
pupil_rc_t pupil_generic_asked(const pupil_plugin_t *plugin,
    uint32_t relation, uint32_t operation, const pupil_alloc_t *alloc,
    pupil_template_t **template);


#define PUPIL_INPUT_MEMBERS_MAX  64     /* of a patch */


typedef struct {
    pupil_str_t  name;
    uint32_t     node;      /* of json below */
} pupil_input_member_t;


typedef struct {
    pupil_json_t           json;
    pupil_uuid_t           id;          /* zero when absent */
    pupil_input_member_t  *members;     /* without id, in the order sent */
    uint32_t               count;       /* 1 .. PUPIL_INPUT_MEMBERS_MAX */
} pupil_input_patch_t;


typedef struct {
    pupil_page_t  page;
} pupil_data_query_t;


/* limit and cursor. */
extern const pupil_argument_t  pupil_data_arguments[];

/* {"id"?, <any member>...}: what they may be is for the plugin to say. */
pupil_rc_t pupil_input_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_patch_t *out, pupil_fault_t *fault);

#endif /* PUPIL_DATA_H */
