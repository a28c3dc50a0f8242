package portaudio

// ALSA and JACK write to stderr whatever they do not find while PortAudio looks
// for devices: some hundred lines on a machine without a sound card. Both let
// their messages be taken elsewhere. They are looked up by name, for PortAudio
// may have been built without either.

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

static void ignore_alsa(const char *file, int line, const char *function, int err, const char *format, ...) {}
static void ignore_jack(const char *message) {}

typedef int set_alsa_handler(void (*)(const char *, int, const char *, int, const char *, ...));
typedef void set_jack_handler(void (*)(const char *));

static void silence(void) {
	set_alsa_handler *alsa = (set_alsa_handler *)dlsym(RTLD_DEFAULT, "snd_lib_error_set_handler");
	if (alsa != NULL) alsa(ignore_alsa);
	set_jack_handler *jack = (set_jack_handler *)dlsym(RTLD_DEFAULT, "jack_set_error_function");
	if (jack != NULL) jack(ignore_jack);
	jack = (set_jack_handler *)dlsym(RTLD_DEFAULT, "jack_set_info_function");
	if (jack != NULL) jack(ignore_jack);
}
*/
import "C"

func silence() { C.silence() }
