package quicproto

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// ALPN names the protocol in the TLS handshake.
const ALPN = "prattle/1"

// Timeouts of a connection.
const (
	// IdleTimeout ends a connection on which nothing was heard: long enough for
	// a laptop to change networks, short enough that a dead peer is not waited
	// for.
	IdleTimeout = 35 * time.Second
	// keepAlive makes a silent connection (both muted, before Accept) prove
	// that it lives.
	keepAlive = 1 * time.Second
	// handshakeTimeout is the patience for the other side's first answer.
	handshakeTimeout = 5 * time.Second
	// helloTimeout bounds how long a peer may hold a handshaken connection
	// without a word on its control stream.
	helloTimeout = 5 * time.Second
)

// Endpoint is one UDP socket on which connections are dialled and accepted.
type Endpoint struct {
	transport *quic.Transport
	socket    *socket
	listener  *quic.Listener

	mu    sync.Mutex
	conns map[laneToken]*Conn // accepted ones, which further lanes may join
	gate  gate
}

// Open makes an endpoint on socket, which it owns from then on.
func Open(socket net.PacketConn) *Endpoint { return open(newRawSocket(socket)) }

func open(raw rawSocket) *Endpoint {
	e := &Endpoint{socket: newSocket(raw), conns: make(map[laneToken]*Conn)}
	e.transport = &quic.Transport{
		Conn:                e.socket,
		ConnectionIDLength:  connectionIDSize,
		VerifySourceAddress: e.suspect,
		ConnContext:         e.beginHandshake,
	}
	return e
}

// suspect says whether QUIC should ask addr for proof that it is no spoofed one.
// Where probes are answered there is no need for it.
func (e *Endpoint) suspect(addr net.Addr) bool {
	if r, ok := addr.(*Route); ok && r.answered() {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gate.suspect(time.Now(), addr)
}

// beginHandshake lets an incoming connection begin, or refuses it.
func (e *Endpoint) beginHandshake(ctx context.Context, c *quic.ClientInfo) (context.Context, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.gate.admit(time.Now(), c.RemoteAddr, c.AddrVerified); err != nil {
		return nil, err
	}
	end := sync.OnceFunc(e.endHandshake)
	context.AfterFunc(ctx, end)
	ctx, _ = withGauge(ctx)
	return context.WithValue(ctx, handshakeKey{}, end), nil
}

func (e *Endpoint) endHandshake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gate.leave()
}

// handshakeKey finds what is to be called when an incoming connection's handshake
// is over, in its context.
type handshakeKey struct{}

func config() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout: handshakeTimeout,
		MaxIdleTimeout:       IdleTimeout,
		KeepAlivePeriod:      keepAlive,
		EnableDatagrams:      true,
		// Any path may come to lie beneath a connection: relays take some bytes of
		// each packet, and no path of the Internet carries less (RFC 9000, section 14).
		InitialPacketSize:       quicPacketSize,
		DisablePathMTUDiscovery: true,
		// A peer opens one control stream; files will need a few more.
		MaxIncomingStreams:    8,
		MaxIncomingUniStreams: 8,
		// Control messages are small: a peer cannot make us buffer more.
		InitialStreamReceiveWindow:     64 << 10,
		MaxStreamReceiveWindow:         1 << 20,
		InitialConnectionReceiveWindow: 128 << 10,
		MaxConnectionReceiveWindow:     2 << 20,
		Tracer:                         tracer,
	}
}

// quicPacketSize is the size of the largest QUIC packet in bytes.
const quicPacketSize = 1200

// Addr is the local address of the socket.
func (e *Endpoint) Addr() net.Addr { return e.socket.LocalAddr() }

// setLocals tells by which ways packets may leave from now on: addresses of
// interfaces, and relays. Routes take up and drop paths accordingly.
func (e *Endpoint) setLocals(list []local) { e.socket.setLocals(list) }

// setSTUNHandler has f called with every STUN message that arrives on the socket,
// from where it came and at which address. f must neither block nor keep b.
func (e *Endpoint) setSTUNHandler(f func(from netip.AddrPort, at netip.Addr, b []byte)) {
	h := stunHandler(f)
	e.socket.stun.Store(&h)
}

// sendRaw sends a packet that is none of QUIC from an address of ours.
func (e *Endpoint) sendRaw(l local, b []byte, to netip.AddrPort) error {
	return e.socket.raw.write(b, l, to)
}

// receive takes a packet that has come through the relay of l. It copies b.
func (e *Endpoint) receive(l local, from netip.AddrPort, b []byte) { e.socket.receive(l, from, b) }

// Listen begins to take incoming connections, which Accept returns. The TLS
// configuration must ask for the peer's certificate.
func (e *Endpoint) Listen(conf *tls.Config) error {
	l, err := e.transport.Listen(conf, config())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	e.listener = l
	return nil
}

// Accept waits for the next peer whose handshake succeeds. The peer has yet to
// say something: see Incoming.
func (e *Endpoint) Accept(ctx context.Context) (*Incoming, error) {
	q, err := e.listener.Accept(ctx)
	if err != nil {
		return nil, err
	}
	if end, ok := q.Context().Value(handshakeKey{}).(func()); ok {
		end()
	}
	return &Incoming{endpoint: e, quic: q}, nil
}

// Incoming is a connection whose handshake is done and which has not said
// anything yet.
type Incoming struct {
	endpoint *Endpoint
	quic     *quic.Conn
	pace     messagePace
}

// Open waits for the peer's control stream and first message, for a few seconds.
// It returns nil, and no error, if the peer only adds a lane to a connection
// that it has already.
func (in *Incoming) Open(ctx context.Context) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	stream, reader, first, err := in.greet(ctx)
	if err != nil {
		in.Refuse(CloseProtocol)
		return nil, fmt.Errorf("wait for the first message: %w", err)
	}
	g, _ := in.quic.Context().Value(gaugeKey{}).(*gauge)
	l := &lane{quic: in.quic, gauge: g}
	if m, ok := first.(*addLane); ok {
		return nil, in.endpoint.addLane(l, m)
	}
	return newConn(l, stream, reader, &in.pace, first), nil
}

func (in *Incoming) greet(ctx context.Context) (*quic.Stream, *bufio.Reader, Message, error) {
	stream, err := in.quic.AcceptStream(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		stream.SetReadDeadline(deadline)
		defer stream.SetReadDeadline(time.Time{})
	}
	reader := bufio.NewReader(stream)
	first, err := readMessage(reader, func() error { return in.pace.wait(ctx.Done()) })
	return stream, reader, first, err
}

// Refuse closes the connection.
func (in *Incoming) Refuse(code CloseCode) {
	in.quic.CloseWithError(quic.ApplicationErrorCode(code), "")
}

// RemoteAddr is the peer's address.
func (in *Incoming) RemoteAddr() net.Addr { return in.quic.RemoteAddr() }

// Source is the network that answers for the peer's address: one host, or a /64
// of IPv6.
func (in *Incoming) Source() netip.Prefix { return sourceOf(in.quic.RemoteAddr()) }

// TLS describes the handshake, with the peer's certificate.
func (in *Incoming) TLS() tls.ConnectionState { return in.quic.ConnectionState().TLS }

// Errors of Dial.
var (
	// ErrUnreachable says that nobody answered at an address.
	ErrUnreachable = errors.New("nobody answers there")
	// ErrCrowded says that the other side takes no further handshake for now.
	ErrCrowded = errors.New("too many are trying to reach the other side")
)

// Dial connects to addr, which is a *Route or a *net.UDPAddr. The TLS configuration
// decides whether the peer is the right one; its error is wrapped in the one
// returned.
func (e *Endpoint) Dial(ctx context.Context, addr net.Addr, conf *tls.Config) (*Conn, error) {
	route := e.routeTo(addr)
	defer e.socket.table.unuse(route)
	l, stream, err := e.dialLane(ctx, route, conf)
	if err != nil {
		return nil, err
	}
	return newConn(l, stream, bufio.NewReader(stream), new(messagePace), nil), nil
}

// routeTo finds or makes the route to an address, with one more user.
func (e *Endpoint) routeTo(addr net.Addr) *Route {
	if r, ok := addr.(*Route); ok && r.socket == e.socket {
		e.socket.table.use(r)
		return r
	}
	return e.socket.table.dial(e.socket, addrPort(addr))
}

func (e *Endpoint) dialLane(ctx context.Context, route *Route, conf *tls.Config) (*lane, *quic.Stream, error) {
	ctx, g := withGauge(ctx)
	q, err := e.transport.Dial(ctx, route, conf, config())
	if err != nil {
		return nil, nil, dialError(err)
	}
	stream, err := q.OpenStreamSync(ctx)
	if err != nil {
		q.CloseWithError(quic.ApplicationErrorCode(CloseNormal), "")
		return nil, nil, fmt.Errorf("open the control stream: %w", closeCause(q, err))
	}
	return &lane{quic: q, gauge: g}, stream, nil
}

func dialError(err error) error {
	var idle *quic.IdleTimeoutError
	var handshake *quic.HandshakeTimeoutError
	if errors.As(err, &idle) || errors.As(err, &handshake) || errors.Is(err, context.DeadlineExceeded) {
		return ErrUnreachable
	}
	var fault *quic.TransportError
	switch {
	case !errors.As(err, &fault):
		return err
	case fault.ErrorCode.IsCryptoError():
		return handshakeError(fault)
	case fault.Remote && fault.ErrorCode == quic.ConnectionRefused:
		return ErrCrowded
	}
	return err
}

// Errors of a handshake.
var (
	// ErrRefused says that the other side did not accept our identity.
	ErrRefused = errors.New("the other side refused our identity")
	// ErrNoCertificate says that we showed no certificate to somebody who asked.
	ErrNoCertificate = errors.New("the other side wants a certificate")
	// ErrUnproven says that the other side showed a certificate and could not sign
	// with its key: the certificate is somebody else's.
	ErrUnproven = errors.New("the other side does not have the key of the certificate that it shows")
)

// TLS alerts (RFC 8446, section 6.2) as QUIC error codes (RFC 9001, section 4.8).
const (
	alertDecryptError        = 0x100 + 51 // a wrong signature
	alertCertificateRequired = 0x100 + 116
)

// handshakeError finds the reason for which a TLS handshake failed: what our own
// check of the peer said, if that was it.
func handshakeError(fault *quic.TransportError) error {
	switch {
	case fault.Remote && fault.ErrorCode == alertCertificateRequired:
		return ErrNoCertificate
	case fault.Remote:
		return ErrRefused
	case fault.ErrorCode == alertDecryptError:
		return ErrUnproven
	}
	for _, err := range fault.Unwrap() {
		if err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return fault
}

// Close ends all connections of the endpoint and closes its socket.
func (e *Endpoint) Close() error {
	if e.listener != nil {
		e.listener.Close()
	}
	err := e.transport.Close()
	return errors.Join(err, e.transport.Conn.Close())
}
