/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/login/tenants.h"


#define SCHOOL_MAX  32      /* bytes of a code */


/* A code of a list: of whose it is, and what they call it. */
typedef struct {
    pupil_str_t  provider;      /* len 0: any */
    pupil_str_t  code;
} school_t;


static int school_next(pupil_str_t *rest, school_t *school);
static int school_is(const school_t *school);
static int schools_meet(const school_t *one, const school_t *other);
static int str_same(pupil_str_t one, pupil_str_t other);


pupil_rc_t
pupil_schools_check(pupil_str_t schools, pupil_error_t *error)
{
    school_t     school, other;
    pupil_str_t  rest, behind;

    rest = schools;

    while (school_next(&rest, &school)) {
        if (!school_is(&school)) {
            return pupil_error_set(error, "\"%.*s\" is no code of a school: at"
                                   " most %d letters, digits, - and _, or such"
                                   " behind the name of a provider and a"
                                   " colon", (int) school.code.len,
                                   (const char *) school.code.data,
                                   SCHOOL_MAX);
        }

        behind = rest;

        while (school_next(&behind, &other)) {
            if (schools_meet(&school, &other)) {
                return pupil_error_set(error, "the school \"%.*s\" is there"
                                       " twice", (int) school.code.len,
                                       (const char *) school.code.data);
            }
        }
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_tenants_apart(const pupil_login_tenant_t *one,
    const pupil_login_tenant_t *other, pupil_error_t *error)
{
    school_t     mine, theirs;
    pupil_str_t  rest, behind;

    if (str_same(one->name, other->name)
        || pupil_uuid_compare(&one->id, &other->id) == 0)
    {
        return pupil_error_set(error, "\"%.*s\" is there already",
                               (int) one->name.len,
                               (const char *) one->name.data);
    }

    rest = one->schools;

    while (school_next(&rest, &mine)) {
        behind = other->schools;

        while (school_next(&behind, &theirs)) {
            if (schools_meet(&mine, &theirs)) {
                return pupil_error_set(error, "the school \"%.*s\" cannot be"
                                       " of both \"%.*s\" and \"%.*s\"",
                                       (int) mine.code.len,
                                       (const char *) mine.code.data,
                                       (int) other->name.len,
                                       (const char *) other->name.data,
                                       (int) one->name.len,
                                       (const char *) one->name.data);
            }
        }
    }

    return PUPIL_OK;
}


int
pupil_tenant_claimed(const pupil_login_tenant_t *tenant,
    const pupil_json_t *json, const pupil_profile_t *profile,
    pupil_str_t provider)
{
    school_t     school;
    pupil_str_t  rest;

    rest = tenant->schools;

    while (school_next(&rest, &school)) {
        if ((school.provider.len == 0 || str_same(school.provider, provider))
            && pupil_claims_school(json, profile, school.code))
        {
            return 1;
        }
    }

    return 0;
}


/* What is left of a list has no length once its last one was taken. */
static int
school_next(pupil_str_t *rest, school_t *school)
{
    size_t          len;
    const uint8_t  *at, *colon;

    if (rest->len == 0) {
        return 0;
    }

    at = memchr(rest->data, ',', rest->len);
    len = at != NULL ? (size_t) (at - rest->data) : rest->len;

    school->provider.data = rest->data;
    school->provider.len = 0;
    school->code.data = rest->data;
    school->code.len = len;

    colon = memchr(rest->data, ':', len);

    if (colon != NULL && colon != rest->data) {
        school->provider.len = (size_t) (colon - rest->data);
        school->code.data = colon + 1;
        school->code.len = len - school->provider.len - 1;
    }

    /* a comma at the end has an empty one behind it */
    if (at != NULL && len + 1 == rest->len) {
        school->code.len = 0;
    }

    len += at != NULL;
    rest->data += len;
    rest->len -= len;

    return 1;
}


static int
school_is(const school_t *school)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < school->code.len; i++) {
        c = school->code.data[i];

        if (!pupil_is_digit(c) && c != '-' && c != '_'
            && ((c | 0x20) < 'a' || (c | 0x20) > 'z'))
        {
            return 0;
        }
    }

    return school->code.len != 0 && school->code.len <= SCHOOL_MAX;
}


static int
schools_meet(const school_t *one, const school_t *other)
{
    return str_same(one->code, other->code)
           && (one->provider.len == 0 || other->provider.len == 0
               || str_same(one->provider, other->provider));
}


static int
str_same(pupil_str_t one, pupil_str_t other)
{
    return one.len == other.len && memcmp(one.data, other.data, one.len) == 0;
}
