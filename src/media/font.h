/* font.h - a small bitmap font for captions on sheets.
 *
 * Letters are 5 x 8 dots in a cell of 6 x 10: ASCII, and the accented letters of
 * French in lower case; accented capitals lose their accent, other characters
 * show as a small box. Text is UTF-8. */
#ifndef COHL_MEDIA_FONT_H
#define COHL_MEDIA_FONT_H

#include <stddef.h>

#include "media/frame.h"

enum { COHL_FONT_WIDTH = 6, COHL_FONT_HEIGHT = 10 };

/* Draw one line from (left, top), dots of scale x scale pixels, at most `letters`
 * characters, cut at the frame's edges. colour is 0xRRGGBB. Returns the bytes drawn. */
size_t cohl_font_draw(cohl_frame *frame, int left, int top, int scale, uint32_t colour,
                      const char *text, int letters);

/* How much of the text fits a line of `letters` characters: bytes up to the last
 * space that fits, or the letters that fit when a word is longer than the line; at a
 * line break, up to it. 0 when text is empty. */
size_t cohl_font_fit(const char *text, int letters);

#endif
