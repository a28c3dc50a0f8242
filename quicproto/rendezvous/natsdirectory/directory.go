// Package natsdirectory shares what is registered at several rendezvous servers
// through NATS.
//
// Nothing is stored. A server subscribes to the subjects of those who are registered
// with it, so that the interest which NATS keeps track of is the directory: a request
// finds the servers that have a peer, and one for a peer that nobody has is answered
// by NATS at once. When a server dies, NATS drops its interest with its connection.
//
//	prattle.rendezvous.v1.cards.PEER          request; the reply is the peer's cards
//	prattle.rendezvous.v1.letter.PEER.DEVICE  request, a letter; the reply is one byte
//	prattle.rendezvous.v1.taken.PEER.DEVICE   the device is registered at the sender now
//
// PEER and DEVICE are in hex; the rest is as rendezvous.MarshalCards and
// rendezvous.Letter have it, and the byte 0 (done) or 1 (busy).
// A server that has no such device any more does not reply to a letter.
//
// Whoever can use these subjects learns what a rendezvous server learns, and can
// withhold what it could: give the account of the servers to nobody else.
package natsdirectory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// Config says where NATS is.
type Config struct {
	URL         string       // nats://HOST:PORT or tls://..., or several with commas between them
	Credentials string       // file with a user's JWT and key; empty: none, or those in the URL
	RootCAs     string       // PEM file; empty: those of the system
	Log         *slog.Logger // nil: none
}

const (
	// answerTimeout is the patience for a server that NATS knows: it is near, and
	// answers from memory.
	answerTimeout = time.Second
	// gatherTime is how long a lookup waits for a second server after the first has
	// answered: a peer may have one device at each.
	gatherTime = 100 * time.Millisecond
	// pingInterval is how often NATS is asked whether it is there; two silent answers
	// end the connection.
	pingInterval = 5 * time.Second
	// maxIncoming bounds the requests of other servers that wait; what comes on top
	// is dropped, and its sender told that nobody answers.
	maxIncoming = 4096
)

// Directory is a rendezvous.Directory. While NATS is away it knows of the peers at
// this server alone.
type Directory struct {
	nats     *nats.Conn
	local    *rendezvous.Memory
	log      *slog.Logger
	incoming chan *nats.Msg
	stop     chan struct{}
	stopped  chan struct{}

	mu        sync.Mutex
	interests map[string]*interest // by subject
}

// Open connects to NATS. If it is not there yet, the directory begins without it.
func Open(config Config) (*Directory, error) {
	d := &Directory{
		local:     rendezvous.NewMemory(),
		log:       config.Log,
		incoming:  make(chan *nats.Msg, maxIncoming),
		stop:      make(chan struct{}),
		stopped:   make(chan struct{}),
		interests: make(map[string]*interest),
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if d.nats, err = nats.Connect(config.URL, d.options(config)...); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	go d.serve()
	return d, nil
}

func (d *Directory) options(config Config) []nats.Option {
	options := []nats.Option{
		nats.Name("prattled"),
		nats.NoEcho(), // what this server asks is for others
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // who cannot be asked now is not asked later
		nats.PingInterval(pingInterval),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { d.log.Warn("NATS is away", "error", err) }),
		nats.ReconnectHandler(func(*nats.Conn) { d.log.Info("NATS is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { d.log.Warn("NATS", "error", err) }),
	}
	if config.Credentials != "" {
		options = append(options, nats.UserCredentials(config.Credentials))
	}
	if config.RootCAs != "" {
		options = append(options, nats.RootCAs(config.RootCAs))
	}
	return options
}

// Close ends the connection to NATS.
func (d *Directory) Close() {
	d.nats.Close()
	close(d.stop)
	<-d.stopped
}

// Err says why other servers cannot be asked; nil if they can.
func (d *Directory) Err() error {
	if d.nats.IsConnected() {
		return nil
	}
	return rendezvous.ErrUnavailable
}

// Lookup implements rendezvous.Directory.
func (d *Directory) Lookup(ctx context.Context, peer certs.PeerID) ([]rendezvous.Card, error) {
	here, err := d.local.Lookup(ctx, peer)
	if err != nil {
		return nil, err
	}
	elsewhere, err := d.ask(ctx, peer)
	if len(here) > 0 {
		err = nil
	}
	all := append(here, elsewhere...)
	return all[:min(len(all), rendezvous.MaxDevices)], err
}

// ask gathers the cards that other servers have.
func (d *Directory) ask(ctx context.Context, peer certs.PeerID) (cards []rendezvous.Card, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	inbox := d.nats.NewRespInbox()
	replies, err := d.nats.SubscribeSync(inbox)
	if err != nil {
		return nil, unavailable(err)
	}
	defer replies.Unsubscribe()
	if err := d.nats.PublishRequest(cardsSubject(peer), inbox, nil); err != nil {
		return nil, unavailable(err)
	}
	for len(cards) < rendezvous.MaxDevices {
		reply, err := replies.NextMsgWithContext(ctx)
		if err != nil {
			return cards, missing(err)
		}
		more, err := rendezvous.UnmarshalCards(reply.Data)
		if err != nil {
			d.log.Warn("another server answers nonsense", "error", err)
		}
		cards = append(cards, more...)
		var gathered context.CancelFunc
		ctx, gathered = context.WithTimeout(ctx, gatherTime)
		defer gathered()
	}
	return cards, nil
}

// Forward implements rendezvous.Directory.
func (d *Directory) Forward(ctx context.Context, l rendezvous.Letter) error {
	if err := d.local.Forward(ctx, l); !errors.Is(err, rendezvous.ErrOffline) {
		return err
	}
	b, err := l.MarshalBinary()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	reply, err := d.nats.RequestWithContext(ctx, letterSubject(l.To, l.Device), b)
	if err == nil {
		return parseResult(reply.Data)
	}
	if err = missing(err); err == nil {
		err = rendezvous.ErrOffline
	}
	return err
}

// missing is nil if an error means that nobody has what was asked for: NATS knows
// that nobody has, or who had it does not answer any more.
func missing(err error) error {
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		return nil
	}
	return unavailable(err)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", rendezvous.ErrUnavailable, err) }
