/*
 * Copyright (C) the Pupil authors
 *
 * The roster as it is taken: items by their ids, links by what they link,
 * counts, and what the report tells of the rest.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/roster/roster.h"
#include "ctl/roster/work.h"
#include "ctl/store/plugins.h"


#define REFUSED_KEPT  1000      /* rows */

/* Bytes of a link, from its user on: user, where, role. */
#define LINK_KEY      (2 * sizeof(uint32_t) + sizeof(roster_role_t))

const roster_kind_def_t  roster_kinds[ROSTER_COUNTS] = {
    [ROSTER_INSTITUTION] = {
        .name = "institutions",
        .source = "institution",
        .owner = "institution",
        .titles = { "school_title" }
    },
    [ROSTER_CLASS] = {
        .name = "classes",
        .source = "class",
        .owner = "class",
        .titles = { "class_title", "group_type", "department" }
    },
    [ROSTER_USER] = {
        .name = "users",
        .source = "user",
        .owner = "subject"
    },
    [ROSTER_ROLE] = {
        .name = "roles",
        .where = ROSTER_INSTITUTION
    },
    [ROSTER_ENROLMENT] = {
        .name = "enrolments",
        .where = ROSTER_CLASS
    },
    [ROSTER_HOMEWORK] = {
        .name = "homework"
    },
    [ROSTER_RESULT] = {
        .name = "results"
    }
};

/* Of users: those of anything else are in roster_kinds. */
const roster_value_def_t  roster_values[ROSTER_VALUES] = {
    [ROSTER_GIVEN]  = { "given_name", ROSTER_IDENTITY },
    [ROSTER_FAMILY] = { "family_name", ROSTER_IDENTITY },
    [ROSTER_LOGIN]  = { "login_id", ROSTER_CREDENTIAL },
    [ROSTER_EMAIL]  = { "email", ROSTER_CONTACT }
};

const roster_record_def_t  roster_records[ROSTER_RECORDS] = {
    [ROSTER_IDENTITY] = {
        .category = "identity",
        .values = { ROSTER_GIVEN, ROSTER_FAMILY },
        .count = 2
    },
    [ROSTER_CREDENTIAL] = {
        .category = "credential",
        .values = { ROSTER_LOGIN },
        .count = 1,
        .indexed = 1
    },
    [ROSTER_CONTACT] = {
        .category = "contact",
        .values = { ROSTER_EMAIL },
        .count = 1,
        .indexed = 1
    }
};


void
roster_init(roster_t *roster, ctl_t *ctl, const char *source)
{
    memset(roster, 0, sizeof(roster_t));

    roster->ctl = ctl;
    roster->source = source;
    roster->space = source;
    roster->detail = source;
    roster->dates_open = ctl->opt.dates != NULL
                         && strcmp(ctl->opt.dates, "open") == 0;
    roster->refused = json_array();
    roster->rules = json_object();
    roster->tampered = json_array();
    roster->columns = json_array();
    roster->files = json_array();
    roster->held = json_array();
    roster->plans = json_array();
}


void
roster_free(roster_t *roster)
{
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        free(roster->items[kind].items);
        ctl_map_free(&roster->items[kind].ids);
        free(roster->chosen[kind].list);
        ctl_map_free(&roster->chosen[kind].lines);
    }

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        free(roster->links[kind].links);
        ctl_places_free(&roster->links[kind].keys);
    }

    roster_work_free(roster);

    free(roster->moves.moves);
    free(roster->stored);
    free(roster->leavers.list);
    ctl_map_free(&roster->leavers.ids);
    free(roster->terms.terms);
    ctl_map_free(&roster->terms.ids);
    ctl_map_free(&roster->floors);
    ctl_map_free(&roster->moved);

    json_decref(roster->refused);
    json_decref(roster->rules);
    json_decref(roster->tampered);
    json_decref(roster->columns);
    json_decref(roster->files);
    json_decref(roster->held);
    json_decref(roster->plans);
    json_decref(roster->changes);
    json_decref(roster->changed);
    ctl_pool_free(&roster->pool);
}


int32_t
roster_granted(const roster_t *roster, const char *category,
    const char *field, pupil_category_t **plugin)
{
    return ctl_granted(roster->ctl, category, field, PUPIL_PURPOSE_ROSTERING,
                       PUPIL_OPERATION_WRITE, plugin);
}


unsigned
roster_record_count(roster_kind_t kind)
{
    return kind == ROSTER_USER ? ROSTER_RECORDS : ROSTER_TITLES + 1;
}


const char *
roster_category(roster_kind_t kind, roster_record_t record)
{
    return kind == ROSTER_USER ? roster_records[record].category
                               : "enrolment";
}


unsigned
roster_titles(roster_kind_t kind)
{
    return kind == ROSTER_CLASS ? ROSTER_TITLED : ROSTER_TITLE + 1;
}


void *
roster_grow(void *array, uint32_t count, uint32_t *size, size_t each)
{
    if (count < *size) {
        return array;
    }

    *size = *size == 0 ? 256 : *size * 2;

    array = realloc(array, *size * each);
    if (array == NULL) {
        ctl_error("out of memory");
        exit(CTL_FAILED);
    }

    return array;
}


roster_item_t *
roster_item_add(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, pupil_str_t id)
{
    int              fresh;
    char             text[64];
    ctl_slot_t      *slot;
    roster_item_t   *item;
    roster_items_t  *items;

    if (id.len == 0 || pupil_utf8_check(id.data, id.len, NULL) != PUPIL_OK)
    {
        roster_refuse_unread(roster, kind, place, "its id is empty, longer"
                             " than 255 bytes or no UTF-8");
        return NULL;
    }

    items = &roster->items[kind];

    slot = ctl_map_get(&items->ids, id);
    if (slot != NULL) {
        snprintf(text, sizeof(text), "its id is there already, in line %zu",
                 items->items[slot->value]->place.line);
        roster_refuse(roster, kind, place, text);
        return NULL;
    }

    id = ctl_pool_str(&roster->pool, id.data, id.len);
    slot = ctl_map_put(&items->ids, id, &fresh);

    item = ctl_pool_alloc(&roster->pool, sizeof(roster_item_t));
    memset(item, 0, sizeof(roster_item_t));
    item->id = id;
    item->place = *place;
    item->parent = ROSTER_NONE;
    item->from = PUPIL_DATE_NONE;
    item->to = PUPIL_DATE_NONE;

    slot->value = items->count;
    items->items = roster_grow(items->items, items->count, &items->size,
                        sizeof(roster_item_t *));
    items->items[items->count++] = item;

    return item;
}


uint32_t
roster_item_find(const roster_t *roster, roster_kind_t kind, pupil_str_t id)
{
    ctl_slot_t  *slot;

    slot = ctl_map_get(&roster->items[kind].ids, id);

    return slot == NULL ? ROSTER_NONE : slot->value;
}


roster_item_t *
roster_item(const roster_t *roster, roster_kind_t kind, uint32_t i)
{
    return roster->items[kind].items[i];
}


roster_item_t *
roster_parent(const roster_t *roster, const roster_item_t *item)
{
    return item->parent == ROSTER_NONE
           ? NULL : roster_item(roster, ROSTER_INSTITUTION, item->parent);
}


static pupil_str_t
link_key(const void *array, uint32_t i)
{
    pupil_str_t           key;
    const roster_link_t  *links = array;

    key.data = (const uint8_t *) &links[i].user;
    key.len = LINK_KEY;

    return key;
}


static uint32_t
link_find(const roster_links_t *links, const roster_link_t *link)
{
    return ctl_places_find(&links->keys, links->links, link_key,
                           link_key(link, 0));
}


/* Of two rows of the same link, the one that says most of it counts. */
static int
link_rank(const roster_link_t *link)
{
    return link->leaves ? 0 : link->refused ? 1 : 2;
}


/* The first day, where an open one is before all others. */
static int32_t
link_from(const roster_link_t *link)
{
    return link->from == PUPIL_DATE_NONE ? INT32_MIN : link->from;
}


/* What is now is best, then what comes next, then what was last. */
static int
link_better(const roster_t *roster, const roster_link_t *a,
    const roster_link_t *b)
{
    int32_t  today;

    today = roster->today;

    if (b->to < today) {
        return a->to > b->to;
    }

    return a->to >= today && link_from(a) < link_from(b);
}


static void
link_join(const roster_t *roster, roster_link_t *old,
    const roster_link_t *new)
{
    const roster_link_t  *first, *second;

    first = link_from(new) < link_from(old) ? new : old;
    second = first == new ? old : new;

    if (first->to != PUPIL_DATE_NONE && link_from(second) > first->to + 1) {
        *old = link_better(roster, new, old) ? *new : *old;
        return;
    }

    old->from = first->from;
    old->to = new->to > old->to ? new->to : old->to;
}


void
roster_link_add(roster_t *roster, roster_kind_t kind,
    const roster_link_t *link)
{
    uint32_t         i;
    roster_link_t    new, *old;
    roster_links_t  *links;

    links = &roster->links[kind];

    new = *link;
    if (roster->dates_open) {
        new.from = PUPIL_DATE_NONE;
        new.to = PUPIL_DATE_NONE;
    }

    i = link_find(links, &new);

    if (i != CTL_PLACES_NONE) {
        old = &links->links[i];

        if (new.said != old->said) {
            *old = new.said ? new : *old;

        } else if (link_rank(&new) != link_rank(old)) {
            *old = link_rank(&new) > link_rank(old) ? new : *old;

        } else {
            link_join(roster, old, &new);
        }

        return;
    }

    links->links = roster_grow(links->links, links->count, &links->size,
                        sizeof(roster_link_t));
    links->links[links->count] = new;
    ctl_places_add(&links->keys, links->links, link_key,
                   link_key(links->links, links->count++));

    roster_item(roster, ROSTER_USER, new.user)->roles |= new.role;
}


int
roster_link_there(const roster_t *roster, roster_kind_t kind, uint32_t user,
    uint32_t where, roster_role_t role)
{
    roster_link_t  link;

    link.user = user;
    link.where = where;
    link.role = role;

    return link_find(&roster->links[kind], &link) != CTL_PLACES_NONE;
}


roster_item_t *
roster_link_where(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link)
{
    return roster_item(roster, roster_kinds[kind].where, link->where);
}


int
roster_link_leaves(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link)
{
    return link->leaves
           || roster_item(roster, ROSTER_USER, link->user)->leaves
           || roster_link_where(roster, kind, link)->leaves;
}


int
roster_link_refused(const roster_t *roster, roster_kind_t kind,
    const roster_link_t *link)
{
    return link->refused
           || roster_item(roster, ROSTER_USER, link->user)->refused
           || roster_link_where(roster, kind, link)->refused;
}


void
roster_term_add(roster_t *roster, pupil_str_t id, roster_term_t term)
{
    int              fresh;
    ctl_slot_t      *slot;
    roster_terms_t  *terms;

    terms = &roster->terms;

    if (ctl_map_get(&terms->ids, id) != NULL) {
        return;
    }

    id = ctl_pool_str(&roster->pool, id.data, id.len);
    slot = ctl_map_put(&terms->ids, id, &fresh);
    slot->value = terms->count;
    terms->terms = roster_grow(terms->terms, terms->count, &terms->size,
                        sizeof(roster_term_t));
    terms->terms[terms->count++] = term;
}


const roster_term_t *
roster_term_find(const roster_t *roster, pupil_str_t id)
{
    ctl_slot_t  *slot;

    slot = ctl_map_get(&roster->terms.ids, id);

    return slot == NULL ? NULL : &roster->terms.terms[slot->value];
}


/* A rule is a reason without the line that it names. */
static void
rule_count(roster_t *roster, const char *what, const char *reason)
{
    int          len;
    char         key[256];
    json_t      *rule, *rows;
    const char  *line;

    line = strstr(reason, ", in line ");
    len = line == NULL ? (int) strlen(reason) : (int) (line - reason);
    snprintf(key, sizeof(key), "%s: %.*s", what, len, reason);

    rule = json_object_get(roster->rules, key);

    if (rule == NULL) {
        rule = json_pack("{s:s,s:s%,s:i}", "what", what, "reason", reason,
                         (size_t) len, "rows", 0);
        json_object_set_new(roster->rules, key, rule);
    }

    rows = json_object_get(rule, "rows");
    json_integer_set(rows, json_integer_value(rows) + 1);
}


/* The first are kept by file and line: a hostile file has any number. */
static void
refused_add(roster_t *roster, const roster_place_t *place, const char *what,
    const char *reason)
{
    rule_count(roster, what, reason);

    if (json_array_size(roster->refused) < REFUSED_KEPT) {
        json_array_append_new(roster->refused,
            json_pack("{s:s,s:I,s:s,s:s}", "file", place->file, "line",
                      (json_int_t) place->line, "what", what, "reason",
                      reason));
    }
}


void
roster_refuse(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, const char *reason)
{
    if (roster->again) {
        return;
    }

    roster->counts[kind].refused++;
    refused_add(roster, place, roster_kinds[kind].name, reason);
}


void
roster_refuse_unread(roster_t *roster, roster_kind_t kind,
    const roster_place_t *place, const char *reason)
{
    roster->unread += !roster->again;
    roster_refuse(roster, kind, place, reason);
}


void
roster_item_refuse(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    const char *reason)
{
    if (item->refused) {
        return;
    }

    item->refused = 1;
    roster_refuse(roster, kind, &item->place, reason);

    if (++roster->items[kind].refused > ROSTER_REFUSED_MOST) {
        roster->stopped = roster_kinds[kind].name;
    }
}


void
roster_remark(roster_t *roster, const roster_place_t *place,
    const char *reason)
{
    refused_add(roster, place, "values", reason);
}


static int
entry_is(const json_t *entry, const char *name, const char *text)
{
    return strcmp(json_string_value(json_object_get(entry, name)), text) == 0;
}


void
roster_not_taken(roster_t *roster, const char *file, const char *column,
    size_t values, const char *reason)
{
    size_t   i;
    json_t  *entry, *count;

    json_array_foreach(roster->columns, i, entry) {
        if (entry_is(entry, "file", file)
            && entry_is(entry, "column", column))
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


void
roster_file_not_taken(roster_t *roster, const char *file, size_t rows,
    const char *reason)
{
    json_array_append_new(roster->files,
        json_pack("{s:s,s:I,s:s}", "file", file, "rows", (json_int_t) rows,
                  "reason", reason));
}
