/* sheet.c - a contact sheet. */
#include "media/sheet.h"

#include <string.h>

#include "media/font.h"
#include "media/resize.h"

typedef struct layout {
    int columns, rows;
    int cell_width, cell_height;   /* of the picture */
    int letters, line;             /* characters a caption line, its height */
    int lines;                     /* caption lines a cell */
    int top, step_x, step_y;
} layout;

cohl_sheet_params cohl_sheet_params_default(void)
{
    return (cohl_sheet_params){ .cell_width = 320, .caption_lines = 2, .margin = 8,
                                .font_scale = 1, .paper = 0xf4efe4, .ink = 0x2b2722 };
}

int cohl_sheet_pick(int i, int places, int frames)
{
    if (places < 2 || frames < 2)
        return 0;
    return (int)(((int64_t)i * (frames - 1) + (places - 1) / 2) / (places - 1));
}

static int caption_line_count(const char *caption, int letters)
{
    int lines = 0;
    while (caption && *caption) {
        caption += cohl_font_fit(caption, letters);
        caption += *caption == ' ' || *caption == '\n';
        lines++;
    }
    return lines;
}

static layout lay_out(const cohl_sheet_cell *cells, int count, const cohl_sheet_params *params)
{
    layout l = { .columns = params->columns, .cell_width = params->cell_width };
    const cohl_frame *first = NULL;
    while (l.columns < 1 || (params->columns < 1 && l.columns * l.columns < count))
        l.columns++;
    if (l.columns > count)
        l.columns = count;
    l.rows = (count + l.columns - 1) / l.columns;
    l.letters = l.cell_width / (COHL_FONT_WIDTH * params->font_scale);
    if (l.letters < 1)
        l.letters = 1;
    l.line = COHL_FONT_HEIGHT * params->font_scale;
    for (int i = 0; i < count; i++) {
        int lines = caption_line_count(cells[i].caption, l.letters);
        if (lines > l.lines)
            l.lines = lines < params->caption_lines ? lines : params->caption_lines;
        if (!first)
            first = cells[i].frame;
    }
    l.cell_height = first ? (int)((int64_t)l.cell_width * first->height / first->width) : 0;
    l.top = params->margin + (params->title ? l.line + params->margin : 0);
    l.step_x = l.cell_width + params->margin;
    l.step_y = l.cell_height + params->margin + l.lines * l.line + (l.lines ? 2 : 0);
    return l;
}

/* Scale a picture into the cell, keeping its shape, in the middle. */
static cohl_status place_picture(cohl_frame *sheet, const cohl_frame *frame, const layout *l,
                                 int left, int top, cohl_error *err)
{
    int width = l->cell_width, height = (int)((int64_t)width * frame->height / frame->width);
    cohl_frame *scaled;
    if (height > l->cell_height) {
        height = l->cell_height;
        width = (int)((int64_t)height * frame->width / frame->height);
    }
    cohl_status st = cohl_frame_new(&scaled, width > 0 ? width : 1, height > 0 ? height : 1, err);
    if (!st)
        st = cohl_resize(scaled, frame, err);
    if (!st)
        cohl_frame_paste(sheet, scaled, left + (l->cell_width - width) / 2,
                         top + (l->cell_height - height) / 2);
    cohl_frame_free(scaled);
    return st;
}

static void place_caption(cohl_frame *sheet, const char *caption, const layout *l, int left,
                          int top, const cohl_sheet_params *params)
{
    for (int i = 0; i < l->lines && caption && *caption; i++) {
        size_t size = cohl_font_fit(caption, l->letters);
        char line[512];
        if (size >= sizeof line)
            size = sizeof line - 1;
        memcpy(line, caption, size);
        line[size] = 0;
        cohl_font_draw(sheet, left, top + i * l->line, params->font_scale, params->ink, line,
                       l->letters);
        caption += size;
        caption += *caption == ' ' || *caption == '\n';
    }
}

cohl_status cohl_sheet_new(cohl_frame **out, const cohl_sheet_cell *cells, int count,
                           const cohl_sheet_params *params, cohl_error *err)
{
    *out = NULL;
    if (count < 1 || params->cell_width < 1 || params->cell_width > COHL_FRAME_SIDE_MAX ||
        params->margin < 0 || params->margin > 1024 || params->font_scale < 1)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a sheet of %d cells of %d pixels cannot be "
                         "laid out", count, params->cell_width);
    layout l = lay_out(cells, count, params);
    if (l.cell_height < 1)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a sheet without any picture");
    int64_t width = (int64_t)l.columns * l.step_x + params->margin;
    int64_t height = (int64_t)l.rows * l.step_y + l.top;
    if (width > COHL_FRAME_SIDE_MAX || height > COHL_FRAME_SIDE_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a sheet of %lld x %lld pixels, expected at "
                         "most %d a side", (long long)width, (long long)height,
                         COHL_FRAME_SIDE_MAX);
    cohl_status st = cohl_frame_new(out, (int)width, (int)height, err);
    if (st)
        return st;
    cohl_frame *sheet = *out;
    cohl_frame_fill(sheet, 0, 0, sheet->width, sheet->height, params->paper);
    if (params->title)
        cohl_font_draw(sheet, params->margin, params->margin, params->font_scale, params->ink,
                       params->title, sheet->width / (COHL_FONT_WIDTH * params->font_scale));
    for (int i = 0; !st && i < count; i++) {
        int left = params->margin + i % l.columns * l.step_x, top = l.top + i / l.columns * l.step_y;
        if (cells[i].frame)
            st = place_picture(sheet, cells[i].frame, &l, left, top, err);
        place_caption(sheet, cells[i].caption, &l, left, top + l.cell_height + 2, params);
    }
    if (st) {
        cohl_frame_free(sheet);
        *out = NULL;
    }
    return st;
}
