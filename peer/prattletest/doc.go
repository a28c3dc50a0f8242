// Package prattletest makes tests of processes of prattle that run in network
// namespaces (peer/netns), and prints what they measure as a table. It is for Linux
// and needs root; peer/natlab and peer/roomlab are made with it.
//
//	main_linux.go      flags, and what a test program does before and after its tests
//	program_linux.go   building our programs, identities, hosts that have no programs
//	prattle_linux.go   a prattle that runs: its flags, what it has traced
//	table_linux.go     the table, percentiles
//	steady.go          measuring again what was disturbed
//	search.go          looking for secrets where there must be none
package prattletest
