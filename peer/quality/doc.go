// Package quality is Prattle's scoreboard: whole calls over bad links, what a
// person would have seen and heard of them, and what they should be like. It is a
// helper of tests and of the developers, like peertest: nothing in prattle
// imports it.
//
// A row is a link, what happens to it during a call, and goals. It is run in one
// of two ways, over the same model of a link (quictest.Path):
//
//   - `make quality`: in virtual time, over a network in memory. Codecs and
//     devices take no time there; all else is the real program.
//   - `make quality-net`: in real time, as root. Two processes of prattle stand in
//     two network namespaces, each with a TUN device, and the model carries the
//     packets between them.
//
// Either way a call leaves the same things behind: a trace, the pictures that
// were shown, with frame number and time in their pixels, the sound that was
// played, with a tick at each whole second, and the passage of each packet. All
// that the scoreboard says is measured from these, from outside the program.
//
//	row.go rows.go                      what a row is; the rows, as data
//	recording.go leftovers.go           what a call left behind, and reading it
//	metric.go series.go                 figures from a recording, and its course
//	scoreboard.go table.go picture.go   all of it for programs and for people
//	line_linux.go realtime_linux.go     the real-time link (of peer/netns), and calls over it
//	*_test.go                           the two ways to run
//
// The wait at the bottleneck is counted with a packet's own transmission, which is
// 10 ms of 1,250 bytes at 1 Mbit/s. Rates are those of IP packets. In virtual time
// a call takes no time but that of the network and of what waits by intention.
package quality
