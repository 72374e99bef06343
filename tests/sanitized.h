/* sanitized.h - is this build one with sanitizers? A step takes ten times as long there, so what repeats a path
 * with other numbers is shortened to once; every path is still walked. */
#ifndef COHL_TESTS_SANITIZED_H
#define COHL_TESTS_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if !defined(SANITIZED) && defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
