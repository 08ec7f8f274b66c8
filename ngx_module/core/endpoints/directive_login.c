/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/endpoints/directive_login.h"
#include "core/endpoints/directive_url.h"
#include "core/login/sign_up.h"


#define DAY  86400

/* A role in pupil_second_factor. */
#define FACTOR(word)                                                          \
    { .name = (word), .kind = PUPIL_WORD_CHOICE, .choices = factors }

/* And in pupil_step_up. */
#define PROOF(word)                                                           \
    { .name = (word), .kind = PUPIL_WORD_SEC, .off = 1,                       \
      .min = PUPIL_STEP_UP_LEAST, .max = PUPIL_STEP_UP_MOST }


static int login_uuid(pupil_str_t text);
static int login_said(const pupil_str_t *given, size_t at);


static const char *const  passwords[] = { "off", "staff", "all", NULL };
static const char *const  mails[] = { "off", "sv", "da", "en", NULL };
static const char *const  factors[] = { "off", "optional", "required", NULL };

/*
 * nginx's own variables, which are a client's word or another for each, so that
 * whoever has a new one would never be delayed; all that begin with one that
 * ends in "_".  A geo or a map has a name of the operator's.
 */
static const char *const  nginxs[] = {
    "ancient_browser", "arg_", "args", "binary_remote_addr",
    "body_bytes_sent", "bytes_sent", "connection", "connection_",
    "connections_", "content_", "cookie_", "date_", "document_root",
    "document_uri", "fastcgi_", "gzip_ratio", "host", "hostname", "http2",
    "http3", "http_", "invalid_referer", "is_args", "is_request_port",
    "limit_", "memcached_key", "modern_browser", "msec", "msie",
    "nginx_version", "pid", "pipe", "proxy_", "pupil_request_id",
    "pupil_role", "pupil_subject", "query_string", "quic", "realip_",
    "realpath_root", "remote_", "request", "request_", "scheme",
    "secure_link", "secure_link_", "sent_", "server_addr", "server_name",
    "server_port", "server_protocol", "slice_range", "ssl_", "status",
    "tcpinfo_", "time_", "trailer_", "uid_", "upstream_", "uri", NULL
};


const pupil_word_t  pupil_login_password_words[1] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = passwords }
};

const pupil_word_t  pupil_mail_words[PUPIL_MAIL_WORDS] = {
    [PUPIL_MAIL_LANGUAGE] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = mails },
    [PUPIL_MAIL_FORGOTTEN] = { .name = "forgotten=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_MAIL_SECOND_FACTOR] =
    { .name = "second_factor", .kind = PUPIL_WORD_FLAG }
};

const pupil_word_t  pupil_sign_up_words[PUPIL_SIGN_UP_WORDS] = {
    [PUPIL_SIGN_UP_OFF] = { .name = "off", .kind = PUPIL_WORD_FLAG },
    [PUPIL_SIGN_UP_TENANT] = { .name = "tenant=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_SIGN_UP_INSTITUTION] =
    { .name = "institution=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_SIGN_UP_PAGE] = { .name = "page=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_SIGN_UP_TRIAL_OF] =
    { .name = "trial=", .kind = PUPIL_WORD_SEC, .min = DAY,
      .max = PUPIL_SIGN_UP_TRIAL * DAY }
};

const pupil_word_t  pupil_password_hash_words[5] = {
    [PUPIL_HASH_MEMORY] =
    { .name = "memory=", .kind = PUPIL_WORD_KIB, .min = 19 * 1024,
      .max = 1024 * 1024 },
    [PUPIL_HASH_ITERATIONS] =
    { .name = "iterations=", .kind = PUPIL_WORD_NUMBER, .min = 2,
      .max = 10 },
    [PUPIL_HASH_POOL] = { .name = "pool=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_HASH_QUEUE] =
    { .name = "queue=", .kind = PUPIL_WORD_NUMBER, .min = 1, .max = 1024 },
    [PUPIL_HASH_PARALLEL] =
    { .name = "parallel=", .kind = PUPIL_WORD_NUMBER, .min = 1,
      .max = PUPIL_HASH_PARALLEL_MOST }
};

const pupil_word_t  pupil_login_pace_words[2] = {
    [PUPIL_PACE_RATE] =
    { .name = "rate=", .kind = PUPIL_WORD_NUMBER, .min = 1, .max = 60000 },
    [PUPIL_PACE_QUEUE] =
    { .name = "queue=", .kind = PUPIL_WORD_NUMBER, .min = 1, .max = 1024 }
};

const pupil_word_t  pupil_password_new_words[2] = {
    [PUPIL_NEW_COMMON] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_NEW_LENGTH] =
    { .name = "length=", .kind = PUPIL_WORD_NUMBER, .min = 8, .max = 64 }
};

const pupil_word_t  pupil_second_factor_words[PUPIL_ROLE_NONE] = {
    [PUPIL_ROLE_TENANT_ADMIN] = FACTOR("tenant_admin="),
    [PUPIL_ROLE_DPO] = FACTOR("dpo="),
    [PUPIL_ROLE_SCHOOL_ADMIN] = FACTOR("school_admin="),
    [PUPIL_ROLE_TEACHER] = FACTOR("teacher="),
    [PUPIL_ROLE_SUPPORT] = FACTOR("support="),
    [PUPIL_ROLE_PUPIL] = FACTOR("pupil=")
};


pupil_rc_t
pupil_mail_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    (void) given;

    if (words->number[PUPIL_MAIL_LANGUAGE] == PUPIL_MAIL_OFF && count > 1) {
        return pupil_error_set(error, "where mail is off there is nothing else"
                               " to say of it");
    }

    return words->text[PUPIL_MAIL_FORGOTTEN].len == 0
           || pupil_link_page(words->text[PUPIL_MAIL_FORGOTTEN])
           ? PUPIL_OK
           : pupil_error_set(error, "forgotten= takes the page that a link"
                             " leads to, such as"
                             " https://school.example/password, without a"
                             " \"#\", of %d bytes at most",
                             PUPIL_MAIL_PAGE_MAX);
}


pupil_rc_t
pupil_sign_up_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    const pupil_str_t  *text;

    (void) given;

    text = words->text;

    if (words->number[PUPIL_SIGN_UP_OFF] != PUPIL_WORD_UNSET) {
        return count == 1
               ? PUPIL_OK
               : pupil_error_set(error, "where it is off there is nothing else"
                                 " to say of it");
    }

    if (!login_uuid(text[PUPIL_SIGN_UP_TENANT])) {
        return pupil_error_set(error, "it needs tenant=, the lower-case UUID of"
                               " the tenant whose controller the provider is,"
                               " and of no school's");
    }

    if (!login_uuid(text[PUPIL_SIGN_UP_INSTITUTION])) {
        return pupil_error_set(error, "it needs institution=, the lower-case"
                               " UUID of the institution where they teach");
    }

    if (!pupil_link_page(text[PUPIL_SIGN_UP_PAGE])) {
        return pupil_error_set(error, "it needs page=, the page that a link"
                               " leads to, such as"
                               " https://school.example/sign-up, without a"
                               " \"#\", of %d bytes at most",
                               PUPIL_MAIL_PAGE_MAX);
    }

    return words->number[PUPIL_SIGN_UP_TRIAL_OF] != PUPIL_WORD_UNSET
           && words->number[PUPIL_SIGN_UP_TRIAL_OF] % DAY == 0
           ? PUPIL_OK
           : pupil_error_set(error, "it needs trial=, whole days, such as"
                             " trial=30d");
}


static int
login_uuid(pupil_str_t text)
{
    pupil_uuid_t  id;

    return pupil_uuid_parse(text.data, text.len, &id) == PUPIL_OK
           && !pupil_uuid_is_zero(&id);
}


pupil_rc_t
pupil_login_network_rule(const pupil_str_t *given, uint32_t count,
    pupil_words_t *words, pupil_error_t *error)
{
    size_t  i;

    (void) count;
    (void) words;

    for (i = 0; i < given->len; i++) {
        if (given->data[i] == '$' && login_said(given, i + 1)) {
            return pupil_error_set(error, "\"%.*s\" is what a client says,"
                                   " or of it alone: take a variable of"
                                   " networks, such as that of a geo {}, or of"
                                   " a map {} of one", (int) given->len,
                                   (const char *) given->data);
        }
    }

    return given->len != 0 ? PUPIL_OK
           : pupil_error_set(error, "it takes the name of a network, a"
                             " variable that holds one, such as that of a"
                             " geo {}, or \"off\"");
}


/* Is the variable whose name is there one of these?  nginx folds case. */
static int
login_said(const pupil_str_t *given, size_t at)
{
    size_t   i, len, n;
    uint8_t  c;

    at += at < given->len && given->data[at] == '{';

    for (len = 0; at + len < given->len; len++) {
        c = given->data[at + len] | 0x20;

        if (!pupil_is_digit(given->data[at + len])
            && given->data[at + len] != '_' && (c < 'a' || c > 'z'))
        {
            break;
        }
    }

    if (len != 0 && pupil_is_digit(given->data[at])) {
        return 1;                       /* of a regular expression */
    }

    for (i = 0; nginxs[i] != NULL; i++) {
        n = strlen(nginxs[i]);

        if ((len == n || (len > n && nginxs[i][n - 1] == '_'))
            && strncasecmp((const char *) given->data + at, nginxs[i], n) == 0)
        {
            return 1;
        }
    }

    return 0;
}


const pupil_word_t  pupil_step_up_words[PUPIL_ROLE_NONE] = {
    [PUPIL_ROLE_TENANT_ADMIN] = PROOF("tenant_admin="),
    [PUPIL_ROLE_DPO] = PROOF("dpo="),
    [PUPIL_ROLE_SCHOOL_ADMIN] = PROOF("school_admin="),
    [PUPIL_ROLE_TEACHER] = PROOF("teacher="),
    [PUPIL_ROLE_SUPPORT] = PROOF("support="),
    [PUPIL_ROLE_PUPIL] = PROOF("pupil=")
};
