/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/roster/oneroster_rows.h"
#include "ctl/roster/protect.h"


#define ROWS_MOST    5000000            /* of all sheets */

#define PROTECTED    "metadata.confidential"    /* see protect.h */

/* What the standard calls that which is not taken. */
#define OFFERED                                                               \
    "href|type|identifier|parent|children|title|schoolYear|course|classCode"  \
    "|location|grades|subjects|subjectCodes|periods|resources|name" \
    "|school|terms|userMasterIdentifier|userIds|middleName|preferredFirstName"\
    "|preferredMiddleName|preferredLastName|pronouns|sms|phone|agents"        \
    "|password|userProfiles|userProfile|primaryOrg|demographics|primary"      \
    "|roleType|role|roles|orgs|metadata|dateLastModified|status"


static const char *enabled(const json_t *value, pupil_str_t *text);
static void org_take(oneroster_t *all, const json_t *item);
static void class_take(oneroster_t *all, const json_t *item);
static void user_take(oneroster_t *all, const json_t *item);
static void roles_take(oneroster_t *all, const json_t *user, size_t line);


static const item_property_t  org_properties[] = {
    { "sourcedId", item_text, NULL, 0 },
    { "name", item_text, NULL, 0 },
    { "status", item_text, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  session_properties[] = {
    { "sourcedId", item_text, NULL, 0 },
    { "startDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  class_properties[] = {
    { "sourcedId", item_text, NULL, 0 },
    { "school.sourcedId", item_text, NULL, 0 },
    { "title", item_text, NULL, 0 },
    { "classType", item_text, NULL, 0 },
    { "status", item_text, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  user_properties[] = {
    { "sourcedId", item_text, NULL, 0 },
    { "givenName", item_text, NULL, 0 },
    { "familyName", item_text, NULL, 0 },
    { "username", item_text, NULL, 0 },
    { "email", item_text, NULL, 0 },
    { "status", item_text, NULL, 0 },
    { "enabledUser", enabled, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  role_properties[] = {
    { "org.sourcedId", item_text, NULL, 1 },
    { "role", item_text, NULL, 1 },
    { "beginDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  enrollment_properties[] = {
    { "class.sourcedId", item_text, NULL, 1 },
    { "user.sourcedId", item_text, NULL, 1 },
    { "role", item_text, NULL, 1 },
    { "status", item_text, NULL, 0 },
    { "beginDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_sheet_t  definitions[SHEETS] = {
    [ORGS] =
    { "orgs", org_properties, "dateLastModified", { NULL } },
    [SESSIONS] =
    { "academicSessions", session_properties, "dateLastModified|status",
      { NULL } },
    [CLASSES] =
    { "classes", class_properties, "dateLastModified|terms",
      { "termSourcedIds" } },
    [USERS] =
    { "users", user_properties, "dateLastModified|role|orgs|roles|metadata",
      { PROTECTED } },
    [ROLES] =
    { "roles", role_properties, "roleType", { "userSourcedId" } },
    [ENROLLMENTS] =
    { "enrollments", enrollment_properties, "sourcedId|dateLastModified",
      { NULL } }
};

/* What of an item has no property of a text. */
static void (*const more[SHEETS])(oneroster_t *all, const json_t *item) = {
    [CLASSES] = class_take,
    [USERS] = user_take
};


void
oneroster_rows_init(oneroster_t *all)
{
    unsigned  kind;

    for (kind = 0; kind < SHEETS; kind++) {
        item_sheet_init(&all->sheets[kind], &all->pool, &definitions[kind]);
    }
}


/* A text by the standard, and a boolean by many a server. */
static const char *
enabled(const json_t *value, pupil_str_t *text)
{
    return json_is_boolean(value) ? item_flag(value, text)
                                  : item_text(value, text);
}


static void
row_end(oneroster_t *all, oneroster_kind_t kind)
{
    if (all->rows == ROWS_MOST) {
        all->full = 1;
        return;
    }

    all->rows++;
    sheet_end(&all->sheets[kind]);
}


void
oneroster_take(oneroster_t *all, oneroster_kind_t kind, const json_t *item,
    size_t line, int again)
{
    sheet_t     *sheet;
    const char  *refused;

    sheet = &all->sheets[kind];
    sheet_begin(sheet, line);
    item_read(sheet, &definitions[kind], item, OFFERED);

    if (more[kind] != NULL) {
        more[kind](all, item);
    }

    refused = sheet->refused;
    row_end(all, kind);

    if (kind == USERS && refused == NULL && !again) {
        roles_take(all, item, line);
    }
}


/* Ids of terms, separated by commas as in a file. */
static void
class_take(oneroster_t *all, const json_t *item)
{
    size_t         i;
    json_t        *term;
    sheet_t       *sheet;
    ctl_buf_t      ids;
    pupil_str_t    id;
    const json_t  *terms;

    sheet = &all->sheets[CLASSES];
    terms = item_list(sheet, item, "terms");
    ctl_buf_init(&ids);

    json_array_foreach(terms, i, term) {
        id = ctl_str("");

        if (item_text(json_object_get(term, "sourcedId"), &id) != NULL
            || id.len == 0 || memchr(id.data, ',', id.len) != NULL)
        {
            sheet_refuse(sheet, "its terms have one without an id, or with one"
                         " of a comma");
            break;
        }

        ctl_buf_text(&ids, i != 0 ? "," : "");
        ctl_buf_add(&ids, (const char *) id.data, id.len);
    }

    if (ids.len != 0) {
        sheet_cell(sheet, "termSourcedIds", ctl_str(ids.data));
    }

    ctl_buf_free(&ids);
}


static int
says_something(const json_t *value)
{
    return !(json_is_null(value) || json_is_false(value)
             || (json_is_integer(value) && json_integer_value(value) == 0)
             || (json_is_string(value) && json_string_length(value) == 0)
             || (json_is_array(value) && json_array_size(value) == 0)
             || (json_is_object(value) && json_object_size(value) == 0));
}


/*
 * Whether an identity is protected is no property of the standard: it stands
 * among what a server adds to it.
 */
static void
user_take(oneroster_t *all, const json_t *item)
{
    json_t        *value;
    sheet_t       *sheet;
    const char    *key;
    pupil_str_t    text;
    const json_t  *metadata;

    sheet = &all->sheets[USERS];
    metadata = json_object_get(item, "metadata");

    json_object_foreach((json_t *) (uintptr_t) metadata, key, value) {
        if (!says_something(value)) {
            continue;
        }

        if (!roster_protect_column(ctl_str(key))) {
            sheet_mark(sheet, "metadata");

        } else if (item_text(value, &text) != NULL
                   || roster_protect_mark(text))
        {
            sheet_mark(sheet, PROTECTED);
        }
    }
}


/* One of a list has an org of its own; before 1.2 a user has one role. */
static void
roles_take(oneroster_t *all, const json_t *user, size_t line)
{
    size_t         i;
    json_t        *entry;
    sheet_t       *sheet;
    pupil_str_t    id, role;
    const json_t  *list;

    sheet = &all->sheets[ROLES];
    id = ctl_str("");
    (void) item_text(json_object_get(user, "sourcedId"), &id);
    list = json_object_get(user, all->roles ? "roles" : "orgs");

    json_array_foreach(list, i, entry) {
        sheet_begin(sheet, line);
        sheet_cell(sheet, "userSourcedId", id);

        if (all->roles) {
            item_read(sheet, &definitions[ROLES], entry, OFFERED);

        } else {
            org_take(all, entry);
            role = ctl_str("");

            if (item_text(json_object_get(user, "role"), &role) != NULL
                || role.len == 0)
            {
                sheet_refuse(sheet, "its role is missing, or no text");
            }

            sheet_cell(sheet, "role", role);
        }

        row_end(all, ROLES);
    }
}


static void
org_take(oneroster_t *all, const json_t *org)
{
    sheet_t      *sheet;
    pupil_str_t   id;

    sheet = &all->sheets[ROLES];
    id = ctl_str("");

    if (item_text(json_object_get(org, "sourcedId"), &id) != NULL) {
        sheet_refuse(sheet, "its org.sourcedId is no text");
    }

    sheet_cell(sheet, "org.sourcedId", id);
}
