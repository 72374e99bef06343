/* mark_embed.h - lay both marks into the frames of a film.
 *
 *     cohl_marker *marker;
 *     uint64_t identifier = cohl_mark_identifier(&key, recipe);
 *     if ((st = cohl_marker_new(&marker, width, height, &key, identifier, err))) return st;
 *     cohl_marker_frame(marker, frame);         every frame, in any order
 *     cohl_marker_free(marker);
 *
 * Keyed additive spread spectrum (Cox et al. 1997) in luma: red, green and blue of a pixel
 * change by the same amount. The pattern is the same in every frame, so it does not flicker
 * and adds up over time; its strength follows the texture of each frame, and is cut where
 * the frame would fall below 42 dB. Whole numbers all the way: the same frame gives the
 * same bytes on any machine. */
#ifndef COHL_PROVENANCE_MARK_EMBED_H
#define COHL_PROVENANCE_MARK_EMBED_H

#include "media/frame.h"
#include "provenance/mark_layout.h"

typedef struct cohl_marker cohl_marker;

/* For frames of a size; key and identifier (< 2^40) are those of the private mark. */
cohl_status cohl_marker_new(cohl_marker **out, int width, int height, const cohl_mark_key *key, uint64_t identifier,
                            cohl_error *err);
void cohl_marker_free(cohl_marker *marker);

/* Mark one frame in place; its size is the marker's. Uses the marker's scratch: one thread at a time. */
void cohl_marker_frame(cohl_marker *marker, cohl_frame *frame);

#endif
