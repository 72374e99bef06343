/* deflate.c - pack bytes as a zlib stream.
 *
 * The text-book method of RFC 1951: repeats of 3 to 258 bytes within the last
 * 32 KiB are found through chains of equal hashes and become (length, distance);
 * what is found is counted in blocks of BLOCK tokens, and each block is written
 * with its own Huffman codes. No step depends on anything but the bytes. */
#include "media/deflate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = 1 << 15, HASH_BITS = 15, CHAIN = 48,   /* CHAIN: candidates looked at */
    SHORTEST = 3, LONGEST = 258,
    BLOCK = 1 << 15,
    LITERALS = 286, DISTANCES = 30, LENGTHS = 19,   /* sizes of the three alphabets */
    END = 256,
};

static const uint16_t length_base[29] = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
    131, 163, 195, 227, 258,
};
static const uint8_t length_extra[29] = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};
static const uint16_t distance_base[30] = {
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
};
static const uint8_t distance_extra[30] = {
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12,
    13, 13,
};

typedef struct token {
    uint16_t length;     /* 0: a literal */
    uint16_t distance;   /* or the literal byte */
} token;

typedef struct packer {
    cohl_text     *out;
    uint64_t       bits;
    int            bit_count;
    const uint8_t *data;
    size_t         size;
    int64_t       *head;     /* [1 << HASH_BITS] last place of a hash, or -1 */
    int64_t       *before;   /* [WINDOW] the place before, of the same hash  */
    token         *tokens;   /* [BLOCK] */
    int            token_count;
} packer;

typedef struct code {
    uint8_t  length[LITERALS];   /* bits, 0: not used */
    uint16_t word[LITERALS];     /* as the stream wants it: first bit lowest */
} code;

static void put_bits(packer *p, uint32_t value, int count)
{
    p->bits |= (uint64_t)value << p->bit_count;
    p->bit_count += count;
    if (p->bit_count < 32)
        return;
    uint8_t word[4] = { (uint8_t)p->bits, (uint8_t)(p->bits >> 8), (uint8_t)(p->bits >> 16), (uint8_t)(p->bits >> 24) };
    cohl_text_add_bytes(p->out, word, sizeof word);
    p->bits >>= 32;
    p->bit_count -= 32;
}

/* The bits that wait, filled up to a whole byte. */
static void put_rest(packer *p)
{
    for (; p->bit_count > 0; p->bit_count -= 8, p->bits >>= 8) {
        uint8_t byte = (uint8_t)p->bits;
        cohl_text_add_bytes(p->out, &byte, 1);
    }
    p->bit_count = 0;
}

/* The last of base[count], a rising list, that is not above the value. */
static int last_not_above(const uint16_t *base, int count, int value)
{
    int low = 0;
    for (int part = count / 2; count > 1; part = count / 2) {
        low += base[low + part] <= value ? part : 0;
        count -= part;
    }
    return low;
}

/* Depths of a Huffman tree over the used symbols (Huffman 1952), by joining the
 * two rarest until one is left. Returns the greatest depth. */
static int tree_depths(uint8_t *length, const uint32_t *count, int symbols)
{
    uint32_t weight[2 * LITERALS];
    int parent[2 * LITERALS], depth[2 * LITERALS], live[LITERALS], nodes = symbols, lives = 0;
    int deepest = 0;
    for (int s = 0; s < symbols; s++) {
        weight[s] = count[s];
        length[s] = 0;
        if (count[s])
            live[lives++] = s;
    }
    if (lives == 1) {
        length[live[0]] = 1;
        return 1;
    }
    while (lives > 1) {
        for (int pick = 0; pick < 2; pick++) {   /* the two rarest go to the end of the list */
            int best = 0;
            for (int i = 1; i < lives - pick; i++)
                if (weight[live[i]] < weight[live[best]])
                    best = i;
            int last = lives - 1 - pick, kept = live[best];
            live[best] = live[last];
            live[last] = kept;
        }
        int a = live[lives - 1], b = live[lives - 2];
        weight[nodes] = weight[a] + weight[b];
        parent[a] = parent[b] = nodes;
        live[--lives - 1] = nodes++;
    }
    if (nodes > symbols)
        depth[nodes - 1] = 0;
    for (int n = nodes - 2; n >= 0; n--) {
        if (n < symbols && !count[n])
            continue;
        depth[n] = depth[parent[n]] + 1;
        if (n < symbols)
            length[n] = (uint8_t)depth[n];
        if (depth[n] > deepest)
            deepest = depth[n];
    }
    return deepest;
}

/* Codes of at most `limit` bits. A tree that is too deep is built again over
 * counts that are closer to each other. */
static void make_code(code *c, uint32_t *count, int symbols, int limit)
{
    uint32_t next = 0;
    memset(c, 0, sizeof *c);
    while (tree_depths(c->length, count, symbols) > limit)
        for (int s = 0; s < symbols; s++)
            count[s] = (count[s] + 1) / 2 + (count[s] > 0);
    for (int bits = 1; bits <= limit; bits++, next <<= 1)
        for (int s = 0; s < symbols; s++) {
            if (c->length[s] != bits)
                continue;
            uint32_t word = next++, turned = 0;
            for (int i = 0; i < bits; i++)
                turned |= (word >> i & 1) << (bits - 1 - i);
            c->word[s] = (uint16_t)turned;
        }
}

static void put_symbol(packer *p, const code *c, int symbol)
{
    assert(c->length[symbol]);
    put_bits(p, c->word[symbol], c->length[symbol]);
}

typedef struct length_run {
    uint8_t symbol, extra_bits, extra;
} length_run;

/* Code lengths as runs (RFC 1951, 3.2.7): 16 repeats the last, 17 and 18 zeros. */
static int make_runs(length_run *run, const uint8_t *length, int count)
{
    int runs = 0;
    for (int i = 0; i < count;) {
        int same = 1;
        while (i + same < count && length[i + same] == length[i])
            same++;
        if (length[i] == 0 && same >= 3) {
            if (same > 138)
                same = 138;
            run[runs++] = same <= 10 ? (length_run){ 17, 3, (uint8_t)(same - 3) }
                                     : (length_run){ 18, 7, (uint8_t)(same - 11) };
        } else if (i > 0 && length[i] == length[i - 1] && same >= 3) {
            if (same > 6)
                same = 6;
            run[runs++] = (length_run){ 16, 2, (uint8_t)(same - 3) };
        } else {
            same = 1;
            run[runs++] = (length_run){ length[i], 0, 0 };
        }
        i += same;
    }
    return runs;
}

static void put_code_lengths(packer *p, const code *literal, const code *distance)
{
    static const uint8_t order[LENGTHS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13,
                                            2, 14, 1, 15 };
    uint8_t all[LITERALS + DISTANCES];
    length_run run[LITERALS + DISTANCES];
    uint32_t count[LENGTHS] = { 0 };
    code lengths;
    int literals = LITERALS, distances = DISTANCES, shown = LENGTHS;

    while (literals > 257 && !literal->length[literals - 1])
        literals--;
    while (distances > 1 && !distance->length[distances - 1])
        distances--;
    memcpy(all, literal->length, (size_t)literals);
    memcpy(all + literals, distance->length, (size_t)distances);
    int runs = make_runs(run, all, literals + distances);
    for (int i = 0; i < runs; i++)
        count[run[i].symbol]++;
    make_code(&lengths, count, LENGTHS, 7);
    while (shown > 4 && !lengths.length[order[shown - 1]])
        shown--;
    put_bits(p, (uint32_t)(literals - 257), 5);
    put_bits(p, (uint32_t)(distances - 1), 5);
    put_bits(p, (uint32_t)(shown - 4), 4);
    for (int i = 0; i < shown; i++)
        put_bits(p, lengths.length[order[i]], 3);
    for (int i = 0; i < runs; i++) {
        put_symbol(p, &lengths, run[i].symbol);
        put_bits(p, run[i].extra, run[i].extra_bits);
    }
}

static void put_block(packer *p, int is_last)
{
    uint32_t literal_count[LITERALS] = { 0 }, distance_count[DISTANCES] = { 0 };
    code literal, distance;

    literal_count[END] = 1;
    for (int i = 0; i < p->token_count; i++) {
        const token *t = &p->tokens[i];
        if (!t->length) {
            literal_count[t->distance]++;
            continue;
        }
        literal_count[257 + last_not_above(length_base, 29, t->length)]++;
        distance_count[last_not_above(distance_base, 30, t->distance)]++;
    }
    make_code(&literal, literal_count, LITERALS, 15);
    make_code(&distance, distance_count, DISTANCES, 15);
    put_bits(p, (uint32_t)is_last, 1);
    put_bits(p, 2, 2);
    put_code_lengths(p, &literal, &distance);
    for (int i = 0; i < p->token_count; i++) {
        const token *t = &p->tokens[i];
        if (!t->length) {
            put_symbol(p, &literal, t->distance);
            continue;
        }
        int l = last_not_above(length_base, 29, t->length);
        int d = last_not_above(distance_base, 30, t->distance);
        put_symbol(p, &literal, 257 + l);
        put_bits(p, (uint32_t)(t->length - length_base[l]), length_extra[l]);
        put_symbol(p, &distance, d);
        put_bits(p, (uint32_t)(t->distance - distance_base[d]), distance_extra[d]);
    }
    put_symbol(p, &literal, END);
    p->token_count = 0;
}

static void remember(packer *p, size_t at)
{
    if (at + SHORTEST > p->size)
        return;
    const uint8_t *s = p->data + at;
    uint32_t hash = ((uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2]) * 2654435761u;
    int64_t *head = &p->head[hash >> (32 - HASH_BITS)];
    p->before[at % WINDOW] = *head;
    *head = (int64_t)at;
}

/* How many bytes of a and b are the same, at most `most`; eight at a time while they are. */
static int same_bytes(const uint8_t *a, const uint8_t *b, int most)
{
    int n = 0;
    for (uint64_t x, y; n + 8 <= most; n += 8) {
        memcpy(&x, a + n, sizeof x);
        memcpy(&y, b + n, sizeof y);
        if (x != y)
            break;
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

/* The longest repeat for the bytes at `at`, which was just remembered. */
static int longest_match(const packer *p, size_t at, int *distance)
{
    size_t left = p->size - at;
    int most = left < LONGEST ? (int)left : LONGEST, best = 0;
    if (most < SHORTEST)
        return 0;
    int64_t place = p->before[at % WINDOW];
    for (int i = 0; i < CHAIN && place >= 0 && (int64_t)at - place < WINDOW; i++) {
        const uint8_t *a = p->data + place, *b = p->data + at;
        if (!best || a[best] == b[best]) {
            int n = same_bytes(a, b, most);
            if (n > best) {
                best = n;
                *distance = (int)((int64_t)at - place);
                if (n == most)
                    break;
            }
        }
        int64_t older = p->before[place % WINDOW];
        if (older >= place)
            break;
        place = older;
    }
    return best >= SHORTEST ? best : 0;
}

static void put_token(packer *p, int length, int distance)
{
    p->tokens[p->token_count++] = (token){ (uint16_t)length, (uint16_t)distance };
    if (p->token_count == BLOCK)
        put_block(p, 0);
}

/* Take a repeat only if the next byte does not begin a longer one. */
static void find_tokens(packer *p)
{
    int held = 0, held_distance = 0;   /* the repeat that began one byte ago */
    for (size_t at = 0; at < p->size; at++) {
        int distance = 0;
        remember(p, at);
        int length = held < 64 ? longest_match(p, at, &distance) : 0;
        if (held && held >= length) {
            put_token(p, held, held_distance);
            for (int i = 2; i < held; i++)
                remember(p, ++at);
            held = 0;
            continue;
        }
        if (held)
            put_token(p, 0, p->data[at - 1]);
        if (!length)
            put_token(p, 0, p->data[at]);
        held = length;
        held_distance = distance;
    }
    assert(!held);   /* the last two bytes begin no repeat */
    put_block(p, 1);
}

/* RFC 1950, section 9. After ADLER_RUN bytes the sums still fit 32 bits. */
static uint32_t adler32(const uint8_t *data, size_t size)
{
    enum { ADLER_RUN = 5552 };
    uint32_t a = 1, b = 0;
    for (size_t done = 0; done < size; done += ADLER_RUN) {
        size_t end = size - done < ADLER_RUN ? size : done + ADLER_RUN;
        for (size_t i = done; i < end; i++)
            b += a += data[i];
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

cohl_status cohl_deflate(cohl_text *out, const uint8_t *data, size_t size, cohl_error *err)
{
    packer p = { .out = out, .data = data, .size = size };
    p.head = malloc((sizeof *p.head) << HASH_BITS);
    p.before = malloc(sizeof *p.before * WINDOW);
    p.tokens = malloc(sizeof *p.tokens * BLOCK);
    if (p.head && p.before && p.tokens) {
        memset(p.head, 0xff, (sizeof *p.head) << HASH_BITS);
        memset(p.before, 0xff, sizeof *p.before * WINDOW);
        cohl_text_add_bytes(out, "\x78\x9c", 2);
        find_tokens(&p);
        put_rest(&p);
        uint32_t sum = adler32(data, size);
        uint8_t tail[4] = { (uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                            (uint8_t)sum };
        cohl_text_add_bytes(out, tail, 4);
    } else {
        out->failed = true;
    }
    free(p.head);
    free(p.before);
    free(p.tokens);
    return out->failed ? cohl_fail(err, COHL_ERR_MEMORY, "no memory to pack %zu bytes", size)
                       : COHL_OK;
}
