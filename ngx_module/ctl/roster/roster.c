/*
 * Copyright (C) the Pupil authors
 *
 * From rows of any format to a roster: which columns are taken and which are
 * not, ids, roles and dates.
 */

#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/roster/roster.h"


#define COLUMNS_MAX  12         /* of roster_file_t */

/* Why a column that schools' systems export is not taken. */
typedef struct {
    const char  *part;          /* of its name, any case */
    const char  *reason;
} reason_t;

typedef struct {
    const char     *name;
    roster_role_t   role;
} role_name_t;

/* A file being read. */
typedef struct {
    roster_t             *roster;
    const roster_file_t  *spec;         /* NULL: nothing of it is taken */
    const char           *file;
    int                   column[COLUMNS_MAX];  /* in the file, -1 absent */
    unsigned              columns;              /* of the file */
    char                 *names[CSV_COLUMNS];   /* NULL: taken */
    size_t                values[CSV_COLUMNS];
    size_t                rows;
} reading_t;


static const reason_t  reasons[] = {
    { "password", "passwords are never imported" },
    { "phone", "not needed" },
    { "sms", "not needed" },
    { "birth", "not needed" },
    { "sex", "not needed" },
    { "ethnic", "special category of data" },
    { "race", "special category of data" },
    { "demographic", "special category of data" },
    { "flag", "special category of data" },
    { "relationship", "guardians and relatives are not taken" },
    { "agent", "guardians and relatives are not taken" },
    { "email", "no e-mail is taken here" },
    { "e-mail", "no e-mail is taken here" },
    { NULL, NULL }
};

static const role_name_t  role_names[] = {
    { "student", ROSTER_PUPIL },
    { "pupil", ROSTER_PUPIL },
    { "teacher", ROSTER_TEACHER },
    { "professor", ROSTER_TEACHER },
    { "faculty", ROSTER_TEACHER },
    { "lecturer", ROSTER_TEACHER },
    { "substitute", ROSTER_TEACHER },
    { "administrator", ROSTER_ADMIN },
    { "principal", ROSTER_ADMIN },
    { "siteAdministrator", ROSTER_ADMIN },
    { "schoolAdministrator", ROSTER_ADMIN },
    { NULL, 0 }
};

const char *const  roster_kind_names[ROSTER_KINDS] = {
    "institutions", "classes", "users", "roles", "enrolments"
};

void
roster_refuse(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, const char *reason)
{
    roster->counts[kind].refused++;
    json_array_append_new(roster->refused,
        json_pack("{s:s,s:I,s:s,s:s}", "file", place->file, "line",
                  (json_int_t) place->line, "what", roster_kind_names[kind],
                  "reason", reason));
}


void
roster_not_taken(roster_t *roster, const char *file, const char *column,
    size_t values, const char *reason)
{
    size_t   i;
    json_t  *entry, *count;

    json_array_foreach(roster->columns, i, entry) {
        if (strcmp(json_string_value(json_object_get(entry, "file")), file)
            == 0
            && strcmp(json_string_value(json_object_get(entry, "column")),
                      column) == 0)
        {
            count = json_object_get(entry, "values");
            json_integer_set(count, json_integer_value(count)
                                    + (json_int_t) values);
            return;
        }
    }

    json_array_append_new(roster->columns,
        json_pack("{s:s,s:s,s:I,s:s}", "file", file, "column", column,
                  "values", (json_int_t) values, "reason", reason));
}


static const char *
column_reason(const char *name, const char *other)
{
    const reason_t  *reason;

    for (reason = reasons; reason->part != NULL; reason++) {
        if (strcasestr(name, reason->part) != NULL) {
            break;
        }
    }

    return reason->part != NULL ? reason->reason : other;
}


roster_item_t *
roster_item(roster_t *roster, roster_kind_t kind, const roster_place_t *place,
    pupil_str_t id)
{
    int              fresh;
    ctl_slot_t      *slot;
    roster_item_t   *item;
    roster_items_t  *items = &roster->items[kind];

    if (id.len == 0 || id.len > 255
        || pupil_utf8_check(id.data, id.len, NULL) != PUPIL_OK)
    {
        roster_refuse(roster, kind, place, "its id is empty, longer than 255"
                      " bytes or no UTF-8");
        return NULL;
    }

    id = ctl_pool_str(&roster->pool, id.data, id.len);
    slot = ctl_map_put(&items->ids, id, &fresh);
    if (!fresh) {
        roster_refuse(roster, kind, place, "its id is there already");
        return NULL;
    }

    if (items->count == items->size) {
        items->size = items->size == 0 ? 256 : items->size * 2;
        items->items = realloc(items->items, items->size * sizeof(void *));
        if (items->items == NULL) {
            ctl_error("out of memory");
            exit(CTL_FAILED);
        }
    }

    item = ctl_pool_alloc(&roster->pool, sizeof(roster_item_t));
    memset(item, 0, sizeof(roster_item_t));
    item->id = id;
    item->place = *place;
    item->parent = ROSTER_NONE;
    item->from = item->to = PUPIL_DATE_NONE;
    slot->value = items->count;
    items->items[items->count++] = item;

    return item;
}


uint32_t
roster_find(const roster_t *roster, roster_kind_t kind, pupil_str_t id)
{
    ctl_slot_t  *slot;

    slot = ctl_map_get(&roster->items[kind].ids, id);

    return slot == NULL ? ROSTER_NONE : slot->value;
}


static roster_role_t
role_find(pupil_str_t name)
{
    const role_name_t  *role;

    for (role = role_names; role->name != NULL; role++) {
        if (strlen(role->name) == name.len
            && strncasecmp(role->name, (const char *) name.data, name.len)
               == 0)
        {
            break;
        }
    }

    return role->role;
}


/* A second row of the same link widens the first. */
static void
link_add(roster_t *roster, roster_kind_t kind, const roster_place_t *place,
    uint32_t user, uint32_t where, roster_role_t role, int32_t from,
    int32_t to)
{
    int              fresh;
    uint32_t        *key;
    ctl_slot_t      *slot;
    pupil_str_t      s;
    roster_link_t   *link;
    roster_links_t  *links = kind == ROSTER_ROLE ? &roster->roles
                                                 : &roster->enrolments;

    if (roster->dates_open) {
        from = to = PUPIL_DATE_NONE;
    }

    key = ctl_pool_alloc(&roster->pool, 3 * sizeof(uint32_t));
    key[0] = user;
    key[1] = where;
    key[2] = role;
    s.data = (const uint8_t *) key;
    s.len = 3 * sizeof(uint32_t);
    slot = ctl_map_put(&links->keys, s, &fresh);

    if (!fresh) {
        link = &links->links[slot->value];
        link->from = from < link->from ? from : link->from;
        link->to = to > link->to ? to : link->to;
        return;
    }

    if (links->count == links->size) {
        links->size = links->size == 0 ? 1024 : links->size * 2;
        links->links = realloc(links->links,
                               links->size * sizeof(roster_link_t));
        if (links->links == NULL) {
            ctl_error("out of memory");
            exit(CTL_FAILED);
        }
    }

    slot->value = links->count;
    link = &links->links[links->count++];
    link->place = *place;
    link->user = user;
    link->where = where;
    link->role = role;
    link->from = from;
    link->to = to;
    link->refused = 0;
    roster->items[ROSTER_USER].items[user]->roles |= role;
}


void
roster_role(roster_t *roster, const roster_place_t *place, pupil_str_t user,
    pupil_str_t institution, pupil_str_t role, int32_t from, int32_t to)
{
    uint32_t        u, i;
    roster_role_t   r;

    u = roster_find(roster, ROSTER_USER, user);
    i = roster_find(roster, ROSTER_INSTITUTION, institution);
    r = role_find(role);

    if (r == 0) {
        roster_refuse(roster, ROSTER_ROLE, place, "a role that is not taken:"
                      " guardians, relatives and others stay out");
    } else if (u == ROSTER_NONE || i == ROSTER_NONE) {
        roster_refuse(roster, ROSTER_ROLE, place, u == ROSTER_NONE
                      ? "its user is not in the roster"
                      : "its institution is not in the roster");
    } else {
        link_add(roster, ROSTER_ROLE, place, u, i, r, from, to);
    }
}


/* Whoever is in a class has that role at its school as well. */
void
roster_enrol(roster_t *roster, const roster_place_t *place,
    pupil_str_t class_id, pupil_str_t user, pupil_str_t role, int32_t from,
    int32_t to)
{
    uint32_t        u, c;
    roster_item_t  *class;
    roster_role_t   r;

    u = roster_find(roster, ROSTER_USER, user);
    c = roster_find(roster, ROSTER_CLASS, class_id);
    r = role_find(role);

    if (r != ROSTER_PUPIL && r != ROSTER_TEACHER) {
        roster_refuse(roster, ROSTER_ENROLMENT, place, "a role that is not"
                      " taken in a class");
        return;
    }

    if (u == ROSTER_NONE || c == ROSTER_NONE) {
        roster_refuse(roster, ROSTER_ENROLMENT, place, u == ROSTER_NONE
                      ? "its user is not in the roster"
                      : "its class is not in the roster");
        return;
    }

    class = roster->items[ROSTER_CLASS].items[c];
    from = from == PUPIL_DATE_NONE ? class->from : from;
    to = to == PUPIL_DATE_NONE ? class->to : to;
    link_add(roster, ROSTER_ENROLMENT, place, u, c, r, from, to);
    if (class->parent != ROSTER_NONE) {
        link_add(roster, ROSTER_ROLE, place, u, class->parent, r, from, to);
    }
}


/* M/D/YYYY to YYYY-MM-DD, in place; what is none stays as it is. */
static void
date_turn(char text[32])
{
    char  *end;
    long   month, day, year;

    month = strtol(text, &end, 10);
    if (*end != '/') {
        return;
    }
    day = strtol(end + 1, &end, 10);
    if (*end != '/') {
        return;
    }
    year = strtol(end + 1, &end, 10);

    if (*end == '\0' && month >= 1 && month <= 12 && day >= 1 && day <= 31
        && year >= 1900 && year <= 2999)
    {
        snprintf(text, 32, "%04ld-%02ld-%02ld", year, month, day);
    }
}


/* ISO 8601, or M/D/YYYY as School Data Sync has it. */
int32_t
roster_date(pupil_str_t cell)
{
    char      text[32];
    int32_t   days;

    if (cell.len == 0 || cell.len > 24) {
        return PUPIL_DATE_NONE;
    }

    memcpy(text, cell.data, cell.len);
    text[cell.len] = '\0';
    date_turn(text);

    if (strlen(text) > PUPIL_DATE_TEXT_LEN
        && text[PUPIL_DATE_TEXT_LEN] == 'T')
    {
        text[PUPIL_DATE_TEXT_LEN] = '\0';
    }

    return pupil_date_parse((const uint8_t *) text, strlen(text), &days)
           == PUPIL_OK ? days : PUPIL_DATE_NONE;
}


static int
alias_is(const char *aliases, pupil_str_t name)
{
    size_t  len;

    for ( ;; ) {
        len = strcspn(aliases, "|");
        if (len == name.len
            && strncasecmp(aliases, (const char *) name.data, len) == 0)
        {
            return 1;
        }
        if (aliases[len] == '\0') {
            return 0;
        }
        aliases += len + 1;
    }
}


/* A name fit for the report: what is no name of a column is not shown. */
static char *
column_name(roster_t *roster, pupil_str_t name, unsigned i)
{
    char    number[32];
    size_t  k;

    for (k = 0; k < name.len && k < 64; k++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789 _.-:", name.data[k]) == NULL
            || name.data[k] == '\0')
        {
            break;
        }
    }

    if (k == 0 || k != name.len) {
        snprintf(number, sizeof(number), "column %u", i + 1);
        return ctl_pool_text(&roster->pool, number, strlen(number));
    }

    return ctl_pool_text(&roster->pool, name.data, name.len);
}


static int
header_read(reading_t *reading, const csv_row_t *row)
{
    int          taken;
    unsigned     i, k;
    const char  *aliases;

    reading->columns = row->count;
    for (i = 0; i < COLUMNS_MAX; i++) {
        reading->column[i] = -1;
    }

    for (i = 0; i < row->count; i++) {
        taken = 0;
        for (k = 0; reading->spec != NULL && k < COLUMNS_MAX; k++) {
            aliases = reading->spec->columns[k];
            if (aliases != NULL && reading->column[k] < 0
                && alias_is(aliases, row->cells[i]))
            {
                reading->column[k] = (int) i;
                taken = 1;
            }
        }
        reading->names[i] = taken ? NULL
                            : column_name(reading->roster, row->cells[i], i);
    }

    if (reading->spec == NULL) {
        return 0;
    }

    for (k = 0; k < reading->spec->required; k++) {
        if (reading->column[k] < 0) {
            return ctl_error("%s: its first line has no column \"%.*s\"",
                             reading->file,
                             (int) strcspn(reading->spec->columns[k], "|"),
                             reading->spec->columns[k]);
        }
    }

    return 0;
}


static int
row_read(void *ctx, const csv_row_t *row)
{
    unsigned         i, k;
    reading_t       *reading = ctx;
    pupil_str_t      cells[COLUMNS_MAX];
    roster_place_t   place;
    static const pupil_str_t  none = { (const uint8_t *) "", 0 };

    if (reading->columns == 0) {
        return header_read(reading, row);
    }

    place.file = reading->file;
    place.line = row->line;
    reading->rows++;
    if (row->count != reading->columns) {
        if (reading->spec != NULL) {
            roster_refuse(reading->roster, reading->spec->kind, &place,
                          "another number of columns than the first line");
        }
        return 0;
    }

    for (i = 0; i < row->count; i++) {
        reading->values[i] += row->cells[i].len != 0;
    }

    if (reading->spec == NULL) {
        return 0;
    }

    for (k = 0; k < COLUMNS_MAX; k++) {
        cells[k] = reading->column[k] < 0 ? none
                   : row->cells[reading->column[k]];
        if (cells[k].len != 0
            && memchr(cells[k].data, 0, cells[k].len) != NULL)
        {
            roster_refuse(reading->roster, reading->spec->kind, &place,
                          "holds a NUL byte");
            return 0;
        }
    }
    reading->spec->row(reading->roster, &place, cells);

    return 0;
}


static int
file_read(roster_t *roster, csv_source_t *source, unsigned i,
    const roster_file_t *spec)
{
    int         rc = -1;
    char       *name;
    unsigned    c;
    reading_t  *reading;

    reading = ctl_pool_alloc(&roster->pool, sizeof(reading_t));
    memset(reading, 0, sizeof(reading_t));
    reading->roster = roster;
    reading->spec = spec;
    /* the report outlives the source */
    name = ctl_pool_text(&roster->pool, csv_source_name(source, i),
                         strlen(csv_source_name(source, i)));
    reading->file = name;

    if (csv_source_read(source, i, row_read, reading) == 0) {
        rc = reading->columns != 0 || spec == NULL ? 0
             : ctl_error("%s is empty", name);
    }

    for (c = 0; rc == 0 && c < reading->columns; c++) {
        if (reading->names[c] != NULL) {
            roster_not_taken(roster, name, reading->names[c],
                             reading->values[c],
                             column_reason(reading->names[c], spec == NULL
                                           ? "the file is not taken"
                                           : "not needed"));
        }
    }

    if (rc == 0 && spec == NULL) {
        json_array_append_new(roster->files,
            json_pack("{s:s,s:I,s:s}", "file", name, "rows",
                      (json_int_t) reading->rows, "reason",
                      column_reason(name, "not needed")));
    }

    return rc;
}


int
roster_read(roster_t *roster, csv_source_t *source,
    const roster_file_t *files)
{
    int                   used[CSV_COLUMNS] = { 0 };
    unsigned              i, optional;
    const char           *name;
    const roster_file_t  *spec;

    for (spec = files; spec->file != NULL; spec++) {
        optional = spec->file[0] == '?';
        name = spec->file + optional;

        for (i = 0; i < csv_source_count(source); i++) {
            if (strcasecmp(csv_source_name(source, i), name) == 0) {
                break;
            }
        }

        if (i == csv_source_count(source)) {
            if (!optional) {
                return ctl_error("the roster has no file %s", name);
            }
            continue;
        }

        used[i] = 1;
        if (file_read(roster, source, i, spec) != 0) {
            return -1;
        }
    }

    for (i = 0; i < csv_source_count(source); i++) {
        if (!used[i] && file_read(roster, source, i, NULL) != 0) {
            return -1;
        }
    }

    roster_settle(roster);

    return 0;
}
