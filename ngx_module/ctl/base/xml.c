/*
 * Copyright (C) the Pupil authors
 */

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/ctl.h"
#include "ctl/base/text.h"
#include "ctl/base/xml.h"


#define ELEMENTS_MOST  2000000

#define BLANKS  " \t\r\n"


/* A reading: why it was stopped, or NULL. */
typedef struct {
    const char  *stopped;
    size_t       elements;
} reading_t;


static void library_start(void);
static void wiping_free(void *p);
static void *wiping_realloc(void *p, size_t size);
static char *copy_of(const char *text);
static void be_silent(void *ctx, const char *format, ...);
static void reading_stop(void *ctx, const char *reason);
static void type_met(void *ctx, const xmlChar *name, const xmlChar *external,
    const xmlChar *system);
static void instruction_met(void *ctx, const xmlChar *target,
    const xmlChar *data);
static void element_met(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *space, int spaces_count, const xmlChar **spaces,
    int attributes_count, int defaulted, const xmlChar **attributes);


xmlDocPtr
ctl_xml_read(const char *what, const char *data, size_t len)
{
    int               line;
    xmlDocPtr         doc;
    reading_t         reading;
    xmlParserCtxtPtr  ctx;

    library_start();
    memset(&reading, 0, sizeof(reading_t));

    ctx = len <= INT32_MAX ? xmlNewParserCtxt() : NULL;
    if (ctx == NULL) {
        ctl_error("%s: out of memory", what);
        return NULL;
    }

    ctx->_private = &reading;
    ctx->sax->internalSubset = type_met;
    ctx->sax->processingInstruction = instruction_met;
    ctx->sax->startElementNs = element_met;
    ctx->sax->comment = NULL;

    doc = xmlCtxtReadMemory(ctx, len != 0 ? data : "", (int) len, NULL,
                            "UTF-8", XML_PARSE_NONET | XML_PARSE_NOCDATA
                            | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    line = ctx->lastError.line;

    if (doc != NULL && (reading.stopped != NULL || doc->intSubset != NULL
                        || doc->extSubset != NULL || !ctx->wellFormed))
    {
        ctl_xml_free(doc);
        doc = NULL;
    }

    xmlFreeParserCtxt(ctx);

    if (reading.stopped != NULL) {
        ctl_error("%s: %s", what, reading.stopped);

    } else if (doc == NULL) {
        ctl_error("%s: line %d: is no XML, or was cut off", what, line);
    }

    return doc;
}


void
ctl_xml_free(xmlDocPtr doc)
{
    if (doc != NULL) {
        xmlFreeDoc(doc);
    }
}


/* Before anything of it is used. */
static void
library_start(void)
{
    static int  started;

    if (started) {
        return;
    }

    started = 1;
    (void) xmlMemSetup(wiping_free, malloc, wiping_realloc, copy_of);
    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, be_silent);
}


/* What people are called is in what libxml2 has. */
static void
wiping_free(void *p)
{
    if (p != NULL) {
        sodium_memzero(p, malloc_usable_size(p));
        free(p);
    }
}


static void *
wiping_realloc(void *p, size_t size)
{
    void    *moved;
    size_t   old;

    moved = malloc(size);

    if (moved != NULL && p != NULL) {
        old = malloc_usable_size(p);
        memcpy(moved, p, old < size ? old : size);
        wiping_free(p);
    }

    return moved;
}


static char *
copy_of(const char *text)
{
    char    *copy;
    size_t   size;

    size = strlen(text) + 1;
    copy = malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}


static void
be_silent(void *ctx, const char *format, ...)
{
    (void) ctx;
    (void) format;
}


static void
reading_stop(void *ctx, const char *reason)
{
    reading_t         *reading;
    xmlParserCtxtPtr   parser = ctx;

    reading = parser->_private;

    if (reading->stopped == NULL) {
        reading->stopped = reason;
    }

    xmlStopParser(parser);
}


/* Before what it declares is read. */
static void
type_met(void *ctx, const xmlChar *name, const xmlChar *external,
    const xmlChar *system)
{
    (void) name;
    (void) external;
    (void) system;

    reading_stop(ctx, "has a document type, which may declare anything");
}


static void
instruction_met(void *ctx, const xmlChar *target, const xmlChar *data)
{
    (void) target;
    (void) data;

    reading_stop(ctx, "has a processing instruction");
}


static void
element_met(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *space, int spaces_count, const xmlChar **spaces,
    int attributes_count, int defaulted, const xmlChar **attributes)
{
    reading_t         *reading;
    xmlParserCtxtPtr   parser = ctx;

    reading = parser->_private;

    if (reading->elements++ == ELEMENTS_MOST) {
        reading_stop(ctx, "has more elements than a roster");
        return;
    }

    xmlSAX2StartElementNs(ctx, name, prefix, space, spaces_count, spaces,
                          attributes_count, defaulted, attributes);
}


xmlNodePtr
ctl_xml_first(const xmlNode *parent)
{
    xmlNodePtr  node;

    node = parent->children;

    return node == NULL || node->type == XML_ELEMENT_NODE
           ? node : ctl_xml_next(node);
}


xmlNodePtr
ctl_xml_next(const xmlNode *node)
{
    xmlNodePtr  next;

    for (next = node->next; next != NULL; next = next->next) {
        if (next->type == XML_ELEMENT_NODE) {
            break;
        }
    }

    return next;
}


int
ctl_xml_is(const xmlNode *node, const char *space, const char *name)
{
    return strcmp((const char *) node->name, name) == 0
           && node->ns != NULL && node->ns->href != NULL
           && strcmp((const char *) node->ns->href, space) == 0;
}


xmlNodePtr
ctl_xml_only(const xmlNode *parent, const char *space, const char *name)
{
    xmlNodePtr  node, found;

    found = NULL;

    for (node = ctl_xml_first(parent); node != NULL;
         node = ctl_xml_next(node))
    {
        if (!ctl_xml_is(node, space, name)) {
            continue;
        }

        if (found != NULL) {
            return NULL;
        }

        found = node;
    }

    return found;
}


int
ctl_xml_text(const xmlNode *node, pupil_str_t *text)
{
    size_t          len;
    const char     *from;
    const xmlNode  *child;

    *text = ctl_str("");
    child = node->children;

    if (child == NULL) {
        return 0;
    }

    if (child->type != XML_TEXT_NODE || child->next != NULL) {
        return -1;
    }

    from = (const char *) child->content;
    from += strspn(from, BLANKS);
    len = strlen(from);

    while (len != 0 && strchr(BLANKS, from[len - 1]) != NULL) {
        len--;
    }

    text->data = (const uint8_t *) from;
    text->len = len;

    return 0;
}


const char *
ctl_xml_attribute(const xmlNode *node, const char *space, const char *name)
{
    const char     *of;
    const xmlAttr  *attribute;

    for (attribute = node->properties; attribute != NULL;
         attribute = attribute->next)
    {
        of = attribute->ns != NULL ? (const char *) attribute->ns->href : NULL;

        if (strcmp((const char *) attribute->name, name) == 0
            && (space == NULL) == (of == NULL)
            && (space == NULL || strcmp(space, of) == 0))
        {
            return attribute->children != NULL
                   && attribute->children->type == XML_TEXT_NODE
                   && attribute->children->next == NULL
                   ? (const char *) attribute->children->content : "";
        }
    }

    return NULL;
}


int
ctl_xml_says(const xmlNode *node, const char *name, const char *value)
{
    const char  *is;

    is = ctl_xml_attribute(node, NULL, name);

    return is != NULL && strcmp(is, value) == 0;
}
