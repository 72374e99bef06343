/* shipped.h - what ships with the program: models, policy packs.
 *
 * A program in a build folder finds the source tree above it, an installed one the share folder
 * beside its own; a library in another program falls back to where it was installed. */
#ifndef COHL_BASE_SHIPPED_H
#define COHL_BASE_SHIPPED_H

/* The folder of this name ("models/mini", "policy") in new memory, free() it; NULL when it is
 * nowhere. Looked for above the program as NAME and as share/cohl/NAME, then in `installed`. */
char *cohl_shipped_folder(const char *name, const char *installed);

#endif
