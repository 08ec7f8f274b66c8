/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the homework endpoint share.
 */

#ifndef _NGX_HTTP_PUPIL_HOMEWORK_H_INCLUDED_
#define _NGX_HTTP_PUPIL_HOMEWORK_H_INCLUDED_

#include "core/endpoints/answers.h"
#include "core/endpoints/assessment.h"
#include "core/endpoints/homework.h"
#include "core/endpoints/homework_input.h"
#include "core/endpoints/score.h"
#include "http/homework/ngx_http_pupil_homework_cache.h"
#include "http/request/ngx_http_pupil.h"


typedef struct ngx_http_pupil_homework_role_s  ngx_http_pupil_homework_role_t;


/*
 * What a class owns of one homework, as it is shown: JSON that is ready to be
 * written, and what scores are worked out from.
 */
typedef struct {
    pupil_uuid_t            record;
    pupil_uuid_t            assigned_by;       /* zero: nobody */
    pupil_time_t            assigned_at, due_at;
    pupil_uuid_t            version;           /* of the row */
    pupil_str_t             head;              /* members to "due_at" */
    pupil_str_t             text;              /* of the exercises */
    pupil_exercises_t       exercises;
    unsigned                has_exercises:1;
    unsigned                whole:1;           /* all that is granted opened */
} ngx_http_pupil_definition_t;


/* A class of the actor's, from an enrolment whose MAC was checked. */
typedef struct {
    pupil_uuid_t                  enrolment;
    uint8_t                       mac[PUPIL_MAC_LEN];
    ngx_http_pupil_owner_t        owner;        /* the class */
    pupil_uuid_t                  record;       /* homework; zero: not this */
    pupil_time_t                  assigned_at;  /* of that homework */

    /* of the feed */
    pupil_uuid_t                  version;      /* of the definitions */
    ngx_http_pupil_definition_t  *definitions;  /* by due date and record */
    ngx_uint_t                    count;
    ngx_uint_t                    next;         /* while they are merged */
    unsigned                      has_version:1;
    unsigned                      ready:1;      /* they are here */
    unsigned                      asked:1;      /* they come with the feed */
    unsigned                      damaged:1;    /* some was left out */
} ngx_http_pupil_class_t;


/*
 * Whoever may have assigned: a row that says so, which is checked when a
 * homework of that person's is shown.
 */
typedef struct {
    PGresult                     *res;
    ngx_uint_t                    row;
    ngx_uint_t                    enrolment, owner;  /* columns */
    const ngx_http_pupil_stmt_t  *stmt;
    ngx_uint_t                    given, family;     /* wants */
    pupil_uuid_t                  subject, class_id;
    pupil_str_t                   name;              /* empty: none opens */
    unsigned                      checked:1;
    unsigned                      authentic:1;
} ngx_http_pupil_teacher_t;


/* A current submission of the actor's: a row of what stands beside. */
typedef struct {
    pupil_uuid_t            homework, record;
    ngx_uint_t              row;
    ngx_http_pupil_owner_t  owner;
} ngx_http_pupil_current_t;


/* ctx->data of all homework routes. */
typedef struct {
    pupil_homework_query_t                 query;    /* GET */
    pupil_input_homework_t                 create;   /* POST, */
    pupil_input_homework_t                 made;     /* with what it copies */
    pupil_input_homework_patch_t           patch;    /* PATCH */
    pupil_input_assessment_t               assess;   /* PUT, of a pupil */
    pupil_answers_query_t                  answers;  /* GET, of a class */

    ngx_http_pupil_class_t                *classes;  /* in r->pool */
    ngx_uint_t                             nclasses;
    const pupil_uuid_t                    *sought;   /* homework, of evidence */

    /* a write, between its two exchanges */
    const ngx_http_pupil_class_t          *target;
    pupil_uuid_t                           record;
    ngx_uint_t                             target_by;  /* statement, and its */
    ngx_uint_t                             target_at;  /* result: as stored */
    ngx_uint_t                             write_at;   /* of the write */
    ngx_uint_t                             source_at;  /* of what is copied */
    ngx_uint_t                             assessment; /* the same, of one */
    unsigned                               again:1;    /* once, from there */

    /* where results are in the exchange that holds the page */
    const ngx_http_pupil_homework_role_t  *role;
    const ngx_http_pupil_stmt_t           *list;
    const pupil_uuid_t                    *one;      /* homework; NULL: page */
    ngx_uint_t                             at;       /* of the list */
    ngx_uint_t                             beside;   /* progress or summary */
    ngx_uint_t                             refused;  /* the statement that is */
    pupil_list_window_t                    window;   /* of a page */
    int                                    done;     /* only those, and */
    unsigned                               asks_done:1;  /* only the others */
    unsigned                               has_beside:1;

    /* the feed */
    ngx_libpq_exchange_t                  *feed;
    pupil_uuid_t                          *asked;    /* classes */
    ngx_uint_t                             nasked;
    ngx_http_pupil_teacher_t              *teachers;
    ngx_uint_t                             nteachers;

    ngx_http_pupil_current_t              *current;  /* of current_of */
    ngx_uint_t                             ncurrent;
    PGresult                              *current_of;

    pupil_writer_t                         scratch;
    unsigned                               has_scratch:1;
} ngx_http_pupil_homework_t;


/* One homework as it is shown. */
typedef struct {
    pupil_uuid_t                   record;
    const ngx_http_pupil_class_t  *class;
    ngx_http_pupil_definition_t    definition;
    ngx_http_pupil_teacher_t      *teacher;    /* NULL: nobody */
    ngx_http_pupil_teacher_t       row;        /* when it is the item's own */
} ngx_http_pupil_item_t;


/*
 * What each role reads, and how what stands beside is written.  Of two, the
 * second is for a page at the end of its window.
 */
struct ngx_http_pupil_homework_role_s {
    const char  *name;
    ngx_uint_t   list[2];
    ngx_uint_t   withdrawn[2];                 /* of a teacher */
    ngx_uint_t   beside[2];
    ngx_uint_t   feed;
    ngx_uint_t   definitions;
    ngx_uint_t   current[2];                   /* beside, for the feed */
    ngx_int_t  (*write)(ngx_http_pupil_ctx_t *ctx,
                        ngx_http_pupil_item_t *item, PGresult *res);
};


/* Makes ctx->data; for requests that take no argument, as the route's parse. */
ngx_int_t ngx_http_pupil_homework_parse_one(ngx_http_pupil_ctx_t *ctx);

/* Adds the evidence; record: homework to look for, or NULL. */
void ngx_http_pupil_homework_evidence(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *record);

/* The same by a statement of those that show evidence. */
void ngx_http_pupil_homework_evidence_by(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt, const pupil_uuid_t *record);

/*
 * Adds the page, or the one homework, for the session's role, and what is
 * shown beside each if beside is set.
 */
void ngx_http_pupil_homework_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *one,
    ngx_uint_t beside);

/*
 * The parameters that all statements about a page have; one: a homework, or
 * NULL.
 */
void ngx_http_pupil_homework_page(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *one);

/* What the session's role reads; NULL: it has no homework. */
const ngx_http_pupil_homework_role_t *ngx_http_pupil_homework_role(
    ngx_http_pupil_ctx_t *ctx);

/* Reads evidence, and the page or the one homework, and what is beside. */
ngx_int_t ngx_http_pupil_homework_start(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *one);

/*
 * Does an item go with what was asked for, by what the pupil has done?
 * NGX_DECLINED: it does not; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_asked(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *beside);

/* The cursors of a page that has these ends; NULL: nothing is on it. */
void ngx_http_pupil_homework_cursors(ngx_http_pupil_ctx_t *ctx,
    const pupil_cursor_t *first, const pupil_cursor_t *last, ngx_uint_t more);

/* The list from what classes own, as it is kept, and what is read anew. */
ngx_int_t ngx_http_pupil_homework_feed_start(ngx_http_pupil_ctx_t *ctx);

/* The list as one statement reads it: what the feed falls back to. */
ngx_int_t ngx_http_pupil_homework_list_ask(ngx_http_pupil_ctx_t *ctx);


/* Fills data->classes from the evidence; NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_pupil_homework_classes(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);

/*
 * Is the homework of a row, whose facts were checked, there; or, if withdrawn
 * is set, withdrawn of late?  NGX_OK; NGX_DECLINED: it is not what was asked
 * for, which is noted; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_there(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t withdrawn);

/* Can what was withdrawn then be given again now? */
ngx_uint_t ngx_http_pupil_homework_of_late(ngx_http_pupil_ctx_t *ctx,
    pupil_time_t withdrawn_at);

/* The row of the target, whose statement data->target_by is. */
void ngx_http_pupil_homework_stored_row(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_row_t *row);

/*
 * What is stored of a row, to be written anew; empty: nothing.  NGX_OK, or how
 * the request ends, refused by the statement by.
 */
ngx_int_t ngx_http_pupil_homework_stored_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, ngx_uint_t by,
    pupil_str_t *value);

/*
 * The target of a write as it is stored: NGX_OK; NGX_DECLINED, when it is gone
 * or somebody has changed it, which is noted; NGX_ERROR.  assigned_at: of it;
 * withdrawn_at: 0 where it is not.
 */
ngx_int_t ngx_http_pupil_homework_bound(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, pupil_time_t *assigned_at,
    pupil_time_t *withdrawn_at);

/* Facts of a row that is to be stored as the target; NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_homework_facts(ngx_http_pupil_ctx_t *ctx,
    const pupil_bound_row_t *bound, pupil_str_t *facts);

/* What a row has that is to be stored; text is sealed, data NULL: none. */
void ngx_http_pupil_homework_bind_text(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const char *field, pupil_str_t text);
void ngx_http_pupil_homework_bind_time(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const char *field, pupil_time_t time,
    uint8_t memory[8]);

/* That of a new one: its ids and who assigns it; NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_homework_bind_new(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const pupil_uuid_t *ids, ngx_uint_t n);

/* Its ids alone; NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_homework_bind_ids(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const pupil_uuid_t *ids, ngx_uint_t n);

/* The number of a field of the category. */
int32_t ngx_http_pupil_homework_field(ngx_http_pupil_ctx_t *ctx,
    const char *field);

/*
 * The ids of a new one's exercises, of a copy as many as there can be; NULL: no
 * memory.
 */
pupil_uuid_t *ngx_http_pupil_homework_ids(ngx_http_pupil_ctx_t *ctx);

/* The same of exercises that are changed, of which some are kept. */
pupil_uuid_t *ngx_http_pupil_homework_edit_ids(ngx_http_pupil_ctx_t *ctx);

/* Which statement writes a new one. */
#define ngx_http_pupil_homework_create_stmt(data)                             \
    (pupil_uuid_is_zero(&(data)->create.copy_of) ? PUPIL_HOMEWORK_CREATE      \
                                                 : PUPIL_HOMEWORK_COPY)

/*
 * Makes data->made, a new one as it was sent, or with what it is a copy of.
 * NGX_OK; NGX_DECLINED: a key is being asked for; or how the request ends.
 */
ngx_int_t ngx_http_pupil_homework_made(ngx_http_pupil_ctx_t *ctx);

/*
 * There is a homework with the id that was sent, in the class stored: shows it
 * if it was made of the same, by those ids, else refuses.
 */
ngx_int_t ngx_http_pupil_homework_again(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *stored, const pupil_uuid_t *ids);

/* Reads one homework, as its route does; step shows it. */
ngx_int_t ngx_http_pupil_homework_ask_one(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *one, ngx_http_pupil_step_pt step);
ngx_int_t ngx_http_pupil_homework_one_render(ngx_http_pupil_ctx_t *ctx);

/* The class, or the class that has that homework; NULL. */
ngx_http_pupil_class_t *ngx_http_pupil_homework_class(
    ngx_http_pupil_homework_t *data, const pupil_uuid_t *class_id);
const ngx_http_pupil_class_t *ngx_http_pupil_homework_class_of(
    ngx_http_pupil_homework_t *data, const pupil_uuid_t *record);

/*
 * The class of a row of evidence: NGX_OK; NGX_DECLINED when there is none or
 * its enrolment is not authentic; NGX_ERROR.  owner: column of the class.
 */
ngx_int_t ngx_http_pupil_homework_authentic(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_uint_t enrolment, ngx_uint_t owner,
    ngx_http_pupil_class_t *class);

/*
 * What the class owns of the homework of a row, whose statement has the wants
 * PUPIL_HL_WANT_TITLE to _CLASS_TITLE; its owner is the class, its record the
 * homework.  definition->record is set.  NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_define(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_definition_t *definition);

/* Of that the exercises alone, which are that want of the statement's. */
ngx_int_t ngx_http_pupil_define_exercises(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want,
    ngx_http_pupil_definition_t *definition);

/*
 * Definitions as one text, and back; text is what was sealed.  PUPIL_OK,
 * PUPIL_NO_MEMORY; PUPIL_FAILED for a text that is none.
 */
pupil_rc_t ngx_http_pupil_definitions_pack(
    const ngx_http_pupil_definition_t *definitions, ngx_uint_t n,
    const pupil_alloc_t *alloc, pupil_str_t *text);
pupil_rc_t ngx_http_pupil_definitions_unpack(pupil_str_t text,
    const pupil_alloc_t *alloc, ngx_http_pupil_definition_t **definitions,
    ngx_uint_t *n);

/*
 * Seals such a text under the class's key, and opens it; text_len: bytes that
 * were sealed.  As ngx_http_pupil_seal() and _unseal(); text is wiped with the
 * request.
 */
pupil_rc_t ngx_http_pupil_definitions_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *class, pupil_str_t text,
    pupil_str_t *sealed);
pupil_rc_t ngx_http_pupil_definitions_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *class, pupil_str_t sealed, size_t text_len,
    pupil_str_t *text);

/*
 * The homework of a row: NGX_OK, NGX_DECLINED when there is none or its class
 * is without evidence, NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_item(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_http_pupil_item_t *item);

/*
 * Writes it as one object; beside: the rows of what stands beside, or NULL.
 */
ngx_int_t ngx_http_pupil_homework_json(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *beside);

/* What stands beside in the exchange that holds the page; NULL: nothing. */
PGresult *ngx_http_pupil_homework_beside(ngx_http_pupil_ctx_t *ctx);

/*
 * Each writes what stands beside: "progress" of the actor, "summary" of the
 * class.  res: the rows of the whole page.
 */
ngx_int_t ngx_http_pupil_homework_progress(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *res);

/* The score of that progress, of an item whose exercises are there. */
ngx_int_t ngx_http_pupil_homework_own(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *res, pupil_score_t *score);
ngx_int_t ngx_http_pupil_homework_summary(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *res);

/*
 * What stands beside is of the same actor: notes the key that it needs, so
 * that it comes with others that are missing.
 */
void ngx_http_pupil_homework_need(ngx_http_pupil_ctx_t *ctx, PGresult *res);

/*
 * Refuses stmt about the homework of the path to whoever does not teach: 403
 * to a pupil who can see that homework, 404 to one who cannot, so that nobody
 * learns which ids there are; 403 to a role that has no homework at all.
 */
ngx_int_t ngx_http_pupil_homework_refuse_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt);

/* What the enrolment of one of the class's pupils has to be. */
void ngx_http_pupil_homework_expect_pupil(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, pupil_expected_t *expected);

/*
 * Begins an object of the pupil of a row, whose columns and wants are
 * PUPIL_HO_*: "id", and the name.  asked: who it has to be; zero: any of the
 * class.  NGX_OK; NGX_DECLINED: left out; NGX_ERROR; or how the request ends,
 * as restriction hides who was asked for.
 */
ngx_int_t ngx_http_pupil_homework_learner(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_stmt_t *stmt,
    PGresult *res, ngx_uint_t row, const pupil_uuid_t *asked,
    ngx_http_pupil_owner_t *owner);

/*
 * Goes on to the next row of this person's.  Results are sorted by subject, as
 * pupils are: one walk over each.  NGX_DECLINED: there is none; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_row_of(PGresult *res, int *next,
    ngx_uint_t column, const pupil_uuid_t *subject);

/* The same, of submissions: columns PUPIL_HR_*; submission is at that row. */
ngx_int_t ngx_http_pupil_homework_result(int *next,
    ngx_http_pupil_row_t *submission, pupil_uuid_t *record);

/*
 * Adds a submission of that homework to the score.  NGX_OK; NGX_DECLINED: it is
 * left out; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_scored(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_row_t *submission,
    const pupil_exercises_t *exercises, pupil_time_t *updated_at,
    pupil_score_t *score);

/*
 * Is a row, whose facts are genuine, of this homework, and of its class?
 * NGX_DECLINED: of another, which is noted; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_homework_row_is(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_row_t *row,
    const char *category, const pupil_uuid_t *homework);

/* Adds a current submission, a row of a statement with PUPIL_HP_WANT_*. */
ngx_int_t ngx_http_pupil_homework_score(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, pupil_time_t updated_at,
    const pupil_exercises_t *exercises, pupil_score_t *score);


/*
 * A write of a teacher's.  _begin reads what it is about, by data->target_by
 * and a statement of evidence.  _begun: the homework of the path as it is
 * stored, with its key; NGX_OK; NGX_DECLINED: the key is being asked for; or
 * how the request ends.  _write has what all writes have in common, the
 * evidence; NULL: no memory.  _record is in its statement.  _end
 * sends it, and a read that shows what is stored then, with a record of its
 * own.
 */
ngx_int_t ngx_http_pupil_homework_write_begin(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt, ngx_uint_t evidence);
ngx_int_t ngx_http_pupil_homework_begun(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt, pupil_bound_row_t *bound, pupil_time_t *withdrawn_at);
ngx_libpq_exchange_t *ngx_http_pupil_homework_write(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt);
void ngx_http_pupil_homework_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt);

/* The parameters $11 to $17 of a patch, sealed. */
void ngx_http_pupil_homework_patch_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_str_t *title,
    const pupil_str_t *description, const pupil_str_t *facts,
    const pupil_str_t *stored);

/* What a patch makes of it: binds what it sets, sealed. */
ngx_int_t ngx_http_pupil_homework_patch_bind(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, pupil_str_t *title, pupil_str_t *description,
    uint8_t due_at[8]);

/* A value of the target's, sealed; data NULL: there is none. */
ngx_int_t ngx_http_pupil_homework_seal(ngx_http_pupil_ctx_t *ctx,
    const char *field, pupil_str_t value, pupil_str_t *sealed);
ngx_int_t ngx_http_pupil_homework_end(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt, ngx_http_pupil_step_pt step);


/* Steps of the routes in the other files. */
ngx_int_t ngx_http_pupil_homework_list_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_list_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_list_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_create_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_patch_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_write_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_restore_start(ngx_http_pupil_ctx_t *ctx);

/* The steps behind a write that is committed. */
ngx_int_t ngx_http_pupil_homework_created(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_replayed(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_patched(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_edited(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_deleted(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_restored(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_create_step(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_patch_step(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_edit_step(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_delete_step(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_restore_step(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_overview_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_overview_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_answers_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_answers_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_homework_answers_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_HOMEWORK_H_INCLUDED_ */
