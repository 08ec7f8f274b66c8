/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/csv.h"
#include "ctl/roster/dates.h"
#include "ctl/roster/ids.h"
#include "ctl/roster/mapping.h"
#include "ctl/store/subject.h"


#define CHUNK   2000            /* lines a query */
#define ID_MAX  255             /* bytes */

/* Columns of the file. */
enum {
    COLUMN_KIND = 0,
    COLUMN_OLD,
    COLUMN_NEW,
    COLUMN_LOGIN,
    COLUMNS
};

typedef struct {
    roster_mapping_t  *mapping;
    const char        *file;
    int                columns[COLUMNS];        /* -1: it has none */
} reading_t;

/* Lines of one kind that are asked for at once, by their old or new ids. */
typedef struct {
    roster_mapping_t   *mapping;
    roster_t           *of;
    roster_mapped_t   **list;
    uint32_t            count;
    int                 new;
    ctl_join_t          join;
} asked_t;


static const char *const  column_names[COLUMNS] = {
    "kind", "old", "new", "login"
};

static const char *const  kind_names[ROSTER_ITEM_KINDS] = {
    [ROSTER_INSTITUTION] = "school",
    [ROSTER_CLASS] = "class",
    [ROSTER_USER] = "user"
};

static const char *const  prefixes[ROSTER_FORMS] = {
    "", ROSTER_SPACE_PUPIL, ROSTER_SPACE_TEACHER
};


static const char  not_of_source[] =
    "that log-in name is of no account of that source";


static void
line_refuse(roster_mapping_t *mapping, roster_mapped_t *line,
    const char *reason)
{
    if (!line->refused) {
        line->refused = 1;
        roster_refuse(mapping->from, line->kind, &line->place, reason);
    }
}


static int
header_read(reading_t *reading, const csv_row_t *row)
{
    int          c;
    unsigned     i;
    pupil_str_t  cell;

    for (c = 0; c < COLUMNS; c++) {
        reading->columns[c] = -1;

        for (i = 0; i < row->count; i++) {
            cell = roster_trim(row->cells[i]);

            if (cell.len == strlen(column_names[c])
                && strncasecmp((const char *) cell.data, column_names[c],
                               cell.len) == 0)
            {
                reading->columns[c] = (int) i;
            }
        }
    }

    return reading->columns[COLUMN_KIND] >= 0
           && reading->columns[COLUMN_NEW] >= 0
           && (reading->columns[COLUMN_OLD] >= 0
               || reading->columns[COLUMN_LOGIN] >= 0)
           ? 0 : ctl_error("%s: its first line has to name the columns kind,"
                           " new, and old or login", reading->file);
}


static pupil_str_t
cell_of(const reading_t *reading, const csv_row_t *row, int column)
{
    int          i;
    pupil_str_t  none;

    i = reading->columns[column];
    memset(&none, 0, sizeof(pupil_str_t));

    return i < 0 || (unsigned) i >= row->count ? none
           : roster_trim(row->cells[i]);
}


/* Adds its line to those with this id of this kind; 0: there is one. */
static uint32_t
id_put(roster_mapping_t *mapping, ctl_map_t *map, const roster_mapped_t *line,
    char of, pupil_str_t id)
{
    int          fresh;
    char         text[ID_MAX + 8];
    size_t       n;
    ctl_slot_t  *slot;

    n = (size_t) snprintf(text, sizeof(text), "%u%c", line->kind, of);
    memcpy(text + n, id.data, id.len);
    slot = ctl_map_put(map, ctl_pool_str(&mapping->from->pool,
                                         (const uint8_t *) text, n + id.len),
                       &fresh);

    if (!fresh) {
        return slot->value;
    }

    slot->value = (uint32_t) line->place.line;

    return 0;
}


static void
line_twice(roster_mapping_t *mapping, roster_mapped_t *line)
{
    char      text[80];
    uint32_t  before;

    before = id_put(mapping, &mapping->olds, line, line->by_login ? 'l' : 'i',
                    line->old);

    if (before != 0) {
        snprintf(text, sizeof(text), "its old id is that of line %u, too",
                 before);
        line_refuse(mapping, line, text);
        return;
    }

    before = id_put(mapping, &mapping->news, line, 'i', line->new);

    if (before != 0) {
        snprintf(text, sizeof(text), "its new id is that of line %u, too",
                 before);
        line_refuse(mapping, line, text);
    }
}


static int
id_wrong(pupil_str_t id)
{
    return id.len == 0 || id.len > ID_MAX
           || pupil_utf8_check(id.data, id.len, NULL) != PUPIL_OK;
}


static int
line_read(reading_t *reading, const csv_row_t *row)
{
    unsigned           kind;
    pupil_str_t        name, old, new;
    roster_t          *from;
    roster_mapped_t   *line;
    roster_mapping_t  *mapping;

    mapping = reading->mapping;
    from = mapping->from;
    name = cell_of(reading, row, COLUMN_KIND);

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (pupil_str_is(name, kind_names[kind])) {
            break;
        }
    }

    line = ctl_pool_alloc(&from->pool, sizeof(roster_mapped_t));
    memset(line, 0, sizeof(roster_mapped_t));
    line->kind = kind == ROSTER_ITEM_KINDS ? ROSTER_USER : kind;
    line->place.file = reading->file;
    line->place.line = row->line;

    old = cell_of(reading, row, COLUMN_OLD);
    if (old.len == 0) {
        old = cell_of(reading, row, COLUMN_LOGIN);
        line->by_login = 1;
    }

    new = cell_of(reading, row, COLUMN_NEW);

    mapping->list = roster_grow(mapping->list, mapping->count, &mapping->size,
                                sizeof(roster_mapped_t *));
    mapping->list[mapping->count++] = line;

    if (kind == ROSTER_ITEM_KINDS) {
        line_refuse(mapping, line, "its kind is none of user, class and"
                    " school");

    } else if (id_wrong(old) || id_wrong(new)) {
        line_refuse(mapping, line, "an id is missing, or is none");

    } else if (line->by_login && kind != ROSTER_USER) {
        line_refuse(mapping, line, "only a user has a log-in name");

    } else {
        line->old = ctl_pool_str(&from->pool, old.data, old.len);
        line->new = ctl_pool_str(&from->pool, new.data, new.len);
        line_twice(mapping, line);
    }

    return 0;
}


static int
on_row(void *ctx, const csv_row_t *row)
{
    reading_t  *reading = ctx;

    return reading->columns[COLUMN_KIND] == COLUMNS
           ? header_read(reading, row) : line_read(reading, row);
}


int
roster_mapping_read(roster_mapping_t *mapping, const char *path)
{
    int            rc;
    reading_t      reading;
    csv_source_t  *source;

    memset(&reading, 0, sizeof(reading_t));
    reading.mapping = mapping;
    reading.columns[COLUMN_KIND] = COLUMNS;

    source = csv_source_file(path);
    reading.file = ctl_pool_text(&mapping->from->pool,
                                 csv_source_name(source, 0),
                                 strlen(csv_source_name(source, 0)));
    rc = csv_source_read(source, 0, on_row, &reading);
    csv_source_close(source);

    return rc != 0 ? -1 : mapping->count != 0 ? 0
           : ctl_error("%s has no line", reading.file);
}


/* All that the file's id may be in the index. */
static int
terms_make(roster_mapping_t *mapping, roster_mapped_t *line)
{
    char         text[ID_MAX + 16];
    size_t       n;
    unsigned     f;
    pupil_str_t  old, new;

    line->forms = line->kind == ROSTER_USER ? ROSTER_FORMS : 1;

    for (f = 0; f < line->forms; f++) {
        n = strlen(prefixes[f]);
        memcpy(text, prefixes[f], n);

        old.data = (const uint8_t *) text;
        old.len = n + line->old.len;
        memcpy(text + n, line->old.data, line->old.len);

        if (roster_id_term(mapping->from, line->kind, old,
                           line->old_terms[f]) != 0)
        {
            return -1;
        }

        new.data = (const uint8_t *) text;
        new.len = n + line->new.len;
        memcpy(text + n, line->new.data, line->new.len);

        if (roster_id_term(mapping->to, line->kind, new, line->new_terms[f])
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* Who has one of the old ids. */
static void
old_found(roster_mapping_t *mapping, roster_mapped_t *line,
    const roster_index_row_t *row, pupil_str_t state)
{
    if (line->found && pupil_uuid_compare(&line->owner, &row->owner) != 0) {
        line_refuse(mapping, line, "its old id is that of two people: say"
                    " pupil/ID or teacher/ID");
        return;
    }

    line->found = 1;
    line->owner = row->owner;
    memcpy(line->was, row->term, PUPIL_TERM_LEN);

    if (!row->authentic) {
        line_refuse(mapping, line, "its index row was tampered with");

    } else if (pupil_owner_state(state) == PUPIL_OWNER_STATE_ERASED) {
        line_refuse(mapping, line, "it was erased");
    }
}


/* The run before has given it to the same one, or it is another's. */
static void
new_found(roster_mapping_t *mapping, roster_mapped_t *line,
    const roster_index_row_t *row)
{
    unsigned  f;

    if (line->found && pupil_uuid_compare(&line->owner, &row->owner) == 0) {
        line->done = 1;
        return;
    }

    for (f = 0; !line->found && f < line->forms; f++) {
        if (row->authentic
            && roster_id_moved(mapping->from, line->old_terms[f], &row->owner)
               != ROSTER_ID_THERE)
        {
            line->found = 1;
            line->done = 1;
            line->owner = row->owner;
            return;
        }
    }

    line_refuse(mapping, line, "its new id is another's already");
}


static int
asked_row(void *ctx, uint32_t index, const PGresult *res, int n)
{
    asked_t             *asked = ctx;
    roster_mapped_t     *line;
    roster_index_row_t   row;

    line = asked->list[index];

    if (roster_index_row(asked->of, res, n, "source",
                         roster_kinds[line->kind].source, &row) != 0)
    {
        return -1;
    }

    if (line->refused) {
        return 0;
    }

    if (asked->new) {
        new_found(asked->mapping, line, &row);
        return 0;
    }

    if (row.authentic
        && roster_id_moved(asked->of, row.term, &row.owner)
           == ROSTER_ID_MOVED)
    {
        return roster_index_tampered(asked->of, &row);
    }

    old_found(asked->mapping, line, &row, ctl_get_str(res, n, 4));

    return 0;
}


static int
erased_row(void *ctx, uint32_t index, const PGresult *res, int n)
{
    asked_t  *asked = ctx;

    (void) res;
    (void) n;

    line_refuse(asked->mapping, asked->list[index],
                "its new id is that of somebody who was erased");

    return 0;
}


static int
asked_query(asked_t *asked, const char *sql, int count, ctl_join_pt each)
{
    int               rc;
    uint32_t          i;
    unsigned          f, forms;
    PGresult         *res;
    ctl_buf_t         terms;
    const char       *params[2];
    const uint8_t    *term;
    roster_mapped_t  *line;

    ctl_buf_init(&terms);
    ctl_array_begin(&terms);
    memset(&asked->join, 0, sizeof(ctl_join_t));
    asked->join.key_len = PUPIL_TERM_LEN;

    for (i = 0; i < asked->count; i++) {
        line = asked->list[i];

        forms = line->by_login && !asked->new ? 1 : line->forms;

        for (f = 0; !line->refused && f < forms; f++) {
            term = asked->new ? line->new_terms[f] : line->old_terms[f];
            ctl_array_bytes(&terms, term, PUPIL_TERM_LEN);
            ctl_join_add(&asked->join, term, i);
        }
    }

    ctl_array_end(&terms);
    params[0] = terms.data;
    params[1] = roster_kinds[asked->list[0]->kind].source;

    res = ctl_query(asked->of->ctl->data, sql, count, params);
    rc = res == NULL ? -1 : ctl_join_rows(&asked->join, res, each, asked);

    PQclear(res);
    ctl_buf_free(&terms);
    ctl_join_free(&asked->join);

    return rc;
}


#define INDEX_SQL                                                             \
    "SELECT b.term, b.owner, b.record, b.mac, o.state FROM"                   \
    " pupil.blind_index b JOIN pupil.owner o USING (tenant, owner) WHERE"     \
    " b.category = 'source' AND b.field = $2 AND b.term = ANY ($1::bytea[])"


/* Those that have a log-in name are asked for by that, one by one. */
static int
login_find(roster_mapping_t *mapping, roster_mapped_t *line)
{
    int           rc;
    char          id[PUPIL_UUID_TEXT_LEN + 1];
    size_t        len;
    PGresult     *res;
    const char   *params[2];
    roster_t     *from;
    pupil_str_t   source;

    from = mapping->from;
    rc = ctl_subject_find(from->ctl,
                          ctl_pool_text(&from->pool,
                                        (const char *) line->old.data,
                                        line->old.len), &line->owner);
    if (rc < 0) {
        return -1;
    }

    if (rc == 0) {
        line_refuse(mapping, line, "nobody has that log-in name");
        return 0;
    }

    params[0] = ctl_uuid_text(&line->owner, id);
    res = ctl_query(from->ctl->data, "SELECT s.source, b.term FROM"
                    " pupil.subject AS s LEFT JOIN pupil.blind_index AS b ON"
                    " b.tenant = s.tenant AND b.owner = s.subject AND"
                    " b.category = 'source' AND b.field = 'user' WHERE"
                    " s.subject = $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    source = PQntuples(res) == 0 ? ctl_str("") : ctl_get_str(res, 0, 0);

    if (PQntuples(res) == 1
        && ctl_get_bytes(res, 0, 1, line->was, PUPIL_TERM_LEN, &len) == 0
        && len == PUPIL_TERM_LEN
        && (pupil_str_is(source, from->source)
            || pupil_str_is(source, mapping->to->source)))
    {
        line->found = 1;
        memcpy(line->old_terms[0], line->was, PUPIL_TERM_LEN);
        line->moved = !pupil_str_is(source, from->source);

    } else {
        line_refuse(mapping, line, not_of_source);
    }

    PQclear(res);

    return 0;
}


static int
chunk_resolve(roster_mapping_t *mapping, roster_mapped_t **list,
    uint32_t count)
{
    asked_t   asked;
    uint32_t  i;

    memset(&asked, 0, sizeof(asked_t));
    asked.mapping = mapping;
    asked.list = list;
    asked.count = count;

    for (i = 0; i < count; i++) {
        if (list[i]->refused) {
            continue;
        }

        if (terms_make(mapping, list[i]) != 0
            || (list[i]->by_login && login_find(mapping, list[i]) != 0))
        {
            return -1;
        }
    }

    asked.of = mapping->from;

    if (asked_query(&asked, INDEX_SQL, 2, asked_row) != 0) {
        return -1;
    }

    asked.of = mapping->to;
    asked.new = 1;

    if (asked_query(&asked, INDEX_SQL, 2, asked_row) != 0
        || (list[0]->kind == ROSTER_USER
            && asked_query(&asked, "SELECT term FROM pupil.erased_source WHERE"
                           " term = ANY ($1::bytea[])", 1, erased_row) != 0))
    {
        return -1;
    }

    for (i = 0; i < count; i++) {
        if (list[i]->moved && !list[i]->done) {
            line_refuse(mapping, list[i], not_of_source);

        } else if (!list[i]->found) {
            line_refuse(mapping, list[i], "nobody has its old id in that"
                        " source");
        }
    }

    return 0;
}


static int
line_compare(const void *a, const void *b)
{
    const roster_mapped_t  *one = *(roster_mapped_t *const *) a;
    const roster_mapped_t  *other = *(roster_mapped_t *const *) b;

    return one->kind != other->kind ? (int) one->kind - (int) other->kind
           : one->place.line < other->place.line ? -1
           : one->place.line > other->place.line;
}


/* Two forms of one id, or an id and a log-in name. */
static void
owners_check(roster_mapping_t *mapping)
{
    int               fresh;
    char              text[80];
    uint32_t          i;
    ctl_map_t         owners;
    ctl_slot_t       *slot;
    pupil_str_t       key;
    roster_mapped_t  *line;

    memset(&owners, 0, sizeof(ctl_map_t));
    key.len = PUPIL_UUID_LEN;

    for (i = 0; i < mapping->count; i++) {
        line = mapping->list[i];

        if (line->refused) {
            continue;
        }

        key.data = line->owner.b;
        slot = ctl_map_put(&owners, key, &fresh);

        if (fresh) {
            slot->value = (uint32_t) line->place.line;
            mapping->mapped[line->kind] += !line->done;
            mapping->done[line->kind] += line->done;
            continue;
        }

        snprintf(text, sizeof(text), "it is the same as that of line %u",
                 slot->value);
        line_refuse(mapping, line, text);
    }

    ctl_map_free(&owners);
}


int
roster_mapping_resolve(roster_mapping_t *mapping)
{
    int        rc;
    uint32_t   i, n;

    if (ctl_begin(mapping->from->ctl->data, &mapping->from->ctl->tenant)
        != 0)
    {
        return -1;
    }

    qsort(mapping->list, mapping->count, sizeof(roster_mapped_t *),
          line_compare);
    rc = 0;

    for (i = 0; rc == 0 && i < mapping->count; i += n) {
        for (n = 1; n < CHUNK && i + n < mapping->count
             && mapping->list[i + n]->kind == mapping->list[i]->kind; n++)
        {
            /* void */
        }

        rc = chunk_resolve(mapping, mapping->list + i, n);
    }

    owners_check(mapping);

    /* what was found tampered with is on record */
    return ctl_commit(mapping->from->ctl->data) == 0 ? rc : -1;
}


void
roster_mapping_free(roster_mapping_t *mapping)
{
    free(mapping->list);
    ctl_map_free(&mapping->olds);
    ctl_map_free(&mapping->news);
}
