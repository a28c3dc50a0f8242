// Package media is pictures and sound: devices, codecs, jitter buffer, playout,
// mixing and layout. It knows nothing of the network.
//
// Devices and codecs are opened by name from a registry, in the manner of
// package image: a backend registers itself in init, and the program that wants
// it imports it blank. The pure-Go backends (test, file, tone, none, terminal)
// are always there; those that need C live in folders of their own.
//
// A picture travels:
//
//	Camera -> Frame -> VideoEncoder -> EncodedFrame ~ network ~ JitterBuffer -> VideoDecoder -> Frame -> View
//
// and sound:
//
//	Microphone -> PCM -> AudioEncoder -> packet ~ network ~ Playout (AudioDecoder) -> Mixer -> Speaker
//
// Sound is always mono, 48 kHz, signed 16 bit.
package media
