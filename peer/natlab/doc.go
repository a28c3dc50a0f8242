// Package natlab is the internet for tests: hosts behind routers of every kind, made
// of network namespaces, nftables and links in real time (peer/netns). What a
// router does is done by the kernel, as in most routers that people have at home.
// It is for Linux and needs root, ip, nft and conntrack; no program imports it.
//
//	topology.go                     what is to be built, as data, and its addresses
//	ruleset.go                      what makes a router one of its kind, for nft
//	lab_linux.go                    building it
//	router_linux.go host_linux.go   what can be done with it: roam, rebind, fail
//
// Everything leads through "the internet", which has no links but those of the
// routers to it and knows no way to private addresses.
//
// `make test-net` proves the routers and then makes calls between real processes
// of prattle over them.
package natlab
