/* change.c - what is added to a weight as it is read. */
#include "weights/change.h"

/* The part of row `row` from `from` on: out[i] += s sum_r B[row, r] A[r, from + i]. */
static void add_row(const cohl_change *change, size_t row, size_t from, size_t count, float *out)
{
    const float *up = change->up + row * (size_t)change->rank;
    for (int r = 0; r < change->rank; r++) {
        const float *down = change->down + (size_t)r * change->width + from;
        float by = change->scale * up[r];
        for (size_t i = 0; i < count; i++)
            out[i] += by * down[i];
    }
}

void cohl_change_add(const cohl_weight *weight, size_t first, size_t count, float *out)
{
    for (const cohl_change *change = weight->change; change; change = change->next) {
        if (!change->rank)
            for (size_t i = 0; i < count; i++)
                out[i] += change->scale * change->down[first + i];
        for (size_t done = 0; change->rank && done < count;) {
            size_t from = (first + done) % change->width, n = change->width - from;
            if (n > count - done)
                n = count - done;
            add_row(change, (first + done) / change->width, from, n, out + done);
            done += n;
        }
    }
}
