package peer

import (
	"slices"
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
)

// uplink divides among all links what this machine may send: to each its sound first,
// then to all pictures equally, but what one has no use for goes to the others
// (max-min fairness). All get the same bound for pictures, also those that have no use
// for it now: when they do, they need not wait, and the next division makes good what
// is too much. It is without I/O.
type uplink struct {
	total media.Bitrate // 0: no bound
	users map[*Link]*uplinkUser
	level float64 // bit/s: the most for one link's pictures
	next  time.Time
}

// uplinkNeed is what a link has use for.
type uplinkNeed struct {
	sound    media.Bitrate // on the wire
	pictures media.Bitrate // at most
}

type uplinkUser struct {
	uplinkNeed
	seen time.Time
}

const (
	// uplinkInterval is how often the uplink is divided.
	uplinkInterval = 250 * time.Millisecond
	// uplinkMemory is after what silence a link is taken to be gone: it is looked at
	// once a second at least.
	uplinkMemory = 2500 * time.Millisecond
	// uplinkRise is by how much the bound grows with each division. It falls at once.
	uplinkRise = 1.2
	// uplinkLeap is by how much more than last told makes a new division due.
	uplinkLeap = 1.5
)

// share notes what l has use for, and returns how much it may send in all.
func (u *uplink) share(now time.Time, l *Link, need uplinkNeed) media.Bitrate {
	user := u.users[l]
	if user == nil {
		user = new(uplinkUser)
		if u.users == nil {
			u.users = make(map[*Link]*uplinkUser)
		}
		u.users[l] = user
		u.next = now
	}
	if float64(need.pictures) > uplinkLeap*float64(user.pictures) {
		u.next = now
	}
	*user = uplinkUser{need, now}
	if !now.Before(u.next) {
		u.divide(now)
	}
	return min(u.bound(user), u.total)
}

func (u *uplink) bound(user *uplinkUser) media.Bitrate {
	if u.level <= 0 { // not even sound fits: it is cut for all by the same share
		return media.Bitrate(float64(user.sound) * float64(u.total) / float64(u.sound()))
	}
	return user.sound + media.Bitrate(u.level)
}

func (u *uplink) sound() (sum media.Bitrate) {
	for _, user := range u.users {
		sum += user.sound
	}
	return sum
}

func (u *uplink) divide(now time.Time) {
	u.next = now.Add(uplinkInterval)
	var wants []float64
	for l, user := range u.users {
		if now.Sub(user.seen) > uplinkMemory {
			delete(u.users, l)
			continue
		}
		wants = append(wants, float64(user.pictures))
	}
	level := waterLevel(wants, float64(u.total-u.sound()))
	if len(wants) > 1 && u.level > 0 {
		level = min(level, uplinkRise*u.level)
	}
	u.level = level
}

// waterLevel is the bound under which wants come to no more than there is. What is left
// over is added to it: it is there for whoever wants more next.
func waterLevel(wants []float64, all float64) float64 {
	slices.Sort(wants)
	for i, want := range wants {
		equal := all / float64(len(wants)-i)
		if want >= equal || i == len(wants)-1 {
			return equal
		}
		all -= want
	}
	return all
}

// sharedUplink is the uplink of a room, which each link asks of its own accord.
type sharedUplink struct {
	mu sync.Mutex
	uplink
}

// bound applies the share of l, which its goroutine calls, to its session.
func (u *sharedUplink) bound(now time.Time, l *Link, need uplinkNeed) {
	if u.total == 0 {
		return
	}
	u.mu.Lock()
	share := u.share(now, l, need)
	u.mu.Unlock()
	l.session.SetMax(share)
}

const (
	// growRoom is how much more than its rate control believes in a link is left: to
	// grow.
	growRoom = 1.25
	// wireShare is how much more than the encoder makes is sent, at most.
	wireShare = 1.25
)

// uplinkNeed is what the link has use for: no more than its path takes, nor than is
// made for it.
func (l *Link) uplinkNeed(a allowance) uplinkNeed {
	need := uplinkNeed{sound: soundFor(a.sustained).wire()}
	need.pictures = max(media.Bitrate(growRoom*float64(l.session.Estimate()))-need.sound, 0)
	if made, known := l.made.rate(); known {
		need.pictures = min(need.pictures, media.Bitrate(wireShare*float64(made)/(1-min(a.repair, 0.5))))
	}
	return need
}
