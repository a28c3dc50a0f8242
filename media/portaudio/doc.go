// Package portaudio is the microphone and the loudspeaker of the machine,
// through the PortAudio library. Import it blank: it registers the microphone
// specs "mic" and "mic:NAME", and the speaker specs "default" and any device
// name. NAME matches case-insensitively, and a part of a name will do.
//
// Each device is a callback stream of its own. The callback belongs to a thread
// that must never wait, so it only moves samples between the device and a ring,
// notes the time, and wakes the goroutine on the other side:
//
//	device -> callback -> ring -> Read           Play -> fill -> ring -> callback -> device
//
// A device that dies stops calling back. Read and Play notice after a while and
// return an error; the caller may close the device and open it again.
//
// Without cgo the package is empty and registers nothing.
package portaudio
