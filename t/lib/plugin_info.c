/*
 * Copyright (C) the Pupil authors
 *
 * Prints one member of a plugin's descriptor, so that `make install` can name
 * the file after its version:
 *
 *     plugin_info version|name FILE
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "pupil_plugin.h"


int
main(int argc, char **argv)
{
    void                  *handle;
    pupil_plugin_pt        entry;
    const pupil_plugin_t  *plugin;

    if (argc != 3
        || (strcmp(argv[1], "version") != 0 && strcmp(argv[1], "name") != 0))
    {
        fprintf(stderr, "usage: plugin_info version|name FILE\n");
        return 2;
    }

    handle = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fprintf(stderr, "plugin_info: %s\n", dlerror());
        return 1;
    }

    /* POSIX: the way to turn dlsym()'s object pointer into a function's. */
    *(void **) &entry = dlsym(handle, "pupil_plugin");
    if (entry == NULL) {
        fprintf(stderr, "plugin_info: %s\n", dlerror());
        return 1;
    }

    plugin = entry();

    if (plugin->magic != PUPIL_PLUGIN_MAGIC
        || plugin->abi_major != PUPIL_ABI_MAJOR)
    {
        fprintf(stderr, "plugin_info: %s: not of this ABI\n", argv[2]);
        return 1;
    }

    puts(strcmp(argv[1], "name") == 0 ? plugin->name : plugin->version);

    return 0;
}
