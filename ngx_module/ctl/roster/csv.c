/*
 * Copyright (C) the Pupil authors
 *
 * CSV files (RFC 4180) of a folder or a ZIP archive, streamed.
 */

#include <csv.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "ctl/base/buf.h"
#include "ctl/base/ctl.h"
#include "ctl/roster/csv.h"


#define CHUNK       65536
#define FIELD_MAX   65536               /* bytes of one cell */
#define FILE_MAX    (UINT64_C(4) << 30)
#define FILES_MAX   64


struct csv_source_s {
    ctl_pool_t    pool;
    const char   *path;
    zip_t        *zip;
    const char   *names[FILES_MAX];     /* the last part */
    zip_uint64_t  index[FILES_MAX];
    unsigned      count;
    unsigned      folders;              /* in a folder */
    csv_read_pt   read;                 /* NULL: they are read here */
    void         *files;
};

/* An open file of either kind. */
typedef struct {
    FILE        *file;
    zip_file_t  *entry;
} csv_file_t;

typedef struct {
    csv_row_t    row;
    ctl_buf_t    text;                  /* of the cells */
    size_t       offsets[CSV_COLUMNS + 1];
    size_t       line;
    unsigned     cr:1;                  /* the last byte was one */
    unsigned     ends:1;                /* a line, with it */
    csv_row_pt   callback;
    void        *ctx;
    const char  *error;                 /* "": said already */
} csv_state_t;


static const char  utf16[] = "is UTF-16: save it as UTF-8";
static const char  too_wide[] = "has more than 256 columns";
static const char  too_long[] =
    "a cell is longer than 64 KiB; is a quote missing?";


static int
source_add(csv_source_t *source, const char *path, zip_uint64_t index)
{
    size_t       len;
    unsigned     i;
    const char  *name;

    name = strrchr(path, '/');
    name = name == NULL ? path : name + 1;
    len = strlen(name);

    if (len < 5 || strcasecmp(name + len - 4, ".csv") != 0 || name[0] == '.')
    {
        return 0;
    }

    for (i = 0; i < source->count; i++) {
        if (strcasecmp(source->names[i], name) == 0) {
            return ctl_error("%s holds %s twice", source->path, name);
        }
    }

    if (source->count == FILES_MAX) {
        return ctl_error("%s holds more than %d CSV files", source->path,
                         FILES_MAX);
    }

    source->names[source->count] = ctl_pool_text(&source->pool, name, len);
    source->index[source->count++] = index;

    return 0;
}


static int
open_folder(csv_source_t *source)
{
    int              i, n, rc;
    struct dirent  **entries;

    n = scandir(source->path, &entries, NULL, alphasort);
    if (n < 0) {
        return ctl_error("%s: %s", source->path, strerror(errno));
    }

    rc = 0;

    for (i = 0; i < n; i++) {
        if (rc == 0) {
            source->folders += entries[i]->d_type == DT_DIR
                               && entries[i]->d_name[0] != '.';
            rc = source_add(source, entries[i]->d_name, 0);
        }
        free(entries[i]);
    }

    free(entries);

    return rc;
}


static int
open_archive(csv_source_t *source)
{
    int           rc, error;
    zip_int64_t   i, n;
    zip_error_t   text;
    const char   *name;

    n = (zip_int64_t) strlen(source->path);

    if (n > 4 && strcasecmp(source->path + n - 4, ".csv") == 0) {
        return ctl_error("%s is one file: say the folder that it is in, or an"
                         " archive", source->path);
    }

    source->zip = zip_open(source->path, ZIP_RDONLY, &error);

    if (source->zip == NULL) {
        zip_error_init_with_code(&text, error);
        ctl_error("%s: %s", source->path, zip_error_strerror(&text));
        zip_error_fini(&text);
        return -1;
    }

    rc = 0;
    n = zip_get_num_entries(source->zip, 0);

    for (i = 0; rc == 0 && i < n; i++) {
        name = zip_get_name(source->zip, (zip_uint64_t) i, 0);
        if (name != NULL) {
            rc = source_add(source, name, (zip_uint64_t) i);
        }
    }

    return rc;
}


static csv_source_t *
source_make(void)
{
    csv_source_t  *source;

    source = ctl_pool_owner(sizeof(csv_source_t), offsetof(csv_source_t, pool));

    return source;
}


csv_source_t *
csv_source_made(csv_read_pt read, void *files)
{
    csv_source_t  *source;

    source = source_make();
    source->read = read;
    source->files = files;

    return source;
}


void
csv_source_named(csv_source_t *source, const char *name)
{
    if (source->count < FILES_MAX) {
        source->names[source->count++] = name;
    }
}


csv_source_t *
csv_source_open(const char *path)
{
    int            rc;
    struct stat    st;
    csv_source_t  *source;

    if (stat(path, &st) != 0) {
        ctl_error("%s: %s", path, strerror(errno));
        return NULL;
    }

    source = source_make();
    source->path = path;

    rc = S_ISDIR(st.st_mode) ? open_folder(source) : open_archive(source);

    if (rc == 0 && source->count == 0) {
        rc = ctl_error("%s holds no CSV file%s", path, source->folders != 0
                       ? ": is it in a folder below it?" : "");
    }

    if (rc != 0) {
        csv_source_close(source);
        return NULL;
    }

    return source;
}


csv_source_t *
csv_source_file(const char *path)
{
    const char    *slash;
    ctl_pool_t     pool;
    csv_source_t  *source;

    memset(&pool, 0, sizeof(ctl_pool_t));
    source = ctl_pool_alloc(&pool, sizeof(csv_source_t));
    memset(source, 0, sizeof(csv_source_t));

    slash = strrchr(path, '/');
    source->path = slash == NULL ? "."
                   : ctl_pool_text(&pool, path, (size_t) (slash - path) + 1);
    source->names[source->count++] = slash == NULL ? path : slash + 1;
    source->pool = pool;

    return source;
}


void
csv_source_close(csv_source_t *source)
{
    ctl_pool_t  pool;

    if (source == NULL) {
        return;
    }

    if (source->zip != NULL) {
        zip_discard(source->zip);
    }

    pool = source->pool;
    ctl_pool_free(&pool);
}


const char *
csv_source_path(const csv_source_t *source)
{
    return source->read == NULL ? source->path : NULL;
}


unsigned
csv_source_count(const csv_source_t *source)
{
    return source->count;
}


const char *
csv_source_name(const csv_source_t *source, unsigned i)
{
    return source->names[i];
}


static int
entry_open(csv_source_t *source, unsigned i, csv_file_t *file)
{
    file->entry = zip_fopen_index(source->zip, source->index[i], 0);
    if (file->entry != NULL) {
        return 0;
    }

    if (zip_error_code_zip(zip_get_error(source->zip)) == ZIP_ER_NOPASSWD) {
        return ctl_error("%s: %s is encrypted: make the archive without a"
                         " password", source->path, source->names[i]);
    }

    return ctl_error("%s: %s: %s", source->path, source->names[i],
                     zip_strerror(source->zip));
}


/* Neither through a link, nor what nobody writes to, nor what has no end. */
static int
file_open(csv_source_t *source, unsigned i, csv_file_t *file)
{
    int          fd;
    ctl_buf_t    path;
    struct stat  st;

    memset(file, 0, sizeof(csv_file_t));

    if (source->zip != NULL) {
        return entry_open(source, i, file);
    }

    memset(&path, 0, sizeof(ctl_buf_t));
    ctl_buf_printf(&path, "%s/%s", source->path, source->names[i]);

    fd = open(path.data, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if ((fd < 0 && errno == ELOOP)
        || (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))))
    {
        ctl_error("%s is no plain file", path.data);

    } else if (fd < 0 || (file->file = fdopen(fd, "r")) == NULL) {
        ctl_error("%s: %s", path.data, strerror(errno));
    }

    ctl_buf_free(&path);

    if (file->file == NULL && fd >= 0) {
        close(fd);
    }

    return file->file != NULL ? 0 : -1;
}


static ssize_t
file_read(csv_file_t *file, void *data, size_t size)
{
    size_t  n;

    if (file->entry != NULL) {
        return (ssize_t) zip_fread(file->entry, data, size);
    }

    n = fread(data, 1, size, file->file);

    return n == 0 && ferror(file->file) ? -1 : (ssize_t) n;
}


static void
file_close(csv_file_t *file)
{
    if (file->entry != NULL) {
        zip_fclose(file->entry);
    }

    if (file->file != NULL) {
        fclose(file->file);
    }
}


static void
on_field(void *data, size_t len, void *ctx)
{
    csv_state_t  *state = ctx;

    if (state->row.count == CSV_COLUMNS) {
        state->error = too_wide;
        return;
    }

    if (len > FIELD_MAX) {
        state->error = too_long;
        return;
    }

    ctl_buf_add(&state->text, data, len);
    state->offsets[++state->row.count] = state->text.len;
}


static void
on_row(int c, void *ctx)
{
    unsigned      i;
    csv_row_t    *row;
    csv_state_t  *state = ctx;

    (void) c;

    row = &state->row;

    /* only now: the text may have moved while it grew */
    for (i = 0; i < row->count; i++) {
        row->cells[i].data = (const uint8_t *) state->text.data
                             + state->offsets[i];
        row->cells[i].len = state->offsets[i + 1] - state->offsets[i];
    }

    if (row->count != 0 && state->error == NULL
        && state->callback(state->ctx, row) != 0)
    {
        state->error = "";
    }

    row->count = 0;
    state->text.len = 0;
}


/* Up to the end of a line, which is LF, CR or both. */
static size_t
line_take(csv_state_t *state, const char *p, size_t len)
{
    size_t       n;
    const char  *lf, *cr;

    if (state->cr && p[0] == '\n') {
        state->cr = 0;
        return 1;               /* of the line that CR has ended */
    }

    lf = memchr(p, '\n', len);
    n = lf != NULL ? (size_t) (lf - p) + 1 : len;
    cr = memchr(p, '\r', n);

    if (cr != NULL) {
        n = (size_t) (cr - p) + 1;
    }

    state->cr = cr != NULL;
    state->ends = cr != NULL || lf != NULL;

    return n;
}


/* A line at a time, so that rows know where they stand. */
static const char *
parse_chunk(struct csv_parser *parser, csv_state_t *state, const char *p,
    size_t len)
{
    size_t  n;

    while (len != 0) {
        if (parser->pstate == 0 /* no row begun */) {
            state->row.line = state->line;
        }

        state->ends = 0;
        n = line_take(state, p, len);

        if (csv_parse(parser, p, n, on_field, on_row, state) != n) {
            return "is no CSV: a quote stands in the wrong place";
        }

        /* an open quote would swallow the file to its end: stop here */
        if (parser->entry_pos > FIELD_MAX) {
            return too_long;
        }

        if (state->error != NULL) {
            return state->error;
        }

        state->line += state->ends;
        p += n;
        len -= n;
    }

    return NULL;
}


/* The first chunk of a file: steps over UTF-8's mark, refuses UTF-16's. */
static const char *
skip_mark(const char **text, size_t *len)
{
    if (*len >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *len -= 3;
        return NULL;
    }

    if (*len >= 2
        && (memcmp(*text, "\xff\xfe", 2) == 0
            || memcmp(*text, "\xfe\xff", 2) == 0))
    {
        return utf16;
    }

    /* its first two letters, which are of ASCII in any header */
    if (*len >= 4 && (((*text)[0] == 0 && (*text)[2] == 0)
                      || ((*text)[1] == 0 && (*text)[3] == 0)))
    {
        return utf16;
    }

    return NULL;
}


static const char *
parse_file(csv_file_t *file, struct csv_parser *parser, csv_state_t *state,
    char *chunk)
{
    size_t       len;
    ssize_t      n;
    uint64_t     all;
    const char  *text, *error;

    all = 0;

    while ((n = file_read(file, chunk, CHUNK)) != 0) {
        if (n < 0) {
            return "cannot be read";
        }

        text = chunk;
        len = (size_t) n;

        if (all == 0) {
            error = skip_mark(&text, &len);
            if (error != NULL) {
                return error;
            }
        }

        all += (uint64_t) n;
        if (all > FILE_MAX) {
            return "is larger than 4 GiB";
        }

        error = parse_chunk(parser, state, text, len);
        if (error != NULL) {
            return error;
        }
    }

    if (csv_fini(parser, on_field, on_row, state) != 0) {
        return "ends inside quotes: it was cut off";
    }

    return state->error;
}


int
csv_source_read(csv_source_t *source, unsigned i, csv_row_pt row, void *ctx)
{
    char              *chunk;
    csv_file_t         file;
    ctl_pool_t         pool;
    const char        *error;
    csv_state_t       *state;
    struct csv_parser  parser;

    if (source->read != NULL) {
        return source->read(source->files, i, row, ctx);
    }

    if (file_open(source, i, &file) != 0) {
        return -1;
    }

    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        file_close(&file);
        return ctl_error("out of memory");
    }

    memset(&pool, 0, sizeof(ctl_pool_t));

    state = ctl_pool_alloc(&pool, sizeof(csv_state_t));
    memset(state, 0, sizeof(csv_state_t));
    state->line = 1;
    state->callback = row;
    state->ctx = ctx;
    ctl_buf_add(&state->text, "", 0);

    chunk = ctl_pool_alloc(&pool, CHUNK);
    memset(chunk, 0, CHUNK);

    error = parse_file(&file, &parser, state, chunk);
    if (error != NULL && error[0] != '\0') {
        ctl_error("%s, line %zu: %s", source->names[i], state->line, error);
    }

    if (parser.entry_buf != NULL) {
        sodium_memzero(parser.entry_buf, parser.entry_size);
    }

    csv_free(&parser);
    file_close(&file);
    ctl_buf_free(&state->text);
    ctl_pool_free(&pool);

    return error == NULL ? 0 : -1;
}
