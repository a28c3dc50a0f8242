//go:build unix

#include "line.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t line_load(const uint64_t *counter) { return __atomic_load_n(counter, __ATOMIC_SEQ_CST); }

void line_store(uint64_t *counter, uint64_t value) { __atomic_store_n(counter, value, __ATOMIC_SEQ_CST); }

static void add(uint64_t *counter, uint64_t n) { __atomic_fetch_add(counter, n, __ATOMIC_SEQ_CST); }

static uint64_t waits(const ring_t *r) { return line_load(&r->written) - line_load(&r->read); }

int line_len(const line_t *l) { return waits(&l->sound); }

bool line_put(line_t *l, const int16_t *from, int n, int channels)
{
	uint64_t at = l->sound.written;
	if (waits(&l->sound) + n > line_room)
		return false;
	for (int i = 0; i < n; i++, at++)
		l->samples[at % line_room] = channels == 2 ? (from[2 * i] + from[2 * i + 1]) / 2 : from[i];
	line_store(&l->sound.written, at);
	return true;
}

int line_take(line_t *l, int16_t *to, int n)
{
	uint64_t at = l->sound.read;
	int there = line_len(l);
	if (n > there)
		n = there;
	for (int i = 0; i < n; i++, at++)
		to[i] = l->samples[at % line_room];
	line_store(&l->sound.read, at);
	return n;
}

void line_drop(line_t *l, int n) { add(&l->sound.read, n); }

static void note(line_t *l, int64_t sample, int64_t at, bool broken)
{
	if (waits(&l->notes) == line_notes)
		return;
	l->noted[l->notes.written % line_notes] = (note_t){sample, at, broken};
	add(&l->notes.written, 1);
}

bool line_note(line_t *l, note_t *to)
{
	if (waits(&l->notes) == 0)
		return false;
	*to = l->noted[l->notes.read % line_notes];
	add(&l->notes.read, 1);
	return true;
}

static bool fulfilled(const line_t *l, uint64_t wish)
{
	uint64_t len = line_len(l);
	return l->plays ? len < wish && line_load(&l->taken) > 0 : len >= wish;
}

// The wish is stored before the ring is looked at, and the callbacks do it the other
// way round: so one of the two sees what the other has done.
bool line_wish(line_t *l, int n)
{
	line_store(&l->wish, n);
	bool already = fulfilled(l, n);
	if (already)
		line_store(&l->wish, 0);
	return already;
}

bool line_due(line_t *l)
{
	uint64_t wish = line_load(&l->wish);
	return wish != 0 && fulfilled(l, wish) && __atomic_exchange_n(&l->wish, 0, __ATOMIC_SEQ_CST) != 0;
}

void line_heard(line_t *l, const int16_t *in, int n, int64_t at, bool broken)
{
	int64_t sample = l->sound.written + l->lost;
	if (!line_put(l, in, n, l->channels))
		add(&l->lost, n);
	note(l, sample, at, broken);
}

int line_give(line_t *l, int16_t *out, int n, int got) { return got + line_take(l, out + got, n - got); }

void line_given(line_t *l, int16_t *out, int n, int got, int64_t at, bool broken)
{
	memset(out + got, 0, (n - got) * sizeof *out);
	if (line_load(&l->settled)) {
		add(&l->starved, got < n);
		add(&l->dry, broken);
	}
	if (l->channels == 2)
		for (int i = n - 1; i >= 0; i--)
			out[2 * i] = out[2 * i + 1] = out[i];
	note(l, l->taken, at, broken);
	add(&l->taken, n);
}

// Below are the callbacks themselves.

static const int64_t second = 1000000000; // ns

int64_t line_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * second + t.tv_nsec;
}

// ring rings the bell if it is due. The file never blocks: if it is full of what
// nobody has read yet, all is said.
static void ring(line_t *l)
{
	ssize_t n = line_due(l) ? write(l->bell, "", 1) : 0;
	(void)n;
}

// span is the time from one of the device's to another, in ns; devices that know no
// such times say 0 or nonsense.
static int64_t span(const line_t *l, PaTime from, PaTime to)
{
	double s = to - from;
	return s > 0 && s <= 1 ? s * second : l->latency;
}

static int heard(const void *in, void *out, unsigned long frames, const PaStreamCallbackTimeInfo *t,
	PaStreamCallbackFlags flags, void *of)
{
	line_t *l = of;
	int64_t at = line_now() - l->epoch - span(l, t->inputBufferAdcTime, t->currentTime);
	line_heard(l, in, frames, at, flags & paInputOverflow);
	ring(l);
	return paContinue;
}

// patiently gives the device what the other side is still about to put. It is the
// exception to the rule that a callback does not wait: when the machine was busy
// elsewhere for a moment, several calls come at once, and the device still has
// sound to play for a while. The other choice would be silence.
static int patiently(line_t *l, int16_t *out, int n, int got, int64_t patience)
{
	const struct timespec nap = {.tv_nsec = 250000};
	for (int64_t until = line_now() + patience; got < n && line_now() < until;) {
		ring(l);
		nanosleep(&nap, NULL);
		got = line_give(l, out, n, got);
	}
	return got;
}

static int play(const void *in, void *out, unsigned long frames, const PaStreamCallbackTimeInfo *t,
	PaStreamCallbackFlags flags, void *of)
{
	line_t *l = of;
	int n = frames;
	int64_t ahead = span(l, t->currentTime, t->outputBufferDacTime);
	int64_t at = line_now() - l->epoch + ahead;
	int got = line_give(l, out, n, 0);
	if (got < n && line_load(&l->settled))
		got = patiently(l, out, n, got, ahead / 3);
	line_given(l, out, n, got, at, flags & paOutputUnderflow);
	ring(l);
	return paContinue;
}

PaError line_open(line_t *l, int device, double latency)
{
	PaStreamParameters p = {
		.device = device, .channelCount = l->channels, .sampleFormat = paInt16, .suggestedLatency = latency,
	};
	PaError err = l->plays
		? Pa_OpenStream(&l->stream, NULL, &p, line_rate, line_block, paNoFlag, play, l)
		: Pa_OpenStream(&l->stream, &p, NULL, line_rate, line_block, paNoFlag, heard, l);
	if (err != paNoError) {
		l->stream = NULL;
		return err;
	}
	const PaStreamInfo *info = Pa_GetStreamInfo(l->stream);
	if (info != NULL)
		l->latency = (info->inputLatency + info->outputLatency) * second;
	return paNoError;
}

PaError line_start(line_t *l) { return Pa_StartStream(l->stream); }

PaError line_close(line_t *l)
{
	Pa_AbortStream(l->stream); // fails on a stream that never started or has died: no matter
	return Pa_CloseStream(l->stream);
}
