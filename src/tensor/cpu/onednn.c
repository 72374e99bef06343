/* onednn.c - the one file that knows oneDNN's C API, that of 2.6 and that of 3.x.
 *
 * A right factor is packed into the layout the library likes best for its depth
 * and width; the layout is asked for once, with TILE_ROWS rows, and products of
 * other heights are made for that same layout. Scratch comes from the caller:
 * the library's own belongs to the thread that made a primitive, and ours are
 * run by all. Primitives found once are kept in a table. */
#include "tensor/cpu/onednn.h"

#include <assert.h>
#include <dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE_ROWS = 192, BUCKETS = 256, ARGUMENTS = 4 };

/* ---- what differs between the versions ---------------------------------- */

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t       desc;
typedef const_dnnl_memory_desc_t desc_in;

static desc desc_strided(const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides)
{
    desc d = NULL;
    return dnnl_memory_desc_create_with_strides(&d, 2, dims, type, strides) ? NULL : d;
}

static desc desc_any(const dnnl_dims_t dims, dnnl_data_type_t type)
{
    desc d = NULL;
    return dnnl_memory_desc_create_with_tag(&d, 2, dims, type, dnnl_format_tag_any) ? NULL : d;
}

static desc desc_copy(desc_in from)
{
    desc d = NULL;
    return dnnl_memory_desc_clone(&d, from) ? NULL : d;
}

static void desc_free(desc d)
{
    if (d)
        dnnl_memory_desc_destroy(d);
}

static dnnl_primitive_desc_t matmul_desc(dnnl_engine_t engine, desc_in a, desc_in b, desc_in c,
                                         const_dnnl_primitive_attr_t attr)
{
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_matmul_primitive_desc_create(&pd, engine, a, b, NULL, c, attr) ? NULL : pd;
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
}
#else
typedef dnnl_memory_desc_t       *desc;
typedef const dnnl_memory_desc_t *desc_in;

static desc desc_copy(desc_in from)
{
    desc d = malloc(sizeof *d);
    if (d)
        *d = *from;
    return d;
}

static desc desc_strided(const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides)
{
    dnnl_memory_desc_t d;
    return dnnl_memory_desc_init_by_strides(&d, 2, dims, type, strides) ? NULL : desc_copy(&d);
}

static desc desc_any(const dnnl_dims_t dims, dnnl_data_type_t type)
{
    dnnl_memory_desc_t d;
    return dnnl_memory_desc_init_by_tag(&d, 2, dims, type, dnnl_format_tag_any) ? NULL : desc_copy(&d);
}

static void desc_free(desc d) { free(d); }

static dnnl_primitive_desc_t matmul_desc(dnnl_engine_t engine, desc_in a, desc_in b, desc_in c,
                                         const_dnnl_primitive_attr_t attr)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_matmul_desc_t op;
    if (dnnl_matmul_desc_init(&op, a, b, NULL, c))
        return NULL;
    return dnnl_primitive_desc_create(&pd, &op, attr, engine, NULL) ? NULL : pd;
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops) { return dnnl_post_ops_append_sum(ops, 1); }
#endif

/* ---- the library, opened once ------------------------------------------- */

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void open_engine(void)
{
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) || dnnl_stream_create(&stream, engine, 0))
        engine = NULL;
}

/* Of the OpenMP runtime that the library brings; its header belongs to the compiler, and not
 * every compiler has one. */
extern void omp_set_num_threads(int threads);

/* The runtime reads the number of threads from the calling thread, so each says it once. */
static void be_alone(void)
{
    static _Thread_local bool said;
    if (said)
        return;
    omp_set_num_threads(1);
    said = true;
}

static bool ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    be_alone();
    pthread_once(&once, open_engine);
    return engine != NULL;
}

static dnnl_data_type_t type_of(cohl_factor type)
{
    return type == COHL_FACTOR_F32 ? dnnl_f32 : type == COHL_FACTOR_BF16 ? dnnl_bf16 : dnnl_s8;
}

const char *cohl_onednn_version(void)
{
    static char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

/* ---- primitives ---------------------------------------------------------- */

/* A primitive and what it reads and writes. */
typedef struct primitive {
    dnnl_primitive_t run;
    desc   memory[ARGUMENTS];       /* in the order of its arguments; the last: scratch */
    size_t scratch_bytes;
} primitive;

static dnnl_primitive_attr_t new_attr(bool add)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    if (dnnl_primitive_attr_create(&attr))
        return NULL;
    dnnl_status_t st = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (!st && add && !(st = dnnl_post_ops_create(&ops)) && !(st = append_sum(ops)))
        st = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (ops)
        dnnl_post_ops_destroy(ops);
    if (!st)
        return attr;
    dnnl_primitive_attr_destroy(attr);
    return NULL;
}

/* Takes pd. */
static bool finish(primitive *p, dnnl_primitive_desc_t pd)
{
    if (!pd)
        return false;
    dnnl_status_t st = dnnl_primitive_create(&p->run, pd);
    desc_in scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    p->memory[ARGUMENTS - 1] = scratch ? desc_copy(scratch) : NULL;
    p->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    dnnl_primitive_desc_destroy(pd);
    return !st;
}

static void execute(const primitive *p, const int *argument, void *const *data)
{
    dnnl_exec_arg_t args[ARGUMENTS];
    dnnl_memory_t memory[ARGUMENTS];
    int count = 0;
    dnnl_status_t st = dnnl_success;

    be_alone();
    for (int i = 0; i < ARGUMENTS && !st; i++) {
        if (!p->memory[i] || (i == ARGUMENTS - 1 && !p->scratch_bytes))
            continue;
        st = dnnl_memory_create(&memory[count], p->memory[i], engine, data[i]);
        args[count].arg = argument[i];
        args[count].memory = memory[count];
        count += !st;
    }
    if (!st)
        st = dnnl_primitive_execute(p->run, stream, count, args);
    assert(st == dnnl_success);         /* only memory for a few words can be lacking */
    for (int i = 0; i < count; i++)
        dnnl_memory_destroy(memory[i]);
}

/* ---- the table ----------------------------------------------------------- */

/* One entry's key: what it is for, and its numbers. */
typedef struct key { int64_t number[7]; } key;

typedef struct entry {
    key           key;
    struct entry *next;
    bool          good;
    primitive     primitive;
} entry;

struct cohl_onednn_product { entry entry; };
struct cohl_onednn_pack    { entry entry; };

static entry *table[BUCKETS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static entry **bucket_of(const key *k)
{
    uint64_t h = 0;
    for (int i = 0; i < 7; i++)
        h = (h ^ (uint64_t)k->number[i]) * 0x9e3779b97f4a7c15u;
    return &table[h >> 56];
}

/* The entry of a key, made by `make` the first time; NULL when the library refuses it. */
static const entry *entry_of(const key *k, bool (*make)(primitive *p, const key *k))
{
    if (!ready())
        return NULL;
    pthread_mutex_lock(&table_lock);
    entry **bucket = bucket_of(k), *e = *bucket;
    while (e && memcmp(&e->key, k, sizeof *k))
        e = e->next;
    if (!e && (e = calloc(1, sizeof *e))) {
        e->key = *k;
        e->good = make(&e->primitive, k);
        e->next = *bucket;
        *bucket = e;
    }
    pthread_mutex_unlock(&table_lock);
    return e && e->good ? e : NULL;
}

/* ---- packs ----------------------------------------------------------------- */

/* Description of a matmul with a as it lies, b as given, c `c_stride` wide. */
static dnnl_primitive_desc_t product_desc(const cohl_onednn_shape *s, desc_in b, desc *a, desc *c)
{
    dnnl_primitive_attr_t attr = new_attr(s->add);
    dnnl_data_type_t sum = s->type == COHL_FACTOR_S8 ? dnnl_s32 : dnnl_f32;
    *a = desc_strided((dnnl_dims_t){ s->m, s->k }, type_of(s->type),
                      s->transpose_a ? (dnnl_dims_t){ 1, s->m } : (dnnl_dims_t){ s->k, 1 });
    *c = desc_strided((dnnl_dims_t){ s->m, s->n }, sum, (dnnl_dims_t){ s->c_stride, 1 });
    dnnl_primitive_desc_t pd = attr && *a && *c ? matmul_desc(engine, *a, b, *c, attr) : NULL;
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return pd;
}

/* The layout of packed b [k, n]; NULL when the library refuses. */
static desc packed_layout(cohl_factor type, int64_t k, int64_t n)
{
    cohl_onednn_shape s = { .type = type, .m = TILE_ROWS, .n = n, .k = k, .c_stride = n };
    desc any = desc_any((dnnl_dims_t){ k, n }, type_of(type)), a = NULL, c = NULL, layout = NULL;
    dnnl_primitive_desc_t pd = any ? product_desc(&s, any, &a, &c) : NULL;
    if (pd) {
        layout = desc_copy(dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
        dnnl_primitive_desc_destroy(pd);
    }
    desc_free(any), desc_free(a), desc_free(c);
    return layout;
}

/* key: type, k, n, transposed */
static bool make_pack(primitive *p, const key *key)
{
    cohl_factor type = (cohl_factor)key->number[1];
    int64_t k = key->number[2], n = key->number[3];
    dnnl_primitive_attr_t attr = new_attr(false);
    dnnl_primitive_desc_t pd = NULL;
    bool good = false;

    p->memory[0] = desc_strided((dnnl_dims_t){ k, n }, type_of(type),
                                key->number[4] ? (dnnl_dims_t){ 1, k } : (dnnl_dims_t){ n, 1 });
    p->memory[1] = packed_layout(type, k, n);
    if (attr && p->memory[0] && p->memory[1]
        && !dnnl_reorder_primitive_desc_create(&pd, p->memory[0], engine, p->memory[1], engine, attr))
        good = finish(p, pd);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return good;
}

const cohl_onednn_pack *cohl_onednn_pack_of(cohl_factor type, int64_t k, int64_t n, bool transposed)
{
    key key = { { 'b', type, k, n, transposed } };
    return (const cohl_onednn_pack *)entry_of(&key, make_pack);
}

size_t cohl_onednn_packed_bytes(const cohl_onednn_pack *pack)
{
    return dnnl_memory_desc_get_size(pack->entry.primitive.memory[1]);
}

size_t cohl_onednn_pack_scratch(const cohl_onednn_pack *pack)
{
    return pack->entry.primitive.scratch_bytes;
}

void cohl_onednn_pack_run(const cohl_onednn_pack *pack, const void *b, void *packed, void *scratch)
{
    static const int arguments[ARGUMENTS] = { DNNL_ARG_FROM, DNNL_ARG_TO, 0, DNNL_ARG_SCRATCHPAD };
    execute(&pack->entry.primitive, arguments, (void *[]){ (void *)b, packed, NULL, scratch });
}

/* ---- products -------------------------------------------------------------- */

/* key: type, m, n, k, c_stride, transpose_a and add */
static bool make_product(primitive *p, const key *key)
{
    const int64_t *of = key->number;
    cohl_onednn_shape s = { .type = (cohl_factor)of[1], .m = of[2], .n = of[3], .k = of[4],
                            .c_stride = of[5], .transpose_a = of[6] & 1, .add = of[6] & 2 };
    p->memory[1] = packed_layout(s.type, s.k, s.n);
    return p->memory[1] && finish(p, product_desc(&s, p->memory[1], &p->memory[0], &p->memory[2]));
}

const cohl_onednn_product *cohl_onednn_product_of(const cohl_onednn_shape *s)
{
    key key = { { 'p', s->type, s->m, s->n, s->k, s->c_stride, s->transpose_a | s->add << 1 } };
    return (const cohl_onednn_product *)entry_of(&key, make_product);
}

size_t cohl_onednn_scratch(const cohl_onednn_product *product)
{
    return product->entry.primitive.scratch_bytes;
}

void cohl_onednn_multiply(const cohl_onednn_product *product, const void *a, const void *packed,
                          void *c, void *scratch)
{
    static const int arguments[ARGUMENTS] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST,
                                              DNNL_ARG_SCRATCHPAD };
    execute(&product->entry.primitive, arguments,
            (void *[]){ (void *)a, (void *)packed, c, scratch });
}

bool cohl_onednn_has(cohl_factor type)
{
    enum { SIZE = 192 };
    cohl_onednn_shape s = { .type = type, .m = SIZE, .n = SIZE, .k = SIZE, .c_stride = SIZE };
    if (type == COHL_FACTOR_NONE || !ready())
        return false;
    desc any = desc_any((dnnl_dims_t){ SIZE, SIZE }, type_of(type)), a = NULL, c = NULL;
    dnnl_primitive_desc_t pd = any ? product_desc(&s, any, &a, &c) : NULL;
    const char *by = NULL;
    bool has = pd && !dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &by)
            && strncmp(by, "ref", 3);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    desc_free(any), desc_free(a), desc_free(c);
    return has;
}
