// A line carries sound between a device and the other side, which is Go. The
// device calls it in a thread of PortAudio's that must never wait, least of all
// for a processor that Go has lent elsewhere; so what happens there is C.
//
// The samples wait in a ring between one writer and one reader, and so do notes of
// when which of them passed the device. No operation on a ring locks or allocates.
// A line lies in Go's memory, pinned while there is a device; it holds no pointer
// into that memory.

#include <portaudio.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	line_rate = 48000, // samples a second
	line_block = 240,  // samples that a call of the device moves: 5 ms
	line_room = 8192,  // samples that the ring holds: 171 ms
	line_notes = 64,   // calls that may pass before somebody reads the notes
};

// ring_t says how much was given to a ring and taken from it since the beginning.
// The writer alone moves written, the reader alone moves read.
typedef struct {
	uint64_t written, read;
} ring_t;

// note_t says when a sample passes the device, as a call of the device saw it.
typedef struct {
	int64_t sample;
	int64_t at;  // ns since the line's epoch
	bool broken; // the device lost or inserted samples just before
} note_t;

typedef struct {
	PaStream *stream;
	bool plays;      // else it hears
	int channels;    // 1, or 2 where a device insists
	int bell;        // the file that is written to when a wish has come true
	int64_t epoch;   // when the line was made, ns of the monotonic clock
	int64_t latency; // ns, as the device claims

	uint64_t wish;    // see line_wish; 0: there is none
	uint64_t settled; // what is played from now on is heard
	uint64_t taken;   // samples the device has got, silence included
	uint64_t lost;    // samples heard for which the ring had no room
	uint64_t starved; // how often the device got silence since nothing lay ready
	uint64_t dry;     // how often it ran dry by itself

	ring_t sound, notes;
	int16_t samples[line_room];
	note_t noted[line_notes];
} line_t;

// line_open gives l the device of that number. Its calls begin with line_start
// and have ended when line_close returns.
PaError line_open(line_t *l, int device, double latency);
PaError line_start(line_t *l);
PaError line_close(line_t *l);

// line_now is the monotonic clock, in ns.
int64_t line_now(void);

// line_len is how many samples wait. Either side may ask.
int line_len(const line_t *l);

// line_put appends n samples, each the mean of so many channels: all of them or,
// if they do not fit, none. For the writer.
bool line_put(line_t *l, const int16_t *from, int n, int channels);

// line_take moves up to n samples to to and returns how many. For the reader.
int line_take(line_t *l, int16_t *to, int n);

// line_drop discards the first n samples, which must be there. For the reader.
void line_drop(line_t *l, int n);

// line_note takes the oldest note, if there is one.
bool line_note(line_t *l, note_t *to);

// line_wish has the bell rung once n samples wait (if the line plays: once fewer do,
// and the device has asked for some), and says whether that is so already; then the
// wish is forgotten.
bool line_wish(line_t *l, int n);

// line_due says whether the bell is to be rung: somebody wishes for something, and it
// is so.
bool line_due(line_t *l);

// What a call of the device does, but for the clock and the bell. line_heard takes
// n samples from it. line_give puts samples to out, of which got of n are there,
// and returns how many are there then; line_given makes the rest silence and ends
// the call.
void line_heard(line_t *l, const int16_t *in, int n, int64_t at, bool broken);
int line_give(line_t *l, int16_t *out, int n, int got);
void line_given(line_t *l, int16_t *out, int n, int got, int64_t at, bool broken);

uint64_t line_load(const uint64_t *counter);
void line_store(uint64_t *counter, uint64_t value);
