/*
 * Copyright (C) the Pupil authors
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <dlfcn.h>
#include <errno.h>
#include <pcre2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/plugin/check.h"
#include "core/plugin/loader.h"


#define PUPIL_LOADER_PATTERN    1024    /* bytes of a pattern */

/*
 * What bounds a pattern, in front of it, so that it cannot be forgotten:
 * PCRE2's default match limit lets 64 bytes burn 142 ms.  Kibibytes of heap.
 */
#define PUPIL_LOADER_LIMITS     "(*LIMIT_MATCH=10000)(*LIMIT_HEAP=512)"


static pupil_rc_t
pupil_pattern_compile(pupil_category_t *category, uint32_t i,
    pupil_error_t *error)
{
    int                   code;
    char                  text[PUPIL_LOADER_PATTERN + 128];
    pcre2_code           *pattern;
    PCRE2_SIZE            offset;
    PCRE2_UCHAR           message[128];
    const pupil_field_t  *field;

    field = &category->plugin->fields[i];
    if (field->pattern == NULL) {
        return PUPIL_OK;
    }

    if (strnlen(field->pattern, PUPIL_LOADER_PATTERN + 1)
        > PUPIL_LOADER_PATTERN)
    {
        return pupil_error_set(error, "%s: field \"%s\": pattern is longer"
                               " than %d bytes", category->plugin->name,
                               field->name, PUPIL_LOADER_PATTERN);
    }

    (void) snprintf(text, sizeof(text), "%s%s", PUPIL_LOADER_LIMITS,
                    field->pattern);

    pattern = pcre2_compile((PCRE2_SPTR) text, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C
                            | PCRE2_ANCHORED | PCRE2_ENDANCHORED
                            | PCRE2_DOLLAR_ENDONLY, &code, &offset, NULL);

    if (pattern == NULL) {
        (void) pcre2_get_error_message(code, message, sizeof(message));
        return pupil_error_set(error, "%s: field \"%s\": pattern \"%.128s\":"
                               " %s at byte %zu", category->plugin->name,
                               field->name, field->pattern, message,
                               (size_t) offset
                               - (sizeof(PUPIL_LOADER_LIMITS) - 1));
    }

    /* Where there is no JIT the interpreter serves, under the same limit. */
    (void) pcre2_jit_compile(pattern, PCRE2_JIT_COMPLETE);

    category->patterns[i] = pattern;

    return PUPIL_OK;
}


/* The lists of a category, from alloc; the plugin has been checked. */
static pupil_rc_t
pupil_category_fill(pupil_category_t *category, const pupil_alloc_t *alloc,
    pupil_error_t *error)
{
    size_t                 fields, options;
    uint32_t               i;
    pupil_rc_t             rc;
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;
    fields = plugin->fields_count;
    options = plugin->options_count;

    category->field_names = alloc->alloc(alloc->ctx,
                                         fields * sizeof(pupil_str_t));
    category->options = alloc->alloc(alloc->ctx,
                                     (options + 1) * sizeof(int64_t));
    category->patterns = alloc->alloc(alloc->ctx, fields * sizeof(void *));

    if (category->field_names == NULL || category->options == NULL
        || category->patterns == NULL)
    {
        category->patterns = NULL;
        (void) pupil_error_set(error, "%s: out of memory", plugin->name);
        return PUPIL_NO_MEMORY;
    }

    memset(category->patterns, 0, fields * sizeof(void *));

    category->name.data = (const uint8_t *) plugin->name;
    category->name.len = strlen(plugin->name);

    for (i = 0; i < options; i++) {
        category->options[i] = plugin->options[i].value;
    }

    for (i = 0; i < fields; i++) {
        category->field_names[i].data =
            (const uint8_t *) plugin->fields[i].name;
        category->field_names[i].len = strlen(plugin->fields[i].name);
        category->bound |= (plugin->fields[i].flags & PUPIL_FIELD_BOUND) != 0;

        rc = pupil_pattern_compile(category, i, error);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}


static pupil_category_t *
pupil_category_create(const pupil_alloc_t *alloc, pupil_error_t *error)
{
    pupil_category_t  *category;

    category = alloc->alloc(alloc->ctx, sizeof(*category));
    if (category == NULL) {
        (void) pupil_error_set(error, "out of memory");
        return NULL;
    }

    memset(category, 0, sizeof(*category));
    category->copy.fd = -1;

    return category;
}


static pupil_rc_t
pupil_category_pin(const pupil_category_t *category, const char *path,
    const uint8_t *pin, pupil_error_t *error)
{
    char  got[2 * PUPIL_HASH_LEN + 1], want[2 * PUPIL_HASH_LEN + 1];

    if (pin == NULL || memcmp(pin, category->sha256, PUPIL_HASH_LEN) == 0) {
        return PUPIL_OK;
    }

    sodium_bin2hex(got, sizeof(got), category->sha256, PUPIL_HASH_LEN);
    sodium_bin2hex(want, sizeof(want), pin, PUPIL_HASH_LEN);

    return pupil_error_set(error, "\"%s\": its SHA-256 is %s, configured is"
                           " %s", path, got, want);
}


/* What the dynamic linker says, without the copy's name that it begins with. */
static const char *
pupil_category_dlerror(const char *name)
{
    size_t       len;
    const char  *message;

    message = dlerror();
    len = strlen(name);

    if (message == NULL) {
        return "unknown error";
    }

    return strncmp(message, name, len) == 0
           && strncmp(message + len, ": ", 2) == 0
           ? message + len + 2 : message;
}


static pupil_rc_t
pupil_category_open(pupil_category_t *category, const char *path,
    pupil_error_t *error)
{
    char             name[PUPIL_COPY_NAME];
    pupil_plugin_pt  entry;

    if (pupil_copy_name(&category->copy, name, error) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    category->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (category->handle == NULL) {
        return pupil_error_set(error, "cannot load \"%s\": %s", path,
                               pupil_category_dlerror(name));
    }

    /* POSIX: the way to turn dlsym()'s object pointer into a function's. */
    *(void **) &entry = dlsym(category->handle, "pupil_plugin");
    if (entry == NULL) {
        return pupil_error_set(error, "\"%s\" is no plugin: it exports no"
                               " pupil_plugin()", path);
    }

    category->plugin = entry();

    return PUPIL_OK;
}


pupil_rc_t
pupil_category_load(const char *path, const uint8_t *pin,
    const pupil_alloc_t *alloc, pupil_category_t **category,
    pupil_error_t *error)
{
    pupil_rc_t         rc;
    pupil_category_t  *c;

    *category = NULL;

    c = pupil_category_create(alloc, error);
    if (c == NULL) {
        return PUPIL_NO_MEMORY;
    }

    rc = pupil_copy_make(&c->copy, path, c->sha256, error);

    if (rc == PUPIL_OK) {
        rc = pupil_category_pin(c, path, pin, error);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_category_open(c, path, error);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_plugin_check(c->plugin, error);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_category_fill(c, alloc, error);
    }

    if (rc != PUPIL_OK) {
        pupil_category_unload(c);
        return rc;
    }

    *category = c;

    return PUPIL_OK;
}


void
pupil_category_unload(pupil_category_t *category)
{
    uint32_t  i;

    if (category == NULL) {
        return;
    }

    for (i = 0; category->patterns != NULL
                && i < category->plugin->fields_count; i++)
    {
        pcre2_code_free(category->patterns[i]);
    }

    if (category->handle != NULL) {
        (void) dlclose(category->handle);
    }

    pupil_copy_close(&category->copy);
    memset(category, 0, sizeof(*category));
    category->copy.fd = -1;
}


pupil_rc_t
pupil_category_wrap(const pupil_plugin_t *plugin, const pupil_alloc_t *alloc,
    pupil_category_t **category, pupil_error_t *error)
{
    pupil_rc_t         rc;
    pupil_category_t  *c;

    *category = NULL;

    rc = pupil_plugin_check(plugin, error);
    if (rc != PUPIL_OK) {
        return rc;
    }

    c = pupil_category_create(alloc, error);
    if (c == NULL) {
        return PUPIL_NO_MEMORY;
    }

    c->plugin = plugin;

    rc = pupil_category_fill(c, alloc, error);
    if (rc != PUPIL_OK) {
        pupil_category_unload(c);
        return rc;
    }

    *category = c;

    return PUPIL_OK;
}


/* on, off, 12 or 12d as the type of the option has it. */
static int
pupil_option_value(const pupil_option_t *option, pupil_str_t text,
    int64_t *value)
{
    char   digits[24], *end;

    if (option->type == PUPIL_OPTION_FLAG) {
        *value = pupil_str_is(text, "on");
        return *value || pupil_str_is(text, "off");
    }

    if (option->type == PUPIL_OPTION_DAYS) {
        if (text.len == 0 || text.data[text.len - 1] != 'd') {
            return 0;
        }

        text.len--;
    }

    if (text.len == 0 || text.len > 19
        || !(pupil_is_digit(text.data[0])
             || (text.data[0] == '-' && text.len > 1)))
    {
        return 0;
    }

    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';

    errno = 0;
    *value = strtoll(digits, &end, 10);

    return *end == '\0' && errno == 0 && *value >= option->min
           && *value <= option->max;
}


pupil_rc_t
pupil_category_option(pupil_category_t *category, pupil_str_t setting,
    pupil_error_t *error)
{
    char                   known[PUPIL_ERROR_SIZE];
    size_t                 len, used;
    uint32_t               i;
    pupil_str_t            name, value;
    const pupil_option_t  *option;
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;

    for (len = 0; len < setting.len && setting.data[len] != '='; len++) {
        /* void */
    }

    name.data = setting.data;
    name.len = len;
    value.data = setting.data + len + (len < setting.len);
    value.len = setting.len - len - (len < setting.len);

    used = 0;
    known[0] = '\0';

    for (i = 0; i < plugin->options_count; i++) {
        option = &plugin->options[i];

        if (!pupil_str_is(name, option->name)) {
            if (used < sizeof(known)) {
                used += (size_t) snprintf(known + used, sizeof(known) - used,
                                          " %s", option->name);
            }

            continue;
        }

        if (len < setting.len
            && pupil_option_value(option, value, &category->options[i]))
        {
            return PUPIL_OK;
        }

        category->options[i] = option->value;

        return pupil_error_set(error, "%s: option \"%.*s\": expected %s=%s,"
                               " from %lld to %lld", plugin->name,
                               (int) setting.len,
                               (const char *) setting.data, option->name,
                               option->type == PUPIL_OPTION_FLAG ? "on|off"
                               : option->type == PUPIL_OPTION_DAYS ? "<n>d"
                               : "<n>", (long long) option->min,
                               (long long) option->max);
    }

    return pupil_error_set(error, "%s has no option \"%.*s\"; it has:%s",
                           plugin->name, (int) name.len,
                           (const char *) name.data,
                           plugin->options_count != 0 ? known : " none");
}


int32_t
pupil_category_field(const pupil_category_t *category, pupil_str_t name)
{
    uint32_t  i;

    for (i = 0; i < category->plugin->fields_count; i++) {
        if (pupil_str_is(name, category->plugin->fields[i].name)) {
            return (int32_t) i;
        }
    }

    return -1;
}
