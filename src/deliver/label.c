/* label.c - the visible label. */
#include "deliver/label.h"

#include "media/font.h"

/* Light letters on a dark plate: read on any picture. */
enum { LETTERS = 0xf4f4f4, PLATE = 0x202020, HEIGHTS = 30, MARGIN = 2 };

void cohl_label_draw(cohl_frame *frame)
{
    static const char words[] = "AI generated";
    int count = (int)sizeof words - 1, scale = frame->height / HEIGHTS / COHL_FONT_HEIGHT;
    if (scale < 1)
        scale = 1;
    int pad = MARGIN * scale, height = COHL_FONT_HEIGHT * scale + 2 * pad;
    int width = count * COHL_FONT_WIDTH * scale + 2 * pad;
    int left = 2 * pad, top = frame->height - height - 2 * pad;
    if (top < 0)
        top = 0;
    cohl_frame_fill(frame, left, top, width, height, PLATE);
    cohl_font_draw(frame, left + pad, top + pad, scale, LETTERS, words, count);
}
