package peer

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// Config is what a Room is made of. Identity and the device openers must be set.
type Config struct {
	Identity *certs.Identity
	Name     string // what the other side is told we are called
	Agent    string // program and version

	Devices Devices
	FPS     int           // of the pictures sent
	MaxUp   media.Bitrate // of all that is sent, to all peers together, on the wire; 0: a default for each
	// Codecs in order of preference; empty: all that are registered.
	VideoCodecs, AudioCodecs []string

	// Decorate adds texts to a scene before it is shown; may be nil. It is
	// called from the room's goroutine and must not block.
	Decorate func(*media.Scene)

	// Authorities vouch for peers by name; may be nil.
	Authorities *certs.Authorities
	// Admit says how far an incoming peer gets; nil: everybody rings. It is asked
	// in the handshake, before the peer has proved its key, again when it has, and
	// by Reconsider. It is called by several goroutines and must only decide.
	Admit func(certs.Peer) Admission
	// Redeem is asked about the secret of a ticket that a caller presents, once it
	// could be answered; without error the call is accepted at once. Its error
	// wraps ErrTicketUsed, ErrTicketExpired or ErrTicketUnknown, of which the
	// caller is told. Nil: no ticket is known.
	Redeem func(*certs.Secret, certs.Peer) error

	// Measure looks for stamps and clicks in what arrives (see Measurement), and
	// Tick adds clicks to what is sent.
	Measure, Tick bool

	// Expects says whether a ticket of ours is still good, so that a stranger who
	// holds it may learn where we are; nil: none is.
	Expects func(*certs.Secret) bool
	// Gather says how the room finds out where it can be reached; nil: it does not,
	// and a call stays on the path on which it began.
	Gather *quicproto.GatherConfig
	// Moved is called when this machine is on another network than before; may be nil.
	Moved func()

	Trace *Trace
	Log   *slog.Logger
}

// Devices opens the devices of a call. None is called before a call is accepted.
type Devices struct {
	Camera     func() (media.Camera, error)
	Microphone func() (media.Microphone, error)
	View       func() (media.View, error)
	Speaker    func() (media.Speaker, error)
}

// defaultMaxUp is enough for a clean 720p picture and sound.
const defaultMaxUp = 2700 * media.Kbps

// Room is this person's end of a call: the devices, and a link to each of the
// others.
type Room struct {
	cfg      Config
	endpoint *quicproto.Endpoint
	events   chan Event

	ctx      context.Context
	cancel   context.CancelFunc
	routines sync.WaitGroup

	mu        sync.Mutex
	links     []*Link   // all that have not ended
	pipeline  *pipeline // while somebody is connected
	muted     bool
	cameraOff bool
	line      line
	lobby     lobby
	hand      bool
	missed    missedCalls
	meetings  meetings
	gathering gathering
	uplink    sharedUplink

	conference *Conference // nil: none

	spotlight spotlight
}

// Event is something that a person should be told of, or has done. Which fields
// are set depends on Kind.
type Event struct {
	Kind EventKind
	Link *Link
	Text string // filtered
	// Private says that Text went to nobody else in the room.
	Private bool
	ID      uint64 // of a chat line
	Err     error
	View    media.ViewEvent

	Missed Missed
}

// EventKind says what an Event is about.
type EventKind int

// The kinds of event.
const (
	EventState     EventKind = iota // Link changed its state
	EventRing                       // Link asks for a call: Accept or Decline it
	EventChat                       // Text came from Link
	EventDelivered                  // the chat line ID has arrived
	EventView                       // a key, a line, or the end of the view
	EventDevice                     // a device failed with Err; the call goes on or ends
	EventVerify                     // Link.SAS has what the two people can compare
	EventHold                       // Link was put on hold or taken off it, by either side
	EventMissed                     // Missed is a call that nobody took
	EventPath                       // Link takes another kind of path
	EventJoined                     // Link leads to somebody who is in the room now
	EventLeft                       // and is no more: because of Err, or politely; also if Link never came in, but knocked or was turned down
	EventKnock                      // Link waits for somebody in the room to admit it
	EventRoom                       // the room was locked or opened, or we were removed: Err
	EventHand                       // Link has raised a hand, or taken it down
)

// What happens to devices: one could not be opened, or worked and does no more.
var (
	ErrDevice     = errors.New("a device cannot be used")
	ErrDeviceLost = errors.New("a device was lost")
)

// NewRoom opens a room on a socket, which it owns from then on.
func NewRoom(socket net.PacketConn, cfg Config) *Room {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	total := cfg.MaxUp
	if cfg.MaxUp == 0 {
		cfg.MaxUp = defaultMaxUp
	}
	if len(cfg.VideoCodecs) == 0 {
		cfg.VideoCodecs = media.VideoCodecs()
	}
	if len(cfg.AudioCodecs) == 0 {
		cfg.AudioCodecs = media.AudioCodecs()
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Room{
		cfg:      cfg,
		endpoint: open(socket, cfg.Gather),
		events:   make(chan Event, 64),
		line:     line{own: cfg.Identity.ID()},
		meetings: meetings{open: make(map[meetingKey]*meeting), offers: make(map[quicproto.CallID]*offer)},
		ctx:      ctx,
		cancel:   cancel,
	}
	r.uplink.total = total
	r.gather()
	return r
}

func open(socket net.PacketConn, gather *quicproto.GatherConfig) *quicproto.Endpoint {
	if gather != nil && gather.LANOnly {
		return quicproto.OpenLAN(socket)
	}
	return quicproto.Open(socket)
}

// Addr is the local address of the room's socket.
func (r *Room) Addr() net.Addr { return r.endpoint.Addr() }

// Events tells what happens. It must be read until Close.
func (r *Room) Events() <-chan Event { return r.events }

// emit tells of what must not be missed: changes of state, a ring, a key.
func (r *Room) emit(e Event) {
	select {
	case r.events <- e:
	case <-r.ctx.Done():
	}
}

// offer tells of what a flood of may be cut short, such as lines of chat. It
// leaves half of the queue to what must not be missed, and says whether it was
// taken.
func (r *Room) offer(e Event) bool {
	if len(r.events) >= cap(r.events)/2 {
		return false
	}
	r.emit(e)
	return true
}

// hello is the first message on a connection. In a room our name is for those whom
// we let in.
func (r *Room) hello(conn *quicproto.Conn) *quicproto.Hello {
	m := &quicproto.Hello{
		Agent: media.CleanText(r.cfg.Agent, maxName),
		Video: media.VideoCodecs(),
		Audio: media.AudioCodecs(),

		Pixels: maxPixels,
		Path:   uint64(conn.ThinPath()),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conference == nil {
		m.Name = r.name()
	}
	return m
}

// name is what the others are told we are called.
func (r *Room) name() string { return media.CleanText(r.cfg.Name, maxName) }

// SetMuted stops or resumes sending sound; SetCameraOff the same for pictures.
func (r *Room) SetMuted(off bool) { r.setStreams(func() { r.muted = off }) }

// SetCameraOff stops or resumes sending pictures.
func (r *Room) SetCameraOff(off bool) { r.setStreams(func() { r.cameraOff = off }) }

func (r *Room) setStreams(change func()) {
	r.mu.Lock()
	change()
	links := append([]*Link(nil), r.links...)
	r.mu.Unlock()
	for _, l := range links {
		l.do(func(time.Time) { l.sendStreams() })
	}
}

// handUp says whether this person has raised a hand.
func (r *Room) handUp() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hand
}

// streams says what is not sent.
func (r *Room) streams() (muted, cameraOff bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.muted, r.cameraOff
}

func (r *Room) currentPipeline() *pipeline {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pipeline
}

// Links returns the links that have not ended.
func (r *Room) Links() []*Link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*Link(nil), r.links...)
}

// enter makes a link part of the room.
func (r *Room) enter(l *Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links = append(r.links, l)
}

// attach gives a link that was accepted the sound and pictures of this end,
// opening the devices for the first.
func (r *Room) attach(l *Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pipeline == nil {
		r.pipeline = newPipeline(r)
	}
	r.pipeline.attach(l)
}

// leave takes a link that ended out of the room, and closes the devices after
// the last. It returns when they are closed.
func (r *Room) leave(l *Link) {
	r.mu.Lock()
	for i, other := range r.links {
		if other == l {
			r.links = append(r.links[:i], r.links[i+1:]...)
			break
		}
	}
	p := r.pipeline
	var last bool
	if p != nil {
		if last = p.detach(l); last {
			r.pipeline = nil
		}
	}
	r.mu.Unlock()
	if last {
		p.close()
	}
}

// Close ends all calls politely and waits until nothing of the room runs.
func (r *Room) Close() error {
	r.mu.Lock()
	c := r.conference
	r.mu.Unlock()
	if c != nil {
		c.Leave()
	}
	for _, l := range r.Links() {
		l.HangUp()
	}
	for _, l := range r.Links() {
		<-l.Done()
	}
	r.cancel()
	r.closeMeetings()
	r.giveBack()
	err := r.endpoint.Close()
	r.routines.Wait()
	return err
}
