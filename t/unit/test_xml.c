/*
 * Copyright (C) the Pupil authors
 *
 * XML of somebody else's: what is read of it, and that nothing in it stands for
 * something else.
 */

#include "tap.h"
#include "core/base/text.h"
#include "ctl/base/buf.h"
#include "ctl/base/xml.h"


#define NS  "urn:a"


static xmlDocPtr
read_text(const char *text)
{
    return ctl_xml_read("text", text, strlen(text));
}


static void
refused(const char *name, const char *text)
{
    xmlDocPtr  doc;

    doc = read_text(text);
    ok(doc == NULL, "%s is refused", name);
    ctl_xml_free(doc);
}


/* What the only element in the root holds. */
static void
holds(const char *name, const char *text, const char *want)
{
    int          rc;
    xmlDocPtr    doc;
    xmlNodePtr   node;
    pupil_str_t  is;

    doc = read_text(text);

    if (!ok(doc != NULL, "%s is read", name)) {
        return;
    }

    node = ctl_xml_only(xmlDocGetRootElement(doc), NS, "b");
    rc = node != NULL ? ctl_xml_text(node, &is) : -2;

    ok(want == NULL ? rc == -1
       : rc == 0 && is.len == strlen(want)
         && memcmp(is.data, want, is.len) == 0, "%s: what it holds", name);
    ctl_xml_free(doc);
}


static void
texts(void)
{
    holds("a text", "<a xmlns='urn:a'><b>x y</b></a>", "x y");
    holds("white space around it", "<a xmlns='urn:a'><b>\n\t x y \r\n</b></a>",
          "x y");
    holds("nothing", "<a xmlns='urn:a'><b/></a>", "");
    holds("a comment in it", "<a xmlns='urn:a'><b>x<!-- & -->y</b></a>", "xy");
    holds("CDATA", "<a xmlns='urn:a'><b>x<![CDATA[<&>]]>y</b></a>", "x<&>y");
    holds("signs by number", "<a xmlns='urn:a'><b>&#x41;&amp;&#66;</b></a>",
          "A&B");
    holds("an element in it", "<a xmlns='urn:a'><b>x<c/></b></a>", NULL);
    holds("a declaration of another encoding",
          "<?xml version='1.0' encoding='ISO-8859-1'?>"
          "<a xmlns='urn:a'><b>\xc3\xa6</b></a>", "\xc3\xa6");
}


static void
what_is_refused(void)
{
    refused("nothing", "");
    refused("half of it", "<a><b>");
    refused("two of it", "<a/><a/>");
    refused("a prefix of nothing", "<a><x:b></a>");
    refused("a document type", "<!DOCTYPE a><a/>");
    refused("one that declares", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>");
    refused("one of a file", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>");
    refused("one by name", "<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1:1/'><a/>");
    refused("an entity of a file", "<!DOCTYPE a [<!ENTITY % b SYSTEM"
            " 'file:///etc/passwd'> %b;]><a/>");
    refused("an entity that is not declared", "<a>&b;</a>");
    refused("an instruction", "<a><?b c?></a>");
    refused("an instruction in front", "<?b c?><a/>");
    refused("no UTF-8", "<a>\xe6</a>");
    refused("a NUL by number", "<a>&#0;</a>");
    refused("an attribute twice", "<a b='1' b='2'/>");
}


static void
names(void)
{
    xmlDocPtr    doc;
    xmlNodePtr   root, node;

    doc = read_text("<a xmlns='urn:a' xmlns:x='urn:x' x:id='1' id='2'>t"
                    "<x:b/><b/>t<c/><c/></a>");
    root = xmlDocGetRootElement(doc);

    ok(ctl_xml_is(root, NS, "a") && !ctl_xml_is(root, "urn:x", "a")
       && !ctl_xml_is(root, NS, "b"), "a name is of its name space");

    node = ctl_xml_first(root);
    ok(ctl_xml_is(node, "urn:x", "b"), "the first element, not a text");
    ok(ctl_xml_is(ctl_xml_next(node), NS, "b"), "the next");
    ok(ctl_xml_only(root, NS, "b") == ctl_xml_next(node), "the only one");
    ok(ctl_xml_only(root, NS, "c") == NULL, "of two there is none");
    ok(ctl_xml_only(root, NS, "d") == NULL, "nor where there is none");

    ok(strcmp(ctl_xml_attribute(root, "urn:x", "id"), "1") == 0
       && strcmp(ctl_xml_attribute(root, NULL, "id"), "2") == 0
       && ctl_xml_attribute(root, NS, "id") == NULL,
       "attributes are of their name space, or of none");
    ok(ctl_xml_says(root, "id", "2") && !ctl_xml_says(root, "id", "1"),
       "what one says");
    ctl_xml_free(doc);
}


/* As large as a large school, and as deep as nothing is. */
static void
sizes(void)
{
    int        i;
    ctl_buf_t  text;
    xmlDocPtr  doc;

    ctl_buf_init(&text);
    ctl_buf_text(&text, "<a>");

    for (i = 0; i < 300000; i++) {
        ctl_buf_text(&text, "<b>Somebody is called so, as far as we know</b>");
    }

    ctl_buf_text(&text, "</a>");
    doc = ctl_xml_read("a large one", text.data, text.len);
    ok(doc != NULL, "%zu bytes are read", text.len);
    ctl_xml_free(doc);

    ctl_buf_reset(&text);
    ctl_buf_text(&text, "<a>");

    for (i = 0; i < 2000000; i++) {
        ctl_buf_text(&text, "<b/>");
    }

    ctl_buf_text(&text, "</a>");
    ok(ctl_xml_read("too many", text.data, text.len) == NULL,
       "more elements than a roster are not");

    ctl_buf_reset(&text);

    for (i = 0; i < 100000; i++) {
        ctl_buf_text(&text, "<a>");
    }

    ok(ctl_xml_read("too deep", text.data, text.len) == NULL,
       "nor so many in each other");
    ctl_buf_free(&text);
}


static void
cut(void)
{
    int          whole;
    size_t       len;
    xmlDocPtr    doc;
    const char  *guarded;

    static const char  text[] = "<?xml version='1.0'?><a xmlns='urn:a'"
                                " b='&lt;'><![CDATA[x]]>&#65;<!-- --></a>";

    whole = 0;

    for (len = 0; len < sizeof(text); len++) {
        guarded = (const char *) tap_guarded(text, len);
        doc = ctl_xml_read("a part", guarded, len);
        whole += doc != NULL;
        ctl_xml_free(doc);
    }

    ok(whole == 1, "of all parts the whole is read");
}


int
main(void)
{
    texts();
    what_is_refused();
    names();
    sizes();
    cut();

    return tap_done();
}
