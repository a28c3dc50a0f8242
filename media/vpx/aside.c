#include "aside.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct aside {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t order;
	void (*f)(void *); // what is to be run; NULL: nothing
	void *arg;
	bool stop;
	int bell;
};

static void *serve(void *of)
{
	aside_t *a = of;
	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (a->f == NULL && !a->stop)
			pthread_cond_wait(&a->order, &a->lock);
		if (a->stop)
			break;
		a->f(a->arg); // whoever ordered it waits for the bell, not for the lock
		a->f = NULL;
		if (write(a->bell, "", 1) != 1)
			abort(); // a pipe of ours with an empty buffer and a reader takes a byte
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

aside_t *aside_start(int bell)
{
	aside_t *a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	a->bell = bell;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->order, NULL);
	if (pthread_create(&a->thread, NULL, serve, a) != 0) {
		free(a);
		return NULL;
	}
	return a;
}

void aside_run(aside_t *a, void (*f)(void *), void *arg)
{
	pthread_mutex_lock(&a->lock);
	a->f = f;
	a->arg = arg;
	pthread_cond_signal(&a->order);
	pthread_mutex_unlock(&a->lock);
}

void aside_stop(aside_t *a)
{
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->order);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->order);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
