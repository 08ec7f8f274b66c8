/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/roster/format.h"
#include "ctl/roster/items.h"


#define NAME_MOST  40           /* of a property */


const char *
item_text(const json_t *value, pupil_str_t *text)
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
item_date(const json_t *value, pupil_str_t *text)
{
    if (item_text(value, text) != NULL
        || text->len != sizeof("2026-10-15") - 1)
    {
        return "is no date";
    }

    return NULL;
}


const char *
item_flag(const json_t *value, pupil_str_t *text)
{
    if (!json_is_boolean(value)) {
        return "is neither true nor false";
    }

    *text = ctl_str(json_is_true(value) ? "true" : "false");

    return NULL;
}


const char *
item_first(const json_t *value, pupil_str_t *text)
{
    if (!json_is_array(value)) {
        return "is no list";
    }

    return json_array_size(value) == 0
           ? NULL : item_text(json_array_get(value, 0), text);
}


const json_t *
item_at(const json_t *item, const char *path)
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


const char *
item_reason(ctl_pool_t *pool, const char *name, const char *what)
{
    ctl_buf_t    buf;
    const char  *text;

    ctl_buf_init(&buf);
    ctl_buf_printf(&buf, "its %s %s", name, what);
    text = ctl_pool_text(pool, buf.data, buf.len);
    ctl_buf_free(&buf);

    return text;
}


const json_t *
item_list(sheet_t *sheet, const json_t *item, const char *name)
{
    const json_t  *list;

    list = json_object_get(item, name);

    if (list == NULL || json_is_null(list) || json_is_array(list)) {
        return json_is_array(list) ? list : NULL;
    }

    sheet_refuse(sheet, item_reason(sheet->pool, name, "is no list"));

    return NULL;
}


void
item_sheet_init(sheet_t *sheet, ctl_pool_t *pool, const item_sheet_t *def)
{
    unsigned                k;
    const item_property_t  *property;

    sheet->pool = pool;
    sheet->name = def->name;

    for (k = 0; k < 2 && def->columns[k] != NULL; k++) {
        sheet_column(sheet, def->columns[k]);
    }

    for (property = def->properties; property->path != NULL; property++) {
        sheet_column(sheet, property->path);
    }
}


void
item_property(sheet_t *sheet, const json_t *item,
    const item_property_t *property)
{
    pupil_str_t    text;
    const char    *wrong;
    const json_t  *value;

    value = item_at(item, property->path);

    text = ctl_str("");
    wrong = value != NULL && !json_is_null(value) ? property->get(value, &text)
            : property->needed ? "is missing" : NULL;

    if (wrong == NULL && property->known != NULL && text.len != 0
        && !roster_is_one_of(text, property->known))
    {
        wrong = "is none that is known";
    }

    if (wrong != NULL) {
        sheet_refuse(sheet, item_reason(sheet->pool, property->path, wrong));
        return;
    }

    sheet_cell(sheet, property->path, text);
}


/* What a server calls something may be what somebody is called. */
static const char *
key_shown(const char *key, const char *offered)
{
    return roster_is_one_of(ctl_str(key), offered) ? key : "another";
}


static int
is_read(const item_sheet_t *def, const char *key)
{
    size_t             len;
    const item_property_t  *property;

    len = strlen(key);

    for (property = def->properties; property->path != NULL; property++) {
        if (strcspn(property->path, ".") == len
            && memcmp(property->path, key, len) == 0)
        {
            return 1;
        }
    }

    return roster_is_one_of(ctl_str(key), def->others);
}


static int
is_empty(const json_t *value)
{
    return json_is_null(value)
           || (json_is_string(value) && json_string_length(value) == 0)
           || (json_is_array(value) && json_array_size(value) == 0)
           || (json_is_object(value) && json_object_size(value) == 0);
}


void
item_read(sheet_t *sheet, const item_sheet_t *def, const json_t *item,
    const char *offered)
{
    json_t                 *value;
    const char             *key;
    const item_property_t  *property;

    if (!json_is_object(item)) {
        sheet_refuse(sheet, "is no object");
        return;
    }

    for (property = def->properties; property->path != NULL; property++) {
        item_property(sheet, item, property);
    }

    json_object_foreach((json_t *) (uintptr_t) item, key, value) {
        if (!is_read(def, key) && !is_empty(value)) {
            sheet_mark(sheet, key_shown(key, offered));
        }
    }
}
