/* pickle.c - Python's pickle, as far as a file of tensors needs it.
 *
 * Each opcode makes at most one value and one item for each value it takes off
 * the stack, so memory stays in proportion to the pickle's size. Everything that
 * is made is kept in a chain and freed together. */
#include "weights/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { STACK_MAX = 1 << 20, SIZE_MAX_BYTES = 8 << 20, LINE_MAX_BYTES = 256 };

/* The names that may be imported, and what each stands for. */
typedef enum name_deed { NAME_STORAGE, NAME_DICT, NAME_TENSOR, NAME_PARAMETER } name_deed;

static const struct known_name {
    const char *module, *name;
    name_deed   deed;
    cohl_dtype  type;
} NAMES[] = {
    { "collections", "OrderedDict", NAME_DICT, COHL_F32 },
    { "torch._utils", "_rebuild_tensor_v2", NAME_TENSOR, COHL_F32 },
    { "torch._utils", "_rebuild_parameter", NAME_PARAMETER, COHL_F32 },
    { "torch", "FloatStorage", NAME_STORAGE, COHL_F32 },
    { "torch", "BFloat16Storage", NAME_STORAGE, COHL_BF16 },
    { "torch", "HalfStorage", NAME_STORAGE, COHL_F16 },
    { "torch", "DoubleStorage", NAME_STORAGE, COHL_F64 },
    { "torch", "LongStorage", NAME_STORAGE, COHL_I64 },
    { "torch", "IntStorage", NAME_STORAGE, COHL_I32 },
    { "torch", "ByteStorage", NAME_STORAGE, COHL_U8 },
    { "torch", "BoolStorage", NAME_STORAGE, COHL_U8 },
};
enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES };

/* A value or item with its link; the chain frees all. */
typedef struct made {
    struct made *next;
    char        *text;
    cohl_pickle_value value;
    cohl_pickle_item  item;
} made;

struct cohl_pickle {
    made                    *chain;
    const cohl_pickle_value *result;
};

/* A slot of the stack; NULL is a mark. */
typedef struct machine {
    cohl_pickle        *pickle;
    const uint8_t      *bytes;
    size_t              size, at;
    cohl_pickle_value **stack;
    size_t              depth, room;
    cohl_pickle_value **memo;
    size_t              memo_count;
    const char         *path;
    cohl_status         status;
    cohl_error         *err;
} machine;

__attribute__((format(printf, 3, 4)))
static void *fail(machine *m, cohl_status status, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!m->status)
        m->status = cohl_fail(m->err, status, "%s: byte %zu: %s", m->path, m->at, text);
    return NULL;
}

/* ---- making and keeping -------------------------------------------------- */

static made *make(machine *m)
{
    made *one = m->status ? NULL : calloc(1, sizeof *one);
    if (!one)
        return fail(m, COHL_ERR_MEMORY, "no memory for its values");
    one->next = m->pickle->chain;
    m->pickle->chain = one;
    return one;
}

static void push(machine *m, cohl_pickle_value *value)
{
    if (m->status)
        return;
    if (m->depth == m->room) {
        size_t room = m->room ? 2 * m->room : 256;
        cohl_pickle_value **grown = room <= STACK_MAX ? realloc(m->stack, room * sizeof *grown) : NULL;
        if (!grown) {
            fail(m, COHL_ERR_FORMAT, "more than %zu values on the stack", m->room);
            return;
        }
        m->stack = grown, m->room = room;
    }
    m->stack[m->depth++] = value;
}

static cohl_pickle_value *make_value(machine *m, cohl_pickle_kind kind)
{
    made *one = make(m);
    if (!one)
        return NULL;
    one->value.kind = kind;
    return &one->value;
}

static cohl_pickle_value *push_new(machine *m, cohl_pickle_kind kind)
{
    cohl_pickle_value *value = make_value(m, kind);
    if (value)
        push(m, value);
    return value;
}

static cohl_pickle_value *pop(machine *m)
{
    if (m->status || !m->depth || !m->stack[m->depth - 1])
        return fail(m, COHL_ERR_FORMAT, "takes a value that is not there");
    return m->stack[--m->depth];
}

static cohl_pickle_value *top(machine *m, cohl_pickle_kind kind, const char *what)
{
    cohl_pickle_value *value = m->depth ? m->stack[m->depth - 1] : NULL;
    return value && value->kind == kind ? value : fail(m, COHL_ERR_FORMAT, "expected %s", what);
}

/* Where the values above the last mark begin. */
static size_t mark(machine *m)
{
    for (size_t i = m->depth; i > 0 && !m->status; i--)
        if (!m->stack[i - 1])
            return i;
    fail(m, COHL_ERR_FORMAT, "no mark on the stack");
    return m->depth;
}

static void append(machine *m, cohl_pickle_value *to, const cohl_pickle_value *key, const cohl_pickle_value *value)
{
    made *one = make(m);
    if (!one)
        return;
    one->item = (cohl_pickle_item){ key, value, NULL };
    if (to->last)
        to->last->next = &one->item;
    else
        to->first = &one->item;
    to->last = &one->item;
    to->count++;
}

/* ---- bytes --------------------------------------------------------------- */

static const uint8_t *take(machine *m, size_t bytes)
{
    static const uint8_t nothing[8];
    if (m->status || bytes > m->size - m->at) {
        fail(m, COHL_ERR_FORMAT, "the pickle ends inside a value");
        return nothing;
    }
    m->at += bytes;
    return m->bytes + m->at - bytes;
}

/* At most 8 bytes, little-endian, without sign. */
static uint64_t take_number(machine *m, size_t bytes)
{
    const uint8_t *from = take(m, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && !m->status; i++)
        value |= (uint64_t)from[i] << 8 * i;
    return value;
}

static void push_int(machine *m, int64_t number)
{
    cohl_pickle_value *value = push_new(m, COHL_PICKLE_INT);
    if (value)
        value->number = number;
}

/* LONG1: two's complement in so many bytes. */
static void push_long(machine *m, size_t bytes)
{
    if (bytes > 8) {
        fail(m, COHL_ERR_FORMAT, "a whole number of %zu bytes, expected at most 8", bytes);
        return;
    }
    uint64_t value = take_number(m, bytes);
    if (bytes && bytes < 8 && value >> (8 * bytes - 1))
        value |= UINT64_MAX << 8 * bytes;
    push_int(m, (int64_t)value);
}

static void push_float(machine *m)
{
    const uint8_t *from = take(m, 8);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | from[i];
    cohl_pickle_value *value = push_new(m, COHL_PICKLE_FLOAT);
    if (value)
        memcpy(&value->real, &bits, 8);
}

static cohl_pickle_value *push_text(machine *m, const char *text, size_t length)
{
    made *one = make(m);
    if (!one)
        return NULL;
    one->value.kind = COHL_PICKLE_TEXT;
    if (!(one->text = strndup(text, length)))
        return fail(m, COHL_ERR_MEMORY, "no memory for a string");
    one->value.text = one->text;
    push(m, &one->value);
    return &one->value;
}

static void take_text(machine *m, uint64_t length)
{
    if (length > m->size - m->at) {
        fail(m, COHL_ERR_FORMAT, "a string of %llu bytes, only %zu follow", (unsigned long long)length, m->size - m->at);
        return;
    }
    const char *from = (const char *)take(m, length);
    if (cohl_utf8_check(from, length) != length || memchr(from, 0, length))
        fail(m, COHL_ERR_FORMAT, "a string that is not text");
    else
        push_text(m, from, length);
}

/* Up to the end of a line, into a buffer of LINE_MAX_BYTES. */
static void take_line(machine *m, char *out)
{
    const uint8_t *from = m->bytes + m->at, *end = memchr(from, '\n', m->size - m->at);
    size_t length = end ? (size_t)(end - from) : 0;
    out[0] = 0;
    if (!end || length >= LINE_MAX_BYTES || cohl_utf8_check((const char *)from, length) != length) {
        fail(m, COHL_ERR_FORMAT, "a name without end");
        return;
    }
    memcpy(out, from, length);
    out[length] = 0;
    m->at += length + 1;
}

/* ---- names, storages, tensors -------------------------------------------- */

static void push_name(machine *m, const char *module, const char *name)
{
    for (int i = 0; i < NAME_COUNT && !m->status; i++)
        if (!strcmp(NAMES[i].module, module) && !strcmp(NAMES[i].name, name)) {
            cohl_pickle_value *value = push_new(m, COHL_PICKLE_NAME);
            if (value)
                value->number = i;
            return;
        }
    fail(m, COHL_ERR_FORMAT, "it would import %.100s.%.100s; a file of weights needs only torch's tensors and "
         "storages, so this one is not read", module, name);
}

static const cohl_pickle_value *nth(const cohl_pickle_value *list, size_t n)
{
    const cohl_pickle_item *item = list->first;
    while (item && n--)
        item = item->next;
    return item ? item->value : NULL;
}

static bool is(const cohl_pickle_value *value, cohl_pickle_kind kind) { return value && value->kind == kind; }

/* ("storage", its class, its key, where it was, how many values) */
static void push_storage(machine *m)
{
    const cohl_pickle_value *id = pop(m);
    if (!is(id, COHL_PICKLE_TUPLE) || id->count < 5 || !is(nth(id, 0), COHL_PICKLE_TEXT) ||
        strcmp(nth(id, 0)->text, "storage") || !is(nth(id, 1), COHL_PICKLE_NAME) ||
        NAMES[nth(id, 1)->number].deed != NAME_STORAGE || !is(nth(id, 2), COHL_PICKLE_TEXT) ||
        !is(nth(id, 4), COHL_PICKLE_INT) || nth(id, 4)->number < 0) {
        fail(m, COHL_ERR_FORMAT, "expected a storage");
        return;
    }
    cohl_pickle_value *value = push_new(m, COHL_PICKLE_STORAGE);
    if (!value)
        return;
    value->type = NAMES[nth(id, 1)->number].type;
    value->text = nth(id, 2)->text;
    value->count = (size_t)nth(id, 4)->number;
}

/* (storage, first value, sizes, strides, wants gradients, hooks) */
static cohl_pickle_value *tensor_of(machine *m, const cohl_pickle_value *args)
{
    const cohl_pickle_value *storage = nth(args, 0), *offset = nth(args, 1), *sizes = nth(args, 2),
                            *strides = nth(args, 3);
    if (!is(storage, COHL_PICKLE_STORAGE) || !is(offset, COHL_PICKLE_INT) || offset->number < 0 ||
        !is(sizes, COHL_PICKLE_TUPLE) || !is(strides, COHL_PICKLE_TUPLE) || sizes->count != strides->count ||
        sizes->count > COHL_RANK_MAX)
        return fail(m, COHL_ERR_FORMAT, "expected a tensor's storage, offset, sizes and strides");
    for (const cohl_pickle_item *i = sizes->first, *k = strides->first; i; i = i->next, k = k->next)
        if (!is(i->value, COHL_PICKLE_INT) || i->value->number < 0 || !is(k->value, COHL_PICKLE_INT))
            return fail(m, COHL_ERR_FORMAT, "a tensor's sizes and strides are not whole numbers");
    cohl_pickle_value *value = make_value(m, COHL_PICKLE_TENSOR);
    if (value) {
        value->storage = storage;
        value->number = offset->number;
        value->sizes = sizes;
        value->strides = strides;
    }
    return value;
}

/* "Call" a name with a tuple: what the name stands for is made of it. */
static void reduce(machine *m)
{
    const cohl_pickle_value *args = pop(m), *name = pop(m);
    if (m->status)
        return;
    if (!is(name, COHL_PICKLE_NAME) || !is(args, COHL_PICKLE_TUPLE)) {
        fail(m, COHL_ERR_FORMAT, "it would call something that is no tensor, so it is not read");
        return;
    }
    const struct known_name *known = &NAMES[name->number];
    if (known->deed == NAME_DICT && args->count == 0) {
        push_new(m, COHL_PICKLE_DICT);
    } else if (known->deed == NAME_TENSOR) {
        cohl_pickle_value *tensor = tensor_of(m, args);
        push(m, tensor);
    } else if (known->deed == NAME_PARAMETER && is(nth(args, 0), COHL_PICKLE_TENSOR)) {
        push(m, (cohl_pickle_value *)nth(args, 0));
    } else {
        fail(m, COHL_ERR_FORMAT, "it would call %s.%s with values that it does not take", known->module, known->name);
    }
}

/* ---- collections --------------------------------------------------------- */

static void tuple(machine *m, size_t count)
{
    if (count > m->depth) {
        fail(m, COHL_ERR_FORMAT, "takes values that are not there");
        return;
    }
    cohl_pickle_value *value = make_value(m, COHL_PICKLE_TUPLE);
    for (size_t i = m->depth - count; i < m->depth && value && !m->status; i++) {
        if (!m->stack[i])
            fail(m, COHL_ERR_FORMAT, "a mark inside a tuple");
        else
            append(m, value, NULL, m->stack[i]);
    }
    m->depth -= count;
    push(m, value);
}

static void marked_tuple(machine *m)
{
    size_t from = mark(m), count = m->depth - from;
    tuple(m, count);
    if (m->status)
        return;
    m->stack[m->depth - 2] = m->stack[m->depth - 1];     /* over the mark */
    m->depth--;
}

/* Items from `from` on go into the collection below; with_mark: a mark lies between. */
static void add_items(machine *m, size_t from, bool with_mark, bool pairs)
{
    size_t end = m->depth;
    if (m->status)
        return;
    m->depth = from - (with_mark ? 1 : 0);
    cohl_pickle_value *to = top(m, pairs ? COHL_PICKLE_DICT : COHL_PICKLE_LIST, pairs ? "a dictionary" : "a list");
    if (to && pairs && (end - from) % 2)
        fail(m, COHL_ERR_FORMAT, "a key without a value");
    for (size_t i = from; to && i < end && !m->status; i += pairs ? 2 : 1)
        append(m, to, pairs ? m->stack[i] : NULL, m->stack[pairs ? i + 1 : i]);
}

/* SETITEM and APPEND: one, without a mark. */
static void add_one(machine *m, bool pairs)
{
    size_t count = pairs ? 2 : 1;
    for (size_t i = 1; i <= count + 1; i++)
        if (m->depth < i || !m->stack[m->depth - i]) {
            fail(m, COHL_ERR_FORMAT, "takes a value that is not there");
            return;
        }
    add_items(m, m->depth - count, false, pairs);
}

/* BUILD gives an object its state; a dictionary's is only about itself (_metadata). */
static void build(machine *m)
{
    if (pop(m) && !(m->depth && is(m->stack[m->depth - 1], COHL_PICKLE_DICT)))
        fail(m, COHL_ERR_FORMAT, "it would build an object, so it is not read");
}

static void remember(machine *m, uint64_t slot)
{
    if (m->status || !m->depth || !m->stack[m->depth - 1] || slot > m->size) {
        fail(m, COHL_ERR_FORMAT, "remembers a value that is not there");
        return;
    }
    if (slot >= m->memo_count) {
        size_t count = (size_t)slot + 1 > 2 * m->memo_count ? (size_t)slot + 64 : 2 * m->memo_count;
        cohl_pickle_value **grown = realloc(m->memo, count * sizeof *grown);
        if (!grown) {
            fail(m, COHL_ERR_MEMORY, "no memory for what it remembers");
            return;
        }
        memset(grown + m->memo_count, 0, (count - m->memo_count) * sizeof *grown);
        m->memo = grown, m->memo_count = count;
    }
    m->memo[slot] = m->stack[m->depth - 1];
}

static void recall(machine *m, uint64_t slot)
{
    if (slot >= m->memo_count || !m->memo[slot])
        fail(m, COHL_ERR_FORMAT, "recalls value %llu that it never remembered", (unsigned long long)slot);
    else
        push(m, m->memo[slot]);
}

/* ---- the machine --------------------------------------------------------- */

static void stack_name(machine *m)
{
    const cohl_pickle_value *name = pop(m), *module = pop(m);
    if (is(name, COHL_PICKLE_TEXT) && is(module, COHL_PICKLE_TEXT))
        push_name(m, module->text, name->text);
    else
        fail(m, COHL_ERR_FORMAT, "a name that is not text");
}

static void global(machine *m)
{
    char module[LINE_MAX_BYTES], name[LINE_MAX_BYTES];
    take_line(m, module);
    take_line(m, name);
    push_name(m, module, name);
}

static void push_bool(machine *m, bool value)
{
    cohl_pickle_value *made = push_new(m, COHL_PICKLE_BOOL);
    if (made)
        made->number = value;
}

/* One opcode; true at the end of the program. The comments name them as pickletools does. */
static bool step(machine *m, size_t *memoized)
{
    uint8_t code = take(m, 1)[0];
    if (m->status)
        return true;
    switch (code) {
    case 0x80: take(m, 1);                                    break;   /* PROTO */
    case 0x95: take(m, 8);                                    break;   /* FRAME */
    case '.':  m->pickle->result = pop(m);                    return true;
    case '(':  push(m, NULL);                                 break;   /* MARK */
    case '0':  pop(m);                                        break;   /* POP */
    case 'N':  push_new(m, COHL_PICKLE_NONE);                 break;
    case 0x88: push_bool(m, true);                            break;   /* NEWTRUE */
    case 0x89: push_bool(m, false);                           break;   /* NEWFALSE */
    case 'K':  push_int(m, (int64_t)take_number(m, 1));       break;   /* BININT1 */
    case 'M':  push_int(m, (int64_t)take_number(m, 2));       break;   /* BININT2 */
    case 'J':  push_int(m, (int32_t)take_number(m, 4));       break;   /* BININT */
    case 0x8a: push_long(m, (size_t)take_number(m, 1));       break;   /* LONG1 */
    case 'G':  push_float(m);                                 break;   /* BINFLOAT */
    case 'X':  take_text(m, take_number(m, 4));               break;   /* BINUNICODE */
    case 0x8c: take_text(m, take_number(m, 1));               break;   /* SHORT_BINUNICODE */
    case 'U':  take_text(m, take_number(m, 1));               break;   /* SHORT_BINSTRING */
    case ')':  push_new(m, COHL_PICKLE_TUPLE);                break;   /* EMPTY_TUPLE */
    case 0x85: tuple(m, 1);                                   break;
    case 0x86: tuple(m, 2);                                   break;
    case 0x87: tuple(m, 3);                                   break;
    case 't':  marked_tuple(m);                               break;   /* TUPLE */
    case ']':  push_new(m, COHL_PICKLE_LIST);                 break;   /* EMPTY_LIST */
    case 'a':  add_one(m, false);                             break;   /* APPEND */
    case 'e':  add_items(m, mark(m), true, false);            break;   /* APPENDS */
    case '}':  push_new(m, COHL_PICKLE_DICT);                 break;   /* EMPTY_DICT */
    case 's':  add_one(m, true);                              break;   /* SETITEM */
    case 'u':  add_items(m, mark(m), true, true);             break;   /* SETITEMS */
    case 'q':  remember(m, take_number(m, 1));                break;   /* BINPUT */
    case 'r':  remember(m, take_number(m, 4));                break;   /* LONG_BINPUT */
    case 0x94: remember(m, (*memoized)++);                    break;   /* MEMOIZE */
    case 'h':  recall(m, take_number(m, 1));                  break;   /* BINGET */
    case 'j':  recall(m, take_number(m, 4));                  break;   /* LONG_BINGET */
    case 'c':  global(m);                                     break;   /* GLOBAL */
    case 0x93: stack_name(m);                                 break;   /* STACK_GLOBAL */
    case 'Q':  push_storage(m);                               break;   /* BINPERSID */
    case 'R':  reduce(m);                                     break;
    case 'b':  build(m);                                      break;
    default:
        fail(m, COHL_ERR_FORMAT, "opcode 0x%02x is not one that a file of weights needs, so it is not read", code);
    }
    return m->status != COHL_OK;
}

cohl_status cohl_pickle_read(cohl_pickle **out, const char *name, const uint8_t *bytes, size_t size, cohl_error *err)
{
    machine m = { .pickle = calloc(1, sizeof *m.pickle), .bytes = bytes, .size = size, .path = name, .err = err };
    size_t memoized = 0;
    *out = NULL;
    if (!m.pickle)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to read it", name);
    if (size > SIZE_MAX_BYTES)
        fail(&m, COHL_ERR_FORMAT, "a pickle of %zu bytes, expected at most %d", size, SIZE_MAX_BYTES);
    while (!m.status && !step(&m, &memoized))
        continue;
    free(m.stack);
    free(m.memo);
    if (m.status)
        cohl_pickle_close(m.pickle);
    else
        *out = m.pickle;
    return m.status;
}

void cohl_pickle_close(cohl_pickle *pickle)
{
    made *next;
    if (!pickle)
        return;
    for (made *one = pickle->chain; one; one = next) {
        next = one->next;
        free(one->text);
        free(one);
    }
    free(pickle);
}

const cohl_pickle_value *cohl_pickle_result(const cohl_pickle *pickle) { return pickle->result; }
