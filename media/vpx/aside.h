// An aside is a thread that runs C beside Go, one function after another.
#ifndef PRATTLE_VPX_ASIDE_H
#define PRATTLE_VPX_ASIDE_H

typedef struct aside aside_t;

// aside_start makes one, which writes a byte to the file bell whenever a function
// has returned. NULL: there is no thread to be had.
aside_t *aside_start(int bell);

// aside_run has it run f(arg). The one before must have returned.
void aside_run(aside_t *a, void (*f)(void *), void *arg);

// aside_stop ends it. The last function must have returned.
void aside_stop(aside_t *a);

#endif
