package rendezvous

import "sync/atomic"

// Stats are counts since the server began, and what it holds now.
type Stats struct {
	QUIC, TLS   Connections // by what they are made
	Devices     int         // registered here now
	Refused     uint64      // connections: too many of them
	NotAllowed  uint64      // connections: of peers that are not served
	Malformed   uint64      // connections that broke the protocol
	Registers   uint64      // requests of a kind
	Lookups     uint64
	Letters     uint64
	Offline     uint64 // letters for devices that were not registered
	Busy        uint64 // letters that somebody had no room for
	LetterBytes uint64
}

// Connections are those of one kind.
type Connections struct {
	Open  int    // now
	Taken uint64 // of peers that are served, since the server began
}

type counters struct {
	devices                                                                                 atomic.Int64
	takenQUIC, takenTLS                                                                     atomic.Uint64
	refused, notAllowed, malformed, registers, lookups, letters, offline, busy, letterBytes atomic.Uint64
}

// taken counts a connection.
func (c *counters) taken(l link) {
	if overTLS(l) {
		c.takenTLS.Add(1)
	} else {
		c.takenQUIC.Add(1)
	}
}

func overTLS(l link) bool {
	_, ok := l.(*tlsLink)
	return ok
}

// Stats counts what the server did.
func (s *Server) Stats() Stats {
	quic, tls := s.open()
	c := &s.counters
	return Stats{
		QUIC:        Connections{quic, c.takenQUIC.Load()},
		TLS:         Connections{tls, c.takenTLS.Load()},
		Devices:     int(c.devices.Load()),
		Refused:     c.refused.Load(),
		NotAllowed:  c.notAllowed.Load(),
		Malformed:   c.malformed.Load(),
		Registers:   c.registers.Load(),
		Lookups:     c.lookups.Load(),
		Letters:     c.letters.Load(),
		Offline:     c.offline.Load(),
		Busy:        c.busy.Load(),
		LetterBytes: c.letterBytes.Load(),
	}
}

// open counts the connections at present.
func (s *Server) open() (quic, tls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range s.guests {
		if overTLS(g.link) {
			tls++
		} else {
			quic++
		}
	}
	return quic, tls
}
