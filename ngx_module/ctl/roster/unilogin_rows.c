/*
 * Copyright (C) the Pupil authors
 *
 * Of a person the UniID, the name, the roles and the groups are taken; all else
 * that there may be is counted, and never looked at.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/roster/items.h"
#include "ctl/roster/protect.h"
#include "ctl/roster/roster.h"
#include "ctl/roster/unilogin_rows.h"


#define ROWS_MOST  5000000              /* of all sheets */

#define NS_SMALL   UNILOGIN_NS "/small"
#define NS_EXPORT  UNILOGIN_NS "/common"

#define GROUP_TYPES  "Hovedgruppe|Årgang|Retning|Hold|SFO|Team|Andet"
#define MARK         "protectedIdentity"

/*
 * What the exports call that which is not taken, of the larger ones as well.
 * Any other name is not shown: it may be what somebody is called.
 */
#define OFFERED                                                               \
    "GroupLevel|Line|Level|Location|StudentNumber|ShortName|Occupation"       \
    "|CivilRegistrationNumber|BirthDate|Gender|EmailAddress|Address"          \
    "|HomePhoneNumber|WorkPhoneNumber|MobilePhoneNumber|PhotoId|Photo"        \
    "|AliasFirstName|AliasFamilyName|Nationality|ContactPerson|UNILogin"      \
    "|GroupType"


/* What somebody is at an institution. */
typedef struct {
    const char        *space, *name;    /* of the element */
    const char        *roles;           /* that there are, by '|' */
    const char        *taken;           /* of them, those whose groups are */
    unilogin_sheet_t   groups;
} kind_t;

typedef struct {
    unilogin_t    *all;
    pupil_str_t    number;              /* of the institution */
    pupil_str_t    user, given, family;
    const char    *refused;
    int            is_protected;
    size_t         line;
} person_t;


static const kind_t  kinds[] = {
    { NS_SMALL, "Student", "Barn|Elev|Studerende", "Barn|Elev|Studerende",
      STUDENTS },
    { NS_EXPORT, "Employee",
      "Lærer|Pædagog|Vikar|Leder|Ledelse|TAP|Konsulent",
      "Lærer|Pædagog|Vikar|Leder|Ledelse", EMPLOYEES },
    { NS_EXPORT, "Extern", "Ekstern|Praktikant", "", OTHERS },
    { NULL, NULL, NULL, NULL, SHEETS }
};

static const struct {
    const char  *name;
    const char  *columns[6];
} definitions[SHEETS] = {
    [INSTITUTIONS] =
    { "institutions", { "InstitutionNumber", "InstitutionName" } },
    [GROUPS] =
    { "groups", { "GroupId", "InstitutionNumber", "GroupName", "FromDate",
                  "ToDate", "GroupType" } },
    [PROTECTED] =
    { "persons/protected", { "UserId", "FirstName", "FamilyName", MARK } },
    [PERSONS] =
    { "persons", { "UserId", "FirstName", "FamilyName" } },
    [ROLES] =
    { "persons/roles", { "UserId", "InstitutionNumber", "Role" } },
    [STUDENTS] =
    { "students/groups", { "UserId", "GroupId" } },
    [EMPLOYEES] =
    { "employees/groups", { "UserId", "GroupId" } },
    [OTHERS] =
    { "groups of other roles", { "UserId", "GroupId" } }
};


void
unilogin_rows_init(unilogin_t *all)
{
    unsigned  i, k;

    for (i = 0; i < SHEETS; i++) {
        all->sheets[i].pool = &all->pool;
        all->sheets[i].name = definitions[i].name;

        for (k = 0; k < PUPIL_COUNT(definitions[i].columns)
             && definitions[i].columns[k] != NULL; k++)
        {
            sheet_column(&all->sheets[i], definitions[i].columns[k]);
        }
    }
}


void
unilogin_rows_free(unilogin_t *all)
{
    free(all->names);
    ctl_map_free(&all->persons);
}


static void
row_end(unilogin_t *all, sheet_t *sheet)
{
    if (all->rows == ROWS_MOST) {
        all->full = 1;
        return;
    }

    all->rows++;
    sheet_end(sheet);
}


void
unilogin_elsewhere(unilogin_t *all, pupil_str_t number)
{
    sheet_t  *sheet;

    sheet = &all->sheets[INSTITUTIONS];
    sheet_begin(sheet, sheet->rows + 1);
    sheet_cell(sheet, "InstitutionNumber", number);
    row_end(all, sheet);
}


/* NULL with its text, empty where there is none; or why it has none. */
static const char *
text_of(ctl_pool_t *pool, const xmlNode *parent, const char *space,
    const char *name, pupil_str_t *text)
{
    unsigned        count;
    const xmlNode  *node, *found;

    *text = ctl_str("");
    count = 0;
    found = NULL;

    for (node = parent != NULL ? ctl_xml_first(parent) : NULL; node != NULL;
         node = ctl_xml_next(node))
    {
        if (ctl_xml_is(node, space, name)) {
            count++;
            found = node;
        }
    }

    return count > 1 ? item_reason(pool, name, "is there twice")
           : count == 1 && ctl_xml_text(found, text) != 0
           ? item_reason(pool, name, "is no text") : NULL;
}


/* The cell of a text that is there or not. */
static pupil_str_t
cell_take(sheet_t *sheet, const xmlNode *parent, const char *name)
{
    pupil_str_t   text;
    const char   *refused;

    refused = text_of(sheet->pool, parent, NS_EXPORT, name, &text);

    if (refused != NULL) {
        sheet_refuse(sheet, refused);
    }

    sheet_cell(sheet, name, text);

    return text;
}


/* YYYY-MM-DD; a zone behind it says where that day is. */
static void
date_take(sheet_t *sheet, const xmlNode *parent, const char *name)
{
    size_t        day;
    pupil_str_t   text;
    const char   *refused, *zone;

    day = sizeof("2026-10-15") - 1;
    refused = text_of(sheet->pool, parent, NS_EXPORT, name, &text);
    zone = text.len > day ? (const char *) text.data + day : "";

    if (refused == NULL && text.len > day) {
        if ((text.len == day + 1 && zone[0] == 'Z')
            || (text.len == day + 6 && strchr("+-", zone[0]) != NULL
                && zone[3] == ':'))
        {
            text.len = day;

        } else {
            refused = item_reason(sheet->pool, name, "is no date");
        }
    }

    if (refused != NULL) {
        sheet_refuse(sheet, refused);
        return;
    }

    sheet_cell(sheet, name, text);
}


/* Of a group, which only its institution knows. */
static pupil_str_t
group_id(unilogin_t *all, pupil_str_t number, pupil_str_t id)
{
    ctl_buf_t    buf;
    pupil_str_t  both;

    if (id.len == 0) {
        return id;
    }

    ctl_buf_init(&buf);
    ctl_buf_add(&buf, number.data, number.len);
    ctl_buf_text(&buf, "/");
    ctl_buf_add(&buf, id.data, id.len);
    both = ctl_pool_str(&all->pool, buf.data, buf.len);
    ctl_buf_free(&buf);

    return both;
}


/* Whatever is in it beside what is read, by '|'. */
static void
rest_mark(sheet_t *sheet, const xmlNode *parent, const char *read)
{
    pupil_str_t     name;
    const xmlNode  *node;

    for (node = parent != NULL ? ctl_xml_first(parent) : NULL; node != NULL;
         node = ctl_xml_next(node))
    {
        name = ctl_str((const char *) node->name);

        if (!roster_is_one_of(name, read)) {
            sheet_mark(sheet, roster_is_one_of(name, OFFERED)
                              ? (const char *) name.data : "another");
        }
    }
}


static void
group_take(unilogin_t *all, const xmlNode *group, pupil_str_t number)
{
    sheet_t       *sheet;
    pupil_str_t    id, name, type;
    const char    *refused;

    sheet = &all->sheets[GROUPS];
    sheet_begin(sheet, ++all->groups);

    refused = text_of(&all->pool, group, NS_EXPORT, "GroupId", &id);
    if (refused != NULL) {
        sheet_refuse(sheet, refused);
    }

    sheet_cell(sheet, "GroupId", group_id(all, number, id));
    sheet_cell(sheet, "InstitutionNumber", number);

    name = cell_take(sheet, group, "GroupName");
    if (name.len == 0) {
        sheet_cell(sheet, "GroupName", id);
    }

    date_take(sheet, group, "FromDate");
    date_take(sheet, group, "ToDate");

    type = cell_take(sheet, group, "GroupType");
    if (!roster_is_one_of(type, GROUP_TYPES)) {
        sheet_refuse(sheet, "its GroupType is none that is known");
    }

    rest_mark(sheet, group,
              "GroupId|GroupName|GroupType|FromDate|ToDate");
    row_end(all, sheet);
}


/* What says by its name that an identity is protected. */
static int
mark_name(const xmlChar *name)
{
    return roster_protect_column(ctl_str((const char *) name))
           || strcasestr((const char *) name, "protect") != NULL;
}


/* Whether anything in it marks a protected identity. */
static int
marked(const xmlNode *node)
{
    pupil_str_t     text;
    const xmlAttr  *attribute;
    const xmlNode  *child;

    for (attribute = node->properties; attribute != NULL;
         attribute = attribute->next)
    {
        text = ctl_str(attribute->children != NULL
                       && attribute->children->content != NULL
                       ? (const char *) attribute->children->content : "");

        if (mark_name(attribute->name) && roster_protect_mark(text)) {
            return 1;
        }
    }

    /* what is no text says more than no */
    if (mark_name(node->name)
        && (ctl_xml_text(node, &text) != 0 || roster_protect_mark(text)))
    {
        return 1;
    }

    for (child = ctl_xml_first(node); child != NULL;
         child = ctl_xml_next(child))
    {
        if (marked(child)) {
            return 1;
        }
    }

    return 0;
}


/* The same person, of the same name, at another institution: no other row. */
static int
person_known(const person_t *person)
{
    int           fresh;
    ctl_buf_t     both;
    unilogin_t   *all;
    ctl_slot_t   *slot;
    pupil_str_t   names, user;

    all = person->all;

    if (person->user.len == 0) {
        return 0;
    }

    ctl_buf_init(&both);
    ctl_buf_add(&both, person->given.data, person->given.len);
    ctl_buf_add(&both, "", 1);
    ctl_buf_add(&both, person->family.data, person->family.len);
    names = ctl_pool_str(&all->pool, both.data, both.len);
    ctl_buf_free(&both);

    user = ctl_pool_str(&all->pool, person->user.data, person->user.len);
    slot = ctl_map_put(&all->persons, user, &fresh);

    if (!fresh) {
        return all->names[slot->value].len == names.len
               && memcmp(all->names[slot->value].data, names.data, names.len)
                  == 0;
    }

    slot->value = all->names_count;
    all->names = roster_grow(all->names, all->names_count, &all->names_size,
                             sizeof(pupil_str_t));
    all->names[all->names_count++] = names;

    return 0;
}


/* Where somebody is protected, everything else of the person is refused. */
static void
person_row(const person_t *person, const xmlNode *node, const xmlNode *is)
{
    sheet_t  *sheet;

    if (!person->is_protected && person->refused == NULL
        && person_known(person))
    {
        return;
    }

    sheet = &person->all->sheets[person->is_protected ? PROTECTED : PERSONS];
    sheet_begin(sheet, person->line);
    sheet_cell(sheet, "UserId", person->user);
    sheet_cell(sheet, "FirstName", person->given);
    sheet_cell(sheet, "FamilyName", person->family);

    if (person->is_protected) {
        sheet_mark(sheet, MARK);
    }

    if (person->refused != NULL) {
        sheet_refuse(sheet, person->refused);
    }

    rest_mark(sheet, node, "UserId|FirstName|FamilyName");
    rest_mark(sheet, is, "Role|MainGroupId|GroupId");
    row_end(person->all, sheet);
}


/* reason: why it is not known whose or which role it is, or NULL. */
static void
role_row(const person_t *person, pupil_str_t role, const char *reason)
{
    sheet_t  *sheet;

    sheet = &person->all->sheets[ROLES];
    sheet_begin(sheet, person->line);
    sheet_cell(sheet, "UserId", person->user);
    sheet_cell(sheet, "InstitutionNumber", person->number);

    if (reason != NULL) {
        sheet_refuse(sheet, reason);

    } else {
        sheet_cell(sheet, "Role", role);
    }

    row_end(person->all, sheet);
}


/*
 * All roles; returns whether one of them is taken.  *reason: why one of them is
 * not understood, so that groups stay as they are, or NULL.
 */
static int
roles_take(const person_t *person, const kind_t *kind, const xmlNode *is,
    const char **reason)
{
    int             taken;
    const char     *wrong;
    pupil_str_t     role;
    const xmlNode  *node;

    taken = 0;
    *reason = "its Role is missing";

    for (node = ctl_xml_first(is); node != NULL; node = ctl_xml_next(node)) {
        if (!ctl_xml_is(node, NS_EXPORT, "Role")) {
            continue;
        }

        wrong = ctl_xml_text(node, &role) != 0 || role.len == 0
                || !roster_is_one_of(role, kind->roles)
                ? "its Role is none that is known" : NULL;
        role_row(person, role, wrong);

        if (*reason == NULL || strcmp(*reason, "its Role is missing") == 0) {
            *reason = wrong;
        }

        taken |= wrong == NULL && kind->taken[0] != '\0'
                 && roster_is_one_of(role, kind->taken);
    }

    if (*reason != NULL && strcmp(*reason, "its Role is missing") == 0) {
        role_row(person, ctl_str(""), *reason);
    }

    return taken;
}


static void
membership_row(const person_t *person, unilogin_sheet_t of,
    const xmlNode *node, const char *reason)
{
    sheet_t      *sheet;
    pupil_str_t   id;

    sheet = &person->all->sheets[of];
    sheet_begin(sheet, person->line);
    sheet_cell(sheet, "UserId", person->user);

    if (ctl_xml_text(node, &id) != 0 || id.len == 0) {
        sheet_refuse(sheet, "its GroupId is no text");

    } else {
        sheet_cell(sheet, "GroupId", group_id(person->all, person->number,
                                              id));
    }

    if (reason != NULL) {
        sheet_refuse(sheet, reason);
    }

    row_end(person->all, sheet);
}


/* Whose roles here are not taken is in no class here, whatever elsewhere. */
static void
kind_take(const person_t *person, const kind_t *kind, const xmlNode *is)
{
    int                taken;
    const char        *reason;
    const xmlNode     *node;
    unilogin_sheet_t   sheet;

    taken = roles_take(person, kind, is, &reason);
    sheet = taken || reason != NULL ? kind->groups : OTHERS;

    for (node = ctl_xml_first(is); node != NULL; node = ctl_xml_next(node)) {
        if (ctl_xml_is(node, NS_EXPORT, "MainGroupId")
            || ctl_xml_is(node, UNILOGIN_NS_COMMON, "GroupId"))
        {
            membership_row(person, sheet, node, reason);
        }
    }
}


static void
person_read(person_t *person, const xmlNode *node)
{
    unsigned      i;
    const char   *wrong;

    const struct {
        const char   *name;
        pupil_str_t  *text;
    } texts[] = {
        { "UserId", &person->user },
        { "FirstName", &person->given },
        { "FamilyName", &person->family }
    };

    for (i = 0; i < PUPIL_COUNT(texts); i++) {
        wrong = text_of(&person->all->pool, node, NS_EXPORT, texts[i].name,
                        texts[i].text);

        if (person->refused == NULL) {
            person->refused = wrong;
        }
    }
}


static void
person_take(unilogin_t *all, const xmlNode *node, pupil_str_t number)
{
    person_t        person;
    unsigned        found;
    const xmlNode  *is, *child, *who;
    const kind_t   *kind, *k;

    memset(&person, 0, sizeof(person_t));
    person.all = all;
    person.number = number;
    person.line = ++all->seen;
    person.is_protected = marked(node);

    who = ctl_xml_only(node, NS_SMALL, "Person");
    person_read(&person, who);

    found = 0;
    is = NULL;
    kind = NULL;

    for (child = ctl_xml_first(node); child != NULL;
         child = ctl_xml_next(child))
    {
        for (k = kinds; k->name != NULL; k++) {
            if (ctl_xml_is(child, k->space, k->name)) {
                found++;
                kind = k;
                is = child;
            }
        }
    }

    if (found > 1) {
        person.refused = "is more than one of Student, Employee and Extern";
    }

    person_row(&person, who, is);

    if (found == 1) {
        kind_take(&person, kind, is);

    } else {
        role_row(&person, ctl_str("none"), person.refused);
    }
}


static void
institution_row(unilogin_t *all, const xmlNode *institution,
    pupil_str_t number)
{
    sheet_t      *sheet;
    pupil_str_t   name;

    sheet = &all->sheets[INSTITUTIONS];
    sheet_begin(sheet, sheet->rows + 1);
    sheet_cell(sheet, "InstitutionNumber", number);

    name = cell_take(sheet, institution, "InstitutionName");
    if (name.len == 0) {
        sheet_cell(sheet, "InstitutionName", number);
    }

    rest_mark(sheet, institution,
              "InstitutionNumber|InstitutionName|Group|InstitutionPerson");
    row_end(all, sheet);
}


const char *
unilogin_take(unilogin_t *all, const xmlNode *body, pupil_str_t number)
{
    pupil_str_t     is;
    const xmlNode  *node, *institution;

    node = ctl_xml_is(body, UNILOGIN_NS, "eksporterXmlLilleResponse")
           ? ctl_xml_only(body, UNILOGIN_NS, "xml") : NULL;
    node = node != NULL
           ? ctl_xml_only(node, NS_SMALL, "UNILoginExportSmall") : NULL;
    institution = node != NULL
                  ? ctl_xml_only(node, NS_SMALL, "Institution") : NULL;

    if (institution == NULL) {
        return "is no small export of one institution";
    }

    if (text_of(&all->pool, institution, NS_EXPORT, "InstitutionNumber", &is)
        != NULL
        || is.len != number.len || memcmp(is.data, number.data, is.len) != 0)
    {
        return "is of another institution";
    }

    institution_row(all, institution, number);

    for (node = ctl_xml_first(institution); node != NULL && !all->full;
         node = ctl_xml_next(node))
    {
        if (ctl_xml_is(node, NS_EXPORT, "Group")) {
            group_take(all, node, number);

        } else if (ctl_xml_is(node, NS_SMALL, "InstitutionPerson")) {
            person_take(all, node, number);
        }
    }

    return all->full ? "has more than a roster has" : NULL;
}
