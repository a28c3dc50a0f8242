package rendezvous

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/skulltech/prattle/certs"
)

// ClientConfig says who registers where.
type ClientConfig struct {
	Identity *certs.Identity // with an Ed25519 key
	Server   string          // HOST[:PORT], or several with commas between them, the preferred first
	ServerID certs.PeerID    // the only key that a server may have; zero: any
	Handle   func(Mail)      // gets mail, verified and opened, one at a time; must not block
	Log      *slog.Logger    // nil: none

	// Listen opens the socket of a connection over QUIC; nil: any UDP port.
	Listen func() (net.PacketConn, error)
	// Dial opens a TCP connection for one over TLS; nil: from any port.
	Dial func(context.Context, netip.AddrPort) (net.Conn, error)
}

// Mail is a message from another peer, or from another device of one's own.
type Mail struct {
	From   certs.PeerID
	Device Device // of the sender
	Body   []byte

	sender *contact // of that device, if the server has shown its card
}

// State says whether others can reach this client.
type State struct {
	Registered bool
	Server     string // ADDRESS:PORT of the server where it is registered
	TLS        bool   // it is there over TLS: nothing came back in time over UDP
	Err        error  // why it is not; nil before the first attempt has ended
}

// Client stays registered at a rendezvous server, sends mail and gets it. It is
// safe for concurrent use.
type Client struct {
	config ClientConfig
	device Device
	log    *slog.Logger
	kicked chan struct{}

	running  sync.WaitGroup // goroutines of connections
	handling sync.Mutex     // held during config.Handle

	mu       sync.Mutex
	inbox    inbox
	current  *session // where this device is registered, or nil
	state    State
	likely   error // why the latest attempt has failed, or will
	services Services
	changed  chan struct{}  // closed at the next change of state or services
	last     netip.AddrPort // of the latest server that took us; tried first
	avoid    netip.AddrPort // of a server that has sent us away; tried last
}

// NewClient makes a client; Run makes it work.
func NewClient(config ClientConfig) *Client {
	c := &Client{
		config:  config,
		log:     config.Log,
		kicked:  make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
	if c.config.Listen == nil {
		c.config.Listen = listenAnywhere
	}
	if c.config.Dial == nil {
		c.config.Dial = dialTCP
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	rand.Read(c.device[:])
	c.inbox = inbox{id: config.Identity, device: c.device}
	return c
}

// check says whether the client can work at all.
func (c *Client) check() ([]serverName, error) {
	if _, ok := c.config.Identity.Certificate().PrivateKey.(ed25519.PrivateKey); !ok {
		return nil, ErrKeyKind
	}
	return parseServers(c.config.Server)
}

// Device names this client among those of its peer.
func (c *Client) Device() Device { return c.device }

// State returns whether the client is registered, and why not.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Services returns what the server has offered last; nothing before the client is
// registered for the first time.
func (c *Client) Services() Services {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.services
}

// Changed returns a channel that is closed when State or Services change the next
// time. To miss nothing, call it before them.
func (c *Client) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// update changes the client's state under its lock and tells those who wait.
func (c *Client) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Kick makes the client connect anew at once: the network has changed, or the
// machine was asleep. What connection there is stays until the new one is ready.
func (c *Client) Kick() {
	select {
	case c.kicked <- struct{}{}:
	default:
	}
}
