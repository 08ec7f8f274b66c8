/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/format.h"
#include "ctl/roster/ss12000_value.h"


#define NAME_MOST  40           /* of a property */


const char *
ss12000_text(const json_t *value, pupil_str_t *text)
{
    if (!json_is_string(value)) {
        return "is no text";
    }

    text->data = (const uint8_t *) json_string_value(value);
    text->len = json_string_length(value);

    return NULL;
}


/* What it is of the calendar is looked at as of other formats. */
const char *
ss12000_date(const json_t *value, pupil_str_t *text)
{
    if (ss12000_text(value, text) != NULL
        || text->len != sizeof("2026-10-15") - 1)
    {
        return "is no date";
    }

    return NULL;
}


const char *
ss12000_flag(const json_t *value, pupil_str_t *text)
{
    if (!json_is_boolean(value)) {
        return "is neither true nor false";
    }

    *text = ctl_str(json_is_true(value) ? "true" : "false");

    return NULL;
}


const char *
ss12000_first(const json_t *value, pupil_str_t *text)
{
    if (!json_is_array(value)) {
        return "is no list";
    }

    return json_array_size(value) == 0
           ? NULL : ss12000_text(json_array_get(value, 0), text);
}


/* Of work: nobody's own. */
const char *
ss12000_address(const json_t *value, pupil_str_t *text)
{
    size_t        i;
    json_t       *entry;
    pupil_str_t   type;

    if (!json_is_array(value)) {
        return "is no list";
    }

    json_array_foreach(value, i, entry) {
        if (ss12000_text(json_object_get(entry, "type"), &type) != NULL) {
            return "has one without a type";
        }

        if (roster_is_one_of(type, "Skola personal|Arbete övrigt")) {
            return ss12000_text(json_object_get(entry, "value"), text);
        }
    }

    return NULL;
}


const json_t *
ss12000_at(const json_t *item, const char *path)
{
    size_t         len;
    char           first[NAME_MOST];
    const json_t  *object;

    len = strcspn(path, ".");

    if (path[len] == '\0') {
        return json_object_get(item, path);
    }

    snprintf(first, sizeof(first), "%.*s", (int) len, path);
    object = json_object_get(item, first);

    return object == NULL || json_is_null(object) ? NULL
           : json_is_object(object) ? json_object_get(object, path + len + 1)
           : json_true();
}
