package quicproto

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// turnDialTimeout is the patience for TCP and TLS to a TURN server.
const turnDialTimeout = 10 * time.Second

// turnConn is a way to a TURN server that carries whole messages: STUN, and
// ChannelData (RFC 8656, section 12.4).
type turnConn interface {
	net.PacketConn
	// send sends a message and does not wait. What does not fit is lost, as in a
	// network.
	send(b []byte) error
	// read waits for the next message. What it returns is good until it is called
	// again.
	read() ([]byte, error)
	RemoteAddr() net.Addr
}

// dialTURN opens a way to a server from an address of ours.
func dialTURN(ctx context.Context, from host, way turnWay, to netip.AddrPort, name string, conf *tls.Config) (turnConn, error) {
	d := net.Dialer{Timeout: turnDialTimeout, Control: from.pin(to.Addr())}
	if way.transport == turnUDP {
		d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(from.ip, 0))
		c, err := d.DialContext(ctx, "udp", to.String())
		if err != nil {
			return nil, err
		}
		return &turnDatagrams{UDPConn: c.(*net.UDPConn)}, nil
	}
	d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from.ip, 0))
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	if way.transport == turnTLS {
		if c, err = handshakeTURN(ctx, c, name, conf); err != nil {
			return nil, err
		}
	}
	return newTURNStream(c), nil
}

func handshakeTURN(ctx context.Context, c net.Conn, name string, conf *tls.Config) (net.Conn, error) {
	if conf == nil {
		conf = new(tls.Config)
	}
	if conf.ServerName == "" {
		conf = conf.Clone()
		conf.ServerName = name
	}
	ctx, cancel := context.WithTimeout(ctx, turnDialTimeout)
	defer cancel()
	secure := tls.Client(c, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secure, nil
}

// turnDatagrams is a turnConn over UDP.
type turnDatagrams struct {
	*net.UDPConn
	b [maxTURNMessage]byte
}

func (c *turnDatagrams) send(b []byte) error {
	_, err := c.Write(b)
	return err
}

func (c *turnDatagrams) read() ([]byte, error) {
	n, err := c.Read(c.b[:])
	return c.b[:n], err
}

// WriteTo sends a message to the server, whatever the address says.
func (c *turnDatagrams) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }

const (
	// maxTURNMessage bounds messages of a TURN server in bytes. Peers send packets
	// of a path's MTU at most, and a server has no more to say.
	maxTURNMessage = 4096
	// streamQueue is how many messages wait for TCP: 50 ms of a good video. What
	// waits longer is too late.
	streamQueue = 32
)

// turnStream is a turnConn over TCP or TLS.
type turnStream struct {
	net.Conn
	reader *bufio.Reader
	b      [maxTURNMessage]byte

	out   chan []byte
	close sync.Once
	ended chan struct{}
}

func newTURNStream(c net.Conn) *turnStream {
	s := &turnStream{
		Conn:   c,
		reader: bufio.NewReaderSize(c, maxTURNMessage),
		out:    make(chan []byte, streamQueue),
		ended:  make(chan struct{}),
	}
	go s.write()
	return s
}

func (s *turnStream) write() {
	for {
		select {
		case b := <-s.out:
			if _, err := s.Conn.Write(b); err != nil {
				s.Close()
				return
			}
		case <-s.ended:
			return
		}
	}
}

var errStreamFull = errors.New("the connection to the relay is full")

func (s *turnStream) send(b []byte) error {
	padded := make([]byte, (len(b)+3)&^3) // RFC 8656, section 12.5
	copy(padded, b)
	select {
	case s.out <- padded:
		return nil
	case <-s.ended:
		return net.ErrClosed
	default:
		return errStreamFull
	}
}

func (s *turnStream) read() ([]byte, error) { return readTURNMessage(s.reader, s.b[:]) }

// readTURNMessage reads one message of a stream into b (RFC 8656, section 12.5).
func readTURNMessage(r io.Reader, b []byte) ([]byte, error) {
	if _, err := io.ReadFull(r, b[:4]); err != nil {
		return nil, err
	}
	n, padding := 4+int(binary.BigEndian.Uint16(b[2:])), 0
	switch b[0] >> 6 {
	case 0: // STUN
		n += 16
	case 1: // ChannelData
		padding = -n & 3
	default:
		return nil, errors.New("neither STUN nor ChannelData")
	}
	if n+padding > len(b) {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	if _, err := io.ReadFull(r, b[4:n+padding]); err != nil {
		return nil, err
	}
	return b[:n], nil
}

// ReadFrom reads a message.
func (s *turnStream) ReadFrom(b []byte) (int, net.Addr, error) {
	m, err := s.read()
	return copy(b, m), s.RemoteAddr(), err
}

// WriteTo sends a message to the server, whatever the address says.
func (s *turnStream) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), s.send(b) }

// Close ends it; what waits is lost.
func (s *turnStream) Close() error {
	s.close.Do(func() { close(s.ended) })
	return s.Conn.Close()
}
