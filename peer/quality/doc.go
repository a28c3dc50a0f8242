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
//	rows.go                 the rows, as data
//	recording.go            what a call left behind, and reading it
//	metric.go               figures from a recording
//	scoreboard.go           outcomes and goals; JSON
//	table.go picture.go     the scoreboard for people
//	line_linux.go ...       the real-time link, and processes at its ends
//	*_test.go               the two ways to run
package quality
