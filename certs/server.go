package certs

import (
	"fmt"
	"strings"
)

// Server names a rendezvous: where it is, and its peer ID, so that nobody else can
// pass for it.
type Server struct {
	ID   PeerID // zero: whoever answers there
	Addr string // HOST:PORT
}

// maxServers bounds those at which one peer can be found.
const maxServers = 2

// ParseServer reads [PEERID@]HOST:PORT. Its errors wrap ErrBadAddr, or are those of
// ParsePeerID.
func ParseServer(s string) (Server, error) {
	who, addr, pinned := strings.Cut(s, "@")
	if !pinned {
		who, addr = "", s
	}
	server := Server{Addr: addr}
	if _, _, err := splitAddr(addr); err != nil {
		return Server{}, err
	}
	if pinned {
		var err error
		if server.ID, err = ParsePeerID(who); err != nil {
			return Server{}, fmt.Errorf("server %s: %w", quote(addr), err)
		}
	}
	return server, nil
}

// String returns the form that ParseServer reads.
func (s Server) String() string {
	if s.ID.IsZero() {
		return s.Addr
	}
	return s.ID.String() + "@" + s.Addr
}

// MarshalText is String, for JSON.
func (s Server) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseServer.
func (s *Server) UnmarshalText(text []byte) (err error) {
	*s, err = ParseServer(string(text))
	return err
}

func checkServers(list []Server) error {
	if len(list) > maxServers {
		return fmt.Errorf("%d servers, at most %d", len(list), maxServers)
	}
	for _, s := range list {
		if _, _, err := splitAddr(s.Addr); err != nil {
			return err
		}
	}
	return nil
}
