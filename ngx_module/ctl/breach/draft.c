/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/breach/breach.h"
#include "ctl/breach/draft.h"
#include "ctl/breach/words.h"


static void line(ctl_buf_t *out, const char *word, const char *value);
static void people_add(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out);
static void how_add(const breach_draft_t *draft, size_t language,
    const char *how, breach_word_t word, ctl_buf_t *out);
static void time_add(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out);
static void which_add(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out);
static json_int_t records(const json_t *found);
static int has(const json_t *found, const char *how, const char *category);
static json_int_t number(const json_t *object, const char *name);


void
breach_draft_authority(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out)
{
    const PGresult     *breach;
    const char *const  *words;

    breach = draft->breach;
    words = breach_words[language];

    ctl_buf_printf(out, "%s\n\n", words[WORD_AUTHORITY]);
    line(out, words[WORD_CONTROLLER], draft->tenant);
    line(out, words[WORD_REFERENCE], PQgetvalue(breach, 0, BREACH_REFERENCE));

    ctl_buf_printf(out, "\n%s\n\n", words[WORD_NATURE]);
    ctl_buf_printf(out, "%s\n", PQgetvalue(breach, 0, BREACH_WHAT));
    time_add(draft, language, out);
    line(out, words[WORD_NOTICED], draft->noticed);
    ctl_buf_text(out, "\n");
    people_add(draft, language, out);
    how_add(draft, language, "shown", WORD_SHOWN, out);
    how_add(draft, language, "changed", WORD_CHANGED, out);
    how_add(draft, language, "could", WORD_COULD, out);

    ctl_buf_printf(out, "\n%s\n\n%s\n\n%s\n", words[WORD_CONTACT],
                   words[WORD_CONSEQUENCES], words[WORD_MEASURES]);

    if (strcmp(PQgetvalue(breach, 0, BREACH_STATE), "late") == 0) {
        ctl_buf_printf(out, "\n%s\n", words[WORD_LATE]);
    }
}


static void
line(ctl_buf_t *out, const char *word, const char *value)
{
    ctl_buf_printf(out, "%s: %s\n", word, value);
}


static void
time_add(const breach_draft_t *draft, size_t language, ctl_buf_t *out)
{
    const char *const  *words;

    words = breach_words[language];

    line(out, words[WORD_BEGAN], draft->since);
    line(out, words[WORD_ENDED],
         draft->until != NULL ? draft->until : words[WORD_GOES_ON]);
}


static void
people_add(const breach_draft_t *draft, size_t language, ctl_buf_t *out)
{
    json_t             *count;
    const char         *role;
    const char *const  *words;

    words = breach_words[language];

    ctl_buf_printf(out, "%s: %lld\n", words[WORD_PEOPLE],
                   (long long) number(draft->found, "subjects"));

    json_object_foreach(draft->roles, role, count) {
        ctl_buf_printf(out, "  %s: %lld\n", breach_role_word(role, language),
                       (long long) json_integer_value(count));
    }

    if (number(draft->found, "erased") != 0) {
        ctl_buf_printf(out, "  %s: %lld\n", words[WORD_ERASED],
                       (long long) number(draft->found, "erased"));
    }

    ctl_buf_printf(out, "%s: %lld\n", words[WORD_RECORDS],
                   (long long) records(draft->found));
}


static void
how_add(const breach_draft_t *draft, size_t language, const char *how,
    breach_word_t word, ctl_buf_t *out)
{
    size_t       i;
    json_t      *one;
    const char  *fields;

    if (number(json_object_get(draft->found, how), "subjects") == 0) {
        return;
    }

    ctl_buf_printf(out, "%s:\n", breach_words[language][word]);

    json_array_foreach(json_object_get(json_object_get(draft->found, how),
                                       "categories"), i, one)
    {
        fields = json_string_value(json_object_get(one, "fields"));

        ctl_buf_printf(out, "  %s: %lld%s%s%s\n",
            breach_category_word(json_string_value(
                json_object_get(one, "category")), language),
            (long long) number(one, "subjects"), fields[0] != '\0' ? " (" : "",
            fields, fields[0] != '\0' ? ")" : "");
    }
}


/* A person once, however it was reached. */
static json_int_t
records(const json_t *found)
{
    size_t                    i, k;
    json_t                   *one;
    json_int_t                n, most;
    static const char *const  hows[] = { "shown", "changed", "could" };

    most = 0;

    for (i = 0; i < PUPIL_COUNT(hows); i++) {
        n = 0;

        json_array_foreach(json_object_get(json_object_get(found, hows[i]),
                                           "categories"), k, one)
        {
            n += number(one, "subjects");
        }

        most = n > most ? n : most;
    }

    return most;
}


void
breach_draft_people(const breach_draft_t *draft, size_t language,
    ctl_buf_t *out)
{
    const char *const  *words;

    words = breach_words[language];

    ctl_buf_printf(out, "%s\n\n%s\n\n%s\n\n", words[WORD_TITLE],
                   draft->tenant, words[WORD_WHY]);
    line(out, words[WORD_WHAT], PQgetvalue(draft->breach, 0, BREACH_WHAT));
    ctl_buf_printf(out, "\n%s\n", words[WORD_WHEN]);
    time_add(draft, language, out);
    which_add(draft, language, out);
    ctl_buf_printf(out, "\n%s\n\n%s\n\n%s\n", words[WORD_MEANS],
                   words[WORD_DONE], words[WORD_YOU]);

    if (has(draft->found, "shown", "credential")
        || has(draft->found, "changed", "credential")
        || has(draft->found, "could", "credential"))
    {
        ctl_buf_printf(out, "%s\n", words[WORD_PASSWORD]);
    }

    ctl_buf_printf(out, "\n%s\n%s\n", words[WORD_ASK],
                   words[WORD_COMPLAIN]);
}


/* Each category once: what is on record before what only may be. */
static void
which_add(const breach_draft_t *draft, size_t language, ctl_buf_t *out)
{
    size_t                    i, k;
    json_t                   *one;
    const char               *category;
    const char *const        *words;
    static const char *const  hows[] = { "shown", "changed", "could" };

    words = breach_words[language];
    ctl_buf_printf(out, "\n%s\n", words[WORD_WHICH]);

    for (i = 0; i < PUPIL_COUNT(hows); i++) {
        json_array_foreach(json_object_get(json_object_get(draft->found,
                           hows[i]), "categories"), k, one)
        {
            category = json_string_value(json_object_get(one, "category"));

            if ((i > 0 && has(draft->found, hows[0], category))
                || (i > 1 && has(draft->found, hows[1], category)))
            {
                continue;
            }

            ctl_buf_printf(out, "- %s: %s\n",
                           breach_category_word(category, language),
                           words[i < 2 ? WORD_SEEN : WORD_MAYBE]);
        }
    }
}


static int
has(const json_t *found, const char *how, const char *category)
{
    size_t   i;
    json_t  *one;

    json_array_foreach(json_object_get(json_object_get(found, how),
                                       "categories"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "category")),
                   category) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static json_int_t
number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}
