/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/plugin/names.h"
#include "ctl/base/html.h"
#include "ctl/recipient/register.h"
#include "ctl/recipient/terms.h"
#include "ctl/report/outside.h"


#define ORGANISATION  "urn:pupil:organisation:"


static json_t *entry_json(const json_t *entry);
static json_t *instruction_json(const json_t *entry);
static json_t *transfer_json(const json_t *entry);
static int instructed(const json_t *entry);
static int receives(const ctl_t *ctl, const json_t *entry, uint32_t purpose);
static int granted(const pupil_plugin_t *plugin, const char *field,
    uint32_t purpose);
static void where_add(ctl_buf_t *line, const json_t *entry, const char *comma);
static void instruction_add(ctl_buf_t *line, const json_t *entry);
static void row_add(ctl_buf_t *page, const json_t *entry);
static void cell_add(ctl_buf_t *page, const char *text);
static void list_add(ctl_buf_t *line, const json_t *list, const char *comma);


void
ctl_outside_add(const json_t *outside, json_t *list)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(outside, i, entry) {
        if (strcmp(ctl_register_state(entry), "ended") != 0) {
            json_array_append_new(list, entry_json(entry));
        }
    }
}


static json_t *
entry_json(const json_t *entry)
{
    const char                  *name;
    const ctl_recipient_kind_t  *kind;

    name = ctl_register_text(entry, "recipient");
    kind = ctl_recipient_kind(ctl_register_text(entry, "kind"));

    return json_pack("{s:o,s:s,s:s,s:s,s:s,s:O,s:o,s:O,s:O,s:O,s:O,s:o}",
        "@id", json_sprintf(ORGANISATION "%s", name),
        "@type", kind != NULL ? kind->term : "dpv:Recipient",
        "dct:title", ctl_register_text(entry, "title"),
        "organisation", name,
        "kind", ctl_register_text(entry, "kind"),
        "countries", json_object_get(entry, "countries"),
        "transfer", transfer_json(entry),
        "fields", json_object_get(entry, "fields"),
        "applications", json_object_get(entry, "applications"),
        "why", json_object_get(entry, "why"),
        "evidence", json_object_get(entry, "evidence"),
        "instruction", instruction_json(entry));
}


/* The last one, where it was not withdrawn. */
static json_t *
instruction_json(const json_t *entry)
{
    const json_t  *steps, *last;

    if (!instructed(entry)) {
        return json_null();
    }

    steps = json_object_get(entry, "steps");
    last = json_array_get(steps, json_array_size(steps) - 1);

    return json_pack("{s:O,s:O}", "reference",
                     json_object_get(last, "reference"), "date",
                     json_object_get(last, "date"));
}


static json_t *
transfer_json(const json_t *entry)
{
    const char  *basis;

    basis = json_string_value(json_object_get(entry, "transfer"));

    return basis == NULL ? json_null()
           : json_pack("{s:s,s:s?}", "basis", basis, "article",
                       ctl_transfer_article(basis));
}


static int
instructed(const json_t *entry)
{
    return strcmp(ctl_register_state(entry), "instructed") == 0;
}


void
ctl_outside_serving(const ctl_t *ctl, const json_t *outside, uint32_t purpose,
    json_t *list)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(outside, i, entry) {
        if (instructed(entry) && receives(ctl, entry, purpose)) {
            json_array_append_new(list, json_sprintf(ORGANISATION "%s",
                                  ctl_register_text(entry, "recipient")));
        }
    }
}


static int
receives(const ctl_t *ctl, const json_t *entry, uint32_t purpose)
{
    size_t                       i, len;
    json_t                      *field;
    uint32_t                     c;
    const char                  *name;
    const pupil_plugin_t        *plugin;
    const ctl_recipient_kind_t  *kind;

    kind = ctl_recipient_kind(ctl_register_text(entry, "kind"));

    if (kind == NULL || !ctl_recipient_serves(kind, purpose)) {
        return 0;
    }

    json_array_foreach(json_object_get(entry, "fields"), i, field) {
        name = json_string_value(field);
        len = strcspn(name, ".");

        for (c = 0; name[len] == '.' && c < ctl->policy.count; c++) {
            plugin = ctl->policy.categories[c]->plugin;

            if (strlen(plugin->name) == len
                && memcmp(plugin->name, name, len) == 0
                && granted(plugin, name + len + 1, purpose))
            {
                return 1;
            }
        }
    }

    return 0;
}


static int
granted(const pupil_plugin_t *plugin, const char *field, uint32_t purpose)
{
    uint32_t  i;

    for (i = 0; i < plugin->grants_count; i++) {
        if (plugin->grants[i].purpose == purpose
            && pupil_name_listed(plugin->grants[i].fields, field))
        {
            return 1;
        }
    }

    return 0;
}


int
ctl_outside_hosted(const json_t *outside)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(outside, i, entry) {
        if (instructed(entry)
            && strcmp(ctl_register_text(entry, "kind"), "hosting") == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ctl_outside_print(const json_t *record)
{
    size_t     i, n;
    json_t    *entry;
    ctl_buf_t  line;

    ctl_buf_init(&line);

    json_array_foreach(json_object_get(record, "recipients"), i, entry) {
        if (json_object_get(entry, "organisation") == NULL) {
            continue;
        }

        n = json_array_size(json_object_get(entry, "fields"));

        ctl_buf_reset(&line);
        ctl_buf_printf(&line, "  %s, %s, ",
                       ctl_register_text(entry, "dct:title"),
                       ctl_register_text(entry, "kind"));
        where_add(&line, entry, " ");
        ctl_buf_printf(&line, ": %zu field%s, ", n, n == 1 ? "" : "s");
        instruction_add(&line, entry);
        ctl_print_line(stdout, line.data);
    }

    ctl_buf_free(&line);
}


static void
where_add(ctl_buf_t *line, const json_t *entry, const char *comma)
{
    const json_t  *transfer;

    list_add(line, json_object_get(entry, "countries"), comma);
    transfer = json_object_get(entry, "transfer");

    if (json_is_null(transfer)) {
        ctl_buf_text(line, ", within the EEA");
    } else {
        ctl_buf_printf(line, ", by %s, article %s",
                       ctl_register_text(transfer, "basis"),
                       ctl_register_text(transfer, "article"));
    }
}


static void
instruction_add(ctl_buf_t *line, const json_t *entry)
{
    const json_t  *instruction;

    instruction = json_object_get(entry, "instruction");

    if (json_is_null(instruction)) {
        ctl_buf_text(line, "by no instruction");
    } else {
        ctl_buf_printf(line, "by %s of %s",
                       ctl_register_text(instruction, "reference"),
                       ctl_register_text(instruction, "date"));
    }
}


void
ctl_outside_page(ctl_buf_t *page, const json_t *record)
{
    size_t   i;
    json_t  *entry;

    ctl_buf_text(page, "<h2>Recipients outside of this system</h2>\n<table>\n"
                       "<tr><th>Who</th><th>kind</th><th>where</th>"
                       "<th>transfer</th><th>fields</th><th>why</th>"
                       "<th>evidence</th><th>instruction</th></tr>\n");

    json_array_foreach(json_object_get(record, "recipients"), i, entry) {
        if (json_object_get(entry, "organisation") != NULL) {
            row_add(page, entry);
        }
    }

    ctl_buf_text(page, "</table>\n");
}


static void
row_add(ctl_buf_t *page, const json_t *entry)
{
    ctl_buf_t      text;
    const json_t  *evidence, *transfer;

    ctl_buf_init(&text);
    evidence = json_object_get(entry, "evidence");
    transfer = json_object_get(entry, "transfer");

    ctl_buf_text(page, "<tr>");
    cell_add(page, ctl_register_text(entry, "dct:title"));
    cell_add(page, ctl_register_text(entry, "kind"));
    list_add(&text, json_object_get(entry, "countries"), ", ");
    cell_add(page, text.data);

    ctl_buf_reset(&text);
    ctl_buf_text(&text, "none: within the EEA");

    if (!json_is_null(transfer)) {
        ctl_buf_reset(&text);
        ctl_buf_printf(&text, "%s, article %s",
                       ctl_register_text(transfer, "basis"),
                       ctl_register_text(transfer, "article"));
    }

    cell_add(page, text.data);

    ctl_buf_reset(&text);
    list_add(&text, json_object_get(entry, "fields"), ", ");
    cell_add(page, text.data);
    cell_add(page, ctl_register_text(entry, "why"));

    ctl_buf_reset(&text);
    ctl_buf_printf(&text, "%s of %s", ctl_register_text(evidence, "file"),
                   ctl_register_text(evidence, "date"));
    cell_add(page, text.data);

    ctl_buf_reset(&text);
    instruction_add(&text, entry);
    cell_add(page, text.data);
    ctl_buf_text(page, "</tr>\n");
    ctl_buf_free(&text);
}


static void
cell_add(ctl_buf_t *page, const char *text)
{
    ctl_buf_text(page, "<td>");
    ctl_html_text(page, text);
    ctl_buf_text(page, "</td>");
}


static void
list_add(ctl_buf_t *line, const json_t *list, const char *comma)
{
    size_t   i;
    json_t  *text;

    json_array_foreach(list, i, text) {
        ctl_buf_printf(line, "%s%s", i == 0 ? "" : comma,
                       json_string_value(text));
    }
}
