/*
 * Copyright (C) the Pupil authors
 *
 * Items of SS 12000, and the rows that they become: by tables, but for what
 * one item says of others.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/format.h"
#include "ctl/roster/items.h"
#include "ctl/roster/ss12000_rows.h"


#define ROWS_MOST    5000000            /* of all sheets */
#define CLASSES      "Undervisning|Klass|Mentor|Avdelning"
#define TAUGHT       "Undervisning"

/*
 * What the standard calls that which is not taken.  Any other name of a
 * property is not shown: it may be what somebody is called.
 */
#define OFFERED                                                               \
    "middleName|civicNo|birthDate|sex|photo|phoneNumbers|addresses"           \
    "|responsibles|careOfDetails|externalIdentifiers|securityMarking"         \
    "|schoolYear|schoolType|schoolTypes|educationCode|programme|specification"\
    "|parentActivity|parentOrganisation|organisationNumber|organisationCode"  \
    "|organisationType|municipalityCode|schoolUnitCode|url|email|phoneNumber" \
    "|contactInfo|address|code|description|signature|dutyPercent|hoursPerYear"\
    "|calendarEventsRequired|minutesPlanned|syllabus|displayName|organisation"


/* Of work: nobody's own. */
static const char *
address(const json_t *value, pupil_str_t *text)
{
    size_t        i;
    json_t       *entry;
    pupil_str_t   type;

    if (!json_is_array(value)) {
        return "is no list";
    }

    json_array_foreach(value, i, entry) {
        if (item_text(json_object_get(entry, "type"), &type) != NULL) {
            return "has one without a type";
        }

        if (roster_is_one_of(type, "Skola personal|Arbete övrigt")) {
            return item_text(json_object_get(entry, "value"), text);
        }
    }

    return NULL;
}


static const item_property_t  organisation_properties[] = {
    { "id", item_text, NULL, 0 },
    { "displayName", item_text, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  group_properties[] = {
    { "id", item_text, NULL, 0 },
    { "displayName", item_text, NULL, 0 },
    { "organisation.id", item_text, NULL, 0 },
    { "groupType", item_text, NULL, 0 },
    { "startDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  person_properties[] = {
    { "id", item_text, NULL, 0 },
    { "givenName", item_text, NULL, 0 },
    { "familyName", item_text, NULL, 0 },
    { "eduPersonPrincipalNames", item_first, NULL, 0 },
    { "emails", address, NULL, 0 },
    { "securityMarking", item_text, NULL, 0 },
    { "personStatus", item_text, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  enrolment_properties[] = {
    { "enroledAt.id", item_text, NULL, 1 },
    { "startDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { "cancelled", item_flag, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  duty_properties[] = {
    { "person.id", item_text, NULL, 1 },
    { "dutyAt.id", item_text, NULL, 1 },
    { "dutyRole", item_text,
      "Rektor|Lärare|Förskollärare|Barnskötare|Bibliotekarie|Lärarassistent"
      "|Fritidspedagog|Annan personal|Studie- och yrkesvägledare|Förstelärare"
      "|Kurator|Skolsköterska|Skolläkare|Skolpsykolog"
      "|Speciallärare/specialpedagog|Skoladministratör|Övrig arbetsledning"
      "|Övrig pedagogisk personal|Förskolechef", 1 },
    { "startDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  membership_properties[] = {
    { "person.id", item_text, NULL, 1 },
    { "startDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  dates[] = {
    { "startDate", item_date, NULL, 0 },
    { "endDate", item_date, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_property_t  id_alone[] = {
    { "id", item_text, NULL, 0 },
    { NULL, NULL, NULL, 0 }
};

static const item_sheet_t  definitions[SHEETS] = {
    [ORGANISATIONS] =
    { "organisations", organisation_properties, "meta", { NULL } },
    [GROUPS] =
    { "groups", group_properties, "meta|groupMemberships",
      { NULL } },
    [PERSONS] =
    { "persons", person_properties, "meta|enrolments", { NULL } },
    [ENROLMENTS] =
    { "persons/enrolments", enrolment_properties, "", { "person", "role" } },
    [DUTIES] =
    { "duties", duty_properties, "id|meta", { NULL } },
    [MEMBERSHIPS] =
    { "groups/groupMemberships", membership_properties, "", { "group" } },
    [TEACHERS] =
    { "activities/teachers", dates, "id|meta|activityType|groups|teachers",
      { "group", "person" } },
    [GONE_ORGANISATIONS] =
    { "deletedEntities/organisations", id_alone, "", { "status" } },
    [GONE_GROUPS] =
    { "deletedEntities/groups", id_alone, "", { "status" } },
    [GONE_PERSONS] =
    { "deletedEntities/persons", id_alone, "", { "status" } },
    [OTHER_GROUPS] =
    { "groups of other types", id_alone, "", { NULL } },
    [OTHER_ACTIVITIES] =
    { "activities of other types", id_alone, "", { NULL } },
    [VACANT] =
    { "duties of nobody", id_alone, "", { NULL } }
};

/* Of what is deleted, what has rows of its own. */
static const struct {
    const char  *name;
    kind_t       sheet;
} deleted[] = {
    { "organisations", GONE_ORGANISATIONS },
    { "groups", GONE_GROUPS },
    { "persons", GONE_PERSONS },
    { NULL, SHEETS }
};


void
ss12000_rows_init(ss12000_t *all)
{
    unsigned  kind;

    for (kind = 0; kind < SHEETS; kind++) {
        item_sheet_init(&all->sheets[kind], &all->pool, &definitions[kind]);
    }
}


void
ss12000_rows_free(ss12000_t *all)
{
    free(all->holders);
    ctl_map_free(&all->persons);
    ctl_map_free(&all->staff);
    ctl_map_free(&all->groups);
    ctl_map_free(&all->duties);
}


static void
cells_read(ss12000_t *all, kind_t kind, const json_t *item)
{
    item_read(&all->sheets[kind], &definitions[kind], item, OFFERED);
}


static void
row_end(ss12000_t *all, kind_t kind)
{
    if (all->rows == ROWS_MOST) {
        all->full = 1;
        return;
    }

    all->rows++;
    sheet_end(&all->sheets[kind]);
}


static pupil_str_t
id_of(const json_t *item)
{
    pupil_str_t  id;

    id = ctl_str("");
    (void) item_text(json_object_get(item, "id"), &id);

    return id;
}


/* 0 where it was there before, or is none. */
static int
remember(ss12000_t *all, ctl_map_t *map, pupil_str_t id, uint32_t value)
{
    int          fresh;
    ctl_slot_t  *slot;

    if (id.len == 0 || ctl_map_get(map, id) != NULL) {
        return 0;
    }

    id = ctl_pool_str(&all->pool, id.data, id.len);
    slot = ctl_map_put(map, id, &fresh);
    slot->value = value;

    return 1;
}


void
ss12000_organisation(ss12000_t *all, const json_t *item, size_t line)
{
    sheet_begin(&all->sheets[ORGANISATIONS], line);
    cells_read(all, ORGANISATIONS, item);
    row_end(all, ORGANISATIONS);
}


static void
other_take(ss12000_t *all, kind_t kind, const json_t *item, size_t line)
{
    sheet_begin(&all->sheets[kind], line);
    sheet_cell(&all->sheets[kind], "id", id_of(item));
    row_end(all, kind);
}


/* Of a post that is vacant there is a duty, and nobody has it. */
void
ss12000_duty(ss12000_t *all, const json_t *item, size_t line)
{
    pupil_str_t    id;
    const json_t  *person;

    person = json_object_get(item, "person");

    if (json_is_object(item) && (person == NULL || json_is_null(person))) {
        other_take(all, VACANT, item, line);

    } else {
        sheet_begin(&all->sheets[DUTIES], line);
        cells_read(all, DUTIES, item);
        row_end(all, DUTIES);
        all->anybody |= id_of(person).len == 0;
    }

    if (!remember(all, &all->duties, id_of(item), all->holders_count)) {
        return;
    }

    id = id_of(person);
    all->holders = roster_grow(all->holders, all->holders_count,
                               &all->holders_size, sizeof(pupil_str_t));
    all->holders[all->holders_count++] = ctl_pool_str(&all->pool, id.data,
                                                      id.len);
    (void) remember(all, &all->staff, id, 0);
}


/*
 * Who is neither enrolled nor on duty, as a guardian, is not taken; unless a
 * duty may be anybody's: then it is not known who that is.
 */
static void
enrolments_take(ss12000_t *all, const json_t *list, pupil_str_t id,
    size_t line)
{
    size_t    i;
    json_t   *entry;
    sheet_t  *sheet;

    sheet = &all->sheets[ENROLMENTS];

    json_array_foreach(list, i, entry) {
        sheet_begin(sheet, line);
        sheet_cell(sheet, "person", id);
        cells_read(all, ENROLMENTS, entry);
        row_end(all, ENROLMENTS);
    }

    if (json_array_size(list) == 0 && !all->anybody
        && ctl_map_get(&all->staff, id) == NULL)
    {
        sheet_begin(sheet, line);
        sheet_cell(sheet, "person", id);
        sheet_cell(sheet, "role", ctl_str("none"));
        row_end(all, ENROLMENTS);
    }
}


void
ss12000_person(ss12000_t *all, const json_t *item, size_t line)
{
    const char    *refused;
    pupil_str_t    id;
    const json_t  *list;

    sheet_begin(&all->sheets[PERSONS], line);
    list = item_list(&all->sheets[PERSONS], item, "enrolments");
    refused = all->sheets[PERSONS].refused;
    cells_read(all, PERSONS, item);
    row_end(all, PERSONS);

    id = id_of(item);

    if (remember(all, &all->persons, id, 0) && refused == NULL) {
        enrolments_take(all, list, id, line);
    }
}


static void
memberships_take(ss12000_t *all, const json_t *list, pupil_str_t id,
    size_t line)
{
    size_t    i;
    json_t   *entry;
    sheet_t  *sheet;

    sheet = &all->sheets[MEMBERSHIPS];

    json_array_foreach(list, i, entry) {
        sheet_begin(sheet, line);
        sheet_cell(sheet, "group", id);
        cells_read(all, MEMBERSHIPS, entry);
        row_end(all, MEMBERSHIPS);
    }
}


/* Why a type says nothing; *other: it says that nothing is to be taken. */
static const char *
type_read(ss12000_t *all, const json_t *item, const char *name,
    const char *taken, const char *known, int *other)
{
    pupil_str_t  type;

    *other = 0;
    type = ctl_str("");

    if (item_text(json_object_get(item, name), &type) != NULL
        || !roster_is_one_of(type, known))
    {
        return item_reason(&all->pool, name, "is none that is known");
    }

    *other = !roster_is_one_of(type, taken);

    return NULL;
}


void
ss12000_group(ss12000_t *all, const json_t *item, size_t line)
{
    int            other;
    const char    *refused;
    pupil_str_t    id;
    const json_t  *list;

    refused = type_read(all, item, "groupType", CLASSES,
                        CLASSES "|Provgrupp|Schema|Personalgrupp|Övrigt",
                        &other);
    id = id_of(item);

    if (other) {
        other_take(all, OTHER_GROUPS, item, line);
        (void) remember(all, &all->groups, id, 0);
        return;
    }

    sheet_begin(&all->sheets[GROUPS], line);
    list = item_list(&all->sheets[GROUPS], item, "groupMemberships");

    if (refused != NULL) {
        sheet_refuse(&all->sheets[GROUPS], refused);
    }

    cells_read(all, GROUPS, item);
    row_end(all, GROUPS);

    if (remember(all, &all->groups, id, 1)) {
        memberships_take(all, list, id, line);
    }
}


/* Whom an assignment is of; empty: of nobody.  NULL: nobody knows. */
static const pupil_str_t *
holder(const ss12000_t *all, const json_t *assigned)
{
    ctl_slot_t  *slot;

    slot = ctl_map_get(&all->duties, id_of(json_object_get(assigned, "duty")));

    return slot == NULL ? NULL : &all->holders[slot->value];
}


static void
teacher_take(ss12000_t *all, const json_t *activity, const json_t *assigned,
    pupil_str_t group, const char *refused, size_t line)
{
    sheet_t            *sheet;
    const item_property_t   *property;
    const pupil_str_t  *person;

    sheet = &all->sheets[TEACHERS];
    person = holder(all, assigned);

    if (person != NULL && person->len == 0) {
        return;
    }

    sheet_begin(sheet, line);
    sheet_cell(sheet, "group", group);

    if (person != NULL) {
        sheet_cell(sheet, "person", *person);

    } else {
        sheet_refuse(sheet, "a duty of its teachers is not in the roster");
    }

    if (refused != NULL) {
        sheet_refuse(sheet, refused);
    }

    cells_read(all, TEACHERS, activity);

    /* the assignment has dates of its own, or has not */
    for (property = dates; property->path != NULL; property++) {
        item_property(sheet, assigned, property);
    }

    row_end(all, TEACHERS);
}


static void
teachers_take(ss12000_t *all, const json_t *activity, const char *refused,
    size_t line)
{
    size_t         i, k;
    json_t        *group, *teacher;
    ctl_slot_t    *slot;
    const json_t  *groups, *teachers;

    groups = json_object_get(activity, "groups");
    teachers = json_object_get(activity, "teachers");

    json_array_foreach(groups, i, group) {
        slot = ctl_map_get(&all->groups, id_of(group));

        if (slot != NULL && slot->value == 0) {
            continue;
        }

        json_array_foreach(teachers, k, teacher) {
            teacher_take(all, activity, teacher, id_of(group),
                         refused, line);

            if (all->full) {
                return;
            }
        }
    }
}


/* Without a type it is taught. */
void
ss12000_activity(ss12000_t *all, const json_t *item, size_t line)
{
    int            other;
    const char    *refused;
    const json_t  *groups, *teachers;

    other = 0;
    refused = NULL;

    if (json_object_get(item, "activityType") != NULL) {
        refused = type_read(all, item, "activityType", TAUGHT, TAUGHT
                            "|Elevaktivitet|Provaktivitet|Läraraktivitet"
                            "|Övrigt", &other);
    }

    if (other) {
        other_take(all, OTHER_ACTIVITIES, item, line);
        return;
    }

    groups = json_object_get(item, "groups");
    teachers = json_object_get(item, "teachers");

    if (!json_is_array(groups)
        || !(teachers == NULL || json_is_null(teachers)
             || json_is_array(teachers)))
    {
        sheet_begin(&all->sheets[TEACHERS], line);
        sheet_refuse(&all->sheets[TEACHERS], "its groups, or its teachers,"
                       " are no list");
        row_end(all, TEACHERS);
        return;
    }

    teachers_take(all, item, refused, line);
}


/* Of all three lists the line is the one of its own. */
void
ss12000_deleted(ss12000_t *all, const json_t *data, size_t line)
{
    size_t        i;
    json_t       *entry;
    sheet_t      *sheet;
    unsigned      k;
    pupil_str_t   id;

    (void) line;

    for (k = 0; deleted[k].name != NULL; k++) {
        sheet = &all->sheets[deleted[k].sheet];

        json_array_foreach(json_object_get(data, deleted[k].name), i, entry) {
            id = ctl_str("");
            sheet_begin(sheet, sheet->rows + 1);

            if (item_text(entry, &id) != NULL) {
                sheet_refuse(sheet, "is no text");
            }

            sheet_cell(sheet, "id", id);
            sheet_cell(sheet, "status", ctl_str("deleted"));
            row_end(all, deleted[k].sheet);
        }
    }
}
