/* interval.h - a share that was counted, with its 95 % interval by Wilson's formula (1927), which
 * stays right near 0 and 1 where the usual one does not. */
#ifndef COHL_BASE_INTERVAL_H
#define COHL_BASE_INTERVAL_H

typedef struct cohl_share { double value, low, high; } cohl_share;

/* right / of and its 95 % interval; all NaN when of is 0. */
cohl_share cohl_share_of(int right, int of);

#endif
