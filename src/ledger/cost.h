/* cost.h - what a film cost, as the ledger, the report beside the film and --json say it. */
#ifndef COHL_LEDGER_COST_H
#define COHL_LEDGER_COST_H

#include <jansson.h>

#include "base/energy.h"
#include "store/store.h"

/* What an operator pays. */
typedef struct cohl_tariff {
    double watts;            /* a busy core, where nothing measures   */
    double price;            /* of a kilowatt-hour; 0: none is set    */
    char   currency[16];     /* of that price; its setting is shorter */
} cohl_tariff;

/* By the settings (ledger/settings.h); store may be NULL: what is usual. */
cohl_status cohl_tariff_read(cohl_tariff *out, cohl_store *store, cohl_error *err);

static inline double cohl_tariff_money(const cohl_tariff *tariff, double joules)
{
    return tariff->price * joules / 3.6e6;
}

/* {"wall_seconds", "cpu_seconds", "peak_bytes", "operations", "joules", "kwh", "gpu_joules", "method",
 * "watts", "about", "money": {"amount", "currency", "price_per_kwh"} or null, "finished_seconds",
 * "per_finished_second": {"wall_seconds", "cpu_seconds", "operations", "joules", "money"}}.
 * finished_seconds: of the film, more than 0. New reference; NULL: no memory. */
json_t *cohl_cost_json(const cohl_cost *cost, const cohl_tariff *tariff, double finished_seconds);

#endif
