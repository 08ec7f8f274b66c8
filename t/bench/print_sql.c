/*
 * Copyright (C) the Pupil authors
 *
 * Prints the statements of the endpoints as composed, for the peers of the
 * benchmark, which run the same ones:
 *
 *     print_sql PLUGIN.so...
 *
 * JSON: { name: { "sql", "oids": types of the parameters, "columns": { name:
 * number of its result column }, "facts_of": whose facts are read } }.  A
 * column of a want, or of what the facts bind, is "category.field"; the others
 * are those of `places`.  Beside those of `audited` stands the same with its
 * audit record, "audited NAME": one round trip and one commit, which is the
 * best form for who does not group the records of many requests.
 *
 * "fixed": those that no policy shapes, the key store's too, by name.  "facts":
 * { category: { "sealed": [[number, "category.field", type]...],
 * "plain": the like } }, fields in the order of the facts.  "homework fetch":
 * which of all these statements that is, [[name, kind of parameters]...].
 * "session": what a connection is set to.
 */

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/endpoints/database.h"
#include "core/endpoints/homework.h"
#include "core/endpoints/progress.h"
#include "core/endpoints/session.h"
#include "core/plugin/bound.h"
#include "statements.h"


static const char *const  kinds[] = {
    [BENCH_PARAMS_NONE] = "none",
    [BENCH_PARAMS_NO_ID] = "no id",
    [BENCH_PARAMS_NOW] = "now",
    [BENCH_PARAMS_PAGE] = "page"
};

/* What the peers read, by the column of the person that a row is about. */
static const struct {
    const pupil_template_t  *template;
    uint32_t                 subject;
} audited[] = {
    { &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_LIST],
      PUPIL_HL_TEACHER_OWNER },
    { &pupil_homework_templates[PUPIL_HOMEWORK_PUPIL_FEED],
      PUPIL_HF_TEACHER_OWNER },
    { &pupil_homework_templates[PUPIL_HOMEWORK_TEACHER_LIST],
      PUPIL_HL_TEACHER_OWNER },
    { &pupil_homework_templates[PUPIL_HOMEWORK_OVERVIEW], PUPIL_HO_OWNER }
};

/* The columns that no want has and the peers read: of a group its first. */
static const struct {
    const char  *statement, *name;
    uint32_t     column;
} places[] = {
    { "session load", "subject", PUPIL_SL_SESSION + PUPIL_CN_SUBJECT },
    { "session load", "role", PUPIL_SL_SESSION + PUPIL_CN_ROLE },
    { "session load", "institution", PUPIL_SL_SESSION + PUPIL_CN_INSTITUTION },
    { "session load", "created_at", PUPIL_SL_SESSION + PUPIL_CN_CREATED_AT },
    { "session load", "seen_at", PUPIL_SL_SESSION + PUPIL_CN_SEEN_AT },
    { "session load", "expires_at", PUPIL_SL_SESSION + PUPIL_CN_EXPIRES_AT },
    { "session load", "mac", PUPIL_SL_SESSION + PUPIL_CN_MAC },
    { "session load", "role row", PUPIL_SL_ROLE_ROW },
    { "session load", "subject row", PUPIL_SL_SUBJECT_ROW },
    { "session load", "state", PUPIL_SL_OWNER_STATE },
    { "homework_evidence", "enrolment", PUPIL_HE_ENROLMENT },
    { "homework_evidence", "owner", PUPIL_HE_OWNER },
    { "homework_pupil_list", "record", PUPIL_HL_RECORD },
    { "homework_pupil_list", "class", PUPIL_HL_CLASS },
    { "homework_pupil_list", "teacher", PUPIL_HL_TEACHER },
    { "homework_pupil_list", "teacher owner", PUPIL_HL_TEACHER_OWNER },
    { "homework_teacher_list", "record", PUPIL_HL_RECORD },
    { "homework_teacher_list", "class", PUPIL_HL_CLASS },
    { "homework_teacher_list", "teacher", PUPIL_HL_TEACHER },
    { "homework_teacher_list", "teacher owner", PUPIL_HL_TEACHER_OWNER },
    { "homework_pupil_progress", "record", PUPIL_HP_RECORD },
    { "homework_pupil_progress", "updated_at", PUPIL_HP_UPDATED_AT },
    { "homework_pupil_progress", "owner", PUPIL_HP_OWNER },
    { "homework_overview", "enrolment", PUPIL_HO_ENROLMENT },
    { "homework_overview", "owner", PUPIL_HO_OWNER },
    { "homework_results", "record", PUPIL_HR_RECORD },
    { "homework_results", "subject", PUPIL_HR_SUBJECT },
    { "homework_results", "updated_at", PUPIL_HR_UPDATED_AT },
    { "progress_evidence", "owner", PUPIL_PE_OWNER },
    { "progress_evidence", "enrolment", PUPIL_PE_ENROLMENT },
    { "progress_assigned", "owner", PUPIL_PA_OWNER },
    { "progress_assigned", "record", PUPIL_PA_RECORD },
    { "progress_submit", "status", PUPIL_PS_STATUS },
    { "tenant_keys", "version", PUPIL_KT_VERSION },
    { "tenant_keys", "wrapped", PUPIL_KT_WRAPPED },
    { "service_keys", "name", PUPIL_KS_NAME },
    { "service_keys", "wrapped", PUPIL_KS_WRAPPED },
    { "owner_keys", "owner", PUPIL_KO_OWNER },
    { "owner_keys", "state", PUPIL_KO_STATE },
    { "owner_keys", "version", PUPIL_KO_VERSION },
    { "owner_keys", "wrapped", PUPIL_KO_WRAPPED },
    { "owner_keys", "authority", PUPIL_KO_AUTHORITY },
    { "floors", "session", PUPIL_KF_SESSION },
    { "floors", "authority", PUPIL_KF_AUTHORITY },
    { "floors", "ended", PUPIL_KF_ENDED }
};

/* As the peers call them; what they do not know they refuse. */
static const char *const  types[PUPIL_TYPE_COUNT] = {
    [PUPIL_TYPE_TEXT] = "text",
    [PUPIL_TYPE_BOOLEAN] = "boolean",
    [PUPIL_TYPE_UUID] = "uuid",
    [PUPIL_TYPE_UUID_LIST] = "uuid list",
    [PUPIL_TYPE_TIMESTAMP] = "timestamp"
};


/* The SQL has quotes and backslashes, and no control characters. */
static void
print_string(pupil_str_t text)
{
    size_t  i;

    putchar('"');
    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            putchar('\\');
        }
        putchar(text.data[i]);
    }
    putchar('"');
}


static void
print_places(const char *statement, const char *comma)
{
    uint32_t  i;

    for (i = 0; i < PUPIL_COUNT(places); i++) {
        if (strcmp(places[i].statement, statement) == 0) {
            printf("%s\"%s\": %u", comma, places[i].name, places[i].column);
            comma = ", ";
        }
    }
}


static void
print_oids(const uint32_t *oids, uint32_t n)
{
    uint32_t  i;

    printf(", \"oids\": [");

    for (i = 0; i < n; i++) {
        printf("%s%u", i ? ", " : "", oids[i]);
    }

    printf("]");
}


static void
print_statement(const char *before, const pupil_template_t *template,
    const pupil_statement_t *st)
{
    uint32_t     i, oids[PUPIL_STATEMENT_ALL];
    const char  *comma = "";

    printf("\"%s%s\": {\"sql\": ", before, template->name);
    print_string(st->sql);
    print_oids(oids, pupil_statement_oids(st, oids));
    printf(", \"columns\": {");

    for (i = 0; i < template->wants_count; i++) {
        if (st->column[i] >= 0) {
            printf("%s\"%s.%s\": %d", comma, template->wants[i].category,
                   template->wants[i].field, st->column[i]);
            comma = ", ";
        }
    }

    /* what the facts bind beside, and they */
    for (i = 0; st->facts >= 0 && i < st->bound->plugin->fields_count; i++) {
        if (st->cells[i] > st->facts) {
            printf("%s\"%s.%s\": %d", comma, template->facts_of,
                   st->bound->plugin->fields[i].name, st->cells[i]);
            comma = ", ";
        }
    }

    if (st->facts >= 0) {
        printf("%s\"facts\": %d", comma, st->facts);
        comma = ", ";
    }

    print_places(template->name, comma);
    printf("}");

    if (st->facts >= 0) {
        printf(", \"facts_of\": \"%s\"", template->facts_of);
    }

    printf("}");
}


static void
print_fixed(const pupil_fixed_t *fixed)
{
    uint32_t     oids[PUPIL_STATEMENT_PARAMS];
    pupil_str_t  sql;

    sql.data = (const uint8_t *) fixed->sql;
    sql.len = strlen(fixed->sql);

    printf("\"%s\": {\"sql\": ", fixed->name);
    print_string(sql);
    print_oids(oids, pupil_fixed_oids(fixed, oids));
    printf(", \"columns\": {");
    print_places(fixed->name, "");
    printf("}}");
}


/* The fields of a category that its facts say something of. */
static void
print_bound(const pupil_plugin_t *plugin,
    int (*is_bound)(const pupil_field_t *field))
{
    uint32_t              i;
    const char           *comma = "";
    const pupil_field_t  *field;

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        if (is_bound(field)) {
            printf("%s[%u, \"%s.%s\", \"%s\"]", comma, i, plugin->name,
                   field->name, types[field->type] ? types[field->type] : "");
            comma = ", ";
        }
    }
}


static void
print_facts(const bench_policy_t *policy)
{
    uint32_t               i;
    const pupil_plugin_t  *plugin;

    printf("\"facts\": {");

    for (i = 0; i < policy->policy.count; i++) {
        plugin = policy->policy.categories[i]->plugin;

        printf("%s\"%s\": {\"sealed\": [", i ? ", " : "", plugin->name);
        print_bound(plugin, pupil_bound_sealed);
        printf("], \"plain\": [");
        print_bound(plugin, pupil_bound_plain);
        printf("]}");
    }

    printf("}");
}


int
main(int argc, char **argv)
{
    uint32_t            e, i;
    const char         *comma = "{\n";
    bench_policy_t      policy;
    pupil_statement_t   st;

    if (argc < 2 || sodium_init() < 0) {
        bench_die("usage: print_sql PLUGIN.so...");
    }

    bench_policy_load(&policy, argv + 1, argc - 1);

    for (e = 0; e < PUPIL_ENDPOINT_COUNT; e++) {
        for (i = 0; i < pupil_endpoints[e]->count; i++) {
            bench_compose(&policy, &pupil_endpoints[e]->templates[i], &st);
            printf("%s", comma);
            print_statement("", &pupil_endpoints[e]->templates[i], &st);
            comma = ",\n";
        }
    }

    for (i = 0; i < PUPIL_COUNT(audited); i++) {
        bench_compose_audited(&policy, audited[i].template,
                              audited[i].subject, &st);
        printf(",\n");
        print_statement("audited ", audited[i].template, &st);
    }

    printf(",\n\"fixed\": {");

    for (i = 0; i < PUPIL_FIXED_COUNT; i++) {
        printf("%s", i ? ",\n" : "");
        print_fixed(&pupil_fixed[i]);
    }

    printf("},\n");
    print_facts(&policy);
    printf(",\n\"homework fetch\": [");

    for (i = 0; i < BENCH_FETCH; i++) {
        printf("%s[\"%s%s\", \"%s\"]", i ? ", " : "",
               bench_fetch[i].subject == BENCH_NOBODY ? "" : "audited ",
               bench_fetch[i].template->name, kinds[bench_fetch[i].params]);
    }

    printf("],\n\"session\": \"%s\"\n}\n", pupil_session_sql);

    return 0;
}
