/* models.h - which weights a film was made with: the digest of a model's folder.
 *
 * A large model takes a minute to read, so the digest of each of its files is kept, and holds as
 * long as the file's size, inode and time of change are the same. */
#ifndef COHL_LEDGER_MODELS_H
#define COHL_LEDGER_MODELS_H

#include "base/digest.h"
#include "store/store.h"

extern const cohl_store_room cohl_ledger_models_room;

/* cohl_digest_folder of a model's folder (of the file, when it is one). store may be NULL: then
 * every file is read. */
cohl_status cohl_ledger_model_digest(char out[COHL_DIGEST_HEX], cohl_store *store, const char *path, cohl_error *err);

#endif
