package relay

import (
	"net/netip"
	"sync"
)

const (
	// maxDatagram is the longest payload that is relayed, in bytes: what fits into an
	// Ethernet frame, and some.
	maxDatagram = 1600
	// headroom is room for a ChannelData header ahead of each packet, so that none
	// needs to be copied.
	headroom = channelHeader
)

// batch holds datagrams that were received together, and what is needed to send
// them on together. It belongs to one goroutine at a time.
type batch struct {
	n    int // datagrams in it
	size [batchSize]int
	from [batchSize]netip.AddrPort
	data [batchSize][headroom + maxDatagram]byte

	messages [][]byte // of it, to be sent on together
	system   vectors  // for the system calls
}

// batches keeps those that are not in use: a socket without traffic holds none.
var batches = sync.Pool{New: func() any {
	b := new(batch)
	b.system.init(b)
	return b
}}

func (b *batch) release() { batches.Put(b) }

// packet returns datagram i. It is empty if it was too long.
func (b *batch) packet(i int) []byte { return b.data[i][headroom : headroom+b.size[i]] }

// withHeadroom returns datagram i and the headroom before it.
func (b *batch) withHeadroom(i int) []byte { return b.data[i][:headroom+b.size[i]] }
