/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/base/file.h"
#include "ctl/roster/chosen.h"
#include "ctl/roster/dates.h"


#define ID_MAX  255             /* bytes */


static void
list_add(roster_chosen_t *chosen, pupil_str_t id, size_t line)
{
    int          fresh;
    ctl_slot_t  *slot;

    slot = ctl_map_put(&chosen->lines, id, &fresh);
    if (!fresh) {
        return;
    }

    slot->value = (uint32_t) line;
    chosen->list = roster_grow(chosen->list, chosen->count, &chosen->size,
                               sizeof(pupil_str_t));
    chosen->list[chosen->count++] = id;
}


/* An id a line, of which there has to be one. */
static int
list_read(roster_t *roster, roster_kind_t kind, const char *option,
    const char *path)
{
    char        *text, *end;
    size_t       len, line;
    pupil_str_t  id;

    text = ctl_file_read(&roster->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    for (line = 1; *text != '\0'; text = end + (*end != '\0'), line++) {
        end = text + strcspn(text, "\n");

        id.data = (const uint8_t *) text;
        id.len = (size_t) (end - text);
        id.len -= id.len != 0 && id.data[id.len - 1] == '\r';
        id = roster_trim(id);

        if (id.len == 0) {
            continue;
        }

        if (id.len > ID_MAX
            || pupil_utf8_check(id.data, id.len, NULL) != PUPIL_OK)
        {
            return ctl_error("%s: line %zu of %s is no id", option, line, path);
        }

        list_add(&roster->chosen[kind], id, line);
    }

    return roster->chosen[kind].count != 0 ? 0
           : ctl_error("%s: %s has no id", option, path);
}


int
roster_chosen_read(roster_t *roster)
{
    const ctl_options_t  *opt;

    opt = &roster->ctl->opt;

    if (opt->schools != NULL
        && list_read(roster, ROSTER_INSTITUTION, "--schools", opt->schools)
           != 0)
    {
        return -1;
    }

    return opt->classes == NULL ? 0
           : list_read(roster, ROSTER_CLASS, "--classes", opt->classes);
}


int
roster_chosen(const roster_t *roster, roster_kind_t kind, pupil_str_t id)
{
    return roster->chosen[kind].count == 0
           || ctl_map_get(&roster->chosen[kind].lines, id) != NULL;
}


static void
list_report(roster_t *roster, roster_kind_t kind, const char *path)
{
    uint32_t                i;
    const char             *slash;
    roster_place_t          place;
    const roster_chosen_t  *chosen;

    chosen = &roster->chosen[kind];

    for (i = 0; i < chosen->count; i++) {
        if (roster_item_find(roster, kind, chosen->list[i]) != ROSTER_NONE) {
            continue;
        }

        slash = strrchr(path, '/');
        place.file = slash != NULL ? slash + 1 : path;
        place.line = ctl_map_get(&chosen->lines, chosen->list[i])->value;
        roster_remark(roster, &place, "is not in the roster");
    }
}


void
roster_chosen_report(roster_t *roster)
{
    list_report(roster, ROSTER_INSTITUTION, roster->ctl->opt.schools);
    list_report(roster, ROSTER_CLASS, roster->ctl->opt.classes);
}
