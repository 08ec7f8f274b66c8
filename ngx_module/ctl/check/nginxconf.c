/*
 * Copyright (C) the Pupil authors
 *
 * The reader of nginx.conf.  The rules of words are those of nginx's own
 * reader: quotes at the beginning of a word, a backslash that takes the next
 * character's meaning, ${ inside a word is no block.
 *
 * Why not let the module check under nginx -t?  That needs nginx, every module
 * and certificate that the file names, and the right to bind its ports; check
 * is for the operator, also before anything is installed.  And nginx -t must
 * not ask the databases: a reload has to succeed while one is away.  So it
 * would take a mode of its own, switched on by something hidden, to save the
 * reading of words and blocks below.  What the words mean is said in core, for
 * both: core/endpoints/directive.c.
 *
 * What nginx alone can know, and pupilctl check does not: whether a variable of
 * pupil_tenant is there, and thread pools and their threads
 * (pupil_password_hash pool=, parallel=); what a zone's memory holds; all that
 * is nginx's own, such as certificates, ports, modules, and which locations
 * there can be.
 */

#include <ctype.h>
#include <glob.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/file.h"
#include "ctl/check/nginxconf.h"


#define WORDS_MAX  128     /* of a directive */
#define DEPTH_MAX  32      /* of blocks, and of includes */

typedef struct {
    ctl_pool_t   *pool;
    const char   *prefix;       /* folder of the main file */
    const char   *file;
    const char   *p, *end;
    unsigned      line;
    unsigned      files;        /* open, one inside the other */
} reader_t;

typedef enum {
    TOKEN_WORD,
    TOKEN_SEMICOLON,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_END,
    TOKEN_ERROR
} token_t;

static int file_read(reader_t *outer, const char *path, nginxconf_t *parent);
static int block_read(reader_t *reader, nginxconf_t *parent, unsigned depth,
    ctl_buf_t *word);


static void
skip_line(reader_t *reader)
{
    while (reader->p < reader->end && *reader->p != '\n') {
        reader->p++;
    }
}


/* Blanks and comments. */
static void
skip_space(reader_t *reader)
{
    while (reader->p < reader->end) {

        if (*reader->p == '#') {
            skip_line(reader);

        } else if (isspace((unsigned char) *reader->p)) {
            reader->line += *reader->p == '\n';
            reader->p++;

        } else {
            return;
        }
    }
}


static token_t
fail(const reader_t *reader, const char *text)
{
    ctl_error("%s:%u: %s", reader->file, reader->line, text);

    return TOKEN_ERROR;
}


/* A backslash keeps its character, but for \t, \r and \n. */
static void
escape(reader_t *reader, ctl_buf_t *word)
{
    const char  *found;

    static const char  known[] = "trn", meant[] = "\t\r\n";

    reader->p++;
    found = strchr(known, *reader->p);

    if (found != NULL && *reader->p != '\0') {
        ctl_buf_add(word, &meant[found - known], 1);

    } else {
        if (strchr("\"'\\; {}#$", *reader->p) == NULL) {
            ctl_buf_add(word, "\\", 1);
        }

        ctl_buf_add(word, reader->p, 1);
    }

    reader->line += *reader->p == '\n';
    reader->p++;
}


static token_t
quoted(reader_t *reader, ctl_buf_t *word)
{
    char  quote;

    quote = *reader->p++;

    while (reader->p < reader->end && *reader->p != quote) {

        if (*reader->p == '\\' && reader->p + 1 < reader->end) {
            escape(reader, word);
            continue;
        }

        reader->line += *reader->p == '\n';
        ctl_buf_add(word, reader->p++, 1);
    }

    if (reader->p == reader->end) {
        return fail(reader, "a quote is not closed");
    }

    reader->p++;

    if (reader->p < reader->end && !isspace((unsigned char) *reader->p)
        && strchr(";{)", *reader->p) == NULL)
    {
        return fail(reader, "something stands behind a closing quote");
    }

    return TOKEN_WORD;
}


/* Does the word end here?  ${ is a variable's name, and no block. */
static int
word_ends(const reader_t *reader, const ctl_buf_t *word)
{
    return reader->p == reader->end || isspace((unsigned char) *reader->p)
           || *reader->p == ';'
           || (*reader->p == '{'
               && (word->len == 0 || word->data[word->len - 1] != '$'));
}


static token_t
unquoted(reader_t *reader, ctl_buf_t *word)
{
    while (!word_ends(reader, word)) {

        if (*reader->p == '\\' && reader->p + 1 < reader->end) {
            escape(reader, word);
            continue;
        }

        ctl_buf_add(word, reader->p++, 1);
    }

    return TOKEN_WORD;
}


static token_t
token_read(reader_t *reader, ctl_buf_t *word)
{
    skip_space(reader);

    word->len = 0;
    ctl_buf_add(word, "", 0);

    if (reader->p == reader->end) {
        return TOKEN_END;
    }

    switch (*reader->p) {

    case ';':
        reader->p++;
        return TOKEN_SEMICOLON;

    case '{':
        reader->p++;
        return TOKEN_OPEN;

    case '}':
        reader->p++;
        return TOKEN_CLOSE;

    case '"':
    case '\'':
        return quoted(reader, word);

    default:
        return unquoted(reader, word);
    }
}


static nginxconf_t *
directive_new(reader_t *reader, nginxconf_t *parent)
{
    nginxconf_t  *d;

    d = ctl_pool_alloc(reader->pool, sizeof(nginxconf_t));
    memset(d, 0, sizeof(nginxconf_t));
    d->file = reader->file;
    d->line = reader->line;
    d->parent = parent;
    d->words = ctl_pool_alloc(reader->pool, WORDS_MAX * sizeof(char *));

    return d;
}


static void
directive_add(nginxconf_t *parent, nginxconf_t *d)
{
    if (parent->last != NULL) {
        parent->last->next = d;

    } else {
        parent->first = d;
    }

    parent->last = d;
}


/* As nginx does it: only a pattern may find no file. */
static int
include(reader_t *reader, const nginxconf_t *d, nginxconf_t *parent)
{
    int         rc;
    size_t      i;
    glob_t      found;
    ctl_buf_t   path = { NULL, 0, 0 };

    if (d->count != 2) {
        return ctl_error("%s:%u: include takes one file", d->file, d->line);
    }

    if (d->words[1][0] != '/') {
        ctl_buf_printf(&path, "%s/", reader->prefix);
    }

    ctl_buf_text(&path, d->words[1]);
    rc = 0;

    if (strpbrk(path.data, "*?[") == NULL) {
        rc = file_read(reader, path.data, parent);

    } else if (glob(path.data, 0, NULL, &found) == 0) {
        for (i = 0; rc == 0 && i < found.gl_pathc; i++) {
            rc = file_read(reader, found.gl_pathv[i], parent);
        }

        globfree(&found);
    }

    ctl_buf_free(&path);

    return rc;
}


/* The end of a directive that has no block. */
static int
directive_end(reader_t *reader, nginxconf_t *d, nginxconf_t *parent)
{
    if (strcmp(d->words[0], "include") == 0) {
        return include(reader, d, parent);
    }

    directive_add(parent, d);

    return 0;
}


static int
directive_block(reader_t *reader, nginxconf_t *d, nginxconf_t *parent,
    unsigned depth, ctl_buf_t *word)
{
    if (depth == DEPTH_MAX) {
        fail(reader, "too many blocks, one inside the other");
        return -1;
    }

    d->block = 1;
    directive_add(parent, d);

    return block_read(reader, d, depth + 1, word);
}


static int
word_add(reader_t *reader, nginxconf_t *d, const ctl_buf_t *word)
{
    if (d->count == WORDS_MAX) {
        fail(reader, "too many words");
        return -1;
    }

    d->words[d->count++] = ctl_pool_text(reader->pool, word->data, word->len);

    return 0;
}


/* Directives up to the block's end; at depth 0, the file's. */
static int
block_read(reader_t *reader, nginxconf_t *parent, unsigned depth,
    ctl_buf_t *word)
{
    int           rc;
    token_t       token;
    nginxconf_t  *d;

    for (d = NULL, rc = 0; rc == 0; /* void */ ) {
        token = token_read(reader, word);

        if (token == TOKEN_ERROR) {
            return -1;
        }

        if (token == TOKEN_CLOSE || token == TOKEN_END) {
            if (d == NULL && (token == TOKEN_END) == (depth == 0)) {
                return 0;
            }

            fail(reader, token == TOKEN_END ? "unexpected end of file"
                                            : "unexpected \"}\"");
            return -1;
        }

        if (token == TOKEN_WORD) {
            if (d == NULL) {
                d = directive_new(reader, parent);
            }

            rc = word_add(reader, d, word);
            continue;
        }

        if (d == NULL) {
            fail(reader, "a directive is missing");
            return -1;
        }

        rc = token == TOKEN_OPEN
             ? directive_block(reader, d, parent, depth, word)
             : directive_end(reader, d, parent);
        d = NULL;
    }

    return rc;
}


static int
file_read(reader_t *outer, const char *path, nginxconf_t *parent)
{
    int         rc;
    size_t      len;
    reader_t    reader;
    ctl_buf_t   word = { NULL, 0, 0 };

    reader = *outer;

    if (++reader.files > DEPTH_MAX) {
        return ctl_error("%s: too many includes, one inside the other", path);
    }

    reader.file = ctl_pool_text(reader.pool, path, strlen(path));
    reader.line = 1;
    reader.p = ctl_file_read(reader.pool, path, &len);

    if (reader.p == NULL) {
        return -1;
    }

    reader.end = reader.p + len;

    rc = block_read(&reader, parent, 0, &word);
    ctl_buf_free(&word);

    return rc;
}


nginxconf_t *
nginxconf_read(ctl_pool_t *pool, const char *path)
{
    reader_t      reader;
    const char   *slash;
    nginxconf_t  *root;

    slash = strrchr(path, '/');

    memset(&reader, 0, sizeof(reader));
    reader.pool = pool;
    reader.prefix = slash == NULL ? "."
                    : ctl_pool_text(pool, path, (size_t) (slash - path));

    root = ctl_pool_alloc(pool, sizeof(nginxconf_t));
    memset(root, 0, sizeof(nginxconf_t));

    return file_read(&reader, path, root) == 0 ? root : NULL;
}
