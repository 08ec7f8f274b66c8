/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "seed_facts.h"

#define pupil_plugin  plugin_credential
#include "../../plugins/credential/credential.c"
#undef pupil_plugin
#define pupil_plugin  plugin_homework
#include "../../plugins/homework/homework.c"
#undef pupil_plugin
#define pupil_plugin  plugin_progress
#include "../../plugins/progress/progress.c"
#undef pupil_plugin


static void *
take(void *ctx, size_t size)
{
    (void) ctx;

    return malloc(size);
}


static const pupil_category_t *
category_of(const pupil_plugin_t *plugin)
{
    pupil_error_t      error;
    pupil_alloc_t      alloc = { take, NULL };
    pupil_category_t  *category;

    if (pupil_category_wrap(plugin, &alloc, &category, &error) != PUPIL_OK) {
        seed_die("%s", error.text);
    }

    return category;
}


void
seed_facts_begin(seed_facts_t *facts, const char *category)
{
    size_t  i;

    static struct {
        const char              *name;
        const pupil_plugin_t  *(*plugin)(void);
        const pupil_category_t  *category;
    } all[] = {
        { "credential", plugin_credential, NULL },
        { "homework", plugin_homework, NULL },
        { "progress", plugin_progress, NULL }
    };

    for (i = 0; strcmp(all[i].name, category) != 0; i++) { /* void */ }

    if (all[i].category == NULL) {
        all[i].category = category_of(all[i].plugin());
    }

    memset(&facts->row, 0, sizeof(facts->row));
    facts->used = 0;
    facts->category = all[i].category;
}


static uint8_t *
room(seed_facts_t *facts, size_t len)
{
    uint8_t  *p = facts->memory + facts->used;

    if (len > sizeof(facts->memory) - facts->used) {
        seed_die("a record is too large");
    }

    facts->used += len;

    return p;
}


static int32_t
field_of(const seed_facts_t *facts, const char *field)
{
    int32_t  i = pupil_category_field(facts->category, seed_str(field));

    if (i < 0) {
        seed_die("no field %s", field);
    }

    return i;
}


void
seed_facts_put(seed_facts_t *facts, const char *field, const void *data,
    size_t len)
{
    uint8_t  *p = room(facts, len);
    int32_t   i = field_of(facts, field);

    memcpy(p, data, len);
    facts->row.cells[i].data = p;
    facts->row.cells[i].len = len;
    facts->row.has[i] = 1;
}


void
seed_facts_put_time(seed_facts_t *facts, const char *field, pupil_time_t time)
{
    pupil_bound_time(&facts->row, field_of(facts, field), time,
                     room(facts, 8));
}


void
seed_facts_put_uuids(seed_facts_t *facts, const char *field,
    const pupil_uuid_t *ids, uint32_t count)
{
    pupil_bound_uuids(&facts->row, field_of(facts, field), ids, count,
                      room(facts, pupil_bound_uuids_size(count)));
}


size_t
seed_facts_end(seed_facts_t *facts, const pupil_subkey_t *key,
    const pupil_place_t *place, uint8_t out[PUPIL_BOUND_MAX])
{
    if (pupil_bound_make(facts->category, key, place, &facts->row, out)
        != PUPIL_OK)
    {
        seed_die("no facts");
    }

    return pupil_bound_size(facts->category);
}
