/*
 * Copyright (C) the Pupil authors
 *
 * A roster: what an import has taken, whatever the protocol, before anything
 * is written; and the report of it.  Columns that no plugin's grant to purpose
 * rostering names are never taken; the report says so, with how many values
 * there were.
 */

#ifndef PUPIL_CTL_ROSTER_H
#define PUPIL_CTL_ROSTER_H

#include "core/vault/authentic.h"
#include "ctl/base/ctl.h"
#include "ctl/base/map.h"
#include "ctl/base/places.h"
#include "ctl/store/owners.h"


#define ROSTER_NONE       UINT32_MAX
#define ROSTER_PRINT_LEN  32            /* of a fingerprint */
/* How a format writes dates. */
#define ROSTER_DATES_AMERICAN   1   /* also as M/D/YYYY */
#define ROSTER_DATES_EXCLUSIVE  2   /* an end is the day after the last one */

/* An id of these is PREFIX/id: see resolve.c for how they were before. */
#define ROSTER_SPACE_PUPIL    "pupil/"
#define ROSTER_SPACE_TEACHER  "teacher/"

#define ROSTER_PLAN_LEN   16            /* of the id of a plan */

#define ROSTER_REFUSED_MOST  50000      /* items of a kind: each takes memory */

/* What a roster has: items, which have ids, and links between two of them. */
typedef enum {
    ROSTER_INSTITUTION = 0,
    ROSTER_CLASS,
    ROSTER_USER,
    ROSTER_ITEM_KINDS,
    ROSTER_ROLE = ROSTER_ITEM_KINDS,
    ROSTER_ENROLMENT,
    ROSTER_KINDS,
    ROSTER_HOMEWORK = ROSTER_KINDS,     /* the work of classes: see work.h */
    ROSTER_RESULT,
    ROSTER_COUNTS
} roster_kind_t;

/* Values of an item. */
typedef enum {
    ROSTER_TITLE = 0,           /* of an institution: all it has */
    ROSTER_GROUP_TYPE,          /* of a class: these, too */
    ROSTER_DEPARTMENT,
    ROSTER_TITLED,              /* how many values a class has */
    ROSTER_GIVEN = 0,           /* of a user */
    ROSTER_FAMILY,
    ROSTER_LOGIN,
    ROSTER_EMAIL,
    ROSTER_VALUES
} roster_value_t;

/* Records that they are stored in, one a category. */
typedef enum {
    ROSTER_TITLES = 0,          /* of an institution or a class: all it has */
    ROSTER_IDENTITY = 0,        /* of a user */
    ROSTER_CREDENTIAL,
    ROSTER_CONTACT,
    ROSTER_RECORDS
} roster_record_t;

typedef enum {
    ROSTER_PUPIL = 1,
    ROSTER_TEACHER = 2,
    ROSTER_ADMIN = 4
} roster_role_t;


typedef struct {
    const char       *name;     /* in reports */
    const char       *source;   /* of an item: the index field of its ids */
    const char       *owner;    /* of an item: its kind in pupil.owner */
    /* but of users: its fields of "enrolment", by the values; or NULL */
    const char       *titles[ROSTER_TITLED];
    roster_kind_t     where;    /* of a link: the kind that it leads to */
} roster_kind_def_t;

typedef struct {
    const char       *field;
    roster_record_t   record;
} roster_value_def_t;

typedef struct {
    const char       *category;
    roster_value_t    values[2];
    unsigned          count;
    int               indexed;  /* its only value has a blind index */
} roster_record_def_t;

/* What a source calls groups of a type, which is a value. */
typedef struct {
    const char       *type;
    const char       *names;    /* separated by '|' */
} roster_group_name_t;


/* Where a row stood. */
typedef struct {
    const char       *file;     /* the roster's memory */
    size_t            line;
} roster_place_t;

/* What is known of a record. */
typedef struct {
    uint8_t           has_print, has_term;
    uint8_t           lost;     /* somebody else has it: the print is empty */
    uint8_t           held;     /* the value is this user's by the index */
    uint8_t           print[ROSTER_PRINT_LEN];  /* of the last import */
    uint8_t           term[PUPIL_TERM_LEN];     /* of its value, if indexed */
} roster_state_t;

/* An institution, a class or a user. */
typedef struct {
    pupil_str_t       id;
    roster_place_t    place;
    pupil_str_t       values[ROSTER_VALUES];
    uint32_t          parent;   /* of a class: its institution */
    int32_t           from, to; /* of a class: its first and last day */
    pupil_str_t       head;     /* of an institution: the id of a teacher */
    unsigned          roles;    /* of a user: roster_role_t, all */
    unsigned          said;     /* of them, those of the files of users */
    uint8_t           headed;   /* of an institution: the teacher is there */
    const char       *address;  /* of a user: the rule that its e-mail breaks */
    uint8_t           refused, known;
    uint8_t           leaves;   /* deleted, disabled or inactive */
    uint8_t           one_name; /* of a user: has no given one */
    uint8_t           erased;   /* of a user: see erased.h */
    uint8_t           returns;  /* of a user: the account is closed */
    uint8_t           has_bare; /* of a user: the id may have been without */
    uint8_t           other;    /* of a user: has a role that is not taken */
    uint8_t           elsewhere;        /* of a user: at a school that is
                                           not chosen */
    uint8_t           unplaced; /* of a user: is in a class that its row does
                                   not say */
    uint8_t           skipped;  /* not chosen; it counts as refused, but what
                                   is stored of it is absent, and not kept */
    uint8_t           keeps[ROSTER_RECORDS];    /* what is stored stays */

    ctl_owner_t       owner;
    uint8_t           term[PUPIL_TERM_LEN];     /* of its id, for the index */
    uint8_t           bare[PUPIL_TERM_LEN];     /* of that without its space */
    roster_state_t    states[ROSTER_RECORDS];
} roster_item_t;

/* A role at an institution, or an enrolment in a class: indexes of items. */
typedef struct {
    roster_place_t    place;
    uint32_t          user, where;      /* with the role they are its key */
    roster_role_t     role;
    int32_t           from, to; /* PUPIL_DATE_NONE: open */
    uint8_t           refused, leaves;
    uint8_t           said;     /* a role that a file of users gives */
} roster_link_t;

/* An academic session. */
typedef struct {
    int32_t           from, to;
} roster_term_t;


typedef struct {
    roster_item_t   **items;
    uint32_t          count, size;
    uint32_t          refused;
    ctl_map_t         ids;
} roster_items_t;

typedef struct {
    roster_link_t    *links;
    uint32_t          count, size;
    ctl_places_t      keys;
} roster_links_t;

typedef struct {
    roster_term_t    *terms;
    uint32_t          count, size;
    ctl_map_t         ids;
} roster_terms_t;

typedef struct roster_move_s    roster_move_t;
typedef struct roster_task_s    roster_task_t;
typedef struct roster_result_s  roster_result_t;
typedef struct submissions_s    submissions_t;
typedef struct roster_images_s  roster_images_t;
typedef struct roster_planned_s roster_planned_t;

/* See moves.h. */
typedef struct {
    roster_move_t    *moves;
    uint32_t          count, size;
} roster_moves_t;

/* Ids of what is taken, by their lines; see chosen.h. */
typedef struct {
    pupil_str_t      *list;             /* none: all is taken */
    uint32_t          count, size;
    ctl_map_t         lines;
} roster_chosen_t;

/* Whose accounts are closed; see leavers.h. */
typedef struct {
    pupil_uuid_t     *list;
    uint32_t          count, size;
    ctl_map_t         ids;
} roster_leavers_t;

/* Arrays and what is in them: the roster's. */
typedef struct {
    roster_task_t   **tasks;
    uint32_t          tasks_count, tasks_size;
    ctl_map_t         ids;              /* of tasks */

    size_t            results;          /* that can be written */
    submissions_t    *writing;          /* them; NULL: they are counted */
} roster_work_t;

typedef struct {
    size_t            taken, changed, unchanged, refused, ended;
    size_t            other;            /* of a role that is not taken */
} roster_count_t;

typedef struct {
    ctl_t            *ctl;
    ctl_pool_t        pool;             /* of what was taken */
    const char       *source;           /* each has ids of its own, */
    const char       *space;            /* hashed under this name: see ids.h */
    const char       *becomes;          /* NULL: it is not being renamed */
    const char       *detail;           /* for the record: the source, and
                                           more where it is no import */
    roster_images_t  *images;           /* see images.h; NULL: none is kept */
    int               dates_open;       /* no link has dates: --dates open */
    unsigned          dates;            /* ROSTER_DATES_... of the format */
    const roster_group_name_t  *groups; /* of the format, or NULL */
    int               spaces;           /* ids of users have some */
    int               roles_said;       /* of users, and not by enrolments */
    int               again;            /* what is read was read before, and
                                           refused if it is */
    int               failed;           /* what was read is not written */
    const char       *stopped;          /* kind of which too many are refused
                                           for any more to be read, or NULL */
    uint8_t           absent[ROSTER_COUNTS];    /* no file says anything */
    int32_t           today;

    roster_chosen_t   chosen[ROSTER_ITEM_KINDS];
    roster_items_t    items[ROSTER_ITEM_KINDS];
    roster_links_t    links[ROSTER_KINDS];      /* from ROSTER_ROLE on */
    roster_terms_t    terms;
    roster_work_t     work;
    roster_moves_t    moves;
    roster_leavers_t  leavers;
    const char      **stored;           /* names of sources: see stored.h */
    uint32_t          stored_count, stored_size;
    ctl_map_t         floors;           /* of authority, by subject */
    ctl_map_t         moved;            /* ids of before: see ids.h */

    roster_count_t    counts[ROSTER_COUNTS];
    size_t            left;             /* tampered rows, not ended */
    size_t            unread;           /* rows of nobody knows whom */
    size_t            gone;             /* who has a role and is not in it */
    size_t            closed, returned;     /* accounts */
    size_t            no_login;         /* users who cannot log in */
    size_t            foreign;          /* users who have a log-in name of */
    char              foreign_source[64];       /* another source's account */
    json_t           *refused;          /* the first of them */
    json_t           *rules;            /* all, by what and why */
    json_t           *tampered, *columns, *files;
    json_t           *held;             /* why nothing is written */
    json_t           *plans;            /* what may be accepted; see plan.h */
    json_t           *changes;          /* NULL: they are not only planned */
    json_t           *changed;          /* who is stored otherwise than a plan
                                           says, the first of so many */
    size_t            changed_count;
    unsigned          accepts;          /* what was accepted: see planned.h */
    roster_planned_t *planned;          /* NULL: none is stored, or applied */
    char              apply[ROSTER_PLAN_LEN + 1];   /* what is planned */
    const char       *run;              /* that wrote something, or NULL */
} roster_t;


extern const roster_kind_def_t    roster_kinds[ROSTER_COUNTS];
extern const roster_value_def_t   roster_values[ROSTER_VALUES];
extern const roster_record_def_t  roster_records[ROSTER_RECORDS];


void roster_init(roster_t *roster, ctl_t *ctl, const char *source);
void roster_free(roster_t *roster);

/* An array with room for one more. */
void *roster_grow(void *array, uint32_t count, uint32_t *size, size_t each);

/* A field that a loaded plugin lets rostering write, or -1. */
int32_t roster_granted(const roster_t *roster, const char *category,
    const char *field, pupil_category_t **plugin);

/* How many records an item of this kind has; the category of each. */
unsigned roster_record_count(roster_kind_t kind);
const char *roster_category(roster_kind_t kind, roster_record_t record);
/* How many values the only record of an institution or a class has. */
unsigned roster_titles(roster_kind_t kind);

/* A new item with this id, or NULL when it is refused. */
roster_item_t *roster_item_add(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, pupil_str_t id);
/* The index of the item with this id, or ROSTER_NONE. */
uint32_t roster_item_find(const roster_t *roster, roster_kind_t kind,
    pupil_str_t id);
roster_item_t *roster_item(const roster_t *roster, roster_kind_t kind,
    uint32_t i);
/* The institution of a class; NULL for what has none. */
roster_item_t *roster_parent(const roster_t *roster,
    const roster_item_t *item);

/*
 * Of two links of the same two with the same role, that which is now counts,
 * or the next one, where a gap is between them; else both are one.  What an
 * enrolment gives as a role adds nothing to what a file of users says.
 */
void roster_link_add(roster_t *roster, roster_kind_t kind,
    const roster_link_t *link);

/* Whether there is one of these two with this role. */
int roster_link_there(const roster_t *roster, roster_kind_t kind,
    uint32_t user, uint32_t where, roster_role_t role);

/* The institution or the class that it leads to. */
roster_item_t *roster_link_where(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link);
/* Whether it leaves, or one of its ends. */
int roster_link_leaves(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link);
/* Whether it is refused, or one of its ends. */
int roster_link_refused(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link);

/* The first of two terms with the same id counts. */
void roster_term_add(roster_t *roster, pupil_str_t id, roster_term_t term);
const roster_term_t *roster_term_find(const roster_t *roster,
    pupil_str_t id);

/* Into the report. */
void roster_refuse(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, const char *reason);
/* Of a row that nobody knows whose it is: then nobody is absent. */
void roster_refuse_unread(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, const char *reason);
/* The same for an item, which is then refused; once. */
void roster_item_refuse(roster_t *roster, roster_kind_t kind,
    roster_item_t *item, const char *reason);
/* A value that was left out; counts nothing. */
void roster_remark(roster_t *roster, const roster_place_t *place,
    const char *reason);
/* Adds to the values of a column that is not taken. */
void roster_not_taken(roster_t *roster, const char *file, const char *column,
    size_t values, const char *reason);
void roster_file_not_taken(roster_t *roster, const char *file, size_t rows,
    const char *reason);

#endif /* PUPIL_CTL_ROSTER_H */
