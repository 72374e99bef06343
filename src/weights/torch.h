/* torch.h - a PyTorch .pth file: a zip archive of one pickle and its storages, read in place.
 *
 *     NAME/data.pkl      a dictionary of tensors, as a pickle (pickle.h: nothing is executed)
 *     NAME/data/KEY      the values of storage KEY
 *     NAME/byteorder     "little", if it is there
 *
 * The dictionary may lie one level down, as training programs keep it
 * ("state_dict", "model", ...). Values that are no tensors are passed over.
 *
 * Open files are read-only and safe for several threads. */
#ifndef COHL_WEIGHTS_TORCH_H
#define COHL_WEIGHTS_TORCH_H

#include "weights/weight.h"

typedef struct cohl_torch cohl_torch;

/* A zip archive, or the form that PyTorch wrote before 1.6 (which parse refuses by name). */
bool cohl_torch_is(const uint8_t *bytes, size_t size);

/* COHL_ERR_FORMAT       a cut archive; a tensor outside its storage; no tensors; the pickle would
 *                       import or call something
 * COHL_ERR_UNSUPPORTED  big-endian, or from before PyTorch 1.6, or a tensor that is not row-major
 * bytes must outlive it; name is for sentences. */
cohl_status cohl_torch_parse(cohl_torch **out, const char *name, const void *bytes, size_t size, cohl_error *err);
void        cohl_torch_close(cohl_torch *file);

/* Tensors in the order of the dictionary. */
size_t             cohl_torch_count(const cohl_torch *file);
const cohl_weight *cohl_torch_at(const cohl_torch *file, size_t index);

#endif
