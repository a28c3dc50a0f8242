// Package opus is the Opus sound codec (RFC 6716), by libopus. Import it blank:
// it registers the audio codec "opus".
//
// The encoder has two ways of working and chooses between them by what Tune asks
// (see profile): one with as little delay as Opus can have, for good links, and
// one that survives loss and low rates.
//
// Without cgo the package is empty and registers nothing.
package opus
