/* pickle.h - Python's pickle, as far as a file of tensors needs it, and no farther.
 *
 * A pickle is a program for a small machine with a stack (Python's pickletools
 * documents it). This machine makes plain values: numbers, strings, lists,
 * tuples, dictionaries, and tensors that point into storages. It imports
 * nothing and calls nothing: a name it is asked to import must be one of a short
 * list of torch's own, each of which stands for a value here; any other name,
 * and any opcode that could do more, ends the reading with a sentence. */
#ifndef COHL_WEIGHTS_PICKLE_H
#define COHL_WEIGHTS_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

typedef enum cohl_pickle_kind {
    COHL_PICKLE_NONE, COHL_PICKLE_BOOL, COHL_PICKLE_INT, COHL_PICKLE_FLOAT, COHL_PICKLE_TEXT, COHL_PICKLE_TUPLE,
    COHL_PICKLE_LIST, COHL_PICKLE_DICT, COHL_PICKLE_NAME, COHL_PICKLE_STORAGE, COHL_PICKLE_TENSOR,
} cohl_pickle_kind;

typedef struct cohl_pickle_value cohl_pickle_value;

/* One item of a tuple, list (key NULL) or dictionary. */
typedef struct cohl_pickle_item {
    const cohl_pickle_value *key, *value;
    struct cohl_pickle_item *next;
} cohl_pickle_item;

struct cohl_pickle_value {
    cohl_pickle_kind kind;
    int64_t          number;       /* INT, BOOL; a NAME's place in the list */
    double           real;
    const char      *text;         /* TEXT, zero-terminated; a STORAGE's key */
    cohl_pickle_item *first, *last;
    size_t           count;        /* items; a STORAGE's values */
    cohl_dtype       type;         /* of a STORAGE */
    const cohl_pickle_value *storage;   /* a TENSOR's */
    const cohl_pickle_value *sizes, *strides;
};

typedef struct cohl_pickle cohl_pickle;

/* COHL_ERR_FORMAT  not a pickle, or one whose stack does not work out; it would import or call
 *                  something, or uses an opcode that may; larger than 8 MiB
 * The result is the value the pickle stands for; name is for sentences. */
cohl_status cohl_pickle_read(cohl_pickle **out, const char *name, const uint8_t *bytes, size_t size, cohl_error *err);
void        cohl_pickle_close(cohl_pickle *pickle);
const cohl_pickle_value *cohl_pickle_result(const cohl_pickle *pickle);

#endif
