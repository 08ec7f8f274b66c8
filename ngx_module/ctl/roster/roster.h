/*
 * Copyright (C) the Pupil authors
 *
 * A roster: what an import has taken from its files, before anything is
 * written.  Columns that no plugin's grant to purpose rostering names are
 * never taken; the report says so, with how many values there were.
 */

#ifndef PUPIL_CTL_ROSTER_H
#define PUPIL_CTL_ROSTER_H

#include "ctl/base/ctl.h"
#include "ctl/roster/csv.h"


#define ROSTER_NONE  UINT32_MAX

/* Kinds of things that a roster has ids for; "source" index fields. */
typedef enum {
    ROSTER_INSTITUTION = 0,
    ROSTER_CLASS,
    ROSTER_USER,
    ROSTER_ROLE,                /* no ids from here on */
    ROSTER_ENROLMENT,
    ROSTER_KINDS
} roster_kind_t;

/* Values of a user. */
typedef enum {
    ROSTER_GIVEN = 0,
    ROSTER_FAMILY,
    ROSTER_LOGIN,
    ROSTER_EMAIL,
    ROSTER_VALUES
} roster_value_t;

typedef enum {
    ROSTER_PUPIL = 1,
    ROSTER_TEACHER = 2,
    ROSTER_ADMIN = 4
} roster_role_t;


/* Where a row stood. */
typedef struct {
    const char  *file;
    size_t       line;
} roster_place_t;

/* An institution, a class or a user. */
typedef struct {
    pupil_str_t      id;
    roster_place_t   place;
    pupil_str_t      values[ROSTER_VALUES];     /* [0]: a title */
    uint32_t         parent;    /* of a class: its institution */
    int32_t          from, to;  /* of a class: its term */
    unsigned         roles;     /* of a user: roster_role_t, all */
    uint8_t          refused, known, changed;

    uint8_t          term[PUPIL_TERM_LEN];
    ctl_owner_t      owner;
    uint8_t          has_print[3];              /* by category */
    uint8_t          print[3][32];
    uint8_t          has_term[2];               /* log-in name, e-mail */
    uint8_t          terms[2][PUPIL_TERM_LEN];
} roster_item_t;

/* A role or an enrolment. */
typedef struct {
    roster_place_t   place;
    uint32_t         user, where;   /* where: an institution or a class */
    roster_role_t    role;
    int32_t          from, to;
    uint8_t          refused;
} roster_link_t;

typedef struct {
    roster_item_t  **items;
    uint32_t         count, size;
    ctl_map_t        ids;
} roster_items_t;

typedef struct {
    roster_link_t   *links;
    uint32_t         count, size;
    ctl_map_t        keys;
} roster_links_t;

typedef struct {
    size_t  read, taken, changed, unchanged, refused;
} roster_count_t;

typedef struct roster_s  roster_t;
typedef struct roster_stored_s  roster_stored_t;

struct roster_s {
    ctl_t            *ctl;
    ctl_pool_t        pool;             /* of what was taken */
    const char       *source;
    int               dates_open;
    int32_t           today;
    roster_items_t    items[3];
    roster_links_t    roles, enrolments;
    roster_count_t    counts[ROSTER_KINDS];
    ctl_map_t         terms;            /* academic sessions */
    int32_t          *term_dates;       /* pairs */
    uint32_t          term_count;
    size_t            ended_roles, ended_enrolments;
    json_t           *refused, *columns, *files;
    roster_stored_t  *stored[2];        /* roles, enrolments */
    size_t            stored_count[2];
};


/* ---- roster.c ---- */

/* One file of a format.  columns: aliases separated by '|'; the first
 * `required` ones must be there. */
typedef struct {
    const char     *file;
    roster_kind_t   kind;
    unsigned        required;
    const char     *columns[12];
    /* cells: by columns, empty when absent */
    void          (*row)(roster_t *roster, const roster_place_t *place,
                         const pupil_str_t *cells);
} roster_file_t;

void roster_refuse(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, const char *reason);
/* A new item with this id, or NULL when it is refused. */
roster_item_t *roster_item(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, pupil_str_t id);
uint32_t roster_find(const roster_t *roster, roster_kind_t kind,
    pupil_str_t id);
/* Takes a cell as a value of the item, by the plugin's own rules. */
void roster_take(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    roster_value_t value, pupil_str_t cell);
void roster_role(roster_t *roster, const roster_place_t *place,
    pupil_str_t user, pupil_str_t institution, pupil_str_t role, int32_t from,
    int32_t to);
void roster_enrol(roster_t *roster, const roster_place_t *place,
    pupil_str_t class_id, pupil_str_t user, pupil_str_t role, int32_t from,
    int32_t to);
/* PUPIL_DATE_NONE for an empty or odd one. */
int32_t roster_date(pupil_str_t cell);
void roster_not_taken(roster_t *roster, const char *file, const char *column,
    size_t values, const char *reason);

/* When all rows are read: who is left without a role, and whose address. */
void roster_settle(roster_t *roster);

/* Reads all files of a format; -1: said. */
int roster_read(roster_t *roster, csv_source_t *source,
    const roster_file_t *files);

extern const roster_file_t  roster_sds_files[];
extern const roster_file_t  roster_oneroster_files[];


/* ---- resolve.c, apply.c, links.c ---- */

extern const char *const  roster_kind_names[ROSTER_KINDS];

/* Finds what earlier imports made; checks MACs. */
int roster_resolve(roster_t *roster);
/* A remark that counts nothing. */
void roster_remark(roster_t *roster, const roster_place_t *place,
    const char *reason);
/* Writes institutions, classes and users. */
int roster_apply_items(roster_t *roster);
/* Reads roles and enrolments as stored; guards against accidents. */
int roster_links_load(roster_t *roster);
int roster_guard(roster_t *roster);
/* Writes them; with --close-absent ends those that are not in the roster. */
int roster_apply_links(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_H */
