/* tiny_nets.h - made-up networks in the place of the installed ones, a few numbers wide, for tests.
 *
 * The environment's XDG_DATA_HOME must name a folder of the test's own. */
#ifndef COHL_TESTS_SAFETY_TINY_NETS_H
#define COHL_TESTS_SAFETY_TINY_NETS_H

#include "base/status.h"

/* An explicit-content network that takes what is red for pornographic, anything else for neutral. */
cohl_status tiny_explicit_write(cohl_error *err);
/* The three networks of faces: a face where a frame is bright, none where it is black; its numbers tell its colour. */
cohl_status tiny_faces_write(cohl_error *err);

#endif
