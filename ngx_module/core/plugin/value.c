/*
 * Copyright (C) the Pupil authors
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/plugin/fold.h"
#include "core/plugin/type.h"
#include "core/plugin/value.h"


/* What a hook's call pointer is. */
typedef struct {
    const pupil_category_t  *category;
    const pupil_alloc_t     *alloc;
    const char              *field;     /* of the first report */
    const char              *rule;
    uint8_t                  no_memory;
} pupil_call_t;


static void *pupil_call_alloc(void *ctx, size_t size);
static void pupil_call_error(void *ctx, const char *field, const char *rule);
static int32_t pupil_call_member(void *ctx, const uint8_t *json, size_t len,
    const char *name, const uint8_t **value, size_t *value_len);
static int64_t pupil_call_option(void *ctx, const char *name);


static const pupil_host_t  pupil_host = {
    .struct_size = sizeof(pupil_host_t),
    .alloc = pupil_call_alloc,
    .error = pupil_call_error,
    .json_member = pupil_call_member,
    .option = pupil_call_option
};


static void *
pupil_call_alloc(void *ctx, size_t size)
{
    void          *p;
    pupil_call_t  *call = ctx;

    p = NULL;
    if (size <= 16 * PUPIL_MAX_VALUE) {
        p = call->alloc->alloc(call->alloc->ctx, size);
    }

    if (p == NULL) {
        call->no_memory = 1;
    }

    return p;
}


static void
pupil_call_error(void *ctx, const char *field, const char *rule)
{
    pupil_call_t  *call = ctx;

    if (call->rule == NULL && rule != NULL) {
        call->field = field;
        call->rule = rule;
    }
}


static int32_t
pupil_call_member(void *ctx, const uint8_t *json, size_t len,
    const char *name, const uint8_t **value, size_t *value_len)
{
    uint32_t       node;
    pupil_rc_t     rc;
    pupil_str_t    raw;
    pupil_json_t   tree;
    pupil_call_t  *call = ctx;

    rc = pupil_json_parse(call->alloc, json, len, &pupil_type_limits, &tree,
                          NULL);
    if (rc != PUPIL_OK) {
        call->no_memory |= rc == PUPIL_NO_MEMORY;
        return -1;
    }

    node = pupil_json_member(&tree, 0, name);
    if (node == PUPIL_JSON_NONE) {
        return -1;
    }

    raw = pupil_json_raw(&tree, node);
    *value = raw.data;
    *value_len = raw.len;

    return 0;
}


static int64_t
pupil_call_option(void *ctx, const char *name)
{
    uint32_t               i;
    pupil_call_t          *call = ctx;
    const pupil_plugin_t  *plugin;

    plugin = call->category->plugin;

    for (i = 0; i < plugin->options_count; i++) {
        if (strcmp(plugin->options[i].name, name) == 0) {
            return call->category->options[i];
        }
    }

    return -1;
}


/* PUPIL_OK without a rule, else the fault. */
static pupil_rc_t
pupil_value_fault(const char *field, const char *rule, pupil_fault_t *fault)
{
    char  pointer[PUPIL_MAX_NAME + 2];

    if (rule == NULL) {
        return PUPIL_OK;
    }

    if (rule == pupil_type_no_memory) {
        return PUPIL_NO_MEMORY;
    }

    (void) snprintf(pointer, sizeof(pointer), "/%s", field);

    return pupil_fault_set(fault, 422, pointer, rule);
}


static void
pupil_call_init(pupil_call_t *call, const pupil_category_t *category,
    const pupil_alloc_t *alloc)
{
    memset(call, 0, sizeof(*call));
    call->category = category;
    call->alloc = alloc;
}


/*
 * The value that a hook made: only when it had memory for it, did not refuse,
 * and the size is one that a value can have.
 */
static pupil_rc_t
pupil_call_result(const pupil_call_t *call, int32_t rc,
    const pupil_value_t *out, pupil_str_t *value)
{
    if (call->no_memory) {
        return PUPIL_NO_MEMORY;
    }

    if (rc != 0 || out->len > PUPIL_MAX_VALUE
        || (out->data == NULL && out->len != 0))
    {
        return PUPIL_INVALID;
    }

    value->data = out->data;
    value->len = out->len;

    return PUPIL_OK;
}


/* A refusal by normalise or validate. */
static pupil_rc_t
pupil_call_fault(const pupil_call_t *call, uint32_t field,
    pupil_fault_t *fault)
{
    const char  *name;

    name = call->category->plugin->fields[field].name;

    if (call->rule != NULL && call->field != NULL
        && strnlen(call->field, PUPIL_MAX_NAME + 1) <= PUPIL_MAX_NAME)
    {
        name = call->field;
    }

    return pupil_value_fault(name, call->rule != NULL ? call->rule
                                                      : "refused", fault);
}


static pupil_rc_t
pupil_value_normalise(const pupil_category_t *category, uint32_t field,
    const pupil_alloc_t *alloc, pupil_str_t *value, pupil_fault_t *fault)
{
    int32_t               rc;
    pupil_rc_t            result;
    pupil_call_t          call;
    pupil_value_t         in, out;
    const pupil_hooks_t  *hooks;

    hooks = category->plugin->hooks;
    if (hooks == NULL || hooks->normalise == NULL) {
        return PUPIL_OK;
    }

    pupil_call_init(&call, category, alloc);
    in.data = value->data;
    in.len = value->len;
    out = in;

    rc = hooks->normalise(&pupil_host, &call, field, in, &out);
    result = pupil_call_result(&call, rc, &out, value);

    return result == PUPIL_INVALID ? pupil_call_fault(&call, field, fault)
                                   : result;
}


static pupil_rc_t
pupil_value_validate(const pupil_category_t *category, uint32_t field,
    const pupil_alloc_t *alloc, pupil_str_t value, pupil_fault_t *fault)
{
    int32_t               rc;
    pupil_call_t          call;
    pupil_value_t         in;
    const pupil_hooks_t  *hooks;

    hooks = category->plugin->hooks;
    if (hooks == NULL || hooks->validate == NULL) {
        return PUPIL_OK;
    }

    pupil_call_init(&call, category, alloc);
    in.data = value.data;
    in.len = value.len;

    rc = hooks->validate(&pupil_host, &call, field, in);

    if (call.no_memory) {
        return PUPIL_NO_MEMORY;
    }

    return rc == 0 ? PUPIL_OK : pupil_call_fault(&call, field, fault);
}


static void *
pupil_pattern_alloc(PCRE2_SIZE size, void *data)
{
    const pupil_alloc_t  *alloc = data;

    return alloc->alloc(alloc->ctx, size);
}


/* The giver of the memory frees it all at once. */
static void
pupil_pattern_free(void *p, void *data)
{
    (void) p;
    (void) data;
}


/* The limits on backtracking and memory are compiled into the pattern. */
static const char *
pupil_value_match(const pcre2_code *pattern, const pupil_alloc_t *alloc,
    pupil_str_t value)
{
    int                     rc;
    pupil_alloc_t           memory;
    pcre2_match_data       *match;
    pcre2_general_context  *context;

    if (pattern == NULL) {
        return NULL;
    }

    memory = *alloc;
    context = pcre2_general_context_create(pupil_pattern_alloc,
                                           pupil_pattern_free, &memory);
    match = context != NULL ? pcre2_match_data_create(1, context) : NULL;
    if (match == NULL) {
        return pupil_type_no_memory;
    }

    rc = pcre2_match(pattern, value.data != NULL ? value.data
                                                 : (const uint8_t *) "",
                     value.len, 0, 0, match, NULL);

    if (rc == PCRE2_ERROR_NOMEMORY) {
        return pupil_type_no_memory;
    }

    return rc >= 0 ? NULL : "pattern";
}


/* Size, normalise, size and pattern, validate; the type has been checked. */
static pupil_rc_t
pupil_value_finish(const pupil_category_t *category, uint32_t field,
    const pupil_alloc_t *alloc, pupil_str_t *value, pupil_fault_t *fault)
{
    const char           *rule;
    pupil_rc_t            rc;
    const pupil_field_t  *f;

    f = &category->plugin->fields[field];

    if (value->len > f->max_size) {
        return pupil_value_fault(f->name, "maxLength", fault);
    }

    rc = pupil_value_normalise(category, field, alloc, value, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rule = pupil_type_check(f->type, value, alloc);

    if (rule == NULL && value->len > f->max_size) {
        rule = "maxLength";
    }

    if (rule == NULL && value->len == 0 && f->type != PUPIL_TYPE_UUID_LIST
        && (f->flags & PUPIL_FIELD_REQUIRED))
    {
        rule = "minLength";
    }

    if (rule == NULL) {
        rule = pupil_value_match(category->patterns[field], alloc, *value);
    }

    if (rule != NULL) {
        return pupil_value_fault(f->name, rule, fault);
    }

    return pupil_value_validate(category, field, alloc, *value, fault);
}


pupil_rc_t
pupil_value_accept(const pupil_category_t *category, uint32_t field,
    const pupil_json_t *json, uint32_t node, const pupil_alloc_t *alloc,
    pupil_str_t *value, pupil_fault_t *fault)
{
    const char           *rule;
    pupil_rc_t            rc;
    const pupil_field_t  *f;

    f = &category->plugin->fields[field];

    rule = pupil_type_from_json(f->type, json, node, alloc, value);

    rc = pupil_value_fault(f->name, rule, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    return pupil_value_accept_text(category, field, *value, alloc, value,
                                   fault);
}


pupil_rc_t
pupil_value_accept_text(const pupil_category_t *category, uint32_t field,
    pupil_str_t text, const pupil_alloc_t *alloc, pupil_str_t *value,
    pupil_fault_t *fault)
{
    const char           *rule;
    pupil_rc_t            rc;
    const pupil_field_t  *f;

    f = &category->plugin->fields[field];
    *value = text;

    if (text.len > PUPIL_MAX_VALUE) {
        return pupil_value_fault(f->name, "maxLength", fault);
    }

    rule = pupil_type_check(f->type, value, alloc);

    rc = pupil_value_fault(f->name, rule, fault);
    if (rc != PUPIL_OK) {
        return rc;
    }

    return pupil_value_finish(category, field, alloc, value, fault);
}


static void
pupil_value_write_list(pupil_str_t value, pupil_writer_t *writer)
{
    const uint8_t  *p, *end, *space;

    pupil_writer_array_begin(writer);

    p = value.len != 0 ? value.data : (const uint8_t *) "";

    for (end = p + value.len; p != end; p = space) {
        space = memchr(p, ' ', (size_t) (end - p));
        if (space == NULL) {
            space = end;
        }

        pupil_writer_string(writer, p, (size_t) (space - p));
        space += space != end;
    }

    pupil_writer_array_end(writer);
}


void
pupil_value_write(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, pupil_writer_t *writer)
{
    pupil_value_write_as(category->plugin->fields[field].type, value, writer);
}


void
pupil_value_write_as(uint32_t type, pupil_str_t value, pupil_writer_t *writer)
{
    switch (type) {

    case PUPIL_TYPE_JSON:
    case PUPIL_TYPE_DECIMAL:
    case PUPIL_TYPE_INTEGER:
    case PUPIL_TYPE_BOOLEAN:
        if (value.len == 0) {
            pupil_writer_null(writer);
        } else {
            pupil_writer_raw(writer, value.data, value.len);
        }
        break;

    case PUPIL_TYPE_UUID_LIST:
        pupil_value_write_list(value, writer);
        break;

    default:
        pupil_writer_str(writer, &value);
    }
}


pupil_rc_t
pupil_value_term(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, const pupil_alloc_t *alloc, pupil_str_t *term)
{
    pupil_rc_t   rc;
    pupil_str_t  before;

    rc = pupil_value_term_before(category, field, value, alloc, &before);

    return rc == PUPIL_OK ? pupil_fold(before, alloc, term) : rc;
}


pupil_rc_t
pupil_value_term_before(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, const pupil_alloc_t *alloc, pupil_str_t *term)
{
    int32_t               rc;
    pupil_call_t          call;
    pupil_value_t         in, out;
    const pupil_hooks_t  *hooks;

    hooks = category->plugin->hooks;
    if (hooks == NULL || hooks->index_term == NULL) {
        return PUPIL_INVALID;
    }

    pupil_call_init(&call, category, alloc);
    in.data = value.data;
    in.len = value.len;
    out.data = NULL;
    out.len = 0;

    rc = hooks->index_term(&pupil_host, &call, field, in, &out);

    return pupil_call_result(&call, rc, &out, term);
}


pupil_rc_t
pupil_value_project(const pupil_category_t *category, uint32_t field,
    uint32_t purpose, pupil_str_t value, const pupil_alloc_t *alloc,
    pupil_str_t *out)
{
    int32_t               rc;
    pupil_rc_t            result;
    pupil_call_t          call;
    pupil_value_t         in, coarse;
    const pupil_hooks_t  *hooks;

    hooks = category->plugin->hooks;
    if (hooks == NULL || hooks->project == NULL) {
        return PUPIL_INVALID;
    }

    pupil_call_init(&call, category, alloc);
    in.data = value.data;
    in.len = value.len;
    coarse.data = NULL;
    coarse.len = 0;

    rc = hooks->project(&pupil_host, &call, field, purpose, in, &coarse);
    result = pupil_call_result(&call, rc, &coarse, out);

    if (result == PUPIL_OK
        && pupil_utf8_check(out->data, out->len, NULL) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    return result;
}


pupil_rc_t
pupil_value_anonymise(const pupil_category_t *category, uint32_t field,
    pupil_str_t value, pupil_time_t now, const pupil_alloc_t *alloc,
    pupil_str_t *out)
{
    int32_t               rc;
    pupil_rc_t            result;
    pupil_call_t          call;
    pupil_value_t         in, left;
    const pupil_hooks_t  *hooks;

    hooks = category->plugin->hooks;
    if (hooks == NULL || hooks->anonymise == NULL) {
        return PUPIL_INVALID;
    }

    pupil_call_init(&call, category, alloc);
    in.data = value.data;
    in.len = value.len;
    left.data = NULL;
    left.len = 0;

    rc = hooks->anonymise(&pupil_host, &call, field, in, now, &left);
    result = pupil_call_result(&call, rc, &left, out);

    if (result == PUPIL_OK && out->len != 0
        && pupil_utf8_check(out->data, out->len, NULL) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    return result;
}
