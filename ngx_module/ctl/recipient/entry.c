/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/endpoints/access.h"
#include "ctl/base/file.h"
#include "ctl/base/text.h"
#include "ctl/recipient/entry.h"
#include "ctl/recipient/fields.h"


#define NAME_MAX_LEN  32
#define TITLE_MAX     200       /* characters */
#define WHY_MAX       500
#define ITEMS_MAX     1000      /* of a list, with commas */
#define ITEM_MAX      (2 * PUPIL_MAX_NAME + 1)


static int options_given(const ctl_options_t *opt);
static int texts_check(const ctl_options_t *opt);
static const ctl_recipient_kind_t *kind_read(const ctl_options_t *opt);
static json_t *list_read(const char *text, const char *option);
static json_t *countries_read(const ctl_options_t *opt);
static int transfer_check(const ctl_options_t *opt, const json_t *countries);
static json_t *applications_read(const ctl_options_t *opt,
    const ctl_recipient_kind_t *kind);
static int evidence_read(ctl_t *ctl, json_t *entry);
static uint32_t code_point(const uint8_t *p, size_t len);
static int line_breaks(uint32_t c);
static const char *file_name(const char *path);


int
ctl_recipient_name_check(const char *name)
{
    static const char  letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

    if (name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= NAME_MAX_LEN
        && strspn(name, letters) == strlen(name))
    {
        return 0;
    }

    return ctl_error("a recipient is called by at most %d lower-case letters,"
                     " digits, _ and -, a letter first", NAME_MAX_LEN);
}


int
ctl_recipient_line(const char *text, const char *option, size_t most)
{
    size_t          n, len, chars, blanks;
    const uint8_t  *p;

    p = (const uint8_t *) text;
    len = strlen(text);

    for (chars = 0, blanks = 0; *p != '\0'; p += n, chars++) {
        n = pupil_utf8_sequence(p, len - (size_t) ((const char *) p - text));

        if (n == 0 || line_breaks(code_point(p, n))) {
            return ctl_error("--%s has a character that is not of a line of"
                             " text, in UTF-8", option);
        }

        blanks += *p == ' ';
    }

    if (chars > most) {
        return ctl_error("--%s is longer than %zu characters", option, most);
    }

    return chars != blanks ? 0
           : ctl_error("--%s is needed, and is empty", option);
}


/* p: a sequence that is one. */
static uint32_t
code_point(const uint8_t *p, size_t len)
{
    size_t    i;
    uint32_t  c;

    static const uint8_t  head[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };

    c = p[0] & head[len];

    for (i = 1; i < len; i++) {
        c = c << 6 | (p[i] & 0x3f);
    }

    return c;
}


/* Controls, ends of lines, and what turns the way in which others are read. */
static int
line_breaks(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c
           || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e)
           || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}


int
ctl_recipient_day(const char *text, const char *option, int32_t today)
{
    int32_t      day;
    pupil_str_t  str;

    str = ctl_str(text);

    if (pupil_date_parse(str.data, str.len, &day) != PUPIL_OK) {
        return ctl_error("--%s is a day such as 2026-02-28", option);
    }

    return day <= today ? 0 : ctl_error("--%s is in the future", option);
}


json_t *
ctl_recipient_entry(const ctl_t *ctl)
{
    json_t                      *countries, *fields, *applications;
    const ctl_options_t         *opt;
    const ctl_recipient_kind_t  *kind;

    opt = &ctl->opt;
    kind = NULL;

    if (ctl_recipient_name_check(ctl->args[0]) != 0
        || options_given(opt) != 0 || texts_check(opt) != 0)
    {
        return NULL;
    }

    kind = kind_read(opt);
    if (kind == NULL) {
        return NULL;
    }

    countries = countries_read(opt);
    fields = list_read(opt->fields, "fields");
    applications = applications_read(opt, kind);

    if (countries == NULL || fields == NULL || applications == NULL
        || transfer_check(opt, countries) != 0)
    {
        json_decref(countries);
        json_decref(fields);
        json_decref(applications);
        return NULL;
    }

    return json_pack("{s:s,s:s,s:s,s:o,s:s?,s:o,s:o,s:s,s:{s:s,s:s}}",
        "recipient", ctl->args[0], "title", opt->title, "kind", kind->name,
        "countries", countries, "transfer", opt->transfer, "fields", fields,
        "applications", applications, "why", opt->why, "evidence",
        "file", file_name(opt->evidence), "date", opt->evidence_date);
}


static int
options_given(const ctl_options_t *opt)
{
    size_t  i;

    const struct {
        const char  *text;
        const char  *option;
        const char  *what;
    } needed[] = {
        { opt->title, "title", "what the recipient is called" },
        { opt->kind, "kind", ctl_recipient_kind_names() },
        { opt->country, "country", "where, such as SE or SE,DE" },
        { opt->fields, "fields", "which, such as identity.given_name,contact" },
        { opt->why, "why", "what for, in a sentence" },
        { opt->evidence, "evidence", "a file that proves it" },
        { opt->evidence_date, "evidence-date", "of which day that is" }
    };

    for (i = 0; i < PUPIL_COUNT(needed); i++) {
        if (needed[i].text == NULL || needed[i].text[0] == '\0') {
            return ctl_error("--%s is needed: %s", needed[i].option,
                             needed[i].what);
        }
    }

    return 0;
}


static int
texts_check(const ctl_options_t *opt)
{
    return ctl_recipient_line(opt->title, "title", TITLE_MAX) == 0
           && ctl_recipient_line(opt->why, "why", WHY_MAX) == 0
           && ctl_recipient_line(file_name(opt->evidence), "evidence",
                                 TITLE_MAX) == 0
           && ctl_recipient_day(opt->evidence_date, "evidence-date",
                                INT32_MAX) == 0
           ? 0 : -1;
}


static const ctl_recipient_kind_t *
kind_read(const ctl_options_t *opt)
{
    const ctl_recipient_kind_t  *kind;

    kind = ctl_recipient_kind(opt->kind);

    if (kind != NULL) {
        return kind;
    }

    if (ctl_recipient_never(opt->kind)) {
        (void) ctl_error("there is no purpose of sale, advertising or"
                         " profiling, and so nobody who receives anything for"
                         " one");
    } else {
        (void) ctl_error("--kind is one of: %s", ctl_recipient_kind_names());
    }

    return NULL;
}


/* With commas between them, each once.  NULL with the error said. */
static json_t *
list_read(const char *text, const char *option)
{
    size_t       len;
    json_t      *list;
    const char  *p;

    list = json_array();

    for (p = text; ; p += len + 1) {
        len = strcspn(p, ",");

        if (len == 0 || len > ITEM_MAX
            || pupil_utf8_check((const uint8_t *) p, len, NULL) != PUPIL_OK)
        {
            (void) ctl_error("--%s is a list of names with commas between"
                             " them", option);
            break;
        }

        if (json_array_size(list) == ITEMS_MAX) {
            (void) ctl_error("--%s has more than %d names", option, ITEMS_MAX);
            break;
        }

        json_array_append_new(list, json_stringn(p, len));

        if (p[len] == '\0') {
            return list;
        }
    }

    json_decref(list);

    return NULL;
}


static json_t *
countries_read(const ctl_options_t *opt)
{
    size_t       i, n;
    json_t      *list, *item;

    list = list_read(opt->country, "country");

    json_array_foreach(list, i, item) {
        if (!ctl_country_is(json_string_value(item))) {
            (void) ctl_error("\"%s\" is no country of ISO 3166-1, such as SE",
                             json_string_value(item));
            json_decref(list);
            return NULL;
        }

        for (n = 0; n < i; n++) {
            if (json_equal(item, json_array_get(list, n))) {
                (void) ctl_error("--country has %s twice",
                                 json_string_value(item));
                json_decref(list);
                return NULL;
            }
        }
    }

    return list != NULL ? ctl_texts_sorted(list) : NULL;
}


static int
transfer_check(const ctl_options_t *opt, const json_t *countries)
{
    size_t       i;
    json_t      *item;
    const char  *third;

    third = NULL;

    json_array_foreach(countries, i, item) {
        if (!ctl_country_eea(json_string_value(item))) {
            third = json_string_value(item);
        }
    }

    if (opt->transfer != NULL && ctl_transfer_article(opt->transfer) == NULL) {
        return ctl_error("--transfer is one of: %s", ctl_transfer_names());
    }

    if (third != NULL && opt->transfer == NULL) {
        return ctl_error("%s is outside the EEA: say by --transfer on which"
                         " basis data go there: %s", third,
                         ctl_transfer_names());
    }

    return third != NULL || opt->transfer == NULL ? 0
           : ctl_error("--transfer is of third countries: all of it is within"
                       " the EEA");
}


static json_t *
applications_read(const ctl_options_t *opt, const ctl_recipient_kind_t *kind)
{
    size_t       i;
    json_t      *list, *item;
    pupil_str_t  name;

    if (opt->applications == NULL) {
        if (kind->applications) {
            (void) ctl_error("--applications is needed: as pupil_access calls"
                             " them");
            return NULL;
        }

        return json_array();
    }

    list = list_read(opt->applications, "applications");

    json_array_foreach(list, i, item) {
        name = ctl_str(json_string_value(item));

        if (!pupil_access_application(name)) {
            (void) ctl_error("--applications are as pupil_access calls them:"
                             " lower-case letters, digits and _, at most %d",
                             PUPIL_ACCESS_NAME_MAX);
            json_decref(list);
            return NULL;
        }
    }

    return list != NULL ? ctl_texts_sorted(list) : NULL;
}


int
ctl_recipient_whole(ctl_t *ctl, json_t *entry)
{
    json_t                      *fields;
    const ctl_recipient_kind_t  *kind;

    kind = ctl_recipient_kind(json_string_value(json_object_get(entry,
                                                                "kind")));
    fields = ctl_recipient_fields(ctl, kind, json_object_get(entry, "fields"));

    if (fields == NULL) {
        return -1;
    }

    json_object_set_new(entry, "fields", fields);

    return evidence_read(ctl, entry);
}


static int
evidence_read(ctl_t *ctl, json_t *entry)
{
    char         hex[2 * crypto_hash_sha256_BYTES + 1] = { 0 };
    size_t       len;
    uint8_t      hash[crypto_hash_sha256_BYTES];
    const char  *text;

    text = ctl_file_read(&ctl->pool, ctl->opt.evidence, &len);
    if (text == NULL) {
        return -1;
    }

    crypto_hash_sha256(hash, (const uint8_t *) text, len);
    (void) pupil_hex_encode(hash, sizeof(hash), (uint8_t *) hex);
    json_object_set_new(json_object_get(entry, "evidence"), "sha256",
                        json_string(hex));

    return 0;
}


static const char *
file_name(const char *path)
{
    const char  *slash;

    slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}
