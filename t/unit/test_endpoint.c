/*
 * Copyright (C) the Pupil authors
 *
 * The statements of homework and progress, composed from the grants of the
 * plugins themselves.
 */

#include "tap.h"
#include "core/endpoints/homework.h"
#include "core/endpoints/progress.h"
#include "core/plugin/bound.h"

#define pupil_plugin  plugin_assessment
#include "../../plugins/assessment/assessment.c"
#undef pupil_plugin
#define pupil_plugin  plugin_enrolment
#include "../../plugins/enrolment/enrolment.c"
#undef pupil_plugin
#define pupil_plugin  plugin_homework
#include "../../plugins/homework/homework.c"
#undef pupil_plugin
#define pupil_plugin  plugin_identity
#include "../../plugins/identity/identity.c"
#undef pupil_plugin
#define pupil_plugin  plugin_progress
#include "../../plugins/progress/progress.c"
#undef pupil_plugin


static tap_arena_t      arena;
static pupil_alloc_t    alloc = { tap_arena_alloc, &arena };
static pupil_policy_t   policy;
static const uint8_t    hash[32];


static void
load(const pupil_plugin_t *plugin)
{
    pupil_error_t      error;
    pupil_category_t  *category;

    if (pupil_category_wrap(plugin, &alloc, &category, &error) != PUPIL_OK
        || pupil_policy_add(&policy, category, &error) != PUPIL_OK)
    {
        printf("Bail out! %s\n", error.text);
        exit(1);
    }
}


static int
holds(pupil_str_t text, const char *word)
{
    return memmem(text.data, text.len, word, strlen(word)) != NULL;
}


/* Behind the columns of a table: its records' facts, and what they bind. */
static uint32_t
facts(const pupil_statement_t *st, uint32_t columns)
{
    uint32_t  i;

    if (st->facts != (int32_t) columns++) {
        return 0;
    }

    for (i = 0; i < st->bound->plugin->fields_count; i++) {
        if (st->cells[i] >= (int32_t) columns) {
            columns++;
        }
    }

    return columns;
}


/* Is want i the last of the table whose facts are read? */
static int
before_facts(const pupil_template_t *template, uint32_t i)
{
    const char  *alias, *next;

    alias = template->wants[i].alias;
    next = i + 1 < template->wants_count ? template->wants[i + 1].alias
                                         : NULL;

    return template->facts != NULL && alias != NULL
           && strcmp(alias, template->facts) == 0
           && (next == NULL || strcmp(next, alias) != 0);
}


/* All is granted: each column is where the handler looks for it. */
static void
test_template(const pupil_template_t *template)
{
    uint32_t           i, columns;
    pupil_error_t      error;
    pupil_statement_t  st;

    error.text[0] = '\0';

    if (!ok(pupil_statement_compose(template, &policy, hash, &alloc, &st,
                                    &error) == PUPIL_OK,
            "%s is composed", template->name))
    {
        printf("# %s\n", error.text);
        return;
    }

    columns = template->fixed;

    for (i = 0; i < template->wants_count; i++) {
        if (template->wants[i].alias == NULL) {
            columns += st.column[i] != -1;      /* none must have one */
            continue;
        }

        if (st.column[i] != (int32_t) columns) {
            break;
        }

        columns++;

        if (before_facts(template, i)) {
            columns = facts(&st, columns);
        }
    }

    if (template->facts != NULL && template->wants_count == 0) {
        columns = facts(&st, columns);
    }

    ok(i == template->wants_count && columns == st.columns,
       "%s has its columns in the order of its wants", template->name);
    ok(!holds(st.sql, "{"), "%s has no placeholder left", template->name);
}


/* Is the field of want i read, as the facts bind it, and by no want? */
static int
only_checked(const pupil_statement_t *st, uint32_t i)
{
    return st->from->facts != NULL && st->from->wants[i].alias != NULL
           && strcmp(st->from->wants[i].alias, st->from->facts) == 0
           && pupil_bound_plain(&st->bound->plugin->fields[st->field[i]])
           && st->cells[st->field[i]] > st->facts;
}


/* What is denied is not shown and not audited; or there is no statement. */
static void
test_denied(const pupil_template_t *template)
{
    int                  left;
    char                 column[80];
    uint32_t             i;
    pupil_rc_t           rc;
    pupil_deny_t         deny;
    pupil_policy_t       narrow;
    pupil_error_t        error;
    pupil_statement_t    st;
    const pupil_want_t  *want;

    for (i = 0, left = 0; i < template->wants_count; i++) {
        want = &template->wants[i];

        memset(&deny, 0, sizeof(deny));
        deny.category.data = (const uint8_t *) want->category;
        deny.category.len = strlen(want->category);
        deny.field.data = (const uint8_t *) want->field;
        deny.field.len = strlen(want->field);

        narrow = policy;
        narrow.denies = &deny;
        narrow.denies_count = 1;

        rc = pupil_statement_compose(template, &narrow, hash, &alloc, &st,
                                     &error);

        if (want->flags & PUPIL_WANT_REQUIRED) {
            left += rc != PUPIL_INVALID;
            continue;
        }

        snprintf(column, sizeof(column), ".\"%s\"", want->field);
        left += rc != PUPIL_OK || st.granted[i] || st.column[i] != -1
                || (holds(st.sql, column) && !only_checked(&st, i));

        snprintf(column, sizeof(column), "\"%s\"", want->field);
        left += holds(st.accesses, column);
    }

    ok(left == 0, "I3, I4: %s without any one field", template->name);
}


int
main(void)
{
    uint32_t  i;

    load(plugin_assessment());
    load(plugin_enrolment());
    load(plugin_homework());
    load(plugin_identity());
    load(plugin_progress());

    for (i = 0; i < PUPIL_HOMEWORK_COUNT; i++) {
        test_template(&pupil_homework_templates[i]);
        test_denied(&pupil_homework_templates[i]);
    }

    for (i = 0; i < PUPIL_PROGRESS_COUNT; i++) {
        test_template(&pupil_progress_templates[i]);
        test_denied(&pupil_progress_templates[i]);
    }

    for (i = 0; i < policy.count; i++) {
        pupil_category_unload(policy.categories[i]);
    }

    tap_arena_reset(&arena);

    return tap_done();
}
