// Package netns makes networks on this machine for tests and measurements: network
// namespaces, lines between them whose delay, loss and rate are those of a
// quictest.Link in real time, and processes inside. It is for Linux and needs
// root. Of the programs only `prattle demo` uses it, for a room on several machines.
//
//	namespace_linux.go   a network of its own
//	inside_linux.go      running ip, nft and other tools inside, settings of the kernel
//	switch_linux.go      cables into a switch: several namespaces in one local network
//	capture_linux.go     all packets that go in and out
//	tun_linux.go         a device whose packets pass through this program
//	line_linux.go        two such devices joined by a link
//	process_linux.go     a program running inside
//	usage_linux.go       its processor time, what is in its memory
//	pressure_linux.go    how far what is timed can be trusted
//
// Namespaces have no names: nothing can collide, and the kernel takes each away
// with the last process in it, however the test ends.
package netns
