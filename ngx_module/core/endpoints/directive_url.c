/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/directive_url.h"
#include "core/login/claims.h"
#include "core/login/oidc.h"


#define PUPIL_HTTPS               "https://"
#define PUPIL_PROVIDER_PATH_MAX   256


#define TITLE_MAX  100     /* characters */


static pupil_rc_t pupil_provider_account(const pupil_words_t *words,
    pupil_error_t *error);
static pupil_rc_t pupil_provider_lists(const pupil_str_t *text,
    pupil_error_t *error);
static int pupil_gap(pupil_str_t list);
static int pupil_has_openid(pupil_str_t scope);
static int pupil_begins(pupil_str_t text, pupil_str_t with);
static int pupil_same(const pupil_words_t *one, const pupil_words_t *other,
    uint32_t row);


_Static_assert(PUPIL_PROVIDER_WORDS <= PUPIL_WORDS_MAX,
               "a row has no place in pupil_words_t");

static const char *const  pupil_profiles[] =
    { "uni-login", "bankid", "eppn", "sub", NULL };
static const char *const  pupil_prompts[] =
    { "login", "select_account", NULL };


const pupil_word_t  pupil_provider_words[PUPIL_PROVIDER_WORDS] = {
    [PUPIL_PROVIDER_NAME] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_ISSUER] = { .name = "issuer=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_CLIENT] =
    { .name = "client_id=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_SECRET] =
    { .name = "client_secret_file=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_THROUGH] = { .name = "through=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_PROFILE] =
    { .name = "profile=", .kind = PUPIL_WORD_CHOICE,
      .choices = pupil_profiles },
    [PUPIL_PROVIDER_CLAIM] = { .name = "claim=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_PREFIX] = { .name = "prefix=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_SCOPE] = { .name = "scope=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_LOA] = { .name = "loa=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_SCHOOLS] =
    { .name = "schools=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_ACR] = { .name = "acr_values=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_MAX_AGE] =
    { .name = "max_age=", .kind = PUPIL_WORD_SEC, .min = 60,
      .max = 31 * 86400 },
    [PUPIL_PROVIDER_PROMPT] =
    { .name = "prompt=", .kind = PUPIL_WORD_CHOICE,
      .choices = pupil_prompts },
    [PUPIL_PROVIDER_AFTER] = { .name = "after=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_FAILED] = { .name = "failed=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_FORM_POST] =
    { .name = "form_post", .kind = PUPIL_WORD_FLAG },
    [PUPIL_PROVIDER_CHOOSE] = { .name = "choose=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_PROVIDER_SHARED] =
    { .name = "shared_names", .kind = PUPIL_WORD_FLAG },
    [PUPIL_PROVIDER_LICENSED] =
    { .name = "licensed", .kind = PUPIL_WORD_FLAG },
    [PUPIL_PROVIDER_TITLE] = { .name = "title=", .kind = PUPIL_WORD_TEXT }
};


pupil_rc_t
pupil_provider_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    pupil_str_t  *text;

    (void) given;
    (void) count;

    text = words->text;

    if (!pupil_url_name(text[PUPIL_PROVIDER_NAME])) {
        return pupil_error_set(error, "its name is a part of URLs: at most %d"
                               " lower-case letters, digits and _",
                               PUPIL_URL_NAME_MAX);
    }

    if (pupil_oidc_origin(text[PUPIL_PROVIDER_ISSUER]).len == 0) {
        return pupil_error_set(error, "it needs issuer=https://..., as the"
                               " provider's discovery document has it");
    }

    if (text[PUPIL_PROVIDER_CLIENT].len == 0
        || words->number[PUPIL_PROVIDER_PROFILE] == PUPIL_WORD_UNSET)
    {
        return pupil_error_set(error, "it needs client_id=, as the provider"
                               " has it, and profile=");
    }

    if (pupil_provider_account(words, error) != PUPIL_OK
        || pupil_provider_lists(text, error) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    if (!pupil_local_path(text[PUPIL_PROVIDER_THROUGH])
        || text[PUPIL_PROVIDER_THROUGH]
               .data[text[PUPIL_PROVIDER_THROUGH].len - 1] != '/')
    {
        return pupil_error_set(error, "it needs through=/.../, an internal"
                               " location that passes to the provider, with a"
                               " slash at its end");
    }

    if ((text[PUPIL_PROVIDER_AFTER].len != 0
         && !pupil_local_path(text[PUPIL_PROVIDER_AFTER]))
        || (text[PUPIL_PROVIDER_FAILED].len != 0
            && !pupil_local_path(text[PUPIL_PROVIDER_FAILED]))
        || (text[PUPIL_PROVIDER_CHOOSE].len != 0
            && !pupil_local_path(text[PUPIL_PROVIDER_CHOOSE])))
    {
        return pupil_error_set(error, "after= and failed= take a path of this"
                               " server, such as /app/, and so does choose=");
    }

    return pupil_title_check(text[PUPIL_PROVIDER_TITLE], error);
}


pupil_rc_t
pupil_title_check(pupil_str_t title, pupil_error_t *error)
{
    size_t  i, chars;

    if (pupil_utf8_check(title.data, title.len, &chars) != PUPIL_OK
        || chars > TITLE_MAX)
    {
        return pupil_error_set(error, "title= is what people call it: at most"
                               " %d characters, in UTF-8", TITLE_MAX);
    }

    for (i = 0; i < title.len; i++) {
        if (title.data[i] < 0x20 || title.data[i] == 0x7f) {
            return pupil_error_set(error, "title= is one line of text");
        }
    }

    return PUPIL_OK;
}


/* What its profile asks for. */
static pupil_rc_t
pupil_provider_account(const pupil_words_t *words, pupil_error_t *error)
{
    const pupil_str_t      *text;
    const pupil_profile_t  *profile;

    text = words->text;
    profile = pupil_profile_find(text[PUPIL_PROVIDER_PROFILE]);

    if (pupil_profile_national(profile)
        && (text[PUPIL_PROVIDER_CLAIM].len == 0
            || text[PUPIL_PROVIDER_LOA].len == 0))
    {
        return pupil_error_set(error, "with profile=bankid it %s",
                               text[PUPIL_PROVIDER_LOA].len == 0
                               ? "needs loa=, the levels of assurance that"
                                 " will do"
                               : "needs claim=, in which its tokens have the"
                                 " national number");
    }

    if (text[PUPIL_PROVIDER_SCHOOLS].len != 0
        && !pupil_profile_schools(profile))
    {
        return pupil_error_set(error, "this profile says nothing of schools:"
                               " schools= goes with uni-login and eppn");
    }

    if (words->number[PUPIL_PROVIDER_LICENSED] == 1
        && !pupil_profile_licenses(profile))
    {
        return pupil_error_set(error, "this profile says nothing of licences:"
                               " \"licensed\" goes with uni-login");
    }

    return PUPIL_OK;
}


/* Of which one that nobody meets would let nobody in. */
static pupil_rc_t
pupil_provider_lists(const pupil_str_t *text, pupil_error_t *error)
{
    size_t  i;

    static const uint32_t  lists[] = { PUPIL_PROVIDER_LOA,
                                       PUPIL_PROVIDER_SCHOOLS };

    for (i = 0; i < PUPIL_COUNT(lists); i++) {
        if (pupil_gap(text[lists[i]])) {
            return pupil_error_set(error, "\"%.*s\" is no list: loa= and"
                                   " schools= take words with one comma"
                                   " between each two",
                                   (int) text[lists[i]].len,
                                   (const char *) text[lists[i]].data);
        }
    }

    return text[PUPIL_PROVIDER_SCOPE].len == 0
           || pupil_has_openid(text[PUPIL_PROVIDER_SCOPE])
           ? PUPIL_OK
           : pupil_error_set(error, "scope= takes \"openid\", without which"
                             " there is no ID token, and what there is"
                             " beside it");
}


/* Is a word of a list with commas empty? */
static int
pupil_gap(pupil_str_t list)
{
    size_t   i;
    uint8_t  before;

    before = ',';

    for (i = 0; i < list.len; i++) {
        if (list.data[i] == ',' && before == ',') {
            return 1;
        }

        before = list.data[i];
    }

    return list.len != 0 && before == ',';
}


static int
pupil_has_openid(pupil_str_t scope)
{
    size_t  len;

    static const char  openid[] = "openid";

    while (scope.len != 0) {
        for (len = 0; len < scope.len && scope.data[len] != ' '; len++) {
            /* void */
        }

        if (len == sizeof(openid) - 1
            && memcmp(scope.data, openid, len) == 0)
        {
            return 1;
        }

        len += len < scope.len;
        scope.data += len;
        scope.len -= len;
    }

    return 0;
}


int
pupil_url_name(pupil_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!pupil_is_digit(name.data[i]) && name.data[i] != '_'
            && (name.data[i] < 'a' || name.data[i] > 'z'))
        {
            return 0;
        }
    }

    return name.len != 0 && name.len <= PUPIL_URL_NAME_MAX;
}


int
pupil_local_path(pupil_str_t path)
{
    size_t  i;

    for (i = 0; i < path.len; i++) {
        if (path.data[i] <= 0x20 || path.data[i] > 0x7e
            || path.data[i] == '\\')
        {
            return 0;
        }
    }

    return path.len != 0 && path.len <= PUPIL_PROVIDER_PATH_MAX
           && path.data[0] == '/' && (path.len == 1 || path.data[1] != '/');
}


/*
 * Prefixes keep names of providers apart, unless they are of one authority: a
 * provider that is there twice, or two of which the operator says so.  Of a
 * national number, one provider may say it of several countries.
 */
pupil_rc_t
pupil_providers_apart(const pupil_words_t *one, const pupil_words_t *other,
    pupil_error_t *error)
{
    const pupil_str_t      *name, *mine, *theirs;
    const pupil_profile_t  *profile;

    name = &one->text[PUPIL_PROVIDER_NAME];

    if (pupil_same(one, other, PUPIL_PROVIDER_NAME)) {
        return pupil_error_set(error, "\"%.*s\" is there already",
                               (int) name->len, (const char *) name->data);
    }

    mine = &one->text[PUPIL_PROVIDER_PREFIX];
    theirs = &other->text[PUPIL_PROVIDER_PREFIX];
    profile = pupil_profile_find(one->text[PUPIL_PROVIDER_PROFILE]);

    if ((!pupil_begins(*mine, *theirs) && !pupil_begins(*theirs, *mine))
        || (!pupil_profile_national(profile)
            && pupil_same(one, other, PUPIL_PROVIDER_ISSUER)
            && pupil_same(one, other, PUPIL_PROVIDER_PROFILE)
            && pupil_same(one, other, PUPIL_PROVIDER_CLAIM)
            && mine->len == theirs->len)
        || (one->number[PUPIL_PROVIDER_SHARED] == 1
            && other->number[PUPIL_PROVIDER_SHARED] == 1
            && mine->len == theirs->len))
    {
        return PUPIL_OK;
    }

    name = &other->text[PUPIL_PROVIDER_NAME];

    return pupil_error_set(error, "it could name accounts of \"%.*s\": give"
                           " both prefix=, of which none begins with the"
                           " other, or shared_names, if a name means the same"
                           " person at both", (int) name->len,
                           (const char *) name->data);
}


static int
pupil_begins(pupil_str_t text, pupil_str_t with)
{
    return with.len == 0
           || (text.len >= with.len
               && memcmp(text.data, with.data, with.len) == 0);
}


static int
pupil_same(const pupil_words_t *one, const pupil_words_t *other, uint32_t row)
{
    return one->text[row].len == other->text[row].len
           && pupil_begins(one->text[row], other->text[row]);
}


int
pupil_link_page(pupil_str_t url)
{
    size_t       len;
    pupil_str_t  rest;

    len = sizeof(PUPIL_HTTPS) - 1;

    if (url.len <= len || url.len > PUPIL_MAIL_PAGE_MAX
        || memcmp(url.data, PUPIL_HTTPS, len) != 0 || url.data[len] == '/'
        || memchr(url.data, '#', url.len) != NULL)
    {
        return 0;
    }

    rest.data = memchr(url.data + len, '/', url.len - len);

    if (rest.data == NULL) {
        return 0;
    }

    rest.len = url.len - (size_t) (rest.data - url.data);

    for (; len < url.len; len++) {
        if (url.data[len] <= 0x20 || url.data[len] > 0x7e
            || strchr("\"<>\\", url.data[len]) != NULL)
        {
            return 0;
        }
    }

    return pupil_local_path(rest);
}


pupil_rc_t
pupil_origin_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    size_t    len;
    uint32_t  i;

    (void) words;

    len = sizeof(PUPIL_HTTPS) - 1;

    for (i = 0; i < count; i++) {
        if (given[i].len <= len
            || memcmp(given[i].data, PUPIL_HTTPS, len) != 0
            || memchr(given[i].data + len, '/', given[i].len - len) != NULL)
        {
            return pupil_error_set(error, "it takes origins such as"
                                   " https://school.example, without a path,"
                                   " not \"%.*s\"", (int) given[i].len,
                                   (const char *) given[i].data);
        }
    }

    return PUPIL_OK;
}
