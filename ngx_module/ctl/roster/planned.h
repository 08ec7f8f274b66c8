/*
 * Copyright (C) the Pupil authors
 *
 * A plan that is stored: the roster as it was read, and of whom and what it
 * would change how that is stored now, so that it can be applied without its
 * files.  It is sealed under a key of its own, which the key store has, itself
 * sealed under a service key: once that is gone, as the plan was applied or
 * four days are over, nobody opens it, whatever a backup of the data database
 * has.  A signed note says what it does, in counts.
 */

#ifndef PUPIL_CTL_ROSTER_PLANNED_H
#define PUPIL_CTL_ROSTER_PLANNED_H

#include <sodium.h>

#include "ctl/base/buf.h"
#include "ctl/roster/stored.h"


#define ROSTER_PLANNED_DAYS  4
#define ROSTER_STATE_LEN     16

/* What was accepted when it was made, or is where it is applied. */
#define ROSTER_ACCEPTS_HELD    1
#define ROSTER_ACCEPTS_OTHERS  2
#define ROSTER_ACCEPTS_ERASED  4


/* How an item is stored, and the rows of who is in no roster. */
typedef struct {
    uint8_t           b[ROSTER_STATE_LEN];
} roster_state_print_t;

typedef struct {
    pupil_uuid_t      subject;
    uint64_t          rows;
} roster_state_rows_t;

typedef struct {
    roster_state_print_t  *items[ROSTER_ITEM_KINDS];
    uint32_t               counts[ROSTER_ITEM_KINDS];
    roster_state_rows_t   *absent;
    uint32_t               absent_count, absent_size;
} roster_states_t;

struct roster_planned_s {
    ctl_t                     *ctl;
    pupil_uuid_t               id;
    char                       text[PUPIL_UUID_TEXT_LEN + 1];
    char                       plan[ROSTER_PLAN_LEN + 1];
    char                       by[65];          /* who made it */
    char                       source[65];
    char                       begun[40];       /* its application, or "" */
    int                        applies;         /* or it is being made */
    unsigned                   accepts;
    const char                *format;
    const char                *note;            /* signed */
    roster_states_t            states;          /* as they were */
    json_t                    *tail;

    /* the parts that it is stored in: see planned_parts.c */
    pupil_subkey_t            *key;             /* in the arena */
    uint32_t                   parts;
    uint32_t                   next;
    uint8_t                    digest[PUPIL_HASH_LEN];
    crypto_generichash_state   hash;
    ctl_buf_t                  buf;
    size_t                     read;            /* of buf */
};


/* ---- its parts, in planned_parts.c: 0, or -1 with the error said */

/* A key of its own, sealed for the key store into sealed. */
#define ROSTER_PLANNED_KEY  (PUPIL_SEAL_OVERHEAD + 64)

int roster_planned_key_make(roster_planned_t *planned,
    uint8_t sealed[ROSTER_PLANNED_KEY]);
int roster_planned_key_open(roster_planned_t *planned, pupil_str_t sealed);

/* Written in transactions of their own, as they come. */
int roster_planned_put(roster_planned_t *planned, const void *data,
    size_t len);
int roster_planned_put_end(roster_planned_t *planned);

/* In the order that they were put. */
int roster_planned_take(roster_planned_t *planned, void *data, size_t len);
/* All of them were read, and are those that were made. */
int roster_planned_take_end(roster_planned_t *planned);


/* ---- what is stored of whom, in planned_state.c */

void roster_states_make(roster_t *roster, const roster_table_t *tables,
    roster_states_t *states);
void roster_states_free(roster_states_t *states);

/*
 * Whom and what is stored otherwise than it was, into roster->changed, but for
 * whom touched has: their ids.
 */
void roster_states_compare(roster_t *roster, const roster_states_t *were,
    const roster_states_t *are, const ctl_map_t *touched);


/* ---- the roster, in planned_model.c */

int roster_model_put(roster_planned_t *planned, const roster_t *roster,
    const roster_states_t *states);
int roster_model_take(roster_planned_t *planned, roster_t *roster,
    roster_states_t *states);


/* ---- the plan, in planned.c */

/*
 * Before anybody is refused that may yet be accepted: what is needed to apply
 * it is kept.  Then, once it is known what it does, that, by its id; accepts:
 * what it is for.
 */
int roster_planned_keep(roster_t *roster, const roster_table_t *tables);
int roster_planned_made(roster_t *roster, const char *plan, unsigned accepts);

/* What is applied: sets the roster, of nothing that is read from files. */
int roster_planned_open(roster_t *roster, const char *plan);
int roster_planned_load(roster_t *roster);

/* 1 where something has changed since, which is said; 0, or -1. */
int roster_planned_check(roster_t *roster, const roster_table_t *tables);

/*
 * Whether what was accepted was made by somebody else, where --acceptance asks
 * for two: 0, 1 where it was not, which is said and on record, or -1.
 */
int roster_planned_second(roster_t *roster);

/* On record, before anything is written; and once all is. */
int roster_planned_begin(roster_t *roster);
int roster_planned_done(roster_t *roster);

void roster_planned_free(roster_t *roster);


/* ---- in planned_rows.c: rows of the two databases */

int roster_planned_insert(roster_planned_t *planned, const uint8_t *sealed);
int roster_planned_name(roster_planned_t *planned, const char *source);
int roster_planned_find(roster_planned_t *planned, const char *plan);
/* What is shown of a plan, or of a run; and what became of it. */
int roster_note_write(ctl_t *ctl, const char *kind, const pupil_uuid_t *id,
    const char *plan, const char *note);
int roster_note_state(ctl_t *ctl, const char *id, const char *state);

int roster_planned_begun(roster_planned_t *planned);

/* by: who made the plan that may be applied, "" where there is none. */
int roster_planned_maker(ctl_t *ctl, const char *plan, char by[65]);
int roster_planned_used(roster_planned_t *planned);

/* pupilctl import apply */
int ctl_cmd_import_apply(ctl_t *ctl);

/* A job of pupilctl work: what is too old goes, or was never made. */
int ctl_plans_forget(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_PLANNED_H */
