/* stop.c - Ctrl-C, for commands whose work ends in good order. */
#define _GNU_SOURCE
#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile bool stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = true;
}

void cohl_stop_handle(void (*handler)(int number), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, before;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

const volatile bool *cohl_stop_watch(void)
{
    cohl_stop_handle(on_signal, SA_RESTART);
    return &stopped;
}
