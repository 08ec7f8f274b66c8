/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/lifecycle/release.h"
#include "ctl/retention/tally.h"


#define FIRST  64               /* places of an array that begins */


static uint32_t name_number(ctl_tally_t *tally, ctl_tally_names_t *names,
    pupil_str_t text);
static void *room(void *list, size_t count, size_t *size, size_t item);
static int persons_compare(const void *a, const void *b);
static size_t group_release(const ctl_tally_t *tally, size_t first,
    uint32_t threshold, ctl_tally_pt say, void *data);


void
ctl_tally_add(ctl_tally_t *tally, pupil_str_t group, pupil_str_t value,
    const pupil_uuid_t *person, int64_t at)
{
    int                  fresh;
    uint8_t             *key;
    uint32_t             in, with;
    ctl_slot_t          *slot;
    pupil_str_t          name;
    ctl_tally_person_t  *p;

    in = name_number(tally, &tally->groups, group);
    with = name_number(tally, &tally->values, value);

    name.len = sizeof(in) + sizeof(pupil_uuid_t);
    key = ctl_pool_alloc(&tally->pool, name.len);
    memcpy(key, &in, sizeof(in));
    memcpy(key + sizeof(in), person, sizeof(pupil_uuid_t));
    name.data = key;

    slot = ctl_map_put(&tally->map, name, &fresh);

    if (fresh) {
        slot->value = (uint32_t) tally->count;
        tally->persons = room(tally->persons, tally->count, &tally->size,
                              sizeof(ctl_tally_person_t));
        tally->count++;
    }

    p = &tally->persons[slot->value];

    if (fresh || at > p->at) {
        p->group = in;
        p->value = with;
        p->at = at;
    }
}


static uint32_t
name_number(ctl_tally_t *tally, ctl_tally_names_t *names, pupil_str_t text)
{
    int          fresh;
    ctl_slot_t  *slot;

    slot = ctl_map_get(&names->map, text);
    if (slot != NULL) {
        return slot->value;
    }

    text = ctl_pool_str(&tally->pool, text.data, text.len);
    slot = ctl_map_put(&names->map, text, &fresh);
    slot->value = (uint32_t) names->count;

    names->texts = room(names->texts, names->count, &names->size,
                        sizeof(pupil_str_t));
    names->texts[names->count++] = text;

    return slot->value;
}


/* For one more. */
static void *
room(void *list, size_t count, size_t *size, size_t item)
{
    void  *more;

    if (count < *size) {
        return list;
    }

    *size = *size != 0 ? *size * 2 : FIRST;
    more = ctl_memory(*size * item);

    if (count != 0) {
        memcpy(more, list, count * item);
    }

    free(list);

    return more;
}


void
ctl_tally_release(ctl_tally_t *tally, uint32_t threshold, ctl_tally_pt say,
    void *data)
{
    size_t  i;

    if (tally->count == 0) {
        return;
    }

    qsort(tally->persons, tally->count, sizeof(ctl_tally_person_t),
          persons_compare);

    for (i = 0; i < tally->count;
         i += group_release(tally, i, threshold, say, data))
    {
        /* void */
    }
}


static int
persons_compare(const void *a, const void *b)
{
    const ctl_tally_person_t  *p = a, *q = b;

    return p->group != q->group ? (p->group < q->group ? -1 : 1)
           : p->value != q->value ? (p->value < q->value ? -1 : 1) : 0;
}


/* The persons of a group, by value, from first on.  Returns how many. */
static size_t
group_release(const ctl_tally_t *tally, size_t first, uint32_t threshold,
    ctl_tally_pt say, void *data)
{
    size_t                     i, n;
    uint32_t                   persons, *of;
    pupil_str_t                group, all = { NULL, 0 };
    pupil_release_cell_t      *cells;
    const ctl_tally_person_t  *p;

    p = &tally->persons[first];
    cells = ctl_memory(tally->values.count * sizeof(pupil_release_cell_t));
    of = ctl_memory(tally->values.count * sizeof(uint32_t));
    n = 0;

    for (i = 0; first + i < tally->count && p[i].group == p->group; i++) {
        if (i == 0 || p[i].value != p[i - 1].value) {
            of[n] = p[i].value;
            cells[n++].persons = 0;
        }

        cells[n - 1].persons++;
    }

    group = tally->groups.texts[p->group];
    persons = pupil_release_group(cells, n, threshold);

    if (persons != 0) {
        say(data, group, all, persons);
    }

    while (n-- > 0) {
        if (cells[n].shown) {
            say(data, group, tally->values.texts[of[n]], cells[n].persons);
        }
    }

    free(cells);
    free(of);

    return i;
}


void
ctl_tally_free(ctl_tally_t *tally)
{
    ctl_map_free(&tally->map);
    ctl_map_free(&tally->groups.map);
    ctl_map_free(&tally->values.map);
    free(tally->groups.texts);
    free(tally->values.texts);
    free(tally->persons);
    ctl_pool_free(&tally->pool);
}
