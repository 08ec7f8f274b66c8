/*
 * Copyright (C) the Pupil authors
 *
 * The words of pupil_access.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/access.h"
#include "core/endpoints/directive_url.h"
#include "core/policy/role.h"


#define PUPIL_ACCESS_ALL    UINT32_MAX      /* roles */
#define PUPIL_ACCESS_ROLED  "enrolment.role"


static const char *const  pupil_access_purposes[] = {
    "authentication", "teaching", "learning", "administration", NULL
};

static const uint32_t  pupil_access_purpose[] = {
    PUPIL_PURPOSE_AUTHENTICATION, PUPIL_PURPOSE_TEACHING,
    PUPIL_PURPOSE_LEARNING, PUPIL_PURPOSE_ADMINISTRATION
};


const pupil_word_t  pupil_access_words[PUPIL_ACCESS_WORDS] = {
    [PUPIL_ACCESS_APPLICATION] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_ACCESS_PURPOSE] =
    { .name = "purpose=", .kind = PUPIL_WORD_CHOICE,
      .choices = pupil_access_purposes },
    [PUPIL_ACCESS_ROLE] = { .name = "role=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_ACCESS_AGE] =
    { .name = "age=", .kind = PUPIL_WORD_SEC, .min = PUPIL_ACCESS_AGE_LEAST,
      .max = 31 * 86400 },
    [PUPIL_ACCESS_STEP_UP] =
    { .name = "step_up=", .kind = PUPIL_WORD_SEC,
      .min = PUPIL_ACCESS_AGE_LEAST, .max = 31 * 86400 },
    [PUPIL_ACCESS_TOLD] = { .name = "claims=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_ACCESS_LOGIN] = { .name = "login=", .kind = PUPIL_WORD_TEXT }
};


/* The next of a list with commas, which is cut off; 0: there is none. */
static int
pupil_access_next(pupil_str_t *list, pupil_str_t *item)
{
    const uint8_t  *comma;

    if (list->data == NULL) {
        return 0;
    }

    *item = *list;
    comma = memchr(list->data, ',', list->len);

    if (comma == NULL) {
        list->data = NULL;
        return 1;
    }

    item->len = (size_t) (comma - list->data);
    list->data += item->len + 1;
    list->len -= item->len + 1;

    return 1;
}


static int
pupil_access_name(pupil_str_t name, size_t max)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!pupil_is_digit(name.data[i]) && name.data[i] != '_'
            && (name.data[i] < 'a' || name.data[i] > 'z'))
        {
            return 0;
        }
    }

    return name.len != 0 && name.len <= max;
}


/* A bit for each role of a list; 0: one of them is none. */
static uint32_t
pupil_access_roles(pupil_str_t list)
{
    uint32_t      roles;
    pupil_str_t   name;
    pupil_role_t  role;

    for (roles = 0; pupil_access_next(&list, &name); /* void */ ) {
        role = pupil_role_find(name);

        if (role == PUPIL_ROLE_NONE) {
            return 0;
        }

        roles |= UINT32_C(1) << role;
    }

    return roles;
}


static pupil_rc_t
pupil_access_claim(pupil_str_t text, pupil_str_t *category,
    pupil_str_t *field)
{
    const uint8_t  *dot;

    dot = memchr(text.data, '.', text.len);
    if (dot == NULL) {
        return PUPIL_INVALID;
    }

    category->data = text.data;
    category->len = (size_t) (dot - text.data);
    field->data = dot + 1;
    field->len = text.len - category->len - 1;

    return pupil_access_name(*category, PUPIL_MAX_NAME)
           && pupil_access_name(*field, PUPIL_MAX_NAME)
           ? PUPIL_OK : PUPIL_INVALID;
}


static pupil_rc_t
pupil_access_claims_rule(pupil_str_t list, pupil_error_t *error)
{
    uint32_t     n;
    pupil_str_t  text, category, field;

    for (n = 0; pupil_access_next(&list, &text); n++) {
        if (pupil_access_claim(text, &category, &field) != PUPIL_OK) {
            return pupil_error_set(error, "\"%.*s\" is no claim such as"
                                   " identity.given_name", (int) text.len,
                                   (const char *) text.data);
        }
    }

    return n <= PUPIL_ACCESS_CLAIMS
           ? PUPIL_OK
           : pupil_error_set(error, "an application is told %d claims at"
                             " most", PUPIL_ACCESS_CLAIMS);
}


int
pupil_access_application(pupil_str_t name)
{
    return pupil_access_name(name, PUPIL_ACCESS_NAME_MAX)
           && !pupil_str_is(name, "off");
}


pupil_rc_t
pupil_access_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    pupil_str_t  *text;

    (void) given;

    text = words->text;

    if (pupil_str_is(text[PUPIL_ACCESS_APPLICATION], "off")) {
        return count == 1
               ? PUPIL_OK : pupil_error_set(error, "\"off\" stands alone");
    }

    if (!pupil_access_application(text[PUPIL_ACCESS_APPLICATION])) {
        return pupil_error_set(error, "the name of an application stands"
                               " first: at most %d lower-case letters, digits"
                               " and _", PUPIL_ACCESS_NAME_MAX);
    }

    if (words->number[PUPIL_ACCESS_PURPOSE] == PUPIL_WORD_UNSET) {
        return pupil_error_set(error, "it needs purpose=: what the application"
                               " is told people's names for");
    }

    if (words->number[PUPIL_ACCESS_ROLE] != PUPIL_WORD_UNSET
        && pupil_access_roles(text[PUPIL_ACCESS_ROLE]) == 0)
    {
        return pupil_error_set(error, "role= takes roles such as"
                               " pupil,teacher");
    }

    if (words->number[PUPIL_ACCESS_LOGIN] != PUPIL_WORD_UNSET
        && (!pupil_local_path(text[PUPIL_ACCESS_LOGIN])
            || memchr(text[PUPIL_ACCESS_LOGIN].data, '?',
                      text[PUPIL_ACCESS_LOGIN].len) != NULL))
    {
        return pupil_error_set(error, "login= takes a path of this host,"
                               " without arguments");
    }

    return words->number[PUPIL_ACCESS_TOLD] != PUPIL_WORD_UNSET
           ? pupil_access_claims_rule(text[PUPIL_ACCESS_TOLD], error)
           : PUPIL_OK;
}


/* As header fields are written: X-Pupil-User-Identity-Given-Name. */
static void
pupil_access_header(pupil_claim_t *claim)
{
    int          begins;
    char        *p;
    const char  *from[] = { claim->category, claim->field }, *s;
    unsigned     i;

    p = claim->header;
    memcpy(p, PUPIL_ACCESS_HEADER, sizeof(PUPIL_ACCESS_HEADER) - 1);
    p += sizeof(PUPIL_ACCESS_HEADER) - 1;

    for (i = 0; i < PUPIL_COUNT(from); i++) {
        *p++ = '-';
        begins = 1;

        for (s = from[i]; *s != '\0'; s++) {
            *p++ = *s == '_' ? '-'
                   : begins && *s >= 'a' ? (char) (*s - 'a' + 'A') : *s;
            begins = *s == '_';
        }
    }

    *p = '\0';
}


static void
pupil_access_text(char *to, pupil_str_t text)
{
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}


pupil_rc_t
pupil_access_read(const pupil_words_t *words, const pupil_alloc_t *alloc,
    pupil_access_t **access)
{
    pupil_str_t      list, text, category, field;
    pupil_claim_t   *claim;
    pupil_access_t  *a;

    *access = NULL;

    if (pupil_str_is(words->text[PUPIL_ACCESS_APPLICATION], "off")) {
        return PUPIL_OK;
    }

    a = alloc->alloc(alloc->ctx, sizeof(*a));
    if (a == NULL) {
        return PUPIL_NO_MEMORY;
    }

    memset(a, 0, sizeof(*a));

    pupil_access_text(a->application, words->text[PUPIL_ACCESS_APPLICATION]);
    a->purpose = pupil_access_purpose[words->number[PUPIL_ACCESS_PURPOSE]];
    a->age = pupil_words_number(words, PUPIL_ACCESS_AGE, 0);
    a->step_up = pupil_words_number(words, PUPIL_ACCESS_STEP_UP, 0);
    a->login = words->text[PUPIL_ACCESS_LOGIN];

    list = words->text[PUPIL_ACCESS_ROLE];
    a->roles = list.data != NULL ? pupil_access_roles(list)
                                 : PUPIL_ACCESS_ALL;

    list = words->text[PUPIL_ACCESS_TOLD];

    while (pupil_access_next(&list, &text)) {
        (void) pupil_access_claim(text, &category, &field);

        claim = &a->claims[a->count++];
        claim->role = pupil_str_is(text, PUPIL_ACCESS_ROLED) != 0;
        pupil_access_text(claim->category, category);
        pupil_access_text(claim->field, field);
        pupil_access_header(claim);
    }

    *access = a;

    return PUPIL_OK;
}


/* The character there, decoded; *len: how many bytes it is written in. */
static uint8_t
pupil_access_character(pupil_str_t path, size_t at, size_t *len)
{
    size_t   written;
    uint8_t  c;

    if (path.data[at] == '%' && path.len - at > 2
        && pupil_hex_decode(path.data + at + 1, 2, &c, 1, &written)
           == PUPIL_OK)
    {
        *len = 3;
        return c;
    }

    *len = 1;

    return path.data[at];
}


int
pupil_access_path(pupil_str_t path)
{
    size_t   i, len, dots, others;
    uint8_t  c;

    dots = 0;
    others = 1;                       /* before the first slash */

    for (i = 0; i < path.len; i += len) {
        c = pupil_access_character(path, i, &len);

        if (c == '\\' || (c == '/' && len != 1)) {
            return 0;
        }

        if (c != '/' && c != ';') {
            dots += c == '.';
            others += c != '.';
            continue;
        }

        if (others == 0 && (dots == 1 || dots == 2)) {
            return 0;
        }

        dots = 0;
        others = c == ';';            /* what some leave out */
    }

    return others != 0 || (dots != 1 && dots != 2);
}
