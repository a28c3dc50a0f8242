// Package portaudio is the microphone and the loudspeaker of the machine,
// through the PortAudio library. Import it blank: it registers the microphone
// specs "mic" and "mic:NAME", and the speaker specs "default" and any device
// name. NAME matches case-insensitively, and a part of a name will do.
//
// Each device is a callback stream of its own. The callback belongs to a thread
// that must never wait, so it only moves samples between the device and a line
// (line.h), notes the time, and rings a bell when the other side waits for it:
//
//	device -> callback -> line -> Read           Play -> fill -> line -> callback -> device
//
// It is C, and enters Go neither for the samples nor for the bell, which is a pipe:
// all of Go may be busy, with a single processor even, and the device is still
// served as long as there is sound in the line.
//
// A device that dies stops calling back. Read and Play notice after a while and
// return an error; the caller may close the device and open it again.
//
// Without cgo, and on Windows, the package is empty and registers nothing.
package portaudio
