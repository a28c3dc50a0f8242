package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// Link is the connection to one other person. All that decides about it is
// owned by one goroutine, routineLink; the rest of the program talks to that
// through channels.
type Link struct {
	room     *Room
	conn     *quicproto.Conn
	peer     certs.PeerID
	cert     certs.Peer
	outgoing bool // this side has dialled

	commands chan func(now time.Time) // run by routineLink
	wake     chan struct{}            // the line has an order
	video    chan media.EncodedFrame  // from routineEncode
	sound    chan soundOut            // from routineVoice
	decode   chan media.EncodedFrame  // to routineDecode
	played   chan quicproto.SoundPacket

	demand demand // what the encoder should do for this link
	made   pictureStats
	remote remoteInfo

	picture   media.Box[*media.Frame] // from routineDecode to routineShow
	spares    chan *media.Frame       // back from routineShow
	broken    atomic.Bool             // the decoder failed: only a keyframe helps
	shown     shownMeter
	place     place // from routineShow
	heard     soundMeter
	volume    volume
	speaking  atomic.Bool   // by routinePlay
	drops     atomic.Uint64 // for want of room or time
	keyframes atomic.Uint64
	decoded   atomic.Uint64 // bytes of pictures

	ctx     context.Context // ends with the link
	cancel  context.CancelFunc
	settle  func()        // closes settled
	settled chan struct{} // it rings, or is decided
	decide  func()        // closes decided
	decided chan struct{} // it was accepted, or has ended
	done    chan struct{}
	err     error
	ways    ways             // by which this side called
	secret  quicproto.Secret // by which the call can be resumed; the room's lock guards it
	summary *Summary

	// Owned by routineLink.
	consent
	session *quicproto.Session
	meeting *meeting // that led to the connection; nil if an address did
	path    pathWatch
	member  roomLink  // its part in a room
	awake   time.Time // when last looked at, see slept
	opened  bool      // an address's route has become one of several paths
	jitter  *media.JitterBuffer
	lips    *media.LipSync
	pending []byte    // a datagram that QUIC has yet to take,
	popped  time.Time // since then
	opening int       // lanes under way
	wanted  time.Time // when the other side last asked for one
	chat    chatLog
	meter   statsMeter
	nag     time.Time // when to tell the other side again that our picture stands still
}

type soundOut struct {
	codec     string
	timestamp uint32
	captured  time.Time // its first sample
	payload   []byte
}

// remoteInfo is what the other side says of itself; the link's goroutine writes
// it, others read.
type remoteInfo struct {
	mu        sync.Mutex
	name      string
	video     []string
	audio     []string
	pixels    int // of the largest picture that it decodes
	state     State
	muted     bool
	cameraOff bool
	hand      bool
	holding   bool // this side has the call on hold
	held      bool // the other side has
	sas       string
	stats     LinkStats
}

// Queue lengths between the goroutines of a link. Each holds less than a person
// notices; what does not fit is dropped and counted.
const (
	videoQueue  = 4  // frames towards the link
	soundQueue  = 8  // packets towards the link
	decodeQueue = 24 // frames towards the decoder: what comes free at once when one before is repaired
	playQueue   = 64 // packets towards the playout
	// jitterCeiling bounds how long a picture is held to make motion even.
	jitterCeiling = 250 * time.Millisecond
)

// newLink makes a link that start sets to work.
func (r *Room) newLink(conn *quicproto.Conn, them certs.Peer, c *call) *Link {
	l := &Link{
		room:     r,
		conn:     conn,
		peer:     them.ID,
		cert:     them,
		outgoing: c.outgoing,
		commands: make(chan func(time.Time), 16),
		wake:     make(chan struct{}, 1),
		video:    make(chan media.EncodedFrame, videoQueue),
		sound:    make(chan soundOut, soundQueue),
		decode:   make(chan media.EncodedFrame, decodeQueue),
		played:   make(chan quicproto.SoundPacket, playQueue),
		spares:   make(chan *media.Frame, 2),
		settled:  make(chan struct{}),
		decided:  make(chan struct{}),
		done:     make(chan struct{}),
		consent:  consent{call: c, woken: true},
		session:  quicproto.NewSession(quicproto.SessionConfig{Max: r.cfg.MaxUp}),
		jitter:   media.NewJitterBuffer(jitterCeiling),
		lips:     media.NewLipSync(time.Now()),
	}
	l.ctx, l.cancel = context.WithCancel(r.ctx)
	l.settle = sync.OnceFunc(func() { close(l.settled) })
	l.decide = sync.OnceFunc(func() { close(l.decided) })
	return l
}

// start makes the link part of the room.
func (l *Link) start() {
	l.room.enter(l)
	l.room.routines.Add(1)
	go l.routineLink()
}

// Peer is whom the link leads to.
func (l *Link) Peer() certs.PeerID { return l.peer }

// Certificate is who the peer has proved to be: its ID, and the name by which a
// CA of ours vouches for it.
func (l *Link) Certificate() certs.Peer { return l.cert }

// Outgoing says whether this side has dialled.
func (l *Link) Outgoing() bool { return l.outgoing }

// Name is what the other side calls itself, filtered; it proves nothing.
func (l *Link) Name() string {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	if l.remote.name == "" {
		return l.peer.Short()
	}
	return l.remote.name
}

// State is where the link stands.
func (l *Link) State() State {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return l.remote.state
}

// Stats is how the link did in the last second.
func (l *Link) Stats() LinkStats {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return l.remote.stats
}

// Done is closed when the link has ended; Err then says why, nil after a polite
// end.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err says why the link ended; nil while it lives and after a polite end.
func (l *Link) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

// Summary is the whole call, once the link has ended; nil if it was never
// connected.
func (l *Link) Summary() *Summary {
	select {
	case <-l.done:
		return l.summary
	default:
		return nil
	}
}

// Accept takes a call that rings.
func (l *Link) Accept() {
	l.do(func(now time.Time) {
		l.room.mu.Lock()
		defer l.room.mu.Unlock()
		l.party.accept(now, &l.room.line, l.call)
	})
}

// Decline refuses the call. The reason is cut to a line.
func (l *Link) Decline(reason string) {
	m := &quicproto.Decline{Reason: media.CleanText(reason, maxReason)}
	l.do(func(time.Time) { l.call.refuse(m) })
}

// HangUp ends the call politely. It does not wait.
func (l *Link) HangUp() {
	l.do(func(time.Time) { l.call.hangUp("") })
}

// do runs f in the link's goroutine, unless the link has ended.
func (l *Link) do(f func(now time.Time)) {
	select {
	case l.commands <- f:
	case <-l.done:
	}
}
