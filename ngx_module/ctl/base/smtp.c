/*
 * Copyright (C) the Pupil authors
 */

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/smtp.h"
#include "ctl/base/url.h"


#define CONNECT_SECONDS  10L
#define SEND_SECONDS     60L
#define REPLY_SECONDS    30L        /* libcurl's own for QUIT is 120 */
#define REFUSED          400L       /* replies from here on */


static int relay_check(const ctl_t *ctl, CURLU *url);
static int from_check(const char *from);
static CURLcode options_set(const ctl_t *ctl, CURL *curl);
static CURLcode mail_set(CURL *curl, curl_mime *mime,
    const ctl_smtp_mail_t *mail);
static struct curl_slist *headers(const ctl_t *ctl,
    const ctl_smtp_mail_t *mail);
static void header(struct curl_slist **list, const char *name,
    const char *value);
static int answer(CURL *curl, CURLcode rc);


int
ctl_smtp_check(ctl_t *ctl)
{
    int     rc;
    CURLU  *url;

    if (ctl->opt.mail == NULL) {
        return 0;
    }

    if (ctl->opt.mail_from == NULL || from_check(ctl->opt.mail_from) != 0) {
        return ctl_error("--mail needs --mail-from, an address");
    }

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ctl_error("libcurl does not start");
    }

    url = curl_url();
    rc = url != NULL ? relay_check(ctl, url) : -1;
    curl_url_cleanup(url);

    return rc;
}


static int
relay_check(const ctl_t *ctl, CURLU *url)
{
    int    known;
    char  *scheme, *user;

    if (curl_url_set(url, CURLUPART_URL, ctl->opt.mail, 0) != CURLUE_OK
        || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
    {
        return ctl_error("--mail is no URL");
    }

    known = strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0;
    curl_free(scheme);

    if (!known) {
        return ctl_error("--mail is smtp://HOST, with STARTTLS, or"
                         " smtps://HOST");
    }

    if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        curl_free(user);
        return ctl_error("--mail names no user, as others see this line: give"
                         " a file with --mail-login");
    }

    if (ctl->opt.mail_plain && !ctl_url_loopback(url)) {
        return ctl_error("--mail-plain is for a relay at 127.0.0.1 or [::1]"
                         " alone");
    }

    return 0;
}


/* It stands in header fields. */
static int
from_check(const char *from)
{
    const char  *at;

    at = strchr(from, '@');

    return at != NULL && at != from && at[1] != '\0'
           && strspn(from, "abcdefghijklmnopqrstuvwxyz0123456789"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_+@")
              == strlen(from)
           && strchr(at + 1, '@') == NULL ? 0 : -1;
}


int
ctl_smtp_send(ctl_t *ctl, const ctl_smtp_mail_t *mail)
{
    int                 rc;
    CURL               *curl;
    CURLcode            code;
    curl_mime          *mime;
    struct curl_slist  *fields, *to;

    curl = curl_easy_init();
    mime = curl != NULL ? curl_mime_init(curl) : NULL;
    fields = headers(ctl, mail);
    to = curl_slist_append(NULL, mail->to);

    if (mime == NULL || fields == NULL || to == NULL) {
        rc = ctl_error("out of memory");

    } else {
        code = options_set(ctl, curl);

        if (code == CURLE_OK) {
            code = mail_set(curl, mime, mail);
        }

        if (code == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to) == CURLE_OK)
        {
            code = curl_easy_perform(curl);
        }

        rc = answer(curl, code);
    }

    curl_slist_free_all(fields);
    curl_slist_free_all(to);
    curl_mime_free(mime);
    curl_easy_cleanup(curl);

    return rc;
}


static CURLcode
options_set(const ctl_t *ctl, CURL *curl)
{
    size_t    i;
    CURLcode  code;

    const struct {
        CURLoption   option;
        long         value;
    } numbers[] = {
        { CURLOPT_USE_SSL,
          ctl->opt.mail_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL },
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS },
        { CURLOPT_TIMEOUT, SEND_SECONDS },
        { CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_SECONDS },
        { CURLOPT_FORBID_REUSE, 1 },    /* or its end knows none of these */
        { CURLOPT_NOSIGNAL, 1 },
        { CURLOPT_NETRC, ctl->opt.mail_login != NULL ? CURL_NETRC_REQUIRED
                                                     : CURL_NETRC_IGNORED }
    };
    const struct {
        CURLoption   option;
        const char  *value;
    } texts[] = {
        { CURLOPT_URL, ctl->opt.mail },
        { CURLOPT_PROTOCOLS_STR, "smtp,smtps" },
        { CURLOPT_PROXY, "" },          /* the environment's is none */
        { CURLOPT_MAIL_FROM, ctl->opt.mail_from },
        { CURLOPT_NETRC_FILE, ctl->opt.mail_login },
        { CURLOPT_CAINFO, ctl->opt.mail_ca }
    };

    code = CURLE_OK;

    for (i = 0; i < PUPIL_COUNT(numbers) && code == CURLE_OK; i++) {
        code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    }

    for (i = 0; i < PUPIL_COUNT(texts) && code == CURLE_OK; i++) {
        if (texts[i].value != NULL) {
            code = curl_easy_setopt(curl, texts[i].option, texts[i].value);
        }
    }

    return code;
}


static CURLcode
mail_set(CURL *curl, curl_mime *mime,
    const ctl_smtp_mail_t *mail)
{
    CURLcode        code;
    curl_mimepart  *part;

    part = curl_mime_addpart(mime);
    if (part == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }

    code = curl_mime_data(part, mail->text, CURL_ZERO_TERMINATED);

    if (code == CURLE_OK) {
        code = curl_mime_type(part, "text/plain; charset=utf-8");
    }

    if (code == CURLE_OK) {
        code = curl_mime_encoder(part, "quoted-printable");
    }

    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime)
                            : code;
}


/* RFC 5322; RFC 3834: nobody's absence answers it. */
static struct curl_slist *
headers(const ctl_t *ctl, const ctl_smtp_mail_t *mail)
{
    char                date[64];
    time_t              now;
    struct tm           tm;
    ctl_buf_t           id;
    struct curl_slist  *list;

    now = (time_t) (ctl_now() / PUPIL_TIME_SECOND);
    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);

    ctl_buf_init(&id);
    ctl_buf_printf(&id, "<%s%s>", mail->id, strchr(ctl->opt.mail_from, '@'));

    list = NULL;
    header(&list, "From", ctl->opt.mail_from);
    header(&list, "To", mail->to);
    header(&list, "Date", date);
    header(&list, "Message-ID", id.data);
    header(&list, "Subject", mail->subject);
    header(&list, "Auto-Submitted", "auto-generated");

    ctl_buf_free(&id);

    return list;
}


static void
header(struct curl_slist **list, const char *name, const char *value)
{
    ctl_buf_t           line;
    struct curl_slist  *longer;

    ctl_buf_init(&line);
    ctl_buf_printf(&line, "%s: %s", name, value);

    longer = curl_slist_append(*list, line.data);
    if (longer != NULL) {
        *list = longer;
    }

    ctl_buf_free(&line);
}


static int
answer(CURL *curl, CURLcode code)
{
    long  reply;

    if (code == CURLE_OK) {
        return 0;
    }

    reply = 0;
    (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);

    (void) ctl_error("the mail relay: %s, last reply %ld",
                     curl_easy_strerror(code), reply);

    /* to a sender, an addressee or a text */
    return (code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY)
           && reply >= REFUSED ? 1 : -1;
}
