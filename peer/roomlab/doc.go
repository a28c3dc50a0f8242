// Package roomlab is a local network for tests of rooms of several people: hosts on
// one switch, made of network namespaces (peer/netns), with no router and no way out.
// It is for Linux and needs root, ip, nft and tc; no program imports it.
//
//	lan_linux.go    the switch and the hosts
//	harm_linux.go   what can be done to them: part, swallow multicast, make a line thin
//
// `make test-room` runs rooms of real processes of prattle on it:
//
//	room_linux_test.go       a room, its members, waiting until all are linked
//	figures_linux_test.go    what members have traced and summed up
//	…                        a file for each thing that is measured
package roomlab
