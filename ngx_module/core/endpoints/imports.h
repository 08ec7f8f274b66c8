/*
 * Copyright (C) the Pupil authors
 *
 * /v1/admin/imports: its statements, their columns and wants, and what a note
 * of an import says.
 */

#ifndef PUPIL_IMPORTS_H
#define PUPIL_IMPORTS_H

#include "core/audit/audit.h"
#include "core/endpoints/columns.h"
#include "core/input/query.h"
#include "core/json/writer.h"
#include "core/policy/statement.h"


/* The statements of /v1/admin/imports, by index. */
enum {
    PUPIL_IMPORTS_LIST = 0,
    PUPIL_IMPORTS_DECIDE,       /* a plan is accepted, or a run undone */
    PUPIL_IMPORTS_COUNT
};

/*
 * PUPIL_IMPORTS_LIST: $8 and $9 before this time and id, $10 how many at most.
 * Newest first, a row each; NULL where there is none.
 */
enum {
    PUPIL_IL_ID = 1,
    PUPIL_IL_PLAN,
    PUPIL_IL_MADE_AT,
    PUPIL_IL_NOTE,
    PUPIL_IL_STATE,
    PUPIL_IL_MAC,
    PUPIL_IL_WHAT,              /* what was decided, or NULL */
    PUPIL_IL_DECIDED_AT,
    PUPIL_IL_DECIDED_STATE,
    PUPIL_IL_COLUMNS
};

/*
 * PUPIL_IMPORTS_DECIDE: $8 of what, $9 PUPIL_IMPORTS_ACCEPT or _UNDO, $10 when,
 * $11 the MAC, $12 of which kind it has to be.
 */
enum {
    PUPIL_ID_FOUND = PUPIL_RECORDED + 1,
                                /* 1, or 0: there is none */
    PUPIL_ID_COLUMNS
};

#define PUPIL_IMPORTS_ACCEPT   "accept"
#define PUPIL_IMPORTS_UNDO     "undo"
#define PUPIL_IMPORTS_CHOICES  2

#define PUPIL_IMPORTS_RUN      "pupil-run-v1"  /* a note begins with that */


typedef struct {
    pupil_page_t  page;
} pupil_imports_query_t;

/* limit and cursor. */
extern const pupil_argument_t  pupil_imports_arguments[];

/* Of what is decided: it is there, or not. */
extern const pupil_audit_choice_t  pupil_imports_makes[PUPIL_IMPORTS_CHOICES];


/*
 * Members of an object, of an authentic note of a plan or of a run: kind,
 * source, by, held and counts.
 */
void pupil_imports_note(pupil_writer_t *out, pupil_str_t note);

#endif /* PUPIL_IMPORTS_H */
