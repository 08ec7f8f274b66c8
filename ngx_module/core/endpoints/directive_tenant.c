/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/directive_tenant.h"
#include "core/endpoints/directive_url.h"


const pupil_word_t  pupil_login_tenant_words[PUPIL_LOGIN_TENANT_WORDS] = {
    [PUPIL_LOGIN_TENANT_NAME] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_LOGIN_TENANT_ID] = { .name = "id=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_LOGIN_TENANT_SCHOOLS] =
    { .name = "schools=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_LOGIN_TENANT_TITLE] = { .name = "title=", .kind = PUPIL_WORD_TEXT }
};


/* What has a variable is nginx's to read. */
pupil_rc_t
pupil_tenant_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    pupil_uuid_t  uuid;

    (void) count;
    (void) words;

    if (memchr(given->data, '$', given->len) != NULL
        || pupil_uuid_parse(given->data, given->len, &uuid) == PUPIL_OK)
    {
        return PUPIL_OK;
    }

    return pupil_error_set(error, "it takes the lower-case UUID that"
                           " \"pupilctl tenant add\" printed, or a variable"
                           " that holds one, not \"%.*s\"", (int) given->len,
                           (const char *) given->data);
}


pupil_rc_t
pupil_login_tenant_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    pupil_uuid_t        id;
    const pupil_str_t  *text;

    (void) given;
    (void) count;

    text = words->text;

    if (!pupil_url_name(text[PUPIL_LOGIN_TENANT_NAME])) {
        return pupil_error_set(error, "its name is a word that pages use: at"
                               " most %d lower-case letters, digits and _",
                               PUPIL_URL_NAME_MAX);
    }

    if (pupil_uuid_parse(text[PUPIL_LOGIN_TENANT_ID].data,
                         text[PUPIL_LOGIN_TENANT_ID].len, &id) != PUPIL_OK)
    {
        return pupil_error_set(error, "it needs id=, the lower-case UUID that"
                               " \"pupilctl tenant add\" printed");
    }

    return pupil_title_check(text[PUPIL_LOGIN_TENANT_TITLE], error) == PUPIL_OK
           ? pupil_schools_check(text[PUPIL_LOGIN_TENANT_SCHOOLS], error)
           : PUPIL_INVALID;
}


void
pupil_login_tenant_of(const pupil_words_t *words, pupil_login_tenant_t *tenant)
{
    const pupil_str_t  *id;

    id = &words->text[PUPIL_LOGIN_TENANT_ID];

    tenant->name = words->text[PUPIL_LOGIN_TENANT_NAME];
    tenant->schools = words->text[PUPIL_LOGIN_TENANT_SCHOOLS];
    tenant->title = words->text[PUPIL_LOGIN_TENANT_TITLE];
    (void) pupil_uuid_parse(id->data, id->len, &tenant->id);
}


pupil_rc_t
pupil_login_tenants_around(pupil_str_t home, int chooses, pupil_error_t *error)
{
    pupil_uuid_t  id;

    if (pupil_uuid_parse(home.data, home.len, &id) != PUPIL_OK) {
        return pupil_error_set(error, "with pupil_login_tenant, pupil_tenant"
                               " takes the UUID of the tenant whose address it"
                               " is, and no variable");
    }

    return chooses
           ? PUPIL_OK
           : pupil_error_set(error, "with pupil_login_tenant,"
                             " pupil_login_provider needs choose=, a page on"
                             " which who is of several tenants chooses");
}
