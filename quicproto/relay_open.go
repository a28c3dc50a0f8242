package quicproto

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// relayAttempt is one way to one address of a TURN server.
type relayAttempt struct {
	way    turnWay
	server netip.AddrPort
	heard  *atomic.Int64 // when the server last said something, Unix nanoseconds
}

// relayOpener makes allocations.
type relayOpener struct {
	deliver func(l local, from netip.AddrPort, b []byte)
	log     *slog.Logger
}

// openTimeout bounds an attempt to get an allocation: seven transmissions.
const openTimeout = 10 * time.Second

// open asks a server for an allocation, from an address of ours. Its address is of
// IPv4, which nearly every peer reaches in some way, or where the server has none
// of IPv6.
func (o *relayOpener) open(ctx context.Context, from host, s relayServer, a relayAttempt) (*relay, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	r, err := o.openFamily(ctx, from, s, a, turn.RequestedAddressFamilyIPv4)
	var refused *refusedError
	if errors.As(err, &refused) && refused.code == stun.CodeAddrFamilyNotSupported {
		r, err = o.openFamily(ctx, from, s, a, turn.RequestedAddressFamilyIPv6)
	}
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, ErrRelayRefused):
		return nil, fmt.Errorf("%w: %s over %v: %w", ErrRelayRefused, s.host, a.way.transport, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%w: %s over %v", ErrRelaySilent, s.host, a.way.transport)
	}
	return nil, fmt.Errorf("%w: %s over %v: %w", ErrRelaySilent, s.host, a.way.transport, err)
}

func (o *relayOpener) openFamily(ctx context.Context, from host, s relayServer, a relayAttempt, family turn.RequestedAddressFamily) (*relay, error) {
	conn, err := dialTURN(ctx, from, a.way, a.server, s.host, s.tls)
	if err != nil {
		return nil, err
	}
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: a.server.String(), Conn: conn,
		Username: s.username, Password: s.password,
		RequestedAddressFamily: family,
		LoggerFactory:          pionLog{o.log},
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	living, stop := context.WithCancel(context.Background())
	r := &relay{
		way: a.way, account: s.turnAccount, conn: conn, client: client, deliver: o.deliver, heard: a.heard,
		stop: stop, ended: make(chan struct{}), poke: make(chan struct{}, 1), doubt: make(chan struct{}, 1),
	}
	r.local = local{ip: from.ip, iface: from.iface, relay: r}
	go r.receive()
	if err := r.allocate(ctx); err != nil {
		r.abandon()
		return nil, err
	}
	r.tasks.Go(func() { r.maintain(living) })
	return r, nil
}

func (r *relay) allocate(ctx context.Context) error {
	ctx, cancel := r.whileListening(ctx)
	defer cancel()
	if r.way.transport == turnUDP {
		r.conn.send(greeting()) // one that is lost costs a retransmission
	}
	conn, err := r.client.AllocateWithContext(ctx)
	if err != nil {
		return r.whyNot(err)
	}
	r.pion = conn
	r.addr, err = netip.ParseAddrPort(conn.LocalAddr().String())
	r.addr = netip.AddrPortFrom(r.addr.Addr().Unmap(), r.addr.Port())
	if err != nil || !reachable(r.addr) {
		return fmt.Errorf("it relays at %v", conn.LocalAddr())
	}
	return nil
}

// whyNot finds the server's own reason: pion tells only the lack of a nonce if the
// first request is refused for good.
func (r *relay) whyNot(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var told *stun.TurnError
	switch {
	case errors.As(err, &told):
		return &refusedError{told.ErrorCodeAttr.Code}
	case errors.Is(err, context.Canceled):
		return errNobodyListens
	case errors.Is(err, stun.ErrAttributeNotFound) && r.code != 0:
		return &refusedError{r.code}
	}
	return err
}

// pionLog brings what pion has to tell to a log of ours, as details.
type pionLog struct{ log *slog.Logger }

// NewLogger makes pion's logger for one of its parts.
func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionLogger{p.log.With("part", scope)}
}

type pionLogger struct{ log *slog.Logger }

func (l pionLogger) say(format string, a ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, a...))
	}
}

func (l pionLogger) Trace(string)                   {}
func (l pionLogger) Tracef(string, ...any)          {}
func (l pionLogger) Debug(msg string)               { l.say("%s", msg) }
func (l pionLogger) Debugf(format string, a ...any) { l.say(format, a...) }
func (l pionLogger) Info(msg string)                { l.say("%s", msg) }
func (l pionLogger) Infof(format string, a ...any)  { l.say(format, a...) }
func (l pionLogger) Warn(msg string)                { l.say("%s", msg) }
func (l pionLogger) Warnf(format string, a ...any)  { l.say(format, a...) }
func (l pionLogger) Error(msg string)               { l.say("%s", msg) }
func (l pionLogger) Errorf(format string, a ...any) { l.say(format, a...) }
