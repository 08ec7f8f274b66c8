/*
 * Copyright (C) the Pupil authors
 *
 * The two layouts: School Data Sync (version 1 CSV), and OneRoster 1.1 and
 * 1.2 as well as SDS 2.1, which is like it.
 */

#include <string.h>
#include <strings.h>

#include "ctl/roster/roster.h"


static int
cell_is(pupil_str_t cell, const char *text)
{
    return cell.len == strlen(text)
           && strncasecmp((const char *) cell.data, text, cell.len) == 0;
}


/* Rows that say themselves that they no longer count. */
static int
inactive(roster_t *roster, roster_kind_t kind, const roster_place_t *place,
    pupil_str_t status)
{
    if (status.len == 0 || cell_is(status, "active")
        || cell_is(status, "true"))
    {
        return 0;
    }

    roster_refuse(roster, kind, place, "its status is not active");

    return 1;
}


/* Comma-separated ids of academic sessions: the term from first to last. */
static void
terms_find(const roster_t *roster, pupil_str_t ids, int32_t *from,
    int32_t *to)
{
    int32_t        *dates;
    ctl_slot_t     *slot;
    pupil_str_t     id;
    const uint8_t  *comma;

    while (ids.len != 0) {
        comma = memchr(ids.data, ',', ids.len);
        id.data = ids.data;
        id.len = comma == NULL ? ids.len : (size_t) (comma - ids.data);
        ids.data += id.len + (comma != NULL);
        ids.len -= id.len + (comma != NULL);

        slot = ctl_map_get(&roster->terms, id);
        if (slot != NULL) {
            dates = &roster->term_dates[2 * slot->value];
            *from = dates[0] < *from ? dates[0] : *from;
            *to = *to == PUPIL_DATE_NONE || dates[1] > *to ? dates[1] : *to;
        }
    }
}


static void
class_add(roster_t *roster, const roster_place_t *place, pupil_str_t id,
    pupil_str_t institution, pupil_str_t title, int32_t from, int32_t to)
{
    uint32_t        parent;
    roster_item_t  *class;

    parent = roster_find(roster, ROSTER_INSTITUTION, institution);
    if (parent == ROSTER_NONE) {
        roster_refuse(roster, ROSTER_CLASS, place,
                      "its institution is not in the roster");
        return;
    }

    class = roster_item(roster, ROSTER_CLASS, place, id);
    if (class != NULL) {
        class->parent = parent;
        class->from = from;
        class->to = to;
        roster_take(roster, ROSTER_CLASS, class, 0, title);
    }
}


/* ---- School Data Sync ---- */

static void
sds_school(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    roster_item_t  *item;

    item = roster_item(roster, ROSTER_INSTITUTION, place, cells[0]);
    if (item != NULL) {
        roster_take(roster, ROSTER_INSTITUTION, item, 0, cells[1]);
        /* the principal's id waits until users are known */
        item->values[1] = ctl_pool_str(&roster->pool, cells[2].data,
                                       cells[2].len);
    }
}


static void
sds_section(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    if (!inactive(roster, ROSTER_CLASS, place, cells[3])) {
        class_add(roster, place, cells[0], cells[1], cells[2],
                  roster_date(cells[4]), roster_date(cells[5]));
    }
}


static void
sds_person(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells, const char *role)
{
    uint32_t        i;
    roster_item_t  *user, *school;

    if (inactive(roster, ROSTER_USER, place, cells[5])) {
        return;
    }

    i = roster_find(roster, ROSTER_INSTITUTION, cells[1]);
    if (i == ROSTER_NONE) {
        roster_refuse(roster, ROSTER_USER, place,
                      "its school is not in the roster");
        return;
    }

    user = roster_item(roster, ROSTER_USER, place, cells[0]);
    if (user == NULL) {
        return;
    }

    roster_take(roster, ROSTER_USER, user, ROSTER_GIVEN, cells[2]);
    roster_take(roster, ROSTER_USER, user, ROSTER_FAMILY, cells[3]);
    roster_take(roster, ROSTER_USER, user, ROSTER_LOGIN, cells[4]);
    roster_role(roster, place, cells[0], cells[1], ctl_str(role),
                PUPIL_DATE_NONE, PUPIL_DATE_NONE);

    school = roster->items[ROSTER_INSTITUTION].items[i];
    if (strcmp(role, "teacher") == 0 && school->values[1].len == user->id.len
        && memcmp(school->values[1].data, user->id.data, user->id.len) == 0)
    {
        roster_role(roster, place, cells[0], cells[1], ctl_str("principal"),
                    PUPIL_DATE_NONE, PUPIL_DATE_NONE);
    }
}


static void
sds_student(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    sds_person(roster, place, cells, "student");
}


static void
sds_teacher(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    uint32_t  i;

    sds_person(roster, place, cells, "teacher");
    i = roster_find(roster, ROSTER_USER, cells[0]);
    if (i != ROSTER_NONE
        && roster->items[ROSTER_USER].items[i]->place.line == place->line)
    {
        roster_take(roster, ROSTER_USER, roster->items[ROSTER_USER].items[i],
                    ROSTER_EMAIL, cells[6]);
    }
}


static void
sds_enrolment(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    roster_enrol(roster, place, cells[0], cells[1], ctl_str("student"),
                 PUPIL_DATE_NONE, PUPIL_DATE_NONE);
}


static void
sds_roster(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    roster_enrol(roster, place, cells[0], cells[1], ctl_str("teacher"),
                 PUPIL_DATE_NONE, PUPIL_DATE_NONE);
}


const roster_file_t  roster_sds_files[] = {
    { "School.csv", ROSTER_INSTITUTION, 2,
      { "SIS ID", "Name", "Principal SIS ID" }, sds_school },
    { "Section.csv", ROSTER_CLASS, 3,
      { "SIS ID", "School SIS ID", "Section Name", "Status",
        "Term StartDate", "Term EndDate" }, sds_section },
    { "Student.csv", ROSTER_USER, 2,
      { "SIS ID", "School SIS ID", "First Name", "Last Name", "Username",
        "Status" }, sds_student },
    { "Teacher.csv", ROSTER_USER, 2,
      { "SIS ID", "School SIS ID", "First Name", "Last Name", "Username",
        "Status", "Secondary Email" }, sds_teacher },
    { "StudentEnrollment.csv", ROSTER_ENROLMENT, 2,
      { "Section SIS ID", "SIS ID" }, sds_enrolment },
    { "TeacherRoster.csv", ROSTER_ENROLMENT, 2,
      { "Section SIS ID", "SIS ID" }, sds_roster },
    { NULL, 0, 0, { NULL }, NULL }
};


/* ---- OneRoster ---- */

static void
oneroster_org(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    roster_item_t  *item;

    if (inactive(roster, ROSTER_INSTITUTION, place, cells[2])) {
        return;
    }

    item = roster_item(roster, ROSTER_INSTITUTION, place, cells[0]);
    if (item != NULL) {
        roster_take(roster, ROSTER_INSTITUTION, item, 0, cells[1]);
    }
}


static void
oneroster_session(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    int           fresh;
    int32_t       from, to, *dates;
    ctl_slot_t   *slot;
    pupil_str_t   id;

    (void) place;
    from = roster_date(cells[1]);
    to = roster_date(cells[2]);
    if (from == PUPIL_DATE_NONE || to == PUPIL_DATE_NONE) {
        return;
    }

    id = ctl_pool_str(&roster->pool, cells[0].data, cells[0].len);
    slot = ctl_map_put(&roster->terms, id, &fresh);
    if (!fresh) {
        return;
    }

    slot->value = roster->term_count++;
    dates = ctl_pool_alloc(&roster->pool,
                           roster->term_count * 2 * sizeof(int32_t));
    if (slot->value != 0) {
        memcpy(dates, roster->term_dates, slot->value * 2 * sizeof(int32_t));
    }
    dates[2 * slot->value] = from;
    dates[2 * slot->value + 1] = to;
    roster->term_dates = dates;
}


static void
oneroster_class(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    int32_t  from = PUPIL_DATE_NONE, to = PUPIL_DATE_NONE;

    if (!inactive(roster, ROSTER_CLASS, place, cells[3])) {
        terms_find(roster, cells[4], &from, &to);
        class_add(roster, place, cells[0], cells[1], cells[2], from, to);
    }
}


/* Version 1.1 has a role and schools with each user, 1.2 a file of roles. */
static void
oneroster_user(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    pupil_str_t     ids = cells[8], id;
    roster_item_t  *user;
    const uint8_t  *comma;

    if (inactive(roster, ROSTER_USER, place, cells[5])
        || inactive(roster, ROSTER_USER, place, cells[6]))
    {
        return;
    }

    user = roster_item(roster, ROSTER_USER, place, cells[0]);
    if (user == NULL) {
        return;
    }

    roster_take(roster, ROSTER_USER, user, ROSTER_GIVEN, cells[1]);
    roster_take(roster, ROSTER_USER, user, ROSTER_FAMILY, cells[2]);
    roster_take(roster, ROSTER_USER, user, ROSTER_LOGIN, cells[3]);
    roster_take(roster, ROSTER_USER, user, ROSTER_EMAIL, cells[4]);

    while (cells[7].len != 0 && ids.len != 0) {
        comma = memchr(ids.data, ',', ids.len);
        id.data = ids.data;
        id.len = comma == NULL ? ids.len : (size_t) (comma - ids.data);
        ids.data += id.len + (comma != NULL);
        ids.len -= id.len + (comma != NULL);
        roster_role(roster, place, cells[0], id, cells[7], PUPIL_DATE_NONE,
                    PUPIL_DATE_NONE);
    }
}


static void
oneroster_role(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    int32_t  from = PUPIL_DATE_NONE, to = PUPIL_DATE_NONE;

    if (inactive(roster, ROSTER_ROLE, place, cells[3])) {
        return;
    }

    terms_find(roster, cells[6], &from, &to);
    if (cells[4].len != 0) {
        from = roster_date(cells[4]);
    }
    if (cells[5].len != 0) {
        to = roster_date(cells[5]);
    }
    roster_role(roster, place, cells[0], cells[1], cells[2], from, to);
}


static void
oneroster_enrolment(roster_t *roster, const roster_place_t *place,
    const pupil_str_t *cells)
{
    if (!inactive(roster, ROSTER_ENROLMENT, place, cells[3])) {
        roster_enrol(roster, place, cells[0], cells[1], cells[2],
                     roster_date(cells[4]), roster_date(cells[5]));
    }
}


const roster_file_t  roster_oneroster_files[] = {
    { "orgs.csv", ROSTER_INSTITUTION, 2,
      { "sourcedId", "name", "status" }, oneroster_org },
    { "?academicSessions.csv", ROSTER_CLASS, 3,
      { "sourcedId", "startDate", "endDate" }, oneroster_session },
    { "classes.csv", ROSTER_CLASS, 3,
      { "sourcedId", "orgSourcedId|schoolSourcedId", "title", "status",
        "sessionSourcedIds|termSourcedIds|termSourcedId" },
      oneroster_class },
    { "users.csv", ROSTER_USER, 1,
      { "sourcedId", "givenName", "familyName", "username", "email",
        "status", "enabledUser", "role", "orgSourcedIds" }, oneroster_user },
    { "?roles.csv", ROSTER_ROLE, 3,
      { "userSourcedId", "orgSourcedId", "role", "status",
        "roleStartDate|beginDate", "roleEndDate|endDate",
        "sessionSourcedId" }, oneroster_role },
    { "enrollments.csv", ROSTER_ENROLMENT, 3,
      { "classSourcedId", "userSourcedId", "role", "status", "beginDate",
        "endDate" }, oneroster_enrolment },
    { NULL, 0, 0, { NULL }, NULL }
};
