package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// session is one run of call, listen, invite or join: the room, and the person at it.
type session struct {
	settings *settings
	policy   policy
	book     *addressBook
	tickets  certs.TicketFile
	missed   *missedCalls
	room     *peer.Room
	servers  *servers
	console  *console
	screen   screen
	decorate func(*media.Scene)
	trace    *peer.Trace
	logFile  io.Closer
	log      *slog.Logger
	signal   atomic.Int32 // exit code of the signal that ended it, 0 if none did

	strangers int // whose missed calls were told of

	mu     sync.Mutex
	guests map[certs.PeerID]bool // who has a ticket of ours, or whose we have
}

// bookInterval is how often it is looked whether the contacts have changed: who is
// blocked in another window loses the call within it.
const bookInterval = time.Second

// newSession checks the flags and opens a room for calls on a UDP address.
func newSession(f *callFlags, listen string, p policy) (*session, error) {
	s, err := prepareSession(f, p)
	if err != nil {
		return nil, err
	}
	socket, err := listenUDP(listen)
	if err != nil {
		s.closeFiles()
		return nil, err
	}
	squeezeIn()
	s.open(socket)
	return s, nil
}

// prepareSession checks the flags and opens files, but no room yet.
func prepareSession(f *callFlags, p policy) (*session, error) {
	settings, err := f.check()
	if err != nil {
		return nil, err
	}
	s := &session{settings: settings, policy: p, console: newConsole(), guests: make(map[certs.PeerID]bool)}
	s.screen.hasCamera = settings.video != "none"
	s.decorate = s.screen.decorate
	if err := s.openFiles(); err != nil {
		s.closeFiles()
		return nil, err
	}
	return s, nil
}

// open opens the room on a socket, which it owns from then on.
func (s *session) open(socket net.PacketConn) {
	s.servers = newServers(s)
	s.room = peer.NewRoom(socket, s.config())
}

func listenUDP(listen string) (net.PacketConn, error) {
	addr, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return nil, usage("try --listen :7728 or --listen 127.0.0.1:7728", "--listen: %w", err)
	}
	return net.ListenUDP("udp", addr)
}

// openFiles opens what is kept in files beside the identity.
func (s *session) openFiles() (err error) {
	if s.book, err = openBook(s.settings.knownPeers); err != nil {
		return err
	}
	if s.tickets, err = ticketFile(); err != nil {
		return err
	}
	if s.missed, err = openMissed(); err != nil {
		return err
	}
	if s.settings.trace != "" {
		if s.trace, err = peer.OpenTrace(s.settings.trace); err != nil {
			return err
		}
	}
	s.log = slog.New(slog.DiscardHandler)
	if s.settings.log != "" {
		s.log, s.logFile, err = openLog(s.settings.log, s.settings.logLevel)
	}
	return err
}

func (s *session) closeFiles() error {
	err := s.trace.Close()
	if s.logFile != nil {
		err = errors.Join(err, s.logFile.Close())
	}
	return err
}

// config is that of the room.
func (s *session) config() peer.Config {
	cfg := s.settings.room()
	cfg.Trace = s.trace
	cfg.Log = s.log
	cfg.Decorate = s.decorate
	if s.policy == policyRoom && s.settings.view == "terminal" {
		cfg.Devices.View = s.console.lendTo(cfg.Devices.View)
	}
	cfg.Admit = func(p certs.Peer) peer.Admission { return s.policy.admit(s.book.recognise(p)) }
	cfg.Redeem = s.redeem
	cfg.Expects = s.expects
	cfg.Gather = s.settings.gather(s.log)
	cfg.Moved = s.servers.moved
	return cfg
}

// redeem lets the bearer of a ticket in, once.
func (s *session) redeem(secret *certs.Secret, p certs.Peer) error {
	if err := s.tickets.Redeem(secret, p.ID, time.Now()); err != nil {
		return err
	}
	s.yieldTerminal() // the call is accepted next
	s.trustTicket(p.ID)
	return nil
}

// expects says whether a ticket is one of ours.
func (s *session) expects(secret *certs.Secret) bool {
	yes, err := s.tickets.Issued(secret)
	if err != nil {
		s.log.Warn("cannot look at the tickets", "reason", err)
	}
	return yes
}

// trustTicket notes that a ticket, ours or theirs, has led us to a peer: that one
// counts as verified.
func (s *session) trustTicket(id certs.PeerID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guests[id] = true
}

// yieldTerminal leaves the terminal to the picture if that is shown there. The
// view opens as soon as a call is accepted.
func (s *session) yieldTerminal() {
	if s.settings.view == "terminal" {
		s.console.yield(true)
	}
}

// acquaintance says what we know of the peer of a link.
func (s *session) acquaintance(l *peer.Link) acquaintance {
	a := s.book.recognise(l.Certificate())
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ticket = s.guests[a.peer.ID]
	return a
}

// close ends the room. A fault in closing becomes the error if there is none.
func (s *session) close(err *error) {
	s.servers.close()
	closed := make(chan error, 1)
	go func() { closed <- s.room.Close() }()
	for waiting := true; waiting; {
		select {
		case e := <-closed:
			if *err == nil && e != nil && !errors.Is(e, net.ErrClosed) {
				*err = e
			}
			waiting = false
		case <-s.room.Events(): // nobody listens any more, and nobody must wait
		}
	}
	s.keepMissed(s.room.Missed()...)
	if e := s.closeFiles(); *err == nil {
		*err = e
	}
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. The
// second quits at once.
func (s *session) untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case sig := <-signals:
			code := exitSIGINT
			if sig == syscall.SIGTERM {
				code = exitSIGTERM
			}
			s.signal.Store(int32(code))
			cancel()
		case <-ctx.Done():
		}
		<-signals
		media.RestoreTerminal()
		os.Exit(exitSIGINT)
	}()
	return ctx, cancel
}

// stoppedOr returns err, or what the signal says if one ended the work.
func (s *session) stoppedOr(err error) error {
	if code := s.signal.Load(); code != 0 {
		return &stopped{int(code)}
	}
	return err
}

// handle takes the events that mean the same whether a call goes on or not.
func (s *session) handle(e peer.Event) {
	if e.Kind == peer.EventMissed {
		s.tellMissed(e.Missed)
		s.keepMissed(e.Missed)
	}
}

// refreshBook takes over what another program has changed in the contacts: it may
// have blocked somebody who is in a call.
func (s *session) refreshBook() {
	changed, err := s.book.refresh()
	if err != nil {
		s.console.printf("prattle: warning: the contacts stay as they were: %v", err)
	}
	if changed {
		s.room.Reconsider()
	}
}

// follow keeps a call going until it ends, and tells its summary. dialled are the
// addresses, HOST:PORT, at which we have tried to reach the other side.
func (s *session) follow(ctx context.Context, l *peer.Link, dialled []string) error {
	c := &conversation{seat: seat{session: s, notes: &s.screen.overlay}, link: l, dialled: dialled}
	err := c.run(ctx)
	media.RestoreTerminal()
	s.console.yield(false)
	if sum := l.Summary(); sum != nil {
		s.report(sum)
		c.offerToSave()
	}
	return err
}

// report prints the summary: for programs on stdout, for people on stderr.
func (s *session) report(sum *peer.Summary) {
	if s.settings.json {
		json.NewEncoder(os.Stdout).Encode(sum)
		return
	}
	s.console.printf("call with %s ended after %s: %.1f pictures/s shown, %.0f ms round trip, %.1f %% lost",
		s.screen.name(), time.Duration(sum.Seconds*float64(time.Second)).Round(time.Second), sum.ShownFPS, sum.RTT, sum.Loss*100)
}

// tellEnd tells how a call ended, where the program goes on.
func (s *session) tellEnd(err error) {
	if err != nil {
		s.console.printf("prattle: error: %v", err)
	}
	s.console.printf("listening on %s", s.room.Addr())
}
