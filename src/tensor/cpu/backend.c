/* backend.c - the processor's column of the table.
 *
 * It starts as a copy of the reference and replaces what this room does better. */
#include "tensor/cpu/cpu.h"

#include <pthread.h>
#include <string.h>

static cohl_backend table;

static void fill_table(void)
{
    table = cohl_backend_ref;
    table.name = "cpu";
    table.linear = cohl_cpu_linear;
    table.linear_back = cohl_cpu_linear_back;
    table.matmul = cohl_cpu_matmul;
    table.conv = cohl_cpu_conv;
    table.conv_back = cohl_cpu_conv_back;
}

const cohl_backend *cohl_backend_cpu(const char *isa)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_table);
    return isa ? NULL : &table;
}
