/* seal.h - credentials for everything a door lets out (provenance/credentials.h).
 *
 * Opened before any work, so that a key that cannot sign is told then; what the film is made
 * from is read then too. Put on hidden files, when their last frame has passed. */
#ifndef COHL_DELIVER_SEAL_H
#define COHL_DELIVER_SEAL_H

#include "deliver/check.h"
#include "deliver/door.h"

typedef struct cohl_seal cohl_seal;

/* Could the door's params be signed? Leaves nothing behind but, at the first time of all, the
 * installation's keys. */
cohl_status cohl_seal_check(const cohl_door_params *params, cohl_error *err);

/* params are borrowed until free; which checks the film is asked, the window says. */
cohl_status cohl_seal_new(cohl_seal **out, const cohl_door_params *params, const cohl_window *window, cohl_error *err);
void cohl_seal_free(cohl_seal *seal);

/* How the film came into being, as its credentials will say. */
cohl_source cohl_seal_source(const cohl_seal *seal);

/* What is signed from here on carries this private mark (hex, borrowed); NULL: none. */
void cohl_seal_mark(cohl_seal *seal, const char *mark);

/* Sign the file that will stand at `place`: inside, or in the hidden file `beside`. */
cohl_status cohl_seal_file(const cohl_seal *seal, const char *hidden, const char *beside, const char *place,
                           cohl_error *err);
/* Sign each picture of a folder; a picture's number is among its facts. */
cohl_status cohl_seal_folder(const cohl_seal *seal, const char *hidden, const char *place, cohl_error *err);

#endif
