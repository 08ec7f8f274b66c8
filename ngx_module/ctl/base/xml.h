/*
 * Copyright (C) the Pupil authors
 *
 * XML of somebody else's, as a tree: UTF-8, of so many elements, without a
 * document type, so that nothing in it stands for something else; comments are
 * left out, as signatures leave them out, and no text of it is shown.
 */

#ifndef PUPIL_CTL_XML_H
#define PUPIL_CTL_XML_H

#include <libxml/tree.h>

#include "core/base/pupil.h"


/*
 * what: is said in errors.  NULL with the error said.  From here on libxml2
 * wipes what it frees, and says nothing by itself.
 */
xmlDocPtr ctl_xml_read(const char *what, const char *data, size_t len);
void ctl_xml_free(xmlDocPtr doc);

/* Elements alone: the first one in another, and those behind it; or NULL. */
xmlNodePtr ctl_xml_first(const xmlNode *parent);
xmlNodePtr ctl_xml_next(const xmlNode *node);

int ctl_xml_is(const xmlNode *node, const char *space, const char *name);

/* The element of this name in another: NULL where none is, or several are. */
xmlNodePtr ctl_xml_only(const xmlNode *parent, const char *space,
    const char *name);

/*
 * What an element holds, which is the tree's, without white space around it; -1
 * where it holds elements.
 */
int ctl_xml_text(const xmlNode *node, pupil_str_t *text);

/* An attribute, of this name space or of none (NULL); NULL: there is none. */
const char *ctl_xml_attribute(const xmlNode *node, const char *space,
    const char *name);
/* Whether there is one that says this. */
int ctl_xml_says(const xmlNode *node, const char *name, const char *value);

#endif /* PUPIL_CTL_XML_H */
