package rendezvous

import (
	"fmt"
	"io"
	"time"
)

// Services are servers beside the rendezvous that help peers to a path.
type Services struct {
	STUN    []string     // HOST:PORT, UDP
	TURN    []TURNServer // with credentials for this peer alone
	Expires time.Time    // of the credentials, by this machine's clock; zero: they do not
}

// message is what the client is told of them.
func (s Services) message(now time.Time) *services {
	m := &services{STUN: s.STUN}
	for _, t := range s.TURN {
		m.TURN = append(m.TURN, turn(t))
	}
	if !s.Expires.IsZero() {
		m.Seconds = uint64(max(s.Expires.Sub(now), 0).Seconds())
	}
	return m
}

// received is what a server's message offers.
func (m *services) received(now time.Time) Services {
	const longest = 365 * 24 * 3600 // seconds: durations do not overflow
	s := Services{STUN: m.STUN}
	for _, t := range m.TURN {
		s.TURN = append(s.TURN, TURNServer(t))
	}
	if m.Seconds > 0 {
		s.Expires = now.Add(time.Duration(min(m.Seconds, longest)) * time.Second)
	}
	return s
}

// TURNServer is a relay and the right to use it for a while.
type TURNServer struct {
	URL      string // RFC 7065: turn:HOST[:PORT][?transport=udp|tcp], turns:...
	Username string
	Password string
}

// Format shows the address alone, whatever the verb.
func (s TURNServer) Format(f fmt.State, _ rune) { io.WriteString(f, s.URL) }
