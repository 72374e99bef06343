/* easing.h - how a move gathers speed and comes to rest: u in 0..1, clamped, to 0..1.
 *
 * Polynomials only, so a path is the same bits on every machine. */
#ifndef COHL_FILM_EASING_H
#define COHL_FILM_EASING_H

static inline double cohl_ease_clamp(double u)
{
    return u < 0.0 ? 0.0 : u > 1.0 ? 1.0 : u;
}

/* Starts and ends at rest: 3u^2 - 2u^3. */
static inline double cohl_ease_smooth(double u)
{
    u = cohl_ease_clamp(u);
    return u * u * (3.0 - 2.0 * u);
}

/* At rest with no jerk at both ends: 6u^5 - 15u^4 + 10u^3 (Perlin 2002). */
static inline double cohl_ease_smoother(double u)
{
    u = cohl_ease_clamp(u);
    return u * u * u * (u * (6.0 * u - 15.0) + 10.0);
}

/* Starts at rest, leaves at full speed. */
static inline double cohl_ease_in(double u)
{
    u = cohl_ease_clamp(u);
    return u * u * (1.5 - 0.5 * u);
}

/* Comes at full speed, ends at rest: ease_in backwards. */
static inline double cohl_ease_out(double u)
{
    return 1.0 - cohl_ease_in(1.0 - u);
}

/* Nearly even speed, with a short start and a short stop of a fraction 0.15 each: the
 * integral of a trapezium, made smooth at its corners by nothing but its parabolas. */
static inline double cohl_ease_steady(double u)
{
    const double ramp = 0.15, top = 1.0 / (1.0 - ramp);
    u = cohl_ease_clamp(u);
    if (u < ramp)       return top * u * u / (2.0 * ramp);
    if (u > 1.0 - ramp) return 1.0 - top * (1.0 - u) * (1.0 - u) / (2.0 * ramp);
    return top * (u - 0.5 * ramp);
}

#endif
