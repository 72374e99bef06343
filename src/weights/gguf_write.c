/* gguf_write.c - the GGUF file, written in order. */
#include "base/text.h"
#include "weights/gguf.h"

#include <inttypes.h>
#include <string.h>

enum { ALIGNMENT = 32, KIND_U32 = 4, KIND_STRING = 8, KEYS = 3 };

static void add_u32(cohl_text *out, uint32_t value) { cohl_text_add_bytes(out, &value, 4); }
static void add_u64(cohl_text *out, uint64_t value) { cohl_text_add_bytes(out, &value, 8); }

static void add_string(cohl_text *out, const char *text)
{
    add_u64(out, strlen(text));
    cohl_text_add(out, text);
}

/* The format's number for a weight's type; -1 if it has none. */
static int type_number(const cohl_weight *w)
{
    if (w->packing)
        return w->packing->ggml_type;
    switch (w->type) {
    case COHL_F32:  return 0;
    case COHL_F16:  return 1;
    case COHL_BF16: return 30;
    case COHL_F64:  return 28;
    case COHL_I32:  return 26;
    case COHL_I64:  return 27;
    default:        return -1;
    }
}

static uint64_t padded(uint64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static void add_head(cohl_text *out, const char *architecture, size_t count)
{
    cohl_text_add(out, "GGUF");
    add_u32(out, 3);
    add_u64(out, count);
    add_u64(out, KEYS);
    add_string(out, "general.architecture");
    add_u32(out, KIND_STRING);
    add_string(out, architecture);
    add_string(out, "general.alignment");
    add_u32(out, KIND_U32);
    add_u32(out, ALIGNMENT);
    add_string(out, "general.quantization_version");
    add_u32(out, KIND_U32);
    add_u32(out, 2);
}

static void add_tensor(cohl_text *out, const cohl_weight *w, uint64_t offset)
{
    add_string(out, w->name);
    add_u32(out, (uint32_t)w->rank);
    for (int k = w->rank - 1; k >= 0; k--)
        add_u64(out, (uint64_t)w->dim[k]);
    add_u32(out, (uint32_t)type_number(w));
    add_u64(out, offset);
}

cohl_status cohl_gguf_begin(cohl_writer *out, const char *architecture, const cohl_weight *weight, size_t count,
                            cohl_error *err)
{
    cohl_text head = { 0 };
    cohl_status st = COHL_OK;
    uint64_t offset = 0;
    add_head(&head, architecture, count);
    for (size_t i = 0; i < count && !st; i++) {
        if (type_number(&weight[i]) < 0)
            st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: tensor %s: GGUF has no type %s", out->path, weight[i].name,
                           cohl_weight_type_name(&weight[i]));
        add_tensor(&head, &weight[i], offset);
        offset += padded(cohl_weight_bytes(&weight[i]));
    }
    size_t bytes = head.size;
    if (!st && head.failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its header", out->path);
    if (!st)
        st = cohl_writer_put(out, head.data, bytes, err);
    cohl_text_free(&head);
    return st ? st : cohl_gguf_pad(out, bytes, err);
}

cohl_status cohl_gguf_pad(cohl_writer *out, size_t bytes, cohl_error *err)
{
    static const char zeros[ALIGNMENT];
    return cohl_writer_put(out, zeros, (size_t)(padded(bytes) - bytes), err);
}
