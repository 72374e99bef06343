/* main.c - the command: one row a subcommand. */
#include <stdio.h>

int main(void)
{
    printf("cohl\n");
    return 0;
}
