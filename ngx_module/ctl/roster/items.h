/*
 * Copyright (C) the Pupil authors
 *
 * Items of JSON become rows of a sheet, by tables of their properties: what of
 * them is taken, what a value may be, and what else there is, of which no value
 * is kept.
 */

#ifndef PUPIL_CTL_ROSTER_ITEMS_H
#define PUPIL_CTL_ROSTER_ITEMS_H

#include <jansson.h>

#include "ctl/roster/sheet.h"


/*
 * Gives the text of a value, which is the JSON's memory, and NULL, or what is
 * wrong with it.
 */
typedef const char *(*item_value_pt)(const json_t *value, pupil_str_t *text);

typedef struct {
    const char     *path;       /* as item_at() has it; also a column */
    item_value_pt   get;
    const char     *known;      /* what it may be, by '|'; NULL: anything */
    int             needed;
} item_property_t;

typedef struct {
    const char             *name;
    const item_property_t  *properties;     /* the last one has no path */
    const char             *others;     /* that are read elsewhere, by '|' */
    const char             *columns[2]; /* beside those; or NULL */
} item_sheet_t;


const char *item_text(const json_t *value, pupil_str_t *text);
/* A day: it has neither a time nor a zone. */
const char *item_date(const json_t *value, pupil_str_t *text);
const char *item_flag(const json_t *value, pupil_str_t *text);
/* The first text of a list, which may be empty. */
const char *item_first(const json_t *value, pupil_str_t *text);

/*
 * path: a name, or two with a dot between them.  NULL: there is none; true,
 * which is no text, where something else stands than an object.
 */
const json_t *item_at(const json_t *item, const char *path);

/* "its NAME WHAT".  Ownership: the pool's. */
const char *item_reason(ctl_pool_t *pool, const char *name, const char *what);

/* A list in an item; NULL: there is none, or the row is refused for it. */
const json_t *item_list(sheet_t *sheet, const json_t *item, const char *name);

/* An empty sheet, and the columns of it. */
void item_sheet_init(sheet_t *sheet, ctl_pool_t *pool,
    const item_sheet_t *def);

/* The cell of one property, of a row that was begun. */
void item_property(sheet_t *sheet, const json_t *item,
    const item_property_t *property);

/*
 * Its cells.  offered: what the standard calls that which is not taken, by '|':
 * any other name is not shown, as it may be what somebody is called.
 */
void item_read(sheet_t *sheet, const item_sheet_t *def, const json_t *item,
    const char *offered);

#endif /* PUPIL_CTL_ROSTER_ITEMS_H */
