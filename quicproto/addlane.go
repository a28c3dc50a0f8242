package quicproto

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
)

// addLane is the first and only message on the control stream of a lane that
// joins a connection. The token proves that it comes from the dialler of that.
type addLane struct {
	Token []byte `cbor:"1,keyasint"`
}

func (*addLane) kind() kind { return kindAddLane }

// laneToken is known to the two ends of a connection alone: it is exported from
// its TLS secrets (RFC 8446 section 7.5).
type laneToken [16]byte

const laneLabel = "EXPORTER-prattle-lane"

func (c *Conn) laneToken() (t laneToken, err error) {
	state := c.TLS()
	secret, err := state.ExportKeyingMaterial(laneLabel, nil, len(t))
	if err != nil {
		return t, fmt.Errorf("export a token for lanes: %w", err)
	}
	copy(t[:], secret)
	return t, nil
}

// MaxLanes bounds the lanes of a connection: eight carry 6 Mbit/s through 10 % of
// random loss at 40 ms, and 3 through 5 % at 200 ms.
const MaxLanes = 8

// WantLane asks the dialler for one more lane.
type WantLane struct{}

func (*WantLane) kind() kind { return kindWantLane }

// OpenLane adds a lane to the connection, up to MaxLanes. Only the dialler may:
// the other side asks with WantLane.
func (e *Endpoint) OpenLane(ctx context.Context, c *Conn, conf *tls.Config) error {
	if c.Stats().Lanes >= MaxLanes {
		return nil
	}
	token, err := c.laneToken()
	if err != nil {
		return err
	}
	hello, err := appendMessage(nil, &addLane{Token: token[:]})
	if err != nil {
		return err
	}
	l, stream, err := e.dialLane(ctx, c.route, conf)
	if err != nil {
		return fmt.Errorf("open a lane: %w", err)
	}
	if _, err := stream.Write(hello); err != nil {
		return fmt.Errorf("open a lane: %w", err)
	}
	c.join(l)
	return nil
}

// ExpectLanes lets lanes join a connection that was accepted here, until it ends.
// Before, they are refused: whoever has not been answered needs none.
func (e *Endpoint) ExpectLanes(c *Conn) {
	token, err := c.laneToken()
	if err != nil {
		return // one lane it is, then
	}
	e.mu.Lock()
	e.conns[token] = c
	e.mu.Unlock()
	context.AfterFunc(c.quic.Context(), func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.conns, token)
	})
}

var errStrayLane = errors.New("a lane for no connection")

// addLane puts an incoming lane into the service of the connection that its
// token names, if it comes from the same peer.
func (e *Endpoint) addLane(l *lane, m *addLane) error {
	var token laneToken
	copy(token[:], m.Token)
	e.mu.Lock()
	c := e.conns[token]
	e.mu.Unlock()
	if c == nil || len(m.Token) != len(token) || !samePeer(c.TLS(), l.quic.ConnectionState().TLS) || c.Stats().Lanes >= MaxLanes {
		(&Incoming{quic: l.quic}).Refuse(CloseRefused)
		return errStrayLane
	}
	c.join(l)
	return nil
}

func samePeer(a, b tls.ConnectionState) bool {
	return len(a.PeerCertificates) > 0 && len(b.PeerCertificates) > 0 &&
		a.PeerCertificates[0].Equal(b.PeerCertificates[0])
}
